"""Learning a style from a picture: `train_style` and what it needs beside the loop that textures have too."""

from texnet_core.training.styles.request import StyleRequest, style_request
from texnet_core.training.styles.start import came_from, read_content, train_style

__all__ = ["StyleRequest", "came_from", "read_content", "style_request", "train_style"]

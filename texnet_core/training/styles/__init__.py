"""Learning a style from a picture: `train_style` and what it needs beside the loop that textures have too."""

from texnet_core.training.styles.request import StyleRequest, published_recipe
from texnet_core.training.styles.start import train_style

__all__ = ["StyleRequest", "published_recipe", "train_style"]

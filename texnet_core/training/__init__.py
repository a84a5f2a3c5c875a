"""Learning a generator from an exemplar: `train` and what it needs."""

from texnet_core.training.request import TrainRequest
from texnet_core.training.start import train

__all__ = ["TrainRequest", "train"]

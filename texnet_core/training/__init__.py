"""Learning a generator from an exemplar: `train` and what it needs; and `optimize`, which learns nothing."""

from texnet_core.training.pixels import Optimized, optimize
from texnet_core.training.request import TrainRequest
from texnet_core.training.start import train

__all__ = ["Optimized", "TrainRequest", "optimize", "train"]

"""Learning a generator from an exemplar: `train` and what it needs; and `optimize`, which learns nothing."""

from texnet_core.training.loop import TrainRequest, train
from texnet_core.training.pixels import Optimized, optimize

__all__ = ["Optimized", "TrainRequest", "optimize", "train"]

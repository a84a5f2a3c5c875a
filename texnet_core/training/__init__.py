"""Learning a generator from an exemplar: `train` and what it needs."""

from texnet_core.training.loop import TrainRequest, train

__all__ = ["TrainRequest", "train"]

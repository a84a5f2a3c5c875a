"""Loss on values that no picture can hold."""

import torch
from torch import Tensor

from texnet_core.losses.loss import Sample


def range_penalty(sample: Sample, seed: int) -> Tensor:
    """Mean square of what lies outside [0, 1], a scalar. It would be clipped in the picture."""
    return torch.relu((sample.image - 0.5).abs() - 0.5).square().mean()

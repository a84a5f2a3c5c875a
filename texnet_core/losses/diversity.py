"""Diversity loss: the samples of a batch shall differ."""

import torch
from torch import Tensor

from texnet_core.losses.loss import Sample

LAYER = "relu4_1"


class DiversityLoss:
    """Minus the mean absolute difference, texel by texel, between each sample and another one of the batch.

    The unit is the exemplar's: -1 where samples differ as much as two random texels of the exemplar do.

    Source: Li et al. 2017, "Diversified Texture Synthesis with Feed-forward Networks", section 3.3: against a random
    reordering of the batch.
    Differs: relu4_1 instead of relu4_2, which the other losses do not need; no sample is compared with itself; the
    other one is held fixed; the unit, and no reward beyond one of it, which would pay for features grown out of bounds.

    Args:
        exemplar: one; see `Sample`.
    """

    def __init__(self, exemplar: Sample) -> None:
        self.unit = mean_difference(exemplar.counted(LAYER).detach()[0].flatten(1)) + 1e-12

    def __call__(self, sample: Sample, seed: int) -> Tensor:
        """Scalar loss of a batch of at least 2; `seed` decides who is compared with whom."""
        maps = sample.features[LAYER]
        order = derangement(len(maps), torch.Generator().manual_seed(seed)).to(maps.device)
        return -((maps - maps.detach()[order]).abs().mean() / self.unit).clamp(max=1.0)


def derangement(count: int, rng: torch.Generator) -> Tensor:
    """A random order of range(count) that leaves nothing in its place; `count` at least 2."""
    order = torch.randperm(count, generator=rng)
    return order[(order.argsort() + 1) % count]


def mean_difference(values: Tensor) -> float:
    """Mean |a - b| over all pairs of a row, averaged over rows: (rows, n) -> scalar.

    In sorted order the gap after the i-th value lies between i (n - i) pairs of n^2 / 2.
    """
    count = values.shape[1]
    below = torch.arange(1, count, device=values.device)
    gaps = values.sort(dim=1).values.diff(dim=1)
    return float((gaps * (below * (count - below))).sum(1).mean() * 2 / count**2)

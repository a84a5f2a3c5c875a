"""Histogram loss: every channel has the exemplar's values, as often."""

import torch
from torch import Tensor, nn

from texnet_core.losses.order import quantiles, spread_texels


class HistogramLoss(nn.Module):
    """Mean square difference of sorted values channel by channel, mean over the taps.

    Source: Wilmot et al. 2017, "Stable and Controllable Neural Texture Synthesis and Style Transfer Using Histogram
    Losses": features against themselves remapped to the exemplar's histogram, the remapped ones held fixed.
    Differs: the remapping goes by rank, which is what sorted values say, instead of by a histogram of 256 bins; random
    positions instead of all; all taps, each divided by its exemplar's variance.

    Args:
        exemplar: tap -> (1, C, h, w).
        positions: at most this many random positions of each map take part.
    """

    def __init__(self, exemplar: dict[str, Tensor], positions: int) -> None:
        super().__init__()
        self.positions = positions
        self.targets, self.variances = {}, {}
        for tap, features in exemplar.items():
            values = features.detach()[0].flatten(1)
            self.targets[tap] = quantiles(values.sort(dim=1).values, min(positions, values.shape[1]))
            self.variances[tap] = float(values.var(dim=1).mean()) + 1e-12

    def forward(self, features: dict[str, Tensor], seed: int) -> Tensor:
        """Scalar loss; `seed` decides the positions."""
        rng = torch.Generator().manual_seed(seed)
        losses = []
        for tap, target in self.targets.items():
            sample = features[tap].flatten(2)
            count = min(self.positions, sample.shape[2])
            texels = spread_texels(sample.shape[2], count, rng).to(sample.device)
            ordered = sample[:, :, texels].sort(dim=2).values
            losses.append((ordered - quantiles(target, count)).square().mean() / self.variances[tap])
        return torch.stack(losses).mean()

"""Histogram loss: every channel has the exemplar's values, as often."""

import torch
from torch import Tensor

from texnet_core.losses.loss import Sample
from texnet_core.losses.order import quantiles, spread_texels


class HistogramLoss:
    """Mean square difference of sorted values channel by channel, mean over the layers.

    Source: Wilmot et al. 2017, "Stable and Controllable Neural Texture Synthesis and Style Transfer Using Histogram
    Losses": features against themselves remapped to the exemplar's histogram, the remapped ones held fixed.
    Differs: the remapping goes by rank, which is what sorted values say, instead of by a histogram of 256 bins; random
    positions instead of all; all layers, each divided by its exemplar's variance.

    Args:
        exemplar: one; see `Sample`.
        positions: at most this many random positions of each map take part.
    """

    def __init__(self, exemplar: Sample, positions: int) -> None:
        self.positions = positions
        self.targets, self.variances = {}, {}
        for layer in exemplar.features:
            values = exemplar.counted(layer).detach()[0].flatten(1)
            self.targets[layer] = quantiles(values.sort(dim=1).values, min(positions, values.shape[1]))
            self.variances[layer] = float(values.var(dim=1).mean()) + 1e-12

    def __call__(self, sample: Sample, seed: int) -> Tensor:
        """Scalar loss; `seed` decides the positions."""
        rng = torch.Generator().manual_seed(seed)
        losses = []
        for layer, target in self.targets.items():
            values = sample.features[layer].flatten(2)
            count = min(self.positions, values.shape[2])
            texels = spread_texels(values.shape[2], count, rng).to(values.device)
            ordered = values[:, :, texels].sort(dim=2).values
            losses.append((ordered - quantiles(target, count)).square().mean() / self.variances[layer])
        return torch.stack(losses).mean()

"""Sliced Wasserstein loss between feature distributions."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class SlicedWassersteinLoss(nn.Module):
    """Squared 2-Wasserstein distance of features along random directions, mean over the taps.

    Args:
        exemplar: tap -> (1, C, h, w).
        directions: random unit directions, redrawn each call.
        positions: at most this many random positions of each map take part, which keeps the sorts cheap.

    Source: Heitz et al. 2021, "A Sliced Wasserstein Loss for Neural Texture Synthesis".
    Differs: random positions instead of all of them; each tap divided by its exemplar's variance, so
    that taps weigh alike whatever their size and mean.
    """

    def __init__(self, exemplar: dict[str, Tensor], directions: int, positions: int) -> None:
        super().__init__()
        self.directions, self.positions = directions, positions
        self.targets = {tap: features.detach()[0].flatten(1) for tap, features in exemplar.items()}
        self.variances = {tap: float(target.var(dim=1).mean()) + 1e-12 for tap, target in self.targets.items()}

    def forward(self, features: dict[str, Tensor], seed: int) -> Tensor:
        """Scalar loss; `seed` decides directions and positions."""
        rng = torch.Generator().manual_seed(seed)
        losses = []
        for tap, target in self.targets.items():
            sample = features[tap].flatten(2)
            directions = F.normalize(torch.randn(self.directions, target.shape[0], generator=rng), dim=1)
            count = min(self.positions, sample.shape[2], target.shape[1])
            projected = self._sorted(sample, directions, count, rng)
            wanted = self._sorted(target[None], directions, count, rng)
            losses.append((projected - wanted).square().mean() / self.variances[tap])
        return torch.stack(losses).mean()

    @staticmethod
    def _sorted(features: Tensor, directions: Tensor, count: int, rng: torch.Generator) -> Tensor:
        """(N, C, texels) -> (N, directions, count): projections at `count` random texels, sorted."""
        texels = torch.randperm(features.shape[2], generator=rng)[:count].to(features.device)
        projections = directions.to(features.device) @ features[:, :, texels]
        return projections.sort(dim=2).values

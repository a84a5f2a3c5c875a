"""Sliced Wasserstein loss between feature distributions."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from texnet_core.descriptor.layers import PATCHES, layer_stride
from texnet_core.losses.order import quantiles, spread_texels

_DEEP_WEIGHT = 3.0
_DEEP_STRIDE = 8  # of relu4_1 and deeper layers
_FAINT = 1e-3  # of the mean variance
_SMOOTHING = 1e-6  # keeps the root's gradient finite at the goal


class SlicedWassersteinLoss(nn.Module):
    """2-Wasserstein distance of features along random directions: the sum over the taps, weighted, over their number.

    Args:
        exemplar: tap -> (1, C, h, w).
        directions: random unit directions, redrawn each call.
        positions: at most this many random positions of each map take part, which keeps the sorts cheap.

    Source: Heitz et al. 2021, "A Sliced Wasserstein Loss for Neural Texture Synthesis".
    Differs: random positions, spread evenly, instead of all of them; the 3x3 neighborhoods of the image whitened, so
    that a faint hatching counts like a wrong color; the distance itself instead of its square, in
    standard deviations of the exemplar, so that each tap pulls alike however far it still is from its goal; taps
    from relu4_1 on weigh three times as much, without which shapes run together (docs/quality.md).
    """

    def __init__(self, exemplar: dict[str, Tensor], directions: int, positions: int) -> None:
        super().__init__()
        self.directions, self.positions = directions, positions
        self.targets = {tap: _texels(features.detach()) for tap, features in exemplar.items()}
        self._whitening = {tap: _whitening(target[0]) for tap, target in self.targets.items() if tap == PATCHES}
        self.variances = {tap: self._variance(tap) + 1e-12 for tap in self.targets}

    def forward(self, features: dict[str, Tensor], seed: int) -> Tensor:
        """Scalar loss, zero at the exemplar; `seed` decides directions and positions."""
        rng = torch.Generator().manual_seed(seed)
        losses = []
        for tap, target in self.targets.items():
            directions = F.normalize(torch.randn(self.directions, target.shape[2], generator=rng), dim=1)
            if tap in self._whitening:  # of projections alone: whitening all texels would cost more than all else here
                directions = directions.to(target.device) @ self._whitening[tap]
            projected = self._sorted(_texels(features[tap]), directions, rng)
            wanted = quantiles(self._sorted(target, directions, rng)[0], projected.shape[2])
            square = (projected - wanted).square().mean() / self.variances[tap]
            losses.append(_weight(tap) * ((square + _SMOOTHING).sqrt() - _SMOOTHING**0.5))
        return torch.stack(losses).mean()

    def _variance(self, tap: str) -> float:
        """Of the exemplar's texels, mean over the channels, whitened where the tap is."""
        texels = self.targets[tap][0]
        return float((texels @ self._whitening[tap] if tap in self._whitening else texels).var(dim=0).mean())

    def _sorted(self, texels: Tensor, directions: Tensor, rng: torch.Generator) -> Tensor:
        """(N, texels, C) -> (N, directions, count): projections at `positions` random texels, sorted."""
        if texels.shape[1] > self.positions:
            texels = texels[:, spread_texels(texels.shape[1], self.positions, rng).to(texels.device)]
        projections = directions.to(texels.device) @ texels.transpose(1, 2)
        return projections.sort(dim=2).values


def _whitening(texels: Tensor) -> Tensor:
    """(n, C) -> (C, C), symmetric: what makes all directions of these texels vary alike, but for the faintest."""
    variances, axes = torch.linalg.eigh(torch.cov(texels.T.double()))
    matrix: Tensor = axes / (variances + _FAINT * variances.mean() + 1e-12).sqrt() @ axes.T  # finite for flat ones
    return matrix.float()


def _weight(tap: str) -> float:
    return _DEEP_WEIGHT if layer_stride(tap) >= _DEEP_STRIDE else 1.0


def _texels(features: Tensor) -> Tensor:
    """(N, C, h, w) -> (N, h w, C), which costs nothing where features are channels-last."""
    return features.permute(0, 2, 3, 1).flatten(1, 2)

"""Sliced Wasserstein loss between feature distributions."""

import torch
from torch import Tensor
from torch.nn import functional as F

from texnet_core.descriptor.layers import PATCHES, stride_in_octave
from texnet_core.losses.loss import Sample
from texnet_core.losses.order import quantiles, spread_texels

_DEEP_WEIGHT = 3.0
_DEEP_STRIDE = 8  # of relu4_1 and deeper layers
_FAINT = 1e-3  # of the mean variance
_LEAST_VARIANCE = 3e-5  # of a layer: deep ones may see nothing vary, which must not make them decide
_SMOOTHING = 1e-6  # keeps the root's gradient finite at the goal


class SlicedWassersteinLoss:
    """2-Wasserstein distance of features along random directions: the sum over the layers, weighted, over their number.

    Args:
        exemplar: one; see `Sample`.
        directions: random unit directions, redrawn each call.
        positions: at most this many random positions of each map take part, which keeps the sorts cheap.

    Source: Heitz et al. 2021, "A Sliced Wasserstein Loss for Neural Texture Synthesis".
    Differs: random positions, spread evenly, instead of all of them; the 3x3 neighborhoods of the image whitened, so
    that a faint hatching counts like a wrong color; the distance itself instead of its square, in
    standard deviations of the exemplar, so that each layer pulls alike however far it still is from its goal; layers
    from relu4_1 on weigh three times as much, without which shapes run together (docs/notes/2026-11-recipe.md).
    """

    def __init__(self, exemplar: Sample, directions: int, positions: int) -> None:
        self.directions, self.positions = directions, positions
        self.targets = {layer: _texels(exemplar.counted(layer).detach()) for layer in exemplar.features}
        self._whitening = {layer: _whitening(target[0]) for layer, target in self.targets.items() if layer == PATCHES}
        self.variances = {layer: max(self._variance(layer), _LEAST_VARIANCE) for layer in self.targets}

    def __call__(self, sample: Sample, seed: int) -> Tensor:
        """Scalar loss, zero at the exemplar; `seed` decides directions and positions."""
        rng = torch.Generator().manual_seed(seed)
        losses = []
        for layer, target in self.targets.items():
            directions = F.normalize(torch.randn(self.directions, target.shape[2], generator=rng), dim=1)
            if (
                layer in self._whitening
            ):  # of projections alone: whitening all texels would cost more than all else here
                directions = directions.to(target.device) @ self._whitening[layer]
            projected = self._sorted(_texels(sample.features[layer]), directions, rng)
            wanted = quantiles(self._sorted(target, directions, rng)[0], projected.shape[2])
            square = (projected - wanted).square().mean() / self.variances[layer]
            losses.append(_weight(layer) * ((square + _SMOOTHING).sqrt() - _SMOOTHING**0.5))
        return torch.stack(losses).mean()

    def _variance(self, layer: str) -> float:
        """Of the exemplar's texels, mean over the channels, whitened where the layer is."""
        texels = self.targets[layer][0]
        return float((texels @ self._whitening[layer] if layer in self._whitening else texels).var(dim=0).mean())

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


def _weight(layer: str) -> float:
    return _DEEP_WEIGHT if stride_in_octave(layer) >= _DEEP_STRIDE else 1.0


def _texels(features: Tensor) -> Tensor:
    """(N, C, h, w) -> (N, h w, C), which costs nothing where features are channels-last."""
    return features.permute(0, 2, 3, 1).flatten(1, 2)

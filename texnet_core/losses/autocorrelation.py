"""Autocorrelation loss: at which distances the texture repeats."""

import torch
from torch import Tensor

from texnet_core.descriptor.layers import structure_layers
from texnet_core.losses.loss import Sample
from texnet_core.losses.relative import relative_square
from texnet_core.losses.shifted_gram import LEAST_PAIRS


def autocovariance(features: Tensor, down: int, right: int, *, periodic: bool, visible: Tensor | None = None) -> Tensor:
    """Mean product of each channel with itself at every lag.

    Args:
        features: (N, C, h, w); the mean of each channel is subtracted.
        down: largest lag of rows, at most h / 2.
        right: largest lag of columns, at most w / 2.
        periodic: pairs reach across the edges; otherwise only pairs inside the map count, and each lag is averaged
            over its own.
        visible: (h, w) bool; positions and pairs count that are visible. A lag that few pairs have, a quarter as many
            as there are positions, is 0. None: all do.

    Returns:
        (N, C, down + 1, 2 right + 1): rows are lags 0 to `down`, columns -`right` to `right`. The other half of the
        lags mirrors this one.
    """
    height, width = features.shape[2:]
    torus = (height, width) if periodic else (height + down, width + right)
    if visible is not None:
        mean = features[:, :, visible].mean(2)[..., None, None]
        sums = _lagged_sums((features - mean) * visible, torus, down, right)
        pairs = visible_pairs(visible, down, right, periodic=periodic)
        return sums / pairs.clamp_min(1) * (pairs >= LEAST_PAIRS * visible.sum())
    sums = _lagged_sums(features - features.mean((2, 3), keepdim=True), torus, down, right)
    if periodic:
        return sums / (height * width)
    rows = height - torch.arange(down + 1, device=features.device)
    columns = width - torch.arange(-right, right + 1, device=features.device).abs()
    return sums / (rows[:, None] * columns)


def visible_pairs(visible: Tensor, down: int, right: int, *, periodic: bool) -> Tensor:
    """How many pairs a lag apart are visible: (h, w) bool -> (down + 1, 2 right + 1), lags as in `autocovariance`."""
    height, width = visible.shape
    torus = (height, width) if periodic else (height + down, width + right)
    return _lagged_sums(visible[None, None].double(), torus, down, right)[0, 0].round().float()


class AutocorrelationLoss:
    """Relative square distance of each channel's autocovariance, mean over the structure layers.

    Lags go up to half of a map, the exemplar's or the sample's, whichever is smaller: a circular lag is no longer
    than that. The sizes of the two need not agree. Where some of an exemplar is hidden, lags count that enough visible
    pairs have.

    Source: Gonthier et al. 2020, "High resolution neural texture synthesis with long range constraints", which
    constrains the autocorrelation of features; the power spectrum of the image after Liu et al. 2016,
    "Texture synthesis through convolutional neural networks and spectrum constraints".
    Differs: lags instead of the whole spectrum, averaged over existing pairs in the exemplar, so that nothing takes the
    exemplar for periodic or ties samples to its size; one layer per stride.

    Args:
        exemplar: a crop of a texture, or a period of it.
    """

    def __init__(self, exemplar: Sample) -> None:
        self.targets, self.counted = {}, {}
        for layer in structure_layers(exemplar.features):
            features = exemplar.features[layer].detach()
            down, right = (side // 2 for side in features.shape[2:])
            visible = None if exemplar.visible is None else exemplar.visible[layer]
            self.targets[layer] = autocovariance(features, down, right, periodic=exemplar.periodic, visible=visible)
            if visible is not None:
                pairs = visible_pairs(visible, down, right, periodic=exemplar.periodic)
                self.counted[layer] = pairs >= LEAST_PAIRS * visible.sum()

    def __call__(self, sample: Sample, seed: int) -> Tensor:
        """Scalar loss; draws nothing, so `seed` is unused."""
        losses = []
        for layer, target in self.targets.items():
            features = sample.features[layer]
            height, width = features.shape[2:]
            middle = target.shape[3] // 2
            down, right = min(target.shape[2] - 1, height // 2), min(middle, width // 2)
            lags = (slice(down + 1), slice(middle - right, middle + right + 1))
            wanted = target[:, :, *lags]
            found = autocovariance(features, down, right, periodic=sample.periodic)
            found = found * self.counted[layer][lags] if layer in self.counted else found
            losses.append(relative_square(found, wanted))
        return torch.stack(losses).mean()


def _lagged_sums(features: Tensor, size: tuple[int, int], down: int, right: int) -> Tensor:
    """Sums of products at all lags on a torus of `size`, the rest of which is empty."""
    spectrum = torch.fft.rfft2(features, s=size)
    sums: Tensor = torch.fft.irfft2((spectrum * spectrum.conj()).real, s=size)
    return torch.cat((sums[..., : down + 1, size[1] - right :], sums[..., : down + 1, : right + 1]), dim=3)

"""Autocorrelation loss: at which distances the texture repeats."""

import torch
from torch import Tensor

from texnet_core.descriptor.layers import structure_layers
from texnet_core.losses.loss import Sample
from texnet_core.losses.relative import relative_square


def autocovariance(features: Tensor, down: int, right: int, *, periodic: bool) -> Tensor:
    """Mean product of each channel with itself at every lag.

    Args:
        features: (N, C, h, w); the mean of each channel is subtracted.
        down: largest lag of rows, at most h / 2.
        right: largest lag of columns, at most w / 2.
        periodic: pairs reach across the edges; otherwise only pairs inside the map count, and each lag is averaged
            over its own.

    Returns:
        (N, C, down + 1, 2 right + 1): rows are lags 0 to `down`, columns -`right` to `right`. The other half of the
        lags mirrors this one.
    """
    height, width = features.shape[2:]
    if periodic:
        return _lagged_sums(features, (height, width), down, right) / (height * width)
    sums = _lagged_sums(features, (height + down, width + right), down, right)
    rows = height - torch.arange(down + 1, device=features.device)
    columns = width - torch.arange(-right, right + 1, device=features.device).abs()
    return sums / (rows[:, None] * columns)


class AutocorrelationLoss:
    """Relative square distance of each channel's autocovariance, mean over the structure layers.

    Lags go up to half of a map, the exemplar's or the sample's, whichever is smaller: a circular lag is no longer
    than that. The sizes of the two need not agree.

    Source: Gonthier et al. 2020, "High resolution neural texture synthesis with long range constraints", which
    constrains the autocorrelation of features; the power spectrum of the image after Liu et al. 2016,
    "Texture synthesis through convolutional neural networks and spectrum constraints".
    Differs: lags instead of the whole spectrum, averaged over existing pairs in the exemplar, so that nothing takes the
    exemplar for periodic or ties samples to its size; one layer per stride.

    Args:
        exemplar: a crop of a texture, or a period of it.
    """

    def __init__(self, exemplar: Sample) -> None:
        self.targets = {}
        for layer in structure_layers(exemplar.features):
            features = exemplar.features[layer].detach()
            down, right = (side // 2 for side in features.shape[2:])
            self.targets[layer] = autocovariance(features, down, right, periodic=exemplar.periodic)

    def __call__(self, sample: Sample, seed: int) -> Tensor:
        """Scalar loss; draws nothing, so `seed` is unused."""
        losses = []
        for layer, target in self.targets.items():
            features = sample.features[layer]
            height, width = features.shape[2:]
            middle = target.shape[3] // 2
            down, right = min(target.shape[2] - 1, height // 2), min(middle, width // 2)
            wanted = target[:, :, : down + 1, middle - right : middle + right + 1]
            found = autocovariance(features, down, right, periodic=sample.periodic)
            losses.append(relative_square(found, wanted))
        return torch.stack(losses).mean()


def _lagged_sums(features: Tensor, size: tuple[int, int], down: int, right: int) -> Tensor:
    """Sums of products at all lags on a torus of `size`, the rest of which is empty."""
    spectrum = torch.fft.rfft2(features - features.mean((2, 3), keepdim=True), s=size)
    sums: Tensor = torch.fft.irfft2((spectrum * spectrum.conj()).real, s=size)
    return torch.cat((sums[..., : down + 1, size[1] - right :], sums[..., : down + 1, : right + 1]), dim=3)

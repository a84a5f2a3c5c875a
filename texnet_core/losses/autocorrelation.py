"""Autocorrelation loss: at which distances the texture repeats."""

import torch
from torch import Tensor, nn

from texnet_core.descriptor.layers import structure_taps
from texnet_core.losses.relative import relative_square


def circular_autocovariance(features: Tensor, down: int, right: int) -> Tensor:
    """Mean product of each channel with itself at every lag, across the edges of a periodic map.

    Args:
        features: (N, C, h, w); the mean of each channel is subtracted.
        down: largest lag of rows, at most h / 2.
        right: largest lag of columns, at most w / 2.

    Returns:
        (N, C, down + 1, 2 right + 1): rows are lags 0 to `down`, columns -`right` to `right`. The other half of the
        lags mirrors this one.
    """
    height, width = features.shape[2:]
    return _lagged_sums(features, (height, width), down, right) / (height * width)


def valid_autocovariance(features: Tensor, down: int, right: int) -> Tensor:
    """The same of a map that does not repeat: only pairs inside it count, and each lag is averaged over its own.

    Args and result as for `circular_autocovariance`; lags are smaller than the map.
    """
    height, width = features.shape[2:]
    sums = _lagged_sums(features, (height + down, width + right), down, right)
    rows = height - torch.arange(down + 1, device=features.device)
    columns = width - torch.arange(-right, right + 1, device=features.device).abs()
    return sums / (rows[:, None] * columns)


class AutocorrelationLoss(nn.Module):
    """Relative square distance of each channel's autocovariance, mean over the structure taps.

    Lags go up to half of a map, the exemplar's or the sample's, whichever is smaller: a circular lag is no longer
    than that. The sizes of the two need not agree.

    Source: Gonthier et al. 2020, "High resolution neural texture synthesis with long range constraints", which
    constrains the autocorrelation of features; the power spectrum of the image after Liu et al. 2016,
    "Texture synthesis through convolutional neural networks and spectrum constraints".
    Differs: lags instead of the whole spectrum, averaged over existing pairs in the exemplar, so that nothing takes the
    exemplar for periodic or ties samples to its size; one tap per stride.

    Args:
        exemplar: tap -> (1, C, h, w).
    """

    def __init__(self, exemplar: dict[str, Tensor]) -> None:
        super().__init__()
        self.targets = {}
        for tap in structure_taps(exemplar):
            features = exemplar[tap].detach()
            down, right = (side // 2 for side in features.shape[2:])
            self.targets[tap] = valid_autocovariance(features, down, right)

    def forward(self, features: dict[str, Tensor], seed: int) -> Tensor:
        """Scalar loss; draws nothing, so `seed` is unused."""
        losses = []
        for tap, target in self.targets.items():
            height, width = features[tap].shape[2:]
            middle = target.shape[3] // 2
            down, right = min(target.shape[2] - 1, height // 2), min(middle, width // 2)
            wanted = target[:, :, : down + 1, middle - right : middle + right + 1]
            losses.append(relative_square(circular_autocovariance(features[tap], down, right), wanted))
        return torch.stack(losses).mean()


def _lagged_sums(features: Tensor, size: tuple[int, int], down: int, right: int) -> Tensor:
    """Sums of products at all lags on a torus of `size`, the rest of which is empty."""
    spectrum = torch.fft.rfft2(features - features.mean((2, 3), keepdim=True), s=size)
    sums: Tensor = torch.fft.irfft2((spectrum * spectrum.conj()).real, s=size)
    return torch.cat((sums[..., : down + 1, size[1] - right :], sums[..., : down + 1, : right + 1]), dim=3)

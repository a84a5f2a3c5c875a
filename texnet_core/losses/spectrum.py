"""Spectrum loss: how much there is of each frequency, in each direction."""

from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import product

import torch
from torch import Tensor

from texnet_core.losses.loss import Sample
from texnet_core.losses.order import spread_windows

_BINS = 12  # along each axis, from minus to plus half a cycle a texel
_MOST_WINDOWS = 8  # of an exemplar, along each axis
_FLOOR = (1 / 255) ** 2 / 12  # what rounding to 8 bits adds; fainter frequencies are not seen


class SpectrumLoss:
    """Mean distance of the logarithms of power, over square bins of frequencies; of channels the weighted sum.

    Losses on features leave it open how fine grain is arranged, and regular hatches are the easiest one to make. A
    hatch has its power at a few frequencies, grain at all of them.

    Source: Liu et al. 2016, "Texture synthesis through convolutional neural networks and spectrum constraints".
    Differs: power alone, of windows under a Hann window and in broad bins, so that neither needs an exemplar that
    tiles, nor ties samples to its size or to where things lie in it.

    Args:
        exemplar: (1, C, H, W).
        mask: (H, W) bool, True where a texel takes part; None where all do.
        sides: of the windows that samples will be, none larger than the exemplar.
        shares: how much each channel counts, (C,).
    """

    def __init__(self, exemplar: Tensor, mask: Tensor | None, sides: Iterable[int], shares: Tensor) -> None:
        self._shares = shares
        self._targets = {side: _log_power(_windows(exemplar, mask, side)) for side in set(sides)}

    def __call__(self, sample: Sample, seed: int) -> Tensor:
        """Scalar loss; draws nothing, so `seed` is unused. 0 where no whole window of the exemplar takes part."""
        target = self._targets[sample.image.shape[3]]
        if target is None:
            return sample.image.new_zeros(())
        return self._shares @ (_power(sample.image).add(_FLOOR).log() - target).abs().mean(1)


@torch.no_grad()
def _log_power(windows: Iterable[Tensor]) -> Tensor | None:
    powers = [_power(window) for window in windows]
    return torch.stack(powers).mean(0).add(_FLOOR).log() if powers else None


def _windows(exemplar: Tensor, mask: Tensor | None, side: int) -> Iterator[Tensor]:
    """Windows all over an exemplar of which every texel takes part."""
    rows, columns = (_starts(length, side) for length in exemplar.shape[2:])
    for top, left in product(rows, columns):
        place = (slice(top, top + side), slice(left, left + side))
        if mask is None or mask[place].all():
            yield exemplar[:, :, *place]


def _starts(length: int, side: int) -> list[int]:
    """Where windows begin that overlap by half, or are fewer, from one end of a length to the other."""
    count = max(1, min(_MOST_WINDOWS, 2 * length // side - 1))
    return spread_windows(length, side, count)


def _power(windows: Tensor) -> Tensor:
    """The mean power of windows (N, C, s, s) in each bin of the half plane, (C, bins)."""
    side = windows.shape[3]
    bins = _bins(side).to(windows.device)
    edge = torch.hann_window(side, device=windows.device)
    window = edge[:, None] * edge
    spectrum = torch.fft.rfft2((windows - windows.mean((2, 3), keepdim=True)) * window)
    power = spectrum.abs().square().mean(0).flatten(1) / window.square().sum()
    sums = power.new_zeros(len(power), _BINS * _BINS // 2).index_add(1, bins, power)
    mean: Tensor = sums / torch.bincount(bins, minlength=sums.shape[1]).clamp_min(1)
    return mean


@lru_cache
def _bins(side: int) -> Tensor:
    """The number of the bin of each frequency that `rfft2` gives of a window."""
    down, across = torch.fft.fftfreq(side), torch.fft.rfftfreq(side)
    row = ((down + 0.5) * _BINS).floor().clamp(0, _BINS - 1)
    column = (across * _BINS).floor().clamp(max=_BINS // 2 - 1)
    numbers: Tensor = row[:, None] * (_BINS // 2) + column
    return numbers.long().flatten()

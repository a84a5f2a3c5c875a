"""Spectrum: how much of the picture's contrast lies at which size of detail and in which direction."""

import numpy as np
import numpy.typing as npt

from texnet_core.evaluation.color import luminance
from texnet_core.evaluation.crops import ALL, Masks
from texnet_core.mapset import FloatArray, Mask
from texnet_core.pictures.masks import faded

_OCTAVES = 5  # from 1/64 to 1/2 cycle a texel
_SECTORS = 6  # of 30 degrees; the first lies around the axis of x
_ROUNDING = (1 / 255) ** 2 / 12  # power of what 8 bits round off; less than that is nothing
_WINDOW = 128  # texels a side, in which meshes are looked for
_FINE = 1 / 8  # cycles a texel from which on they are
_NEAR = 5  # frequencies along each axis that are looked at together
_PLACE = 16  # texels a side of the places whose grain is compared
_SHARES = 64  # of all places, from the smoothest to the coarsest
_SMOOTHEST = 0.01  # of the exemplar's places; what is smoother is blurred


def spectrum_distance(image: FloatArray, exemplar: FloatArray, masks: Masks = ALL, *, periodic: bool = True) -> float:
    """Root mean square difference of the power in 5 octaves by 6 directions, in decibels.

    Args:
        image: (H, W, 3) sRGB in [0, 1].
        exemplar: (h, w, 3), of the same texels a meter; sizes may differ. Taken for a crop.
        masks: which texels of each take part.
        periodic: the picture tiles; otherwise it is taken for a crop as well.

    Source: the log-spectral distance of Gray and Markel 1976, "Distance Measures for Speech Processing".
    Differs: two dimensions; bands instead of single frequencies, which are random in a texture.
    """
    found, have = band_power(image, masks[0], periodic=periodic)
    wanted, want = band_power(exemplar, masks[1], periodic=False)
    both = (have > 0) & (want > 0)
    decibels = 10 * np.log10((found[both] + _ROUNDING) / (wanted[both] + _ROUNDING))
    return float(np.sqrt(np.mean(decibels**2))) if both.any() else 0.0


def mesh_strength(image: FloatArray, exemplar: FloatArray) -> float:
    """How unevenly fine frequencies have more or less power than the exemplar's, in decibels: 0 is evenly.

    Losses on features take a regular hatch for grain, and so do means over broad bands: a hatch has as much power, at a
    few frequencies. This is the standard deviation of the ratio of powers over all frequencies above 1/8 of a cycle.

    Args:
        image: (H, W, 3) sRGB in [0, 1], at least 128 texels a side, taken for a crop.
        exemplar: likewise, of the same texels a meter; sizes may differ.
    """
    found, wanted = (_fine_power(luminance(picture)) for picture in (image, exemplar))
    return float(np.std(10 * np.log10((found + _ROUNDING) / (wanted + _ROUNDING))))


def grain_distance(image: FloatArray, exemplar: FloatArray) -> float:
    """How differently grain is spread over smooth places and coarse ones, in decibels: 0 is alike.

    Grain that is alike everywhere can have the right power, in every band, and look like noise laid over the picture.
    This is the 1-Wasserstein distance of the power of the finest detail in places of 16x16 texels.

    Args:
        image: (H, W, 3) sRGB in [0, 1], at least 18 texels a side, taken for a crop.
        exemplar: likewise, of the same texels a meter; sizes may differ.
    """
    found, wanted = (_local_grain(luminance(picture)) for picture in (image, exemplar))
    shares = (np.arange(_SHARES) + 0.5) / _SHARES
    return float(np.abs(np.quantile(found, shares) - np.quantile(wanted, shares)).mean())


def blurred_share(image: FloatArray, exemplar: FloatArray) -> float:
    """The share of places with less grain than 99 of 100 of the exemplar's have: 0.01 is as in the exemplar.

    A few smooth puddles hardly show in means, and are what the eye sees first.

    Args:
        image: (H, W, 3) sRGB in [0, 1], at least 18 texels a side, taken for a crop.
        exemplar: likewise, of the same texels a meter; sizes may differ.
    """
    found, wanted = (_local_grain(luminance(picture)) for picture in (image, exemplar))
    return float((found < np.quantile(wanted, _SMOOTHEST)).mean())


def _local_grain(light: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Power of what 3x3 texels have beside their mean, in each place, in decibels."""
    around = np.lib.stride_tricks.sliding_window_view(light, (3, 3)).mean((2, 3))
    square = np.square(light[1:-1, 1:-1] - around)
    rows, columns = (length // _PLACE for length in square.shape)
    places = square[: rows * _PLACE, : columns * _PLACE].reshape(rows, _PLACE, columns, _PLACE)
    decibels: npt.NDArray[np.float64] = 10 * np.log10(places.mean((1, 3)) + _ROUNDING)
    return decibels


def _fine_power(light: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Mean power of windows that overlap by half, smoothed over near frequencies, of the fine ones."""
    faded_out = np.outer(*[np.hanning(_WINDOW + 2)[1:-1]] * 2)
    step = _WINDOW // 2
    parts = np.lib.stride_tricks.sliding_window_view(light, (_WINDOW, _WINDOW))[::step, ::step].reshape(
        -1, _WINDOW, _WINDOW
    )
    sums = np.zeros((_WINDOW, _WINDOW))
    for part in parts:
        sums += np.abs(np.fft.fft2((part - part.mean()) * faded_out)) ** 2
    power = sums / (len(parts) * np.square(faded_out).sum())
    near = np.zeros_like(power)
    near[:_NEAR, :_NEAR] = 1 / _NEAR**2
    smooth = np.fft.ifft2(np.fft.fft2(power) * np.fft.fft2(np.roll(near, (-(_NEAR // 2),) * 2, (0, 1)))).real
    axis = np.fft.fftfreq(_WINDOW)
    return np.maximum(smooth[np.hypot(axis[:, None], axis) >= _FINE], 0)


def band_power(
    image: FloatArray, mask: Mask | None = None, *, periodic: bool
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int64]]:
    """Mean power density of lightness in each band (white noise has its variance in all), and frequencies a band.

    Crops are faded out by a Hann window: the jump between opposite edges would look like detail. So are
    they towards texels that take no part, where there is a mask.
    """
    light = luminance(image)
    window = np.ones(light.shape) if periodic else np.outer(*(np.hanning(side + 2)[1:-1] for side in light.shape))
    if mask is None:
        light -= light.mean()
    else:
        weights = faded(mask)
        light -= np.average(light, weights=weights)
        window = window * weights
    power = np.abs(np.fft.fft2(light * window)) ** 2 / np.square(window).sum()
    bands = _bands(*light.shape)
    inside = bands >= 0
    counts = np.bincount(bands[inside], minlength=_OCTAVES * _SECTORS)
    sums = np.bincount(bands[inside], power[inside], minlength=_OCTAVES * _SECTORS)
    return sums / np.maximum(counts, 1), counts


def _bands(height: int, width: int) -> npt.NDArray[np.int64]:
    """The band of every frequency of a transform, -1 where it lies in none."""
    y, x = np.fft.fftfreq(height)[:, None], np.fft.fftfreq(width)[None, :]
    radius = np.hypot(y, x)
    octave = np.floor(np.log2(np.maximum(radius, 1e-9)) + _OCTAVES + 1).astype(int)
    sector = np.floor(np.arctan2(y, x) % np.pi * _SECTORS / np.pi + 0.5).astype(int) % _SECTORS
    return np.where((octave >= 0) & (octave < _OCTAVES), octave * _SECTORS + sector, -1)

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

"""Repetition: whether a tile shows the same thing twice."""

import numpy as np
import numpy.typing as npt

from texnet_core.evaluation.color import luminance
from texnet_core.evaluation.crops import middle
from texnet_core.mapset import FloatArray, Mask
from texnet_core.pictures.masks import texels_of

_NEAREST = 8  # lags below this part of the short side are the grain itself
_LEAST_VARIANCE = 1e-9
_LEAST_PAIRS = 0.25  # of the texels that take part, as the longest lags of a whole crop have
_ROUNDING = 1e-6


def repetition(image: FloatArray, exemplar: FloatArray | None = None) -> float:
    """The highest peak of a tile's autocorrelation; with an exemplar, what it has beyond the exemplar's own.

    Args:
        image: (H, W, 3) sRGB in [0, 1], taken for a tile.
        exemplar: (h, w, 3), taken for a crop; of a larger one the middle, so that both count the same lags. Bricks
            repeat by nature.

    Returns:
        1 where the tile consists of copies, near 0 where nothing returns. With an exemplar, a difference: a little
        below 0 where neither repeats, for fewer texels of a crop than of a tile lie behind its peaks.

    Source: the autocorrelation, by the theorem of Wiener and Khinchin.
    """
    own = 0.0 if exemplar is None else highest_peak(middle(exemplar, min(image.shape[:2])), periodic=False)
    return highest_peak(image, periodic=True) - own


def highest_peak(image: FloatArray, mask: Mask | None = None, *, periodic: bool) -> float:
    """The largest local maximum of the autocorrelation of lightness, an eighth of the short side or more away from 0.

    Args:
        image: (H, W, 3) sRGB in [0, 1].
        mask: (H, W), which texels of a crop take part; lags count that enough pairs of these have. None: all do.
        periodic: lags go round the tile; otherwise up to half a side, with what overlaps.

    Returns:
        In [-1, 1] for tiles; 0 for a picture without contrast or without a peak.
    """
    light = luminance(image)
    light -= texels_of(light, mask).mean()
    if texels_of(light, mask).var() < _LEAST_VARIANCE:
        return 0.0
    correlation = _circular(light) if periodic else _overlapping(light, mask)
    peaks = np.ones(correlation.shape, bool)
    for step in ((0, 1), (1, 0), (1, 1), (1, -1)):
        for sign in (1, -1):
            neighbor = np.roll(correlation, (sign * step[0], sign * step[1]), (0, 1))
            peaks &= correlation >= neighbor - _ROUNDING
    far = _distance(correlation.shape) >= min(light.shape) / _NEAREST
    found = correlation[peaks & far]
    return float(found.max()) if found.size else 0.0


def _circular(light: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Autocorrelation at every lag of a torus, 1 at lag 0."""
    power = np.abs(np.fft.fft2(light)) ** 2
    correlation: npt.NDArray[np.float64] = np.fft.ifft2(power).real
    return correlation / float(correlation[0, 0])


def _overlapping(light: npt.NDArray[np.float64], mask: Mask | None = None) -> npt.NDArray[np.float64]:
    """Autocorrelation of a crop at lags below half a side, each the mean over what overlaps; lags as in a transform."""
    lags = np.ix_(*(np.r_[0 : side // 2, 2 * side - side // 2 + 1 : 2 * side] for side in light.shape))
    if mask is None:
        return _lagged_sums(light)[lags] / _lagged_sums(np.ones(light.shape))[lags] / float(light.var())
    pairs = _lagged_sums(mask.astype(float))[lags]
    correlation = _lagged_sums(light * mask)[lags] / np.maximum(pairs, 1) / float(light[mask].var())
    return np.where(pairs >= _LEAST_PAIRS * mask.sum(), correlation, -1)


def _lagged_sums(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Sums of products of values a lag apart, at every lag: zeros all round keep opposite edges from meeting."""
    doubled = [2 * side for side in values.shape]
    sums: npt.NDArray[np.float64] = np.fft.ifft2(np.abs(np.fft.fft2(values, doubled)) ** 2).real
    return sums


def _distance(shape: tuple[int, ...]) -> npt.NDArray[np.float64]:
    """Distance of every lag from lag 0, the short way round."""
    rows, columns = (np.abs(np.fft.fftfreq(side) * side) for side in shape)
    distance: npt.NDArray[np.float64] = np.hypot(rows[:, None], columns[None, :])
    return distance

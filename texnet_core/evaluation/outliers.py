"""Outliers: what a texture has in one place and the exemplar nowhere, which no mean over the texture shows."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from texnet_core.evaluation.color import lab
from texnet_core.evaluation.crops import ALL, Masks
from texnet_core.mapset import FloatArray, Mask

_WINDOW = 16
_STRIDE, _EXEMPLAR_STRIDE = 8, 4
_MOST_WINDOWS = 2**16  # of the exemplar; of a larger one, windows farther apart
_LEAST_VISIBLE = 0.5 - 1e-6  # of a window; sums round
_BLOCK = 512, 4096  # distances at once: few enough for the cache

_Doubles = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Outlier:
    """The window of a picture that is least like any of the exemplar's.

    Attributes:
        distance: to the nearest of these, in units of Delta E.
        x: column of its middle, in texels.
        y: row of its middle.
        usual: the distance that 1 window in 1000 has or exceeds.
    """

    distance: float
    x: int
    y: int
    usual: float


def find_outlier(image: FloatArray, exemplar: FloatArray, masks: Masks = ALL, *, periodic: bool) -> Outlier | None:
    """The directed Hausdorff distance from a picture's windows of 16x16 texels to the exemplar's, and where it is.

    A window is its mean color in CIELAB and the standard deviation of its lightness L*. Those of the picture lie 8
    texels apart, those of the exemplar 4, or twice or four times as far where it has more than 65536 of these.

    Args:
        image: (H, W, 3) sRGB in [0, 1], at least 16 on each side.
        exemplar: (h, w, 3), likewise, at the same scale; sizes may differ.
        masks: which texels of each take part. A window counts where at least half of its texels do, and is what these
            are.
        periodic: whether windows go on across the picture's edges.

    Returns:
        None where masks leave no window of one of them.

    Source: Huttenlocher et al. 1993, "Comparing Images Using the Hausdorff Distance". Differs: windows, not edges.
    """
    windows = _windows(image, masks[0], _STRIDE, periodic)
    stride = _EXEMPLAR_STRIDE
    while _count(exemplar, stride) > _MOST_WINDOWS:
        stride *= 2
    seen = np.flatnonzero(np.isfinite(windows).all(axis=2))
    others = _windows(exemplar, masks[1], stride, False).reshape(-1, 4)
    others = others[np.isfinite(others).all(axis=1)]
    if not len(seen) or not len(others):
        return None
    distances = _nearest(windows.reshape(-1, 4)[seen], others)
    row, column = np.unravel_index(seen[distances.argmax()], windows.shape[:2])
    height, width = image.shape[:2]
    middle = ((int(place) * _STRIDE + _WINDOW // 2) for place in (column, row))
    x, y = (place % side for place, side in zip(middle, (width, height), strict=True))
    return Outlier(float(distances.max()), x, y, float(np.quantile(distances, 0.999)))


def around(image: FloatArray, outlier: Outlier, side: int) -> FloatArray:
    """What lies round an outlier of a tile, (side, side, 3), or the whole tile where it is smaller."""
    height, width = image.shape[:2]
    moved = np.roll(image, (min(side, height) // 2 - outlier.y, min(side, width) // 2 - outlier.x), (0, 1))
    return moved[:side, :side]


def _count(image: FloatArray, stride: int) -> int:
    """Windows that lie inside a picture."""
    rows, columns = ((side - _WINDOW) // stride + 1 for side in image.shape[:2])
    return rows * columns


def _windows(image: FloatArray, mask: Mask | None, stride: int, periodic: bool) -> _Doubles:
    """(rows, columns, 4): mean L*, a* and b* and the standard deviation of L* of every window; NaN where it is hidden.

    Windows of a picture with a mask stay inside it.
    """
    colors = lab(image)
    values = np.concatenate([colors, colors[..., :1] ** 2], axis=2)
    if mask is not None:
        shares = _window_means(mask[..., None].astype(float), stride)
        means = _window_means(values * mask[..., None], stride) / np.where(shares >= _LEAST_VISIBLE, shares, np.nan)
        return _with_deviation(means)
    if periodic:
        values = np.pad(values, ((0, _WINDOW - 1), (0, _WINDOW - 1), (0, 0)), mode="wrap")
    return _with_deviation(_window_means(values, stride))


def _window_means(values: _Doubles, stride: int) -> _Doubles:
    """The mean of each window, (rows, columns, channels)."""
    sums = np.pad(values, ((1, 0), (1, 0), (0, 0))).cumsum(0).cumsum(1)
    over_rows = sums[_WINDOW:] - sums[:-_WINDOW]
    means: _Doubles = (over_rows[:, _WINDOW:] - over_rows[:, :-_WINDOW])[::stride, ::stride] / _WINDOW**2
    return means


def _with_deviation(means: _Doubles) -> _Doubles:
    """The last of four means, that of a square, turned into the standard deviation; in place."""
    means[..., 3] = np.sqrt(np.maximum(means[..., 3] - means[..., 0] ** 2, 0))
    return means


def _nearest(windows: _Doubles, others: _Doubles) -> _Doubles:
    """(n, 4), (m, 4) -> (n,): Euclidean distance of each window to the nearest of the others."""
    least = np.full(len(windows), np.inf)
    queries = np.column_stack([-2 * windows, np.ones(len(windows))])  # so that one product is |o|^2 - 2 w o
    targets = np.column_stack([others, (others**2).sum(1)])
    for start in range(0, len(windows), _BLOCK[0]):
        part = queries[start : start + _BLOCK[0]]
        for first in range(0, len(others), _BLOCK[1]):
            found = (part @ targets[first : first + _BLOCK[1]].T).min(1)
            least[start : start + len(part)] = np.minimum(least[start : start + len(part)], found)
    distances: _Doubles = np.sqrt(np.maximum(least + (windows**2).sum(1), 0))
    return distances

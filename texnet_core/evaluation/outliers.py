"""Oddness: what a texture has in one place and the exemplar nowhere, which no mean over the texture shows."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from texnet_core.evaluation.color import Picture, lab

_WINDOW = 16
_STRIDE, _EXEMPLAR_STRIDE = 8, 4
_MOST_WINDOWS = 2**16  # of the exemplar; of a larger one, windows farther apart
_BLOCK = 512, 4096  # distances at once: few enough for the cache

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class OddPlace:
    """The window of a picture that is least like any of the exemplar's.

    Attributes:
        oddness: its distance to the nearest of these, in units of Delta E.
        x: column of its middle, in texels.
        y: row of its middle.
        usual: the oddness that 1 window in 1000 has or exceeds.
    """

    oddness: float
    x: int
    y: int
    usual: float


def oddest_place(picture: Picture, exemplar: Picture, *, periodic: bool) -> OddPlace:
    """The directed Hausdorff distance from a picture's windows of 16x16 texels to the exemplar's, and where it is.

    A window is its mean color in CIELAB and the standard deviation of its lightness L*. Those of the picture lie 8
    texels apart, those of the exemplar 4, or twice or four times as far where it has more than 65536 of these.

    Args:
        picture: (H, W, 3) sRGB in [0, 1], at least 16 on each side.
        exemplar: (h, w, 3), likewise, at the same scale; sizes may differ.
        periodic: whether windows go on across the picture's edges.

    Source: Huttenlocher et al. 1993, "Comparing Images Using the Hausdorff Distance". Differs: windows, not edges.
    """
    windows = _windows(picture, _STRIDE, periodic)
    stride = _EXEMPLAR_STRIDE
    while _count(exemplar, stride) > _MOST_WINDOWS:
        stride *= 2
    oddness = _nearest(windows.reshape(-1, 4), _windows(exemplar, stride, False).reshape(-1, 4))
    row, column = np.unravel_index(oddness.argmax(), windows.shape[:2])
    height, width = picture.shape[:2]
    middle = ((int(place) * _STRIDE + _WINDOW // 2) for place in (column, row))
    x, y = (place % side for place, side in zip(middle, (width, height), strict=True))
    return OddPlace(float(oddness.max()), x, y, float(np.quantile(oddness, 0.999)))


def around(picture: Picture, place: OddPlace, side: int) -> Picture:
    """What lies round a place of a tile, (side, side, 3), or the whole tile where it is smaller."""
    height, width = picture.shape[:2]
    moved = np.roll(picture, (min(side, height) // 2 - place.y, min(side, width) // 2 - place.x), (0, 1))
    return moved[:side, :side]


def _count(picture: Picture, stride: int) -> int:
    """Windows that lie inside a picture."""
    rows, columns = ((side - _WINDOW) // stride + 1 for side in picture.shape[:2])
    return rows * columns


def _windows(picture: Picture, stride: int, periodic: bool) -> Floats:
    """(rows, columns, 4): mean L*, a* and b* and the standard deviation of L* of every window."""
    colors = lab(picture)
    values = np.concatenate([colors, colors[..., :1] ** 2], axis=2)
    if periodic:
        values = np.pad(values, ((0, _WINDOW - 1), (0, _WINDOW - 1), (0, 0)), mode="wrap")
    sums = np.pad(values, ((1, 0), (1, 0), (0, 0))).cumsum(0).cumsum(1)
    over_rows = sums[_WINDOW:] - sums[:-_WINDOW]
    means: Floats = (over_rows[:, _WINDOW:] - over_rows[:, :-_WINDOW])[::stride, ::stride] / _WINDOW**2
    means[..., 3] = np.sqrt(np.maximum(means[..., 3] - means[..., 0] ** 2, 0))
    return means


def _nearest(windows: Floats, others: Floats) -> Floats:
    """(n, 4), (m, 4) -> (n,): Euclidean distance of each window to the nearest of the others."""
    least = np.full(len(windows), np.inf)
    queries = np.column_stack([-2 * windows, np.ones(len(windows))])  # so that one product is |o|^2 - 2 w o
    targets = np.column_stack([others, (others**2).sum(1)])
    for start in range(0, len(windows), _BLOCK[0]):
        part = queries[start : start + _BLOCK[0]]
        for first in range(0, len(others), _BLOCK[1]):
            found = (part @ targets[first : first + _BLOCK[1]].T).min(1)
            least[start : start + len(part)] = np.minimum(least[start : start + len(part)], found)
    distances: Floats = np.sqrt(np.maximum(least + (windows**2).sum(1), 0))
    return distances

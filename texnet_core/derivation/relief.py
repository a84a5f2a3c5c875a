"""Heights and the normals of the same surface: one is the slope of the other, texel for texel."""

from collections.abc import Iterator

import numpy as np

from texnet_core.mapset import FloatArray, normals_of_slopes

_ROWS_AT_ONCE = 256
_FLAT = 1e-4  # texels from the lowest to the highest place under which there is no relief


def normals_of(height: FloatArray, wraps: bool) -> Iterator[tuple[slice, FloatArray]]:
    """The unit normals of a surface, band by band.

    Args:
        height: (h, w) in texels.
        wraps: whether what lies beyond an edge is what lies at the other one; else slopes at edges are one-sided.

    Yields:
        Rows, and their normals (rows, w, 3), OpenGL (green points up), encoded as (v + 1) / 2.
    """
    rows, columns = height.shape
    for top in range(0, rows, _ROWS_AT_ONCE):
        part = slice(top, min(rows, top + _ROWS_AT_ONCE))
        above, below = (
            _neighbors(part.start - 1, part.stop - 1, rows, wraps),
            _neighbors(part.start + 1, part.stop + 1, rows, wraps),
        )
        band = height[part]
        left, right = _neighbors(-1, columns - 1, columns, wraps), _neighbors(1, columns + 1, columns, wraps)
        down = (height[below] - height[above]) / _steps(part.start, part.stop, rows, wraps)[:, None]
        across = (band[:, right] - band[:, left]) / _steps(0, columns, columns, wraps)
        yield part, normals_of_slopes(down, across)


def unit_height(height: FloatArray) -> tuple[FloatArray, float]:
    """Heights from 0 at the lowest to 1 at the highest place, and how many texels lie between; flat is 0.5 and 0."""
    low, high = float(height.min()), float(height.max())
    if high - low < _FLAT:
        return np.full_like(height, 0.5), 0.0
    return (height - np.float32(low)) / np.float32(high - low), high - low


def _neighbors(start: int, stop: int, side: int, wraps: bool) -> np.ndarray[tuple[int], np.dtype[np.intp]]:
    places = np.arange(start, stop)
    return places % side if wraps else places.clip(0, side - 1)


def _steps(start: int, stop: int, side: int, wraps: bool) -> FloatArray:
    """How many texels lie between the two neighbors of each place: two, and at an edge that ends, one."""
    places = np.arange(start, stop)
    ends = (places == 0).astype(np.float32) + (places == side - 1)
    return np.full(stop - start, 2, np.float32) if wraps else np.maximum(2 - ends, 1).astype(np.float32)

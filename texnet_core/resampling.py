"""Periodic resampling: changes the size of a tile and keeps it a tile."""

import math

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
_LOBES = 3
_STRIP = 64


def resample_periodic(tile: Floats, height: int, width: int) -> Floats:
    """Resample a tile with Lanczos windows that wrap around its edges.

    Args:
        tile: (h, w, channels).
        height: rows of the result.
        width: columns of the result.

    Returns:
        (height, width, channels); may overshoot the range of the input a little.

    Source: Lanczos-windowed sinc of 3 lobes (Duchon 1979), widened when shrinking.
    """
    for axis, size in ((0, height), (1, width)):
        if tile.shape[axis] != size:
            tile = _resample_axis(tile, axis, size)
    return tile


def _resample_axis(tile: Floats, axis: int, size: int) -> Floats:
    indices, weights = _taps(tile.shape[axis], size)
    result = np.zeros((*tile.shape[:axis], size, *tile.shape[axis + 1 :]), np.float32)
    # strips along the other axis keep temporary arrays small
    sources, targets = np.moveaxis(tile, 1 - axis, 0), np.moveaxis(result, 1 - axis, 0)
    weights = weights[:, :, None]
    for start in range(0, len(sources), _STRIP):
        source, target = sources[start : start + _STRIP], targets[start : start + _STRIP]
        for tap in range(indices.shape[1]):
            target += source[:, indices[:, tap]] * weights[:, tap]
    return result


def _taps(source: int, size: int) -> tuple[npt.NDArray[np.int64], Floats]:
    """For each of `size` outputs, the source indices (wrapped) and weights that make it: (size, taps) each."""
    step = source / size
    stretch = max(1.0, step)
    reach = _LOBES * stretch
    centres = (np.arange(size) + 0.5) * step - 0.5
    first = np.ceil(centres - reach).astype(np.int64)
    indices = first[:, None] + np.arange(math.ceil(2 * reach))
    distances = (indices - centres[:, None]) / stretch
    weights = np.where(np.abs(distances) < _LOBES, np.sinc(distances) * np.sinc(distances / _LOBES), 0.0)
    weights /= weights.sum(axis=1, keepdims=True)
    return indices % source, weights.astype(np.float32)

"""Resampling by windows: any stretch of an axis can be had alone, with the same numbers as within the whole."""

import math

import numpy as np
import numpy.typing as npt

from texnet_core.mapset import FloatArray
from texnet_core.settings import Tiling

Indices = npt.NDArray[np.int64]
_LOBES = 3


def lanczos_taps(positions: Indices, step: float) -> tuple[Indices, FloatArray]:
    """What each texel of a resampled axis is made of.

    Args:
        positions: (n,) indices of the texels wanted, any integers.
        step: source texels per texel; above 1 shrinks, below 1 enlarges.

    Returns:
        (n,) index of the first source texel, and (n, taps) weights of it and those that follow; they sum to 1.

    Source: Lanczos-windowed sinc of 3 lobes (Duchon 1979), widened when shrinking.
    """
    stretch = max(1.0, step)
    reach = _LOBES * stretch
    centers = (positions + 0.5) * step - 0.5
    first = np.ceil(centers - reach).astype(np.int64)
    distances = (first[:, None] + np.arange(math.ceil(2 * reach)) - centers[:, None]) / stretch
    weights = np.where(np.abs(distances) < _LOBES, np.sinc(distances) * np.sinc(distances / _LOBES), 0.0)
    weights /= weights.sum(axis=1, keepdims=True)
    return first, weights.astype(np.float32)


def resample_axis(source: FloatArray, axis: int, first: Indices, weights: FloatArray) -> FloatArray:
    """Apply taps along an axis.

    Args:
        source: (h, w, channels), which holds all that the taps reach.
        axis: 0 or 1.
        first: (n,) as `lanczos_taps` returns it, counted from the start of `source`.
        weights: (n, taps).

    Returns:
        The source with n rows or columns; it may overshoot the source's range a little.
    """
    height, width, channels = source.shape
    if axis == 0:
        return _weighted(source.reshape(height, width * channels), 0, first, weights).reshape(-1, width, channels)
    # as single numbers, which is faster than as texels
    places = (channels * first[:, None] + np.arange(channels)).ravel()
    flat = source.reshape(height, width * channels)
    return _weighted(flat, 1, places, weights.repeat(channels, axis=0), channels).reshape(height, -1, channels)


def resized(image: FloatArray, width: int, height: int, wrap: Tiling) -> FloatArray:
    """A picture in another size.

    Args:
        image: (h, w, channels) in [0, 1].
        width: wanted, in texels.
        height: likewise.
        wrap: axes along which it tiles, and the result with it; along others it goes on mirrored.

    Returns:
        (height, width, channels) in [0, 1].
    """
    for axis, name, side in ((0, "y", height), (1, "x", width)):
        there = image.shape[axis]
        first, weights = lanczos_taps(np.arange(side), there / side)
        places = np.arange(first[0], first[-1] + weights.shape[1])
        if name in wrap:
            places %= there
        else:
            places %= 2 * there
            places = np.minimum(places, 2 * there - 1 - places)
        image = resample_axis(image.take(places, axis), axis, first - first[0], weights)
    return np.ascontiguousarray(np.clip(image, 0, 1))


def _weighted(source: FloatArray, axis: int, first: Indices, weights: FloatArray, stride: int = 1) -> FloatArray:
    """Sums of rows or columns that are `stride` apart, from `first` on, each with its weight."""
    shape = (-1, 1) if axis == 0 else (1, -1)
    result = source.take(first, axis)
    result *= weights[:, 0].reshape(shape)
    for tap in range(1, weights.shape[1]):
        part = source.take(first + tap * stride, axis)
        part *= weights[:, tap].reshape(shape)
        result += part
    return result

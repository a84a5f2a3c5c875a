"""Colors as numbers: between floats and whole numbers, between sRGB and linear light.

Colors in memory are sRGB values in [0, 1] as files store them. EXR alone holds linear light, by the convention of that
format, so colors are converted on the way there.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from texnet_core.mapset import Depth

LUMINANCE = np.array([0.2126, 0.7152, 0.0722], np.float32)  # of linear RGB with sRGB's primaries

_ROWS_AT_ONCE = 64
_GRAY_WITHIN, _GRAY_SHARE = 2.5 / 255, 0.995  # what rounding and JPEG make of gray in three channels


def quantize(values: npt.NDArray[Any], depth: Depth) -> npt.NDArray[Any]:
    """[0, 1] floats to uint8 or uint16, rounded to nearest, clipped."""
    top = np.float32(2**depth - 1)
    return by_rows(
        lambda rows: np.clip(rows, 0, 1) * top + np.float32(0.5), values, np.uint8 if depth == 8 else np.uint16
    )


def srgb_to_linear(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Convert sRGB in [0, 1] to linear light in [0, 1], float32. Source: IEC 61966-2-1."""

    def convert(rows: npt.NDArray[Any]) -> npt.NDArray[Any]:
        rows = np.clip(rows, 0, 1)
        return np.where(rows <= 0.04045, rows / 12.92, ((rows + 0.055) / 1.055) ** 2.4)

    return by_rows(convert, values, np.float32)


def linear_to_srgb(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Convert linear light to sRGB in [0, 1], float32, clipped to that range. Source: IEC 61966-2-1."""

    def convert(rows: npt.NDArray[Any]) -> npt.NDArray[Any]:
        rows = np.clip(rows, 0, 1)
        return np.where(rows <= 0.0031308, rows * 12.92, 1.055 * rows ** (1 / 2.4) - 0.055)

    return by_rows(convert, values, np.float32)


def is_gray(image: npt.NDArray[Any]) -> bool:
    """Whether a picture, (h, w, 3) in [0, 1], has no colors but what rounding and JPEG make of gray."""
    return bool(np.quantile(np.ptp(image, axis=2), _GRAY_SHARE) <= _GRAY_WITHIN)


def by_rows(
    function: Callable[[npt.NDArray[Any]], npt.NDArray[Any]], values: npt.NDArray[Any], kind: Any
) -> npt.NDArray[Any]:
    """Apply a function texel by texel without temporary copies of a whole picture, which may be gigabytes."""
    result = np.empty(values.shape, kind)
    for top in range(0, len(values), _ROWS_AT_ONCE):
        part = slice(top, top + _ROWS_AT_ONCE)
        result[part] = function(values[part])
    return result

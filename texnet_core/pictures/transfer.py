"""Curves between values and light, other than sRGB's, and encodings that are made of a curve and primaries.

Sources: ITU-T H.273 (the numbers), SMPTE ST 2084 (the curve of 16), ITU-R BT.2408 (where its white is).
"""

from collections.abc import Callable

import numpy as np

from texnet_core.mapset import FloatArray
from texnet_core.pictures.color import srgb_to_linear
from texnet_core.pictures.decoded import Encoding
from texnet_core.pictures.primaries import Chromaticities, to_srgb_matrix

_Curve = Callable[[FloatArray], FloatArray]
_WHITE_NITS = 203


def gamma(exponent: float) -> _Curve:
    """Light is the value to a power."""
    return lambda values: np.maximum(values, 0) ** np.float32(exponent)


def linear(values: FloatArray) -> FloatArray:
    """Light is the value."""
    return values


LINEAR_LIGHT = Encoding("linear light", linear)


def transfer_of(number: int) -> _Curve | None:
    """The curve of a number of H.273; None for sRGB's, which those of video stand for too."""
    return {4: gamma(2.2), 5: gamma(2.8), 8: linear, 16: _perceptual_quantizer}.get(number)


def by_primaries(name: str, primaries: Chromaticities, curve: _Curve | None = None) -> Encoding:
    """An encoding by its primaries and curve; without a curve it is sRGB's.

    Raises:
        ValueError: the primaries are no triangle around their white.
    """
    matrix = to_srgb_matrix(primaries).astype(np.float32)
    to_linear = curve or srgb_to_linear
    return Encoding(name, lambda values: to_linear(values) @ matrix.T, curve is _perceptual_quantizer)


def _perceptual_quantizer(values: FloatArray) -> FloatArray:
    """Light, 1 at the white of standard pictures."""
    m1, m2, c1, c2, c3 = 1305 / 8192, 2523 / 32, 107 / 128, 2413 / 128, 2392 / 128
    power = np.maximum(values, 0) ** (1 / m2)
    nits = 10_000 * (np.maximum(power - c1, 0) / (c2 - c3 * power)) ** (1 / m1)
    return np.asarray(nits / _WHITE_NITS, np.float32)

"""For which pictures a collage suits: surfaces without large shapes. Stones, bricks and patterns show ghosts.

Where three pieces are blended, what is the same everywhere stays as it is, and a shape that one piece has alone shines
through the others. The edges of such shapes bunch fine detail together, so that its energy differs from place to place.
Over 17 photographs this energy varied by 0.17 to 0.30 of its mean in moss, grass, dirt, gravel and rubble, and by 0.36
to 0.55 in grained wood, cobbles, bricks, tiles and rust in patches. Grids whose tiles are fine all over are found as
patterns.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from texnet_core.instant.preparing import averaged
from texnet_core.mapset import FloatArray, Mask
from texnet_core.patterns.waves import find_waves

_SIDE = 256  # texels of the short side at which a picture is looked at, or a little more
_MOST_SIDE = 1024  # that are looked at of a long one
_FINE, _COARSE = 1.0, 2.0  # texels of blur between which detail is fine
_PLACE = 6.0  # texels of blur that a place has
_UNEVEN = 0.35  # of the mean energy
_LEAST = 64  # texels, below which there is no telling

_Doubles = npt.NDArray[np.float64]


def ghost_note(image: FloatArray, mask: Mask | None = None) -> str:
    """What a user should know of a picture that does not suit a collage; "" where it does.

    Args:
        image: (height, width, 3) sRGB in [0, 1].
        mask: (height, width), True where a texel takes part; others are looked at as they are. None: all do.
    """
    small = _reduced(image)
    if min(small.shape[:2]) < _LEAST or not (_unevenness(small.mean(axis=2)) > _UNEVEN or find_waves(small)):
        return ""
    return (
        "the picture has large shapes or a pattern, which show as ghosts where pieces overlap; "
        "a collage suits sand, grass, gravel and the like, and a trained generator suits this one"
    )


def _reduced(image: FloatArray) -> FloatArray:
    """Its middle, averaged over squares of whole texels."""
    factor = max(1, min(image.shape[:2]) // _SIDE)
    tops = [max(0, side // factor - _MOST_SIDE) // 2 * factor for side in image.shape[:2]]
    rows, columns = (min(side // factor, _MOST_SIDE) for side in image.shape[:2])
    return averaged(image[tops[0] : tops[0] + rows * factor, tops[1] : tops[1] + columns * factor], factor)


def _unevenness(luminance: FloatArray) -> float:
    """How much the energy of fine detail differs from place to place, as a share of its mean."""
    ranks = luminance.ravel().argsort().argsort().reshape(luminance.shape)  # so that contrast has no say
    detail = _blurred(ranks / ranks.size, _FINE) - _blurred(ranks / ranks.size, _COARSE)
    energy = _blurred(detail**2, _PLACE)
    return float(energy.std() / max(energy.mean(), 1e-12))


def _blurred(values: npt.NDArray[Any], deviation: float) -> _Doubles:
    """A Gaussian blur; beyond a border lies what is at the other one."""
    height, width = values.shape
    frequencies = np.hypot(np.fft.fftfreq(height)[:, None], np.fft.rfftfreq(width))
    kept = np.exp(-2 * (np.pi * deviation * frequencies) ** 2)
    return np.fft.irfft2(np.fft.rfft2(values) * kept, values.shape)

"""Color: how far the distribution of a picture's colors lies from the exemplar's, wherever its texels are."""

import numpy as np
import numpy.typing as npt

from texnet_core.evaluation.crops import ALL, Masks
from texnet_core.mapset import FloatArray
from texnet_core.pictures.color import srgb_to_linear
from texnet_core.pictures.masks import texels_of

_DIRECTIONS = 64
_QUANTILES = 1024
_SEED = 19760101
# Linear sRGB to CIE XYZ, each row divided by the white point D65.
_TO_XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
_TO_XYZ /= _TO_XYZ.sum(axis=1, keepdims=True)


def color_distance(image: FloatArray, exemplar: FloatArray, masks: Masks = ALL) -> float:
    """Sliced 1-Wasserstein distance of the colors in CIELAB, in units of Delta E.

    A uniform shift of all colors by one Delta E, about what an eye just notices, measures about one.

    Args:
        image: (H, W, 3) sRGB in [0, 1].
        exemplar: (h, w, 3), likewise; sizes may differ.
        masks: which texels of each take part.

    Source: Rabin et al. 2011, "Wasserstein Barycenter and its Application to Texture Mixing"; CIE 1976 L*a*b*.
    Differs: doubled, for the mean of |cos| over directions in space is 1/2.
    """
    directions = np.random.default_rng(_SEED).normal(size=(3, _DIRECTIONS))
    directions /= np.linalg.norm(directions, axis=0)
    found, wanted = (
        _quantiles(lab(texels_of(each, mask)).reshape(-1, 3) @ directions)
        for each, mask in zip((image, exemplar), masks, strict=True)
    )
    return 2 * float(np.abs(found - wanted).mean())


def _quantiles(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """(texels, directions) -> (1024, directions): the quantile function of each column, linearly interpolated.

    By sorting: numpy's own function takes a hundred times as long for so many levels.
    """
    ordered = np.sort(values, axis=0)
    place = (np.arange(_QUANTILES) + 0.5) / _QUANTILES * (len(ordered) - 1)
    below = place.astype(int)
    share = (place - below)[:, None]
    quantiles: npt.NDArray[np.float64] = (1 - share) * ordered[below] + share * ordered[
        np.minimum(below + 1, len(ordered) - 1)
    ]
    return quantiles


def lab(image: FloatArray) -> npt.NDArray[np.float64]:
    """Convert sRGB in [0, 1] to CIELAB, (H, W, 3): L* in [0, 100], a* and b* in about [-100, 100], white point D65."""
    relative = srgb_to_linear(image) @ _TO_XYZ.T
    edge = 6 / 29
    x, y, z = np.moveaxis(np.where(relative > edge**3, np.cbrt(relative), relative / (3 * edge**2) + 4 / 29), -1, 0)
    return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], axis=-1)


def luminance(image: FloatArray) -> npt.NDArray[np.float64]:
    """(H, W, 3) sRGB in [0, 1] to (H, W): lightness L* over 100, in [0, 1], even steps of which look even."""
    return lab(image)[..., 0] / 100

"""Colors on the way in and out: what the net is given, and what becomes of what it makes, texel by texel."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from texnet_core.mapset import FloatArray
from texnet_core.pictures.color_statistics import MATCHED_RANGE, ColorMap
from texnet_core.stylization.layers import Layer

_FADES_BELOW = np.float32(0.1)  # of the strength
_LUMA = np.array([0.2126, 0.7152, 0.0722])  # of sRGB values, with the weights of ITU-R BT.709


@dataclass(frozen=True)
class Given:
    """What the net is given of a picture: its colors as the style's, and the strength where it is painted.

    Attributes:
        picture: on the plane of the net.
        matched: gives its colors those of the style; None: they are given as they are.
        strength: (h, w, 1) in [0, 1] on the same plane; None where it is the same everywhere.
        factor: of the strength.
    """

    picture: Layer
    matched: ColorMap | None
    strength: Layer | None
    factor: float

    @property
    def channels(self) -> int:
        """Of a window."""
        return 3 if self.strength is None else 4

    def __call__(self, top: int, left: int, height: int, width: int) -> FloatArray:
        """A window, (channels, height, width)."""
        result = np.empty((self.channels, height, width), np.float32)
        colors = result[:3].transpose(1, 2, 0)  # channel by channel in memory, which is faster
        colors[...] = self.picture.window(top, left, height, width)
        if self.matched is not None:
            np.clip(self.matched(colors), *MATCHED_RANGE, out=colors)
        if self.strength is not None:
            np.multiply(self.strength.window(top, left, height, width)[..., 0], np.float32(self.factor), out=result[3])
        return result


@dataclass(frozen=True)
class Finish:
    """What becomes of what the net makes: colors nearer to those of the picture, and at last the picture itself.

    With less strength the colors are more and more those of the picture, by (1 - strength)^2: it keeps its chroma,
    and what was painted decides how bright it is. Below a strength of 0.1 the result fades into the picture, so that a
    strength of 0 leaves it as it is.

    Source: luminance transfer, Gatys et al. 2016, "Preserving Color in Neural Artistic Style Transfer"
    (arXiv 1606.05897), section 4.

    Attributes:
        picture: on the plane of the result.
        undone: takes colors of the style to those of the picture; None: they stay.
        keep_colors: whether they are wholly those of the picture.
        strength: (h, w, 1) in [0, 1] on the same plane; None where it is the same everywhere.
        factor: of the strength.
    """

    picture: Layer
    undone: ColorMap | None
    keep_colors: bool
    strength: Layer | None
    factor: float

    def __call__(self, made: FloatArray, top: int, left: int) -> FloatArray:
        """(h, w, 3) in [0, 1] at its place; it may be changed."""
        strength = np.full((1, 1, 1), self.factor, np.float32)
        if self.strength is not None:
            strength = self.strength.window(top, left, *made.shape[:2]) * strength
        share = np.square(np.float32(1) - strength)
        if self.keep_colors or (self.undone is not None and share.any()):
            share = np.ones_like(share) if self.keep_colors else share
            made = np.clip((1 - share) * made + share * self._in_own_colors(made, top, left), 0, 1)
        if (strength < _FADES_BELOW).any():
            part = np.minimum(strength / _FADES_BELOW, np.float32(1))
            made = (1 - part) * self.picture.window(top, left, *made.shape[:2]) + part * made
        return made

    def _in_own_colors(self, made: FloatArray, top: int, left: int) -> FloatArray:
        """The picture, as bright as what was painted is in the colors of the picture."""
        own = self.picture.window(top, left, *made.shape[:2])
        weights, offset = _LUMA, 0.0
        if self.undone is not None:  # both steps at once
            weights, offset = weights @ self.undone.matrix, float(weights @ self.undone.offset)
        brighter = _dot(made, weights) - _dot(own, _LUMA) + np.float32(offset)
        result: FloatArray = own + brighter[..., None]
        return result


def _dot(colors: FloatArray, weights: npt.NDArray[np.float64]) -> FloatArray:
    """(h, w, 3) to (h, w), term by term, so that each texel has the same bits wherever it lies."""
    red, green, blue = (colors[..., channel] * np.float32(weight) for channel, weight in enumerate(weights))
    red += green
    red += blue
    return red

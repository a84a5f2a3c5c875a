"""How a surface answers to light, in a few numbers, for generators that make no maps of it."""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from functools import partial
from typing import Self, TypeVar

import numpy as np
import numpy.typing as npt

from texnet_core.errors import RequestError
from texnet_core.mapset import FloatArray, Mask
from texnet_core.pictures.color import LUMINANCE, srgb_to_linear
from texnet_core.settings import Checked, setting

A = TypeVar("A", bound=np.generic)

_look = partial(setting, group="record")
_ENDS = (5, 95)  # percentiles that count as the darkest and the brightest
_LEAST_SPREAD = 0.02  # between them, so that the relief of a plain picture stays finite
_BLOCK = 8  # texels a side within which contrast counts as fine
_DECIMALS = 3


@dataclass(frozen=True)
class Look(Checked):
    """What a material needs beside a color map, until its generator makes maps of its own.

    Tones are linear luminance, as a renderer's shaders see the color map.

    Attributes:
        bump: relief from 0 to 1 where bright is high, down to -1 where dark is high.
        roughness_dark: roughness of the darkest places.
        roughness_bright: roughness of the brightest places; tones between have values between.
        metallic: 0 for dielectrics to 1 for bare metal.
        dark: the tone that counts as darkest.
        bright: the tone that counts as brightest.
    """

    bump: float = _look(0.4, "relief where bright places are high; below 0 dark places are high", low=-1.0, high=1.0)
    roughness_dark: float = _look(0.8, "roughness of the darkest places", low=0.0, high=1.0, option="roughness")
    roughness_bright: float = _look(0.6, "roughness of the brightest places", low=0.0, high=1.0, option="roughness")
    metallic: float = _look(0.0, "0 for stone, wood or paint, 1 for bare metal", low=0.0, high=1.0)
    dark: float = _look(0.02, "linear luminance that counts as darkest", low=0.0, high=1.0)
    bright: float = _look(0.5, "linear luminance that counts as brightest", low=0.0, high=1.0)

    def changed(self, told: Mapping[str, float]) -> Self:
        """The same with what is told of it.

        Raises:
            RequestError: a value out of its range, or a field that there is not.
        """
        known = [spec.name for spec in fields(self)]
        for name in told:
            if name not in known:
                raise RequestError(f"a look has no {name!r}", expected=known, remedy="correct the name")
        return replace(self, **told).check()

    @property
    def spread(self) -> float:
        """From the darkest to the brightest tone, never less than what keeps a relief finite."""
        return max(self.bright - self.dark, _LEAST_SPREAD)

    @property
    def roughness(self) -> float:
        """Mean of both ends."""
        return (self.roughness_dark + self.roughness_bright) / 2


def guess_look(image: FloatArray, mask: Mask | None = None) -> Look:
    """What an exemplar's own contrast suggests.

    Pictures with more contrast within a few texels are of rougher surfaces with more relief; what is dark tends to be
    rougher. Loosely fitted to 45 published materials, where contrast explains a tenth of it. Metal is not guessed: a
    gray picture may as well be stone, and stone as metal is more wrong than metal as stone.

    Args:
        image: (height, width, 3) sRGB in [0, 1].
        mask: (height, width), True where a texel takes part; None where all do.
    """
    tones = srgb_to_linear(image) @ LUMINANCE
    seen = tones if mask is None else tones[mask]
    dark, bright = (float(tone) for tone in np.percentile(seen, _ENDS))
    middle = (dark + bright) / 2
    half = max(bright - dark, _LEAST_SPREAD) / 2
    contrast = _fine_contrast(np.cbrt(tones), mask)
    roughness = float(np.clip(0.5 + 3 * contrast, 0.5, 0.8))
    guessed = Look(
        bump=float(np.clip(0.1 + 6 * contrast, 0.15, 0.6)),
        roughness_dark=roughness + 0.08,
        roughness_bright=roughness - 0.08,
        dark=max(0.0, middle - half),
        bright=min(1.0, max(middle, half) + half),
    )
    return replace(guessed, **{spec.name: round(getattr(guessed, spec.name), _DECIMALS) for spec in fields(Look)})


def _fine_contrast(lightness: FloatArray, mask: Mask | None) -> float:
    """Standard deviation within small blocks, each as far as it is visible."""
    blocks = _in_blocks(lightness)
    if mask is None:
        return float(np.sqrt(blocks.var((1, 3)).mean()))
    seen = _in_blocks(mask)
    counts = seen.sum((1, 3), keepdims=True)
    means = (blocks * seen).sum((1, 3), keepdims=True) / np.maximum(counts, 1)
    squares = (np.square(blocks - means) * seen).sum()
    return float(np.sqrt(squares / max(int(counts.sum()), 1)))


def _in_blocks(values: npt.NDArray[A]) -> npt.NDArray[A]:
    """(height, width) to (rows, texels, columns, texels); what is left over at the borders is cut."""
    height, width = (side // _BLOCK * _BLOCK for side in values.shape)
    return values[:height, :width].reshape(height // _BLOCK, _BLOCK, width // _BLOCK, _BLOCK)

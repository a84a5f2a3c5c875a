"""What decoders make of a file, before its colors are sRGB."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal, TypeVar

import numpy as np
import numpy.typing as npt

from texnet_core.mapset import FloatArray

_Kind = TypeVar("_Kind", bound=np.generic)

Space = Literal["gray", "RGB", "CMYK"]
ToLight = Callable[[FloatArray], FloatArray]  # (..., 3) as stored -> (..., 3) linear light of sRGB's primaries


@dataclass(frozen=True)
class Encoding:
    """How values stand for light, where no profile says it.

    Attributes:
        name: for the user, "Adobe RGB".
        to_light: (..., 3) values to linear light of sRGB's primaries.
        unbounded: whether some values stand for more light than white.
    """

    name: str
    to_light: ToLight
    unbounded: bool = False


@dataclass(frozen=True)
class Decoded:
    """The values of a picture as its file has them.

    Attributes:
        values: (height, width, channels) float32; whole numbers are divided by their largest.
        space: what the channels are: gray (1), RGB (3) or CMYK (4, 1 is full ink).
        alpha: (height, width) float32, 0 is transparent; None where all is opaque. Colors are not multiplied by it.
        profile: ICC profile, or nothing.
        encoding: how values stand for light; None is sRGB.
        unbounded: whether values are floats, which may lie above 1.
        orientation: as EXIF counts, 1 is upright.
        depth: bits a channel that the file has, 8 or 16; 0 for floats.
        notes: what the user should know, a clause each.
    """

    values: FloatArray
    space: Space
    alpha: FloatArray | None = None
    profile: bytes = b""
    encoding: Encoding | None = None
    unbounded: bool = False
    orientation: int = 1
    depth: int = 8
    notes: list[str] = field(default_factory=list)


def undo_premultiplied(values: FloatArray, alpha: FloatArray) -> FloatArray:
    """Colors that were multiplied by alpha as they are without it; where alpha is 0 there is none."""
    return np.asarray(values / np.where(alpha > 0, alpha, np.float32(1))[..., None])


def upright(array: npt.NDArray[_Kind], orientation: int) -> npt.NDArray[_Kind]:
    """A picture turned as its orientation says. Source: EXIF 2.32, tag 0x0112."""
    if orientation >= 5:
        array = array.swapaxes(0, 1)
    if orientation in (2, 3, 6, 7):
        array = array[:, ::-1]
    if orientation in (3, 4, 7, 8):
        array = array[::-1]
    return array

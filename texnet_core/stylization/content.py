"""Pictures that are to be painted anew, from files or from memory."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from texnet_core.errors import ImageError
from texnet_core.mapset import FloatArray
from texnet_core.pictures.decoded import Decoded, upright
from texnet_core.pictures.reading import reading, transparent
from texnet_core.pictures.srgb import to_srgb
from texnet_core.pictures.stills import decode
from texnet_core.settings import MAX_SIZE
from texnet_core.stylization.islands import fill_hidden
from texnet_core.stylization.picture import Picture
from texnet_core.stylization.stores import ArrayStore


@dataclass(frozen=True)
class Content:
    """A picture in memory.

    Attributes:
        values: (height, width, 3) float32 sRGB in [0, 1].
        alpha: (height, width) float32 in [0, 1], 0 is transparent; None where all is opaque.
        depth: bits a channel that it had, 8 or 16; 0 for floats.
        notes: what the user should know of how it was read, a clause each.
    """

    values: FloatArray
    alpha: FloatArray | None = None
    depth: int = 8
    notes: list[str] = field(default_factory=list)

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width."""
        return self.values.shape[0], self.values.shape[1]

    @property
    def picture(self) -> Picture:
        """Its texels, hidden ones with the colors of visible ones nearby."""
        if self.alpha is None:
            return Picture(ArrayStore(self.values), None, self.depth, self.notes)
        colors, alpha = ArrayStore(self.values.copy()), ArrayStore(self.alpha[..., None])
        fill_hidden(colors, alpha, self.depth)
        return Picture(colors, alpha, self.depth, self.notes)


def read_content(path: Path | str) -> Content:
    """Read a picture as it is, with its alpha.

    Args:
        path: any still picture, known by its content. It is converted to sRGB by its profile, or by what its format
            says; floats are linear light.

    Raises:
        ImageError: no file, no picture, damaged, animated, of several pages, of more than 2^28 texels, or transparent
            everywhere.
    """
    path = Path(path)
    with reading(path):
        content = as_content(decode(path))
    if content.alpha is not None and not content.alpha.any():
        raise transparent(path)
    return content


def as_content(decoded: Decoded) -> Content:
    """What decoders made of a file, or of a part of it."""
    seen = None if decoded.alpha is None else decoded.alpha > 0
    image, seen, notes = to_srgb(decoded, seen)
    alpha = decoded.alpha
    if seen is not None and not seen.all():
        alpha = np.where(seen, np.float32(1) if alpha is None else alpha, np.float32(0))
    if alpha is not None:
        alpha = None if (alpha == 1).all() else np.ascontiguousarray(upright(alpha, decoded.orientation))
    values = np.ascontiguousarray(upright(image, decoded.orientation), np.float32)
    return Content(values, alpha, decoded.depth, [*decoded.notes, *notes])


def content_of(picture: npt.NDArray[Any] | Content) -> Content:
    """A picture from memory.

    Args:
        picture: (h, w, 3), or (h, w, 4) with alpha: floats of sRGB in [0, 1], or uint8 or uint16.

    Raises:
        ImageError: another shape, other numbers, or nothing to be seen.
    """
    if isinstance(picture, Content):
        return picture
    array = np.asarray(picture)
    if array.ndim != 3 or array.shape[2] not in (3, 4) or not array.size or max(array.shape) > MAX_SIZE:
        raise _no_picture(f"an array of {array.shape} is no picture", "(height, width, 3) or (height, width, 4)")
    depth = {"uint8": 8, "uint16": 16}.get(array.dtype.name, 0)
    if not depth and array.dtype.kind != "f":
        raise _no_picture(f"an array of {array.dtype} is no picture", "floats in [0, 1], uint8 or uint16")
    values = array.astype(np.float32) / np.float32(2**depth - 1) if depth else array.astype(np.float32)
    if not depth and (not np.isfinite(values).all() or values.min() < 0 or values.max() > 1):
        raise _no_picture("the picture has values outside of 0 to 1", "floats in [0, 1]")
    alpha = np.ascontiguousarray(values[..., 3]) if values.shape[2] == 4 else None
    if alpha is not None and not alpha.any():
        raise _no_picture("the picture is transparent everywhere", "some of it to be seen")
    return Content(np.ascontiguousarray(values[..., :3]), alpha, depth)


def strength_of(values: npt.NDArray[Any], shape: tuple[int, int]) -> FloatArray:
    """A strength map from memory, (h, w, 1) float32.

    Args:
        values: (h, w) or (h, w, 1): floats in [0, 1], uint8, uint16 or bool.
        shape: height and width of the picture.

    Raises:
        ImageError: another shape, or other numbers.
    """
    array = np.asarray(values)
    if array.ndim == 2:
        array = array[..., None]
    if array.ndim != 3 or array.shape[2] != 1:
        raise _no_picture(f"an array of {array.shape} is no strength map", "(height, width)")
    check_same_size("the strength map", array.shape[:2], shape)
    kind = array.dtype
    if kind.name in ("uint8", "uint16"):
        return array.astype(np.float32) / np.float32(np.iinfo(kind).max)
    result = array.astype(np.float32)
    if kind.kind not in "fb" or not np.isfinite(result).all() or result.min() < 0 or result.max() > 1:
        raise _no_picture("the strength map has values outside of 0 to 1", "floats in [0, 1], uint8, uint16 or bool")
    return result


def check_same_size(name: str, found: tuple[int, ...], shape: tuple[int, int]) -> None:
    """Raise ImageError for a strength map, named `name`, that has another size than the picture."""
    if tuple(found[:2]) != tuple(shape):
        raise ImageError(
            f"{name} has {found[1]}x{found[0]} texels, and the picture {shape[1]}x{shape[0]}",
            expected="a map of the picture's size",
            remedy="scale the map to the picture's size",
        )


def _no_picture(found: str, expected: str) -> ImageError:
    return ImageError(found, expected=expected, remedy=f"give {expected}")

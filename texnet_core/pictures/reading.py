"""Exemplars from files."""

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeVar

import numpy as np

from texnet_core.errors import ImageError, NoImageError, TexnetError
from texnet_core.mapset import ALBEDO, FloatArray, MapSpec, Mask
from texnet_core.pictures.decoded import Decoded, upright
from texnet_core.pictures.srgb import to_srgb
from texnet_core.pictures.stills import decode

OPAQUE = 0.5  # texels with less alpha are not seen well enough to be learned from


@dataclass(frozen=True)
class Picture:
    """A picture of a surface, or several that show it texel for texel.

    Attributes:
        image: (height, width, channels) float32 in [0, 1], of all maps. Texels that take no part have the mean of the
            others.
        mask: (height, width), True where a texel takes part; None where all do.
        notes: what the user should know of how it was read, a clause each.
        maps: what the channels are, in order.
        relief: from height 0 to 1, as a share of the short side; 0 where there is no height, or none known.
    """

    image: FloatArray
    mask: Mask | None = None
    notes: list[str] = field(default_factory=list)
    maps: tuple[MapSpec, ...] = (ALBEDO,)
    relief: float = 0.0


P = TypeVar("P", bound=Picture)


def read_exemplar(path: Path | str, mask: Path | str | None = None) -> Picture:
    """Read a picture of a surface.

    Args:
        path: any still picture, known by its content. It is converted to sRGB by its profile, or by what its format
            says; floats are linear light. Texels whose alpha is below one half take no part.
        mask: a picture of the same size, white where a texel takes part.

    Raises:
        ImageError: no file, no picture, damaged, animated, of several pages, or more than 2^28 texels; no texel takes
            part; or a mask that does not fit.
    """
    picture = _read(Path(path))
    if mask is not None:
        picture = masked_by(picture, str(path), _read(Path(mask)), str(mask))
    if picture.mask is None:
        return picture
    return replace(picture, image=filled(picture.image, picture.mask))


def masked_by(picture: P, label: str, drawn: Picture, mask_label: str) -> P:
    """The picture with a drawn mask, beside the one that it has.

    Args:
        picture: what is masked.
        label: what messages call it.
        drawn: a picture that is white where a texel takes part.
        mask_label: what messages call that.

    Raises:
        ImageError: the sizes differ, or nothing is left.
    """
    (height, width), (mask_height, mask_width) = picture.image.shape[:2], drawn.image.shape[:2]
    if (height, width) != (mask_height, mask_width):
        raise ImageError(
            f"the mask {mask_label} has {mask_width}x{mask_height} pixels, and {label} {width}x{height}",
            expected="a mask of the picture's size",
            remedy="scale the mask to the picture's size",
        )
    mask = drawn.image.mean(axis=2) >= 0.5
    for other in (drawn.mask, picture.mask):
        mask = mask if other is None else mask & other
    if not mask.any():
        raise ImageError(
            f"the mask {mask_label} leaves nothing of {label}",
            expected="white where the picture takes part",
            remedy="invert the mask, or draw it anew",
        )
    return replace(picture, mask=None if mask.all() else mask)


def filled(image: FloatArray, mask: Mask) -> FloatArray:
    """Hidden colors are often garbage, and nobody sees them: equal pictures are to be equal arrays."""
    return np.where(mask[..., None], image, image[mask].mean(axis=0, dtype=np.float64).astype(np.float32))


def _read(path: Path) -> Picture:
    with reading(path):
        return shown_picture(path, decode(path))


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Turn what decoders raise into the error that names the file.

    Raises:
        ImageError: no file, no picture, or a damaged one; memory does not suffice.
    """
    _check_is_file(path)
    try:
        yield
    except TexnetError:
        raise
    except MemoryError as error:
        raise ImageError(
            f"memory does not suffice for {path}", expected="a smaller picture", remedy="scale it down"
        ) from error
    except Exception as error:  # decoders raise many kinds on damaged files
        raise ImageError(
            f"{path} cannot be read as a picture ({error})",
            expected="an undamaged picture of a common kind",
            remedy="export it again as PNG or JPEG",
        ) from error


def shown_picture(path: Path, decoded: Decoded) -> Picture:
    """The colors of a picture, upright, and what of it can be seen; hidden texels keep theirs.

    Raises:
        ImageError: nothing of it can be seen.
        ValueError: no texel that can be seen is a number.
    """
    seen = None if decoded.alpha is None else decoded.alpha >= OPAQUE
    if seen is not None and not seen.any():
        raise transparent(path)
    image, seen, notes = to_srgb(decoded, seen)
    mask = None if seen is None or seen.all() else np.ascontiguousarray(upright(seen, decoded.orientation))
    return Picture(np.ascontiguousarray(upright(image, decoded.orientation)), mask, [*decoded.notes, *notes])


def transparent(path: Path) -> ImageError:
    """What to raise for a picture of which nothing can be seen."""
    return ImageError(
        f"{path} is transparent everywhere",
        expected="a picture that can be seen",
        remedy="export it without an alpha channel",
    )


def _check_is_file(path: Path) -> None:
    if not os.path.exists(path):  # unlike pathlib's, never raises
        raise NoImageError(f"there is no file {path}", expected="a picture", remedy="check the path")
    if not path.is_file():
        raise NoImageError(f"{path} is not a file", expected="a picture", remedy="name the picture itself")
    if path.stat().st_size == 0:
        raise ImageError(f"{path} has 0 bytes", expected="a picture", remedy="export it again")


def texels_digest(image: FloatArray, mask: Mask | None = None) -> str:
    """SHA-256 of an exemplar's texels: equal for equal pictures, whatever their files are called or how packed.

    Args:
        image: (height, width, channels of all maps).
        mask: (height, width), True where a texel takes part; None where all do.
    """
    digest = hashlib.sha256(image.tobytes())
    if mask is not None:
        digest.update(mask.tobytes())
    return digest.hexdigest()

"""Exemplars from files."""

import hashlib
import os
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from texnet_core.errors import ImageError, NoImageError, Range
from texnet_core.mapset import FloatArray

MAX_EXEMPLAR_TEXELS = 16384 * 16384
_LIVING_STILLS = ("MPO",)  # phones store a still with a second view in it, which Pillow counts as a frame
_OPAQUE = 128  # of 255; texels with less are not seen well enough to be learned from

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Picture:
    """A picture of a surface.

    Attributes:
        image: (height, width, 3) float32 sRGB in [0, 1]. Texels that take no part have the mean color of the others.
        mask: (height, width), True where a texel takes part; None where all do.
        notes: what the user should know of how it was read, a clause each.
    """

    image: FloatArray
    mask: Mask | None = None
    notes: list[str] = field(default_factory=list)


def read_exemplar(path: Path | str, mask: Path | str | None = None) -> Picture:
    """Read a picture of a surface.

    Args:
        path: any still image that Pillow reads. Gray may have 8 or 16 bits, or floats in [0, 1]. Texels whose alpha
            is below one half take no part.
        mask: a picture of the same size, white where a texel takes part.

    Raises:
        ImageError: no file, no picture, damaged, animated, or more than 2^28 texels; or no texel takes part.
    """
    picture = _read(Path(path))
    if mask is not None:
        picture = _masked_by(picture, Path(path), Path(mask))
    if picture.mask is None:
        return picture
    return replace(picture, image=_filled(picture.image, picture.mask))


def _masked_by(picture: Picture, path: Path, mask_path: Path) -> Picture:
    drawn = _read(mask_path)
    (height, width), (mask_height, mask_width) = picture.image.shape[:2], drawn.image.shape[:2]
    if (height, width) != (mask_height, mask_width):
        raise ImageError(
            f"the mask {mask_path} has {mask_width}x{mask_height} pixels, and {path} {width}x{height}",
            expected="a mask of the picture's size",
            remedy="scale the mask to the picture's size",
        )
    mask = drawn.image.mean(axis=2) >= 0.5
    for other in (drawn.mask, picture.mask):
        mask = mask if other is None else mask & other
    if not mask.any():
        raise ImageError(
            f"the mask {mask_path} leaves nothing of {path}",
            expected="white where the picture takes part",
            remedy="invert the mask, or draw it anew",
        )
    return replace(picture, mask=None if mask.all() else mask)


def _filled(image: FloatArray, mask: Mask) -> FloatArray:
    """Hidden colors are often garbage, and nobody sees them: equal pictures are to be equal arrays."""
    return np.where(mask[..., None], image, image[mask].mean(axis=0, dtype=np.float64).astype(np.float32))


def _read(path: Path) -> Picture:
    from PIL import Image, ImageOps

    _check_is_file(path)
    try:
        # the limit below is ours and stricter than a warning, and it stands before any pixel is decoded
        Image.MAX_IMAGE_PIXELS = None
        with Image.open(path) as image:
            _check_kind(path, image)
            image.load()
            return _to_rgb(path, ImageOps.exif_transpose(image))
    except ImageError:
        raise
    except MemoryError as error:
        raise ImageError(
            f"memory does not suffice for {path}", expected="a smaller picture", remedy="scale it down"
        ) from error
    except Exception as error:  # Pillow's decoders raise many kinds on damaged files
        raise ImageError(
            f"{path} cannot be read as a picture ({error})",
            expected="an undamaged picture of a common kind",
            remedy="export it again as PNG or JPEG",
        ) from error


def _check_is_file(path: Path) -> None:
    if not os.path.exists(path):  # unlike pathlib's, never raises
        raise NoImageError(f"there is no file {path}", expected="a picture", remedy="check the path")
    if not path.is_file():
        raise NoImageError(f"{path} is not a file", expected="a picture", remedy="name the picture itself")
    if path.stat().st_size == 0:
        raise ImageError(f"{path} has 0 bytes", expected="a picture", remedy="export it again")


def _check_kind(path: Path, image: Any) -> None:
    width, height = image.size
    if width * height > MAX_EXEMPLAR_TEXELS:
        raise ImageError(
            f"{path} is too large, with {width}x{height} pixels",
            expected="at most 16384x16384",
            remedy="scale it down to 16384x16384 or less",
        )
    frames = getattr(image, "n_frames", 1)
    if frames > 1 and image.format not in _LIVING_STILLS:
        raise ImageError(f"{path} has {frames} frames", expected="a single picture", remedy="export one frame as PNG")


def _to_rgb(path: Path, image: Any) -> Picture:
    if image.mode.startswith("I") or image.mode == "F":
        return Picture(_deep_gray_to_rgb(path, image))
    mask: Mask | None = None
    if "A" in image.getbands() or "transparency" in image.info:
        image = image.convert("RGBA")
        mask = np.asarray(image.getchannel("A")) >= _OPAQUE
        if not mask.any():
            raise ImageError(
                f"{path} is transparent everywhere",
                expected="a picture that can be seen",
                remedy="export it without an alpha channel",
            )
        mask = None if mask.all() else mask
    return Picture(np.asarray(image.convert("RGB"), dtype=np.float32) / np.float32(255), mask)


def _deep_gray_to_rgb(path: Path, image: Any) -> FloatArray:
    """Deep gray: whole numbers of 16 bits, or floats in [0, 1]. Pillow's own conversion would clip them at 255."""
    gray = np.asarray(image, dtype=np.float32)
    top = 1 if image.mode == "F" else 65535
    if not (gray.min() >= 0 and gray.max() <= top):  # also where a value is NaN
        raise ImageError(
            f"{path} has gray values from {gray.min():g} to {gray.max():g}",
            expected=Range(0, top),
            remedy="export it as 8 or 16 bits",
        )
    gray = gray / np.float32(top)
    return np.repeat(gray[..., None], 3, axis=2)


def texels_digest(image: FloatArray) -> str:
    """SHA-256 of an exemplar's texels: equal for equal pictures, whatever their files are called or how packed."""
    return hashlib.sha256(image.tobytes()).hexdigest()

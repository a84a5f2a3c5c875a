"""Exemplars from files."""

import hashlib
import os
from pathlib import Path
from typing import Any

import numpy as np

from texnet_core.errors import ImageError, Range
from texnet_core.mapset import FloatArray

MAX_EXEMPLAR_TEXELS = 16384 * 16384
_LIVING_STILLS = ("MPO",)  # phones store a still with a second view in it, which Pillow counts as a frame


def read_exemplar(path: Path | str) -> tuple[FloatArray, list[str]]:
    """Read a picture of a surface.

    Args:
        path: any still image that Pillow reads. Gray may have 8 or 16 bits, or floats in [0, 1].

    Returns:
        (height, width, 3) float32 sRGB in [0, 1], and notes on what was left out (an alpha channel, say).

    Raises:
        ImageError: no file, no picture, damaged, animated, or more than 2^28 texels.
    """
    from PIL import Image, ImageOps

    path = Path(path)
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
        raise ImageError(f"there is no file {path}", expected="a picture", remedy="check the path")
    if not path.is_file():
        raise ImageError(f"{path} is not a file", expected="a picture", remedy="name the picture itself")
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


def _to_rgb(path: Path, image: Any) -> tuple[FloatArray, list[str]]:
    notes: list[str] = []
    if image.mode.startswith("I") or image.mode == "F":
        return _deep_gray_to_rgb(path, image), notes
    if "A" in image.getbands() or "transparency" in image.info:
        image = image.convert("RGBA")
        least, most = image.getchannel("A").getextrema()
        if most == 0:
            raise ImageError(
                f"{path} is transparent everywhere",
                expected="a picture that can be seen",
                remedy="export it without an alpha channel",
            )
        if least != 255:
            notes.append("the picture's alpha channel is left out")
        image = image.convert("RGB")
    return np.asarray(image.convert("RGB"), dtype=np.float32) / np.float32(255), notes


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

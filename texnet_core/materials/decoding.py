"""Values of maps as files have them, in memory that does not grow beyond what training can use."""

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from texnet_core.errors import ImageError
from texnet_core.pictures import exr, tiff
from texnet_core.pictures.decoded import Decoded, undo_premultiplied
from texnet_core.pictures.reducing import Reducer
from texnet_core.pictures.stills import JPEG_MAGIC, decode
from texnet_core.pictures.strips import open_strips

ENOUGH = 4096  # texels of the short side; no training looks at more of a material
_MOST_AT_ONCE = 2**27  # texels of a file that cannot be read in strips and is to be made smaller
_ROWS = 256


def stored_size(path: Path) -> tuple[int, int]:
    """Width and height as a file says it, without decoding; zeros where only decoding tells."""
    from PIL import Image

    try:
        with path.open("rb") as file:
            head = file.read(4)
        if head == exr.MAGIC:
            return _exr_size(path)
        if head in tiff.MAGICS:
            return _tiff_size(path)
        Image.MAX_IMAGE_PIXELS = None  # who decodes it has a limit
        with Image.open(path) as image:
            return image.size
    except Exception:  # whoever decodes it says what is wrong
        return 0, 0


def decode_map(path: Path) -> Decoded:
    """The values of a file; one of twice `ENOUGH` texels or more on its short side is made smaller while it is read.

    Raises:
        ImageError: as of `decode`, or it is too large to be read as a whole, and of a kind that must be.
        Exception: whatever decoders raise on damaged files.
    """
    width, height = stored_size(path)
    factor = min(width, height) // ENOUGH
    if factor < 2:
        return decode(path)
    strips = open_strips(path)
    if strips is not None:
        return _reduced(iter(strips), (width, height), factor)
    if width * height > _MOST_AT_ONCE and not _is_jpeg(path):
        raise ImageError(
            f"{path} has {width}x{height} pixels, and its kind can only be read as a whole",
            expected=f"at most {_MOST_AT_ONCE} pixels",
            remedy="take the material in 8K or less, or export this map as PNG",
        )
    decoded = decode(path, shrink=factor)
    height, width = decoded.values.shape[:2]
    factor = min(width, height) // ENOUGH
    return decoded if factor < 2 else _reduced(_bands(decoded), (width, height), factor)


def _reduced(bands: Iterator[Decoded], size: tuple[int, int], factor: int) -> Decoded:
    """The means over boxes of a picture that comes from top to bottom."""
    width, height = size
    reducer = Reducer(height, width, max(width, height) // factor)
    first: Decoded | None = None
    for band in bands:
        first = first or band
        values, alpha = band.values, band.alpha
        reducer.take(values if alpha is None else np.dstack((values * alpha[..., None], alpha)))
    if first is None:
        raise ValueError("it is empty")
    means = reducer.means()
    if first.alpha is None:
        return replace(first, values=means)
    return replace(first, values=undo_premultiplied(means[..., :-1], means[..., -1]), alpha=means[..., -1])


def _bands(whole: Decoded) -> Iterator[Decoded]:
    for top in range(0, len(whole.values), _ROWS):
        rows = slice(top, top + _ROWS)
        yield replace(whole, values=whole.values[rows], alpha=None if whole.alpha is None else whole.alpha[rows])


def _is_jpeg(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(2) == JPEG_MAGIC


def _exr_size(path: Path) -> tuple[int, int]:
    import OpenEXR

    with OpenEXR.File(os.fspath(path), header_only=True) as file:
        low, high = file.parts[0].header["dataWindow"]
        width, height = (int(side) for side in high - low + 1)
        return width, height


def _tiff_size(path: Path) -> tuple[int, int]:
    with tiff.open_tiff(path) as file:
        page = file.pages[tiff.find_page(file, path)]
        return int(page.imagewidth), int(page.imagelength)

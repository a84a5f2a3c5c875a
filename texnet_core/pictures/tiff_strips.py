"""TIFF files from top to bottom: those of 8 and 16 bits whose pieces lie side by side and are not too large."""

import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from texnet_core.pictures import tiff
from texnet_core.pictures.decoded import Decoded

_STRIP_TEXELS = 2**18
_MOST_TEXELS = 2**23  # of a row of pieces
_KINDS = (np.uint8, np.uint16)
_PACKINGS = (1, 5, 8, 32773, 32946)  # none, LZW, deflate, PackBits, deflate as it was called first
_UPRIGHT = 1


class TiffStrips:
    """A TIFF file that can be decoded in strips; see `strips.Strips`."""

    def __init__(self, path: Path, number: int, page: Any) -> None:
        self._path, self._number = path, number
        self.width, self.height = int(page.imagewidth), int(page.imagelength)
        self.depth = 8 if page.dtype == np.uint8 else 16
        self.has_alpha = bool(page.extrasamples)

    def __iter__(self) -> Iterator[Decoded]:
        """Strip after strip, from top to bottom; errors of many kinds where the file is damaged."""
        at_once = max(1, _STRIP_TEXELS // self.width)
        with tiff.open_tiff(self._path) as file:
            page = file.pages[self._number]
            tiff.check_complete(page)
            for band in tiff.bands_of_page(page):
                for top in range(0, len(band), at_once):
                    yield tiff.decode_values(page, band[top : top + at_once])


def open_tiff_strips(path: Path) -> TiffStrips | None:
    """A TIFF file that can be decoded in strips, or None for all others.

    Floats are none, nor what is to be turned, colors that are multiplied by alpha, or planes one after the other.
    """
    with path.open("rb") as head:
        if not head.read(4).startswith(tiff.MAGICS):
            return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with tiff.open_tiff(path) as file:
                number = tiff.find_page(file, path)
                page = file.pages[number]
                return TiffStrips(path, number, page) if _is_simple(page) else None
    except (OSError, MemoryError):
        raise
    except Exception:  # whoever reads it as a whole says what is wrong with it
        return None


def _is_simple(page: Any) -> bool:
    rows, _ = tiff.piece_of(page)
    return (
        page.dtype in _KINDS
        and tiff.is_of_known_colors(page)
        and int(page.bitspersample) == 8 * page.dtype.itemsize
        and int(page.fillorder) == int(page.planarconfig) == 1
        and int(page.compression) in _PACKINGS
        and page.tags.valueof(274) in (None, _UPRIGHT)
        and all(int(kind) == tiff.UNASSOCIATED for kind in page.extrasamples)
        and rows * int(page.imagewidth) <= _MOST_TEXELS
    )

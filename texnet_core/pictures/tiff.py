"""TIFF: which page is the picture, and pages of more than 8 bits or of floats, which Pillow reads in part or wrongly.

Sources: TIFF revision 6.0 (1992), Adobe Photoshop TIFF technical notes (2002) and technical note 3 (2005).
"""

import io
import logging
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from texnet_core.errors import ImageError
from texnet_core.pictures.decoded import Decoded, Space, undo_premultiplied
from texnet_core.pictures.transfer import LINEAR_LIGHT

MAGICS = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
_REDUCED, _MASK = 1, 4  # bits of NewSubfileType
_WHITE_IS_ZERO, _BLACK_IS_ZERO, _RGB, _SEPARATED = 0, 1, 2, 5
_SPACES: dict[int, tuple[Space, int]] = {
    _WHITE_IS_ZERO: ("gray", 1),
    _BLACK_IS_ZERO: ("gray", 1),
    _RGB: ("RGB", 3),
    _SEPARATED: ("CMYK", 4),
}
_ASSOCIATED, UNASSOCIATED = 1, 2
_NONE, _OLD_JPEG, _DEFLATE, _OLD_DEFLATE = 1, 6, 8, 32946
_TOP_OF_16 = 65535


def find_page(file: Any, path: Path) -> int:
    """Which page of an open tifffile is the picture: reduced images and masks beside it are none.

    Raises:
        ImageError: there are several.
    """
    kinds: list[int] = []
    offsets: set[int] = set()
    try:
        for page in file.pages:
            if page.offset in offsets:  # a chain of pages that leads back would have no end
                break
            offsets.add(page.offset)
            kinds.append(int(page.subfiletype or 0))
    except Exception:  # what follows the first page may be broken
        if not kinds:
            raise
    pictures = [number for number, kind in enumerate(kinds) if not kind & (_REDUCED | _MASK)]
    if len(pictures) > 1:
        raise ImageError(
            f"{path} has {len(pictures)} pages", expected="a single picture", remedy="export one page as PNG"
        )
    return pictures[0] if pictures else 0


def open_tiff(path: Path) -> Any:
    """The file as tifffile knows it; nothing of what that finds odd is printed."""
    import tifffile

    logging.getLogger("tifffile").setLevel(logging.CRITICAL)
    return tifffile.TiffFile(path)


def check_complete(page: Any) -> None:
    """Raise ValueError where strips or tiles of a page are missing; decoders take these for black."""
    if int(page.compression) == _OLD_JPEG:  # whose strips may be one stream
        return
    rows, columns = piece_of(page)
    planes = int(page.samplesperpixel) if int(page.planarconfig) == 2 else 1
    needed = -(-int(page.imagelength) // rows) * -(-int(page.imagewidth) // columns) * planes
    if len(page.dataoffsets) < needed:
        raise ValueError(f"{len(page.dataoffsets)} of {needed} pieces")


def piece_of(page: Any) -> tuple[int, int]:
    """Rows and columns of its strips or tiles; the last strip may have fewer rows."""
    if page.is_tiled:
        return int(page.tilelength), int(page.tilewidth)
    height = int(page.imagelength)
    return min(int(page.rowsperstrip or height), height), int(page.imagewidth)


def is_deep(page: Any) -> bool:
    """Whether a page has more than 8 bits or floats, in a way that is read here."""
    return page.dtype is not None and page.dtype.itemsize > 1 and is_of_known_colors(page)


def is_whole_bytes(page: Any) -> bool:
    """Whether a page has 8 bits, in a way that is read here."""
    return page.dtype == np.uint8 and int(page.bitspersample) == 8 and is_of_known_colors(page)


def is_of_known_colors(page: Any) -> bool:
    """Whether its channels are gray, RGB or CMYK."""
    return int(page.photometric) in _SPACES


def decode_deep(page: Any) -> Decoded:
    """The values of a page; errors as of `decode_values`."""
    return decode_values(page, np.atleast_3d(_pixels(page)))


def decode_values(page: Any, raw: npt.NDArray[Any]) -> Decoded:
    """What the numbers of a page, or of some rows of it, stand for.

    Args:
        page: says what they are.
        raw: (h, w, channels).

    Raises:
        ValueError: fewer channels than its colors have, or numbers of 32 bits that do not look like a picture's.
    """
    space, channels = _SPACES[int(page.photometric)]
    is_float = raw.dtype.kind == "f"
    values = raw[..., :channels].astype(np.float32) if is_float else _shares(raw[..., :channels])
    if values.shape[2] < channels:
        raise ValueError(f"{values.shape[2]} channels for {space}")
    if int(page.photometric) == _WHITE_IS_ZERO:
        values = 1 - values
    alpha = None
    extra = [int(kind) for kind in page.extrasamples]
    for kind in (_ASSOCIATED, UNASSOCIATED):
        if kind in extra and channels + extra.index(kind) < raw.shape[2]:
            band = raw[..., channels + extra.index(kind)]
            alpha = np.nan_to_num(band.astype(np.float32)) if is_float else _shares(band)
            if kind == _ASSOCIATED:
                values = undo_premultiplied(values, alpha)
                values = values if is_float else np.minimum(values, 1)
            break
    profile, orientation = page.tags.valueof(34675), page.tags.valueof(274)
    return Decoded(
        values,
        space,
        alpha,
        profile=profile if isinstance(profile, bytes) else b"",
        encoding=LINEAR_LIGHT if is_float else None,
        unbounded=is_float,
        orientation=orientation if orientation in range(1, 9) else 1,
        depth=0 if is_float else 8 if raw.dtype.itemsize == 1 else 16,
    )


def _shares(values: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
    """Whole numbers as shares of the largest. Of 32 bits those that 16 would do for are taken for such."""
    top = int(np.iinfo(values.dtype).max)
    least, most = int(values.min()), int(values.max())
    if values.dtype.itemsize > 2 and (most <= _TOP_OF_16 or values.dtype.kind == "i"):
        top = _TOP_OF_16
    if least < 0 or most > top:
        raise ValueError(f"values from {least} to {most}, where 0 to {top} can be shown")
    return values.astype(np.float32) / np.float32(top)


def _pixels(page: Any) -> npt.NDArray[Any]:
    """(h, w) or (h, w, channels), whatever packed it.

    tifffile alone knows neither all packings nor how much a piece of a bomb may unpack to, but bits that are no bytes.
    """
    is_of_bytes = int(page.bitspersample) == 8 * page.dtype.itemsize and int(page.fillorder) == 1
    pixels = _assembled(page) if is_of_bytes else page.asarray()
    is_planar = pixels.ndim == 3 and int(page.planarconfig) == 2
    return np.asarray(np.moveaxis(pixels, 0, -1) if is_planar else pixels)


def _assembled(page: Any) -> npt.NDArray[Any]:
    """A page from its strips or tiles: (h, w, channels), or (channels, h, w) where planar."""
    is_planar = int(page.planarconfig) == 2
    channels, samples = (int(page.samplesperpixel), 1) if is_planar else (1, int(page.samplesperpixel))
    planes = np.empty((channels, int(page.imagelength), int(page.imagewidth), samples), page.dtype)
    for number, plane in enumerate(planes):
        top = 0
        for band in bands_of_page(page, number):
            plane[top : top + len(band)] = band
            top += len(band)
    return planes[..., 0] if is_planar else planes[0]


def bands_of_page(page: Any, plane: int = 0) -> Iterator[npt.NDArray[Any]]:
    """A page from top to bottom, (rows, w, channels) for each row of strips or tiles.

    Args:
        page: of tifffile.
        plane: which channel, where they lie one after the other.
    """
    height, width = int(page.imagelength), int(page.imagewidth)
    samples = 1 if int(page.planarconfig) == 2 else int(page.samplesperpixel)
    rows, columns = piece_of(page)
    across = -(-width // columns)
    pieces = list(zip(page.dataoffsets, page.databytecounts, strict=True))[plane * across * -(-height // rows) :]
    for number, top in enumerate(range(0, height, rows)):
        count = min(rows, height - top)
        band = np.zeros((count, width, samples), page.dtype)
        for left, (offset, size) in zip(range(0, width, columns), pieces[number * across :], strict=False):
            if size == 0:  # a piece that was never written
                continue
            page.parent.filehandle.seek(offset)
            held = rows if page.is_tiled else count
            piece = _unpacked(page.parent.filehandle.read(size), page, (held, columns, samples))
            target = band[:, left : left + columns]
            target[:] = piece[: target.shape[0], : target.shape[1]]
        yield band


def _unpacked(content: bytes, page: Any, shape: tuple[int, int, int]) -> npt.NDArray[Any]:
    rows, columns, samples = shape
    kind = page.dtype.newbyteorder(page.parent.byteorder)
    row_bytes = columns * samples * kind.itemsize
    content = _decompressed(content, int(page.compression), rows, row_bytes)[: rows * row_bytes]
    if int(page.predictor) == 3:
        return _undo_float_predictor(content, shape, kind.itemsize).astype(page.dtype)
    values = np.frombuffer(content, kind).reshape(shape).astype(page.dtype)
    if int(page.predictor) == 2:
        whole = values.view(f"u{kind.itemsize}")
        np.cumsum(whole, axis=1, dtype=whole.dtype, out=whole)
    return values


def _undo_float_predictor(content: bytes, shape: tuple[int, int, int], size: int) -> npt.NDArray[Any]:
    """Floats whose bytes stand apart by significance in each row, as differences. Source: technical note 3."""
    rows, columns, samples = shape
    differences = np.frombuffer(content, np.uint8).reshape(rows, -1, samples)
    parts = np.cumsum(differences, axis=1, dtype=np.uint8).reshape(rows, size, columns * samples)
    return np.ascontiguousarray(parts.swapaxes(1, 2)).view(f">f{size}").reshape(shape)


def _decompressed(content: bytes, compression: int, rows: int, row_bytes: int) -> bytes:
    """The bytes of a strip or tile. What is no matter of zlib Pillow unpacks, as a gray picture of these bytes."""
    if compression == _NONE:
        return content
    if compression in (_DEFLATE, _OLD_DEFLATE):
        return zlib.decompressobj().decompress(content, rows * row_bytes)
    from PIL import Image

    facts = {256: row_bytes, 257: rows, 258: 8, 259: compression, 262: 1, 273: 8, 277: 1, 278: rows, 279: len(content)}
    entries = b"".join(struct.pack("<HHII", tag, 4, 1, number) for tag, number in facts.items())
    padded = content + b"\0" * (len(content) % 2)
    head = b"II*\0" + struct.pack("<I", 8 + len(padded))
    made = head + padded + struct.pack("<H", len(facts)) + entries + b"\0\0\0\0"
    with Image.open(io.BytesIO(made)) as image:
        return image.tobytes()

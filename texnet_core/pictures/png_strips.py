"""PNG files from top to bottom, as libraries do not read them.

Pillow decodes a PNG as a whole. But rows need nothing but the row above, so a strip of them is made a PNG file of its
own, with that row first, and Pillow undoes what filters did, for strip after strip. So all kinds of PNG are read by the
code that reads small ones. Such a file is packed without compression, which costs little beside unpacking the large
one. The alternative, libvips, would be many megabytes more to install, in Blender as well. Interlaced files are no rows
and are read as a whole.
"""

import io
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from texnet_core.pictures import png
from texnet_core.pictures.decoded import Decoded
from texnet_core.pictures.encoders import PNG_COLOR_TYPES, write_png_chunk
from texnet_core.pictures.exif import read_exif
from texnet_core.pictures.stills import decode_png

_STRIP_TEXELS = 2**18
_READ_AT_ONCE = 2**16
_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}  # by the type of color
_HEADER = slice(16, 29)  # of a file: the content of IHDR, before its check sum


class PngStrips:
    """A PNG file that can be decoded in strips; see `strips.Strips`."""

    def __init__(self, path: Path, parts: png.PngParts, pieces: list[tuple[int, int]]) -> None:
        self._path, self._parts, self._pieces = path, parts, pieces
        self._head = bytes(parts.pixels.getbuffer()[: _before_end(parts)])
        self.width, self.height, self._bits, self._type, *_ = struct.unpack(">IIBBBBB", self._head[_HEADER])
        self.depth = 16 if self._bits == 16 else 8
        self.has_alpha = self._type in (4, 6) or b"tRNS" in parts.chunks

    def __iter__(self) -> Iterator[Decoded]:
        """Strip after strip, from top to bottom; decoders' errors where the file is damaged."""
        row_bytes = -(-self.width * _CHANNELS[self._type] * self._bits // 8)
        rows_at_once = max(1, _STRIP_TEXELS // self.width)
        above = bytes(row_bytes)
        with self._path.open("rb") as file:
            unpacked = _Unpacked(file, self._pieces)
            for top in range(0, self.height, rows_at_once):
                rows = min(rows_at_once, self.height - top)
                filtered = unpacked.read(rows * (1 + row_bytes))
                plain = self._unfiltered(b"\0" + above + filtered, rows + 1, row_bytes)[1:]
                above = plain[-1].tobytes()
                yield decode_png(
                    self._path, self._strip(self.width, rows, self._bits, self._type, _unfilterable(plain))
                )

    def _unfiltered(self, filtered: bytes, rows: int, row_bytes: int) -> npt.NDArray[np.uint8]:
        """Bytes of rows, (rows, row_bytes). Filters know bytes of texels only, so 8 bits a channel stand for all."""
        texel = max(1, _CHANNELS[self._type] * self._bits // 8)
        if texel in PNG_COLOR_TYPES:
            strip = self._strip(row_bytes // texel, rows, 8, PNG_COLOR_TYPES[texel], filtered, plain=True)
            return _levels(strip.pixels).reshape(rows, row_bytes)
        strip = self._strip(self.width, rows, self._bits, self._type, filtered, plain=True)
        deep: npt.NDArray[Any] = png.decode_deep(strip).astype(">u2")
        return deep.reshape(rows, -1).view(np.uint8)

    def _strip(
        self, width: int, rows: int, bits: int, color_type: int, filtered: bytes, *, plain: bool = False
    ) -> png.PngParts:
        """A file of some rows; a plain one has no palette and nothing that is transparent."""
        header = struct.pack(">IIBBBBB", width, rows, bits, color_type, 0, 0, 0)
        file = io.BytesIO()
        file.write(png.SIGNATURE)
        write_png_chunk(file, b"IHDR", header)
        file.write(b"" if plain else self._head[_HEADER.stop + 4 :])
        write_png_chunk(file, b"IDAT", zlib.compress(filtered, 0))
        write_png_chunk(file, b"IEND", b"")
        file.seek(0)
        return png.PngParts(file, {} if plain else self._parts.chunks, self._parts.xmp)


def open_png_strips(path: Path) -> PngStrips | None:
    """A PNG file that can be decoded in strips, or None for all others.

    Interlaced ones are none, nor those that are to be turned, or whose exposure depends on all of them.
    """
    with path.open("rb") as file:
        if file.read(8) != png.SIGNATURE:
            return None
        file.seek(0)
        pieces: list[tuple[int, int]] = []
        parts = png.split_png(file, pieces)
    head = parts.pixels.getbuffer()
    if len(head) < _HEADER.stop or head[25] not in _CHANNELS or head[28] != 0:
        return None
    encoding = parts.encoding()
    is_turned = read_exif(parts.chunks.get(b"eXIf", b""), parts.xmp).orientation != 1
    if parts.frames > 1 or is_turned or (encoding is not None and encoding.unbounded):
        return None
    return PngStrips(path, parts, pieces)


class _Unpacked:
    """The compressed stream of a PNG file, unpacked as far as it is wanted."""

    def __init__(self, file: BinaryIO, pieces: list[tuple[int, int]]) -> None:
        self._packed = self._packed_parts(file, pieces)
        self._inflate = zlib.decompressobj()
        self._rest = b""

    def read(self, count: int) -> bytes:
        """Exactly so many bytes; ValueError where there are fewer."""
        parts, missing = [], count
        while missing:
            if not self._rest and not self._inflate.eof:
                self._rest = next(self._packed, b"")
            if not self._rest:
                raise ValueError("it is truncated")
            parts.append(self._inflate.decompress(self._rest, missing))
            self._rest = self._inflate.unconsumed_tail
            missing -= len(parts[-1])
        return b"".join(parts)

    @staticmethod
    def _packed_parts(file: BinaryIO, pieces: list[tuple[int, int]]) -> Iterator[bytes]:
        for place, length in pieces:
            file.seek(place)
            while length and (part := file.read(min(length, _READ_AT_ONCE))):
                length -= len(part)
                yield part


def _levels(file: io.BytesIO) -> npt.NDArray[np.uint8]:
    from PIL import Image

    with Image.open(file) as image:
        return np.asarray(image, np.uint8)


def _unfilterable(plain: npt.NDArray[np.uint8]) -> bytes:
    """Rows behind filter type 0, which is none."""
    return np.pad(plain, ((0, 0), (1, 0))).tobytes()


def _before_end(parts: png.PngParts) -> int:
    return len(parts.pixels.getbuffer()) - (12 if parts.pixels.getvalue().endswith(b"IEND\xaeB`\x82") else 0)

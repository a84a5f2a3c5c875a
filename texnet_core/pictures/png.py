"""PNG without what is no pixels: broken or large texts, profiles and EXIF stop a decoder that reads them.

Source: PNG specification, third edition (W3C 2025).
"""

import io
import struct
import zlib
from dataclasses import dataclass, field
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from texnet_core.pictures.decoded import Encoding
from texnet_core.pictures.primaries import (
    DCI_P3,
    DISPLAY_P3,
    REC2020,
    SRGB,
    Chromaticities,
    name_of,
    same_primaries,
    to_srgb_matrix,
)
from texnet_core.pictures.transfer import by_primaries, gamma, transfer_of

SIGNATURE = b"\x89PNG\r\n\x1a\n"
_MAX_PROFILE = 2**25  # bytes, unpacked; the largest in use have some millions
_MAX_READ = 2**24  # bytes of an ancillary chunk that anything is read from
_READ = (b"tRNS", b"iCCP", b"cICP", b"sRGB", b"gAMA", b"cHRM", b"eXIf", b"acTL", b"iTXt")
_XMP = b"XML:com.adobe.xmp\0"
_PRIMARIES: dict[int, Chromaticities] = {1: SRGB, 9: REC2020, 11: DCI_P3, 12: DISPLAY_P3}


@dataclass
class PngParts:
    """What a PNG file holds.

    Attributes:
        pixels: a file of what decodes to pixels, and nothing else.
        chunks: what else is sound and says something about the picture, by its name.
        xmp: its XMP packet, or nothing.
    """

    pixels: io.BytesIO = field(default_factory=io.BytesIO)
    chunks: dict[bytes, bytes] = field(default_factory=dict)
    xmp: bytes = b""

    @property
    def frames(self) -> int:
        """Of an animated PNG; else 1."""
        control = self.chunks.get(b"acTL", b"")
        return int.from_bytes(control[:4], "big") if len(control) == 8 else 1

    @property
    def header(self) -> tuple[int, int]:
        """Bits a channel, and type of color."""
        head = self.pixels.getbuffer()
        return (head[24], head[25]) if len(head) > 25 else (8, 2)

    def profile(self) -> bytes:
        """The ICC profile, or nothing where there is none or cICP counts. What cannot be unpacked comes as it is."""
        content = self.chunks.get(b"iCCP")
        if content is None or self._code_points:
            return b""
        _, _, packed = content.partition(b"\0")
        inflate = zlib.decompressobj()
        try:
            profile = inflate.decompress(packed[1:], _MAX_PROFILE)
        except zlib.error:
            return content or b"?"
        return profile if inflate.eof else content or b"?"

    def encoding(self) -> Encoding | None:
        """How values stand for light by the chunks of fixed size, of which cICP counts before the others."""
        if self._code_points:
            return _by_code_points(self._code_points)
        if b"sRGB" in self.chunks:
            return None
        return _by_gamma(self.chunks.get(b"gAMA", b""), self.chunks.get(b"cHRM", b""))

    @property
    def _code_points(self) -> bytes:
        """Of cICP, where they are sound and of a kind that is known."""
        coding = self.chunks.get(b"cICP", b"")
        return coding if len(coding) == 4 and coding[0] in _PRIMARIES else b""

    @property
    def transparency(self) -> bytes:
        """Of tRNS, where it has as many bytes as it must."""
        content, (bits, color_type) = self.chunks.get(b"tRNS", b""), self.header
        is_sound = len(content) == {0: 2, 2: 6}.get(color_type) or (color_type == 3 and len(content) <= 2**bits)
        return content if is_sound else b""


def split_png(file: BinaryIO, pieces: list[tuple[int, int]] | None = None) -> PngParts:
    """Keep what is needed for pixels, and take out what says something about the picture.

    Args:
        file: at its start.
        pieces: gets places and lengths of the compressed pixels, which are then not read.
    """
    parts = PngParts()
    parts.pixels.write(file.read(8))
    while len(head := file.read(8)) == 8:
        length, name = struct.unpack(">I4s", head)
        if name == b"IDAT" and pieces is not None:
            pieces.append((file.tell(), length))
            file.seek(length + 4, io.SEEK_CUR)
        elif name[:1].isupper():
            parts.pixels.write(head + file.read(length + 4))
            if name == b"IEND":
                break
        elif length > _MAX_READ or name not in _READ:
            file.seek(length + 4, io.SEEK_CUR)
        else:
            _sort(parts, name, file.read(length), file.read(4))
    parts.pixels.seek(0)
    return parts


def _sort(parts: PngParts, name: bytes, content: bytes, sum_: bytes) -> None:
    if zlib.crc32(content, zlib.crc32(name)).to_bytes(4, "big") != sum_:
        return
    if name == b"iTXt":
        parts.xmp = content if content.startswith(_XMP) else parts.xmp
        return
    parts.chunks.setdefault(name, content)
    if name == b"tRNS" and parts.transparency and parts.header[0] < 16:
        parts.pixels.write(_transparency_for_pillow(parts))


def _transparency_for_pillow(parts: PngParts) -> bytes:
    """The chunk tRNS; of gray with 2 or 4 bits, the value as Pillow compares it, which is that of 8 bits."""
    content, (bits, color_type) = parts.transparency, parts.header
    if color_type == 0 and bits in (2, 4):
        content = struct.pack(">H", int.from_bytes(content, "big") * 255 // (2**bits - 1))
    return struct.pack(">I", len(content)) + b"tRNS" + content + struct.pack(">I", zlib.crc32(b"tRNS" + content))


def decode_deep(parts: PngParts) -> npt.NDArray[np.uint16]:
    """The values of a PNG of 16 bits, (h, w, channels), of which Pillow gives only the upper halves for colors.

    Pillow undoes filter and interlace. For colors it is asked twice, for either half. Gray is said to be of 8 bits
    and twice the channels, which are the same bytes.
    """
    from PIL import Image

    color_type = parts.header[1]
    if color_type in (2, 6):
        halves = []
        for order in ("16B", "16L"):
            with Image.open(io.BytesIO(parts.pixels.getvalue())) as image:
                image.tile = [tile._replace(args=f"{image.mode};{order}") for tile in image.tile]
                halves.append(np.asarray(image, np.uint16))
        return halves[0] * np.uint16(256) + halves[1]
    with Image.open(_with_header(parts.pixels, 8, 4 if color_type == 0 else 6)) as image:
        halves_of_gray: Any = np.asarray(image, np.uint16)
    return np.asarray(halves_of_gray[..., ::2] * np.uint16(256) + halves_of_gray[..., 1::2])


def transparent_value(parts: PngParts) -> tuple[int, ...]:
    """The value of 16 bits a channel that is transparent, or nothing."""
    return struct.unpack(f">{len(parts.transparency) // 2}H", parts.transparency)


def _with_header(file: io.BytesIO, bits: int, color_type: int) -> io.BytesIO:
    content = bytearray(file.getvalue())
    content[24], content[25] = bits, color_type
    content[29:33] = zlib.crc32(content[12:29]).to_bytes(4, "big")
    return io.BytesIO(bytes(content))


def _by_code_points(coding: bytes) -> Encoding | None:
    """By the numbers of ITU-T H.273. What is unknown is taken for sRGB, as is what viewers know no better."""
    primaries, transfer = _PRIMARIES.get(coding[0]), transfer_of(coding[1])
    if primaries is None or (primaries == SRGB and transfer is None):
        return None
    return by_primaries(name_of(primaries), primaries, transfer)


def _by_gamma(gama: bytes, chrm: bytes) -> Encoding | None:
    """By exponent and primaries; 1 / 2.2 is how files said sRGB before there was a chunk for it."""
    exponent = int.from_bytes(gama, "big") / 100_000 if len(gama) == 4 else 0.0
    primaries = _chromaticities(chrm) or SRGB
    is_sensible = 0.1 < exponent < 10
    is_usual = exponent == 0 or abs(exponent - 1 / 2.2) < 0.01
    if same_primaries(primaries, SRGB):
        return (
            None
            if is_usual or not is_sensible
            else by_primaries(f"gamma {1 / exponent:.2g}", SRGB, gamma(1 / exponent))
        )
    return by_primaries(name_of(primaries), primaries, gamma(1 / exponent) if is_sensible else None)


def _chromaticities(content: bytes) -> Chromaticities | None:
    if len(content) != 32:
        return None
    numbers = [number / 100_000 for number in struct.unpack(">8I", content)]
    white, red, green, blue = zip(numbers[::2], numbers[1::2], strict=True)
    try:
        to_srgb_matrix((red, green, blue, white))
    except ValueError:
        return None
    return (red, green, blue, white)

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

    def profile(self) -> bytes | None:
        """The ICC profile, nothing where there is none; None where it cannot be unpacked."""
        content = self.chunks.get(b"iCCP")
        if content is None:
            return b""
        _, mark, packed = content.partition(b"\0")
        inflate = zlib.decompressobj()
        try:
            profile = inflate.decompress(packed[1:], _MAX_PROFILE)
        except zlib.error:
            return None
        return profile if mark and inflate.eof else None

    def encoding(self) -> Encoding | None:
        """How values stand for light by the chunks of fixed size, of which cICP counts before the others."""
        if len(coding := self.chunks.get(b"cICP", b"")) == 4:
            return _by_code_points(coding)
        if b"sRGB" in self.chunks:
            return None
        return _by_gamma(self.chunks.get(b"gAMA", b""), self.chunks.get(b"cHRM", b""))


def split_png(file: BinaryIO) -> PngParts:
    """Keep what is needed for pixels, and take out what says something about the picture."""
    parts = PngParts()
    parts.pixels.write(file.read(8))
    while len(head := file.read(8)) == 8:
        length, name = struct.unpack(">I4s", head)
        if name[:1].isupper():
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
    if name == b"tRNS":
        parts.pixels.write(struct.pack(">I", len(content)) + name + content + sum_)


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
            with Image.open(_without_transparency(parts)) as image:
                image.tile = [tile._replace(args=f"{image.mode};{order}") for tile in image.tile]
                halves.append(np.asarray(image, np.uint16))
        return halves[0] * np.uint16(256) + halves[1]
    with Image.open(_with_header(_without_transparency(parts), 8, 4 if color_type == 0 else 6)) as image:
        halves_of_gray: Any = np.asarray(image, np.uint16)
    return np.asarray(halves_of_gray[..., ::2] * np.uint16(256) + halves_of_gray[..., 1::2])


def transparent_value(parts: PngParts) -> list[int] | None:
    """The value of 16 bits a channel that is transparent, if there is one."""
    content = parts.chunks.get(b"tRNS", b"")
    channels = {0: 1, 2: 3}.get(parts.header[1])
    if channels is None or len(content) != 2 * channels:
        return None
    return list(struct.unpack(f">{channels}H", content))


def _with_header(file: io.BytesIO, bits: int, color_type: int) -> io.BytesIO:
    content = bytearray(file.getvalue())
    content[24], content[25] = bits, color_type
    content[29:33] = zlib.crc32(content[12:29]).to_bytes(4, "big")
    return io.BytesIO(bytes(content))


def _without_transparency(parts: PngParts) -> io.BytesIO:
    content = parts.pixels.getvalue()
    if (chunk := parts.chunks.get(b"tRNS")) is None:
        return io.BytesIO(content)
    whole = struct.pack(">I", len(chunk)) + b"tRNS" + chunk
    start = content.index(whole)
    return io.BytesIO(content[:start] + content[start + len(whole) + 4 :])


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
            if is_usual or not 0.1 < exponent < 10
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

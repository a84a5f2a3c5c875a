"""Image formats: functions that write a picture from bands of rows, holding few of them where the format allows."""

import io
import math
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Literal

import numpy as np
import numpy.typing as npt

from texnet_core.mapset import ColorSpace, Depth
from texnet_core.pictures.color import srgb_to_linear

FileDepth = Depth | Literal[32] | None  # bits a channel; 32: floats of so many; None: those of 16 bits, of EXR
Bands = Iterator[npt.NDArray[Any]]  # (rows, width, channels) each, from top to bottom

_PNG_TEXELS = 2**17  # that are compressed at once
PNG_COLOR_TYPES = {1: 0, 2: 4, 3: 2, 4: 6}  # by channels
_TIFF_TILE = (128, 128)
_THUMBNAIL = 128  # texels, of which interfaces show about a hundred
_LARGEST_CLASSIC_TIFF = 2**32 - 2**26  # bytes of texels; beyond, offsets need the 64 bits of BigTIFF


def encode_png(image: npt.NDArray[np.uint8]) -> bytes:
    """(h, w, 3) uint8 as the bytes of a PNG file."""
    from PIL import Image

    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, "PNG", optimize=True)
    return buffer.getvalue()


def encode_thumbnail(image: npt.NDArray[np.uint8]) -> bytes:
    """(h, w, 3) uint8, averaged down to at most 128 a side, as the bytes of a PNG file."""
    from PIL import Image

    factor = math.ceil(max(image.shape[:2]) / _THUMBNAIL)
    return encode_png(np.asarray(Image.fromarray(image).reduce(factor)))


@dataclass(frozen=True)
class Layout:
    """What a file is to hold."""

    width: int
    height: int
    channels: int
    depth: FileDepth
    space: ColorSpace

    @property
    def has_alpha(self) -> bool:
        """Whether the last channel is alpha, by which colors are not multiplied."""
        return self.channels in (2, 4)


def write_png(path: Path, bands: Bands, layout: Layout) -> None:
    """Rows are encoded as they come, which no library offers for 8 and 16 bits.

    Each row holds differences to the texel on the left, compressed without a search for repeats: textures have
    none, and it takes a sixth of the time of Pillow's encoder for 2% more bytes.
    Source: PNG specification, third edition (W3C 2025).
    """
    with path.open("wb") as file:
        file.write(b"\x89PNG\r\n\x1a\n")
        color_type = PNG_COLOR_TYPES[layout.channels]
        header = struct.pack(">IIBBBBB", layout.width, layout.height, layout.depth, color_type, 0, 0, 0)
        write_png_chunk(file, b"IHDR", header)
        compressor = zlib.compressobj(level=1, strategy=zlib.Z_RLE)
        at_once = max(1, _PNG_TEXELS // layout.width)
        for band in bands:
            for top in range(0, len(band), at_once):
                rows = _png_rows(band[top : top + at_once])
                write_png_chunk(file, b"IDAT", compressor.compress(rows))
            del band  # frees it while the next one is made: bands of wide pictures take megabytes
        write_png_chunk(file, b"IDAT", compressor.flush())
        write_png_chunk(file, b"IEND", b"")


def _png_rows(rows: npt.NDArray[Any]) -> bytes:
    """The bytes of some rows behind filter type 1 (Sub)."""
    count, width = rows.shape[:2]
    values = rows.astype(rows.dtype.newbyteorder(">"), order="C").reshape(count, -1).view(np.uint8)
    texel = values.shape[1] // width
    filtered = np.empty((count, 1 + values.shape[1]), np.uint8)
    filtered[:, 0] = 1
    filtered[:, 1 : 1 + texel] = values[:, :texel]
    np.subtract(values[:, texel:], values[:, :-texel], out=filtered[:, 1 + texel :])
    return filtered.tobytes()


def write_png_chunk(file: BinaryIO, kind: bytes, content: bytes) -> None:
    """A chunk with its check sum; pixels of no bytes are left out."""
    if content or kind != b"IDAT":
        file.write(struct.pack(">I", len(content)) + kind)
        file.write(content)
        file.write(struct.pack(">I", zlib.crc32(content, zlib.crc32(kind))))


def write_jpeg(path: Path, bands: Bands, layout: Layout) -> None:
    from PIL import Image

    image = _gather(bands, layout, np.uint8)
    buffer = io.BytesIO()  # Pillow does not notice where a disk takes only a part
    Image.fromarray(image.squeeze(2) if layout.channels == 1 else image).save(
        buffer, format="JPEG", quality=95, subsampling=0
    )
    path.write_bytes(buffer.getbuffer())


def write_webp(path: Path, bands: Bands, layout: Layout) -> None:
    from PIL import Image

    image = _gather(bands, layout, np.uint8)
    if layout.channels < 3:  # WebP has no gray
        image = image[..., [0, 0, 0, 1][: layout.channels + 2]]
    buffer = io.BytesIO()  # as for JPEG
    Image.fromarray(image).save(buffer, format="WEBP", lossless=True, exact=True, method=1, quality=30)
    path.write_bytes(buffer.getbuffer())


def write_tiff(path: Path, bands: Bands, layout: Layout) -> None:
    import tifffile

    height, width = _TIFF_TILE
    tiles = (  # copies, because the library holds some while more rows are made
        np.array(np.squeeze(rows[:, left : left + width], 2) if layout.channels == 1 else rows[:, left : left + width])
        for rows in _regrouped(bands, height)
        for left in range(0, layout.width, width)
    )
    shape = (layout.height, layout.width, layout.channels)
    bits = layout.depth or 32
    kinds: dict[int, type[np.generic]] = {8: np.uint8, 16: np.uint16, 32: np.float32}
    tifffile.imwrite(
        path,
        tiles,
        shape=shape[:2] if layout.channels == 1 else shape,
        dtype=kinds[bits],
        tile=_TIFF_TILE,
        photometric="rgb" if layout.channels >= 3 else "minisblack",
        extrasamples=("unassalpha",) if layout.has_alpha else (),
        compression="zlib",
        compressionargs={"level": 1},
        predictor=bits < 32,  # of floats, it would need another library
        metadata=None,
        bigtiff=math.prod(shape) * bits // 8 > _LARGEST_CLASSIC_TIFF,
    )


def write_exr(path: Path, bands: Bands, layout: Layout) -> None:
    import OpenEXR

    pixels = _gather(
        (_as_light(band, layout) for band in bands), layout, np.float32 if layout.depth == 32 else np.float16
    )
    header = {"compression": OpenEXR.ZIP_COMPRESSION, "type": OpenEXR.scanlineimage}
    names = {1: ("Y",), 2: ("Y", "A"), 3: ("RGB",), 4: ("RGBA",)}[layout.channels]
    channels = {name: pixels[..., at] if len(name) == 1 else pixels for at, name in enumerate(names)}
    with OpenEXR.File(header, channels) as file:
        buffer = io.BytesIO()  # the library refuses paths that are no text, and hides what a full disk says
        file.write(buffer)
        path.write_bytes(buffer.getbuffer())


def _as_light(band: npt.NDArray[Any], layout: Layout) -> npt.NDArray[Any]:
    """Linear light, multiplied by alpha, as EXR has it."""
    to_linear = srgb_to_linear if layout.space == "sRGB" else np.asarray
    if not layout.has_alpha:
        return to_linear(band)
    return np.concatenate((to_linear(band[..., :-1]) * band[..., -1:], band[..., -1:]), axis=2)


def _gather(bands: Bands, layout: Layout, kind: Any) -> npt.NDArray[Any]:
    """The whole picture, for libraries that take nothing less."""
    image = np.empty((layout.height, layout.width, layout.channels), kind)
    top = 0
    for band in bands:
        image[top : top + len(band)] = band
        top += len(band)
    return image


def _regrouped(bands: Bands, rows: int) -> Bands:
    """The same rows in bands of a given height; only the last may have less."""
    rest: npt.NDArray[Any] | None = None
    for band in bands:
        if rest is not None and len(rest):
            band = np.concatenate((rest, band))
        whole = len(band) - len(band) % rows
        for top in range(0, whole, rows):
            yield band[top : top + rows]
        rest = band[whole:].copy()  # a view would keep the whole band
    if rest is not None and len(rest):
        yield rest

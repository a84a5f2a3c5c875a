"""Pictures in and out: exemplars as arrays, arrays as files. Knows file formats, nothing about textures.

Colors in memory are sRGB values in [0, 1] as the file stores them. EXR alone holds linear light, by the
convention of that format, so colors are converted on the way there.
"""

import hashlib
import io
import math
import os
import queue
import struct
import threading
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Literal

import numpy as np
import numpy.typing as npt

from texnet_core.atomic import replacing
from texnet_core.errors import ImageError, RequestError
from texnet_core.mapset import ColorSpace
from texnet_core.settings import MAX_SIZE, MIN_EXEMPLAR_SIDE

Floats = npt.NDArray[np.float32]
Depth = Literal[8, 16]
_Bands = Iterator[npt.NDArray[Any]]  # (rows, width, channels) each, from top to bottom

MAX_EXEMPLAR_TEXELS = 16384 * 16384
_ROWS_AT_ONCE = 64
_PNG_TEXELS = 2**17  # that are compressed at once
_TIFF_TILE = (128, 128)
_THUMBNAIL = 128  # texels, of which interfaces show about a hundred
_LARGEST_CLASSIC_TIFF = 2**32 - 2**26  # bytes of texels; beyond, offsets need the 64 bits of BigTIFF
_LIVING_STILLS = ("MPO",)  # phones store a still with a second view in it, which Pillow counts as a frame


def read_exemplar(path: Path | str) -> tuple[Floats, list[str]]:
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
            f"{path} too large for this machine's memory", expected="a smaller picture", remedy="scale it down"
        ) from error
    except Exception as error:  # Pillow's decoders raise many kinds on damaged files
        raise ImageError(
            f"{path} that cannot be read as a picture ({error})",
            expected="an undamaged picture of a common kind",
            remedy="export it again as PNG or JPEG",
        ) from error


def _check_is_file(path: Path) -> None:
    if not os.path.exists(path):  # unlike pathlib's, never raises
        raise ImageError(f"no file {path}", expected="a picture", remedy="check the path")
    if not path.is_file():
        raise ImageError(f"{path}, which is no file", expected="a picture", remedy="name the picture itself")
    if path.stat().st_size == 0:
        raise ImageError(f"{path} of 0 bytes", expected="a picture", remedy="export it again")


def _check_kind(path: Path, image: Any) -> None:
    width, height = image.size
    if width * height > MAX_EXEMPLAR_TEXELS:
        raise ImageError(f"{path} of {width}x{height}", expected="at most 16384x16384", remedy="scale it down first")
    frames = getattr(image, "n_frames", 1)
    if frames > 1 and image.format not in _LIVING_STILLS:
        raise ImageError(f"{path} with {frames} frames", expected="a single picture", remedy="export one frame as PNG")


def _to_rgb(path: Path, image: Any) -> tuple[Floats, list[str]]:
    notes: list[str] = []
    if image.mode.startswith("I") or image.mode == "F":
        return _deep_gray_to_rgb(path, image), notes
    if "A" in image.getbands() or "transparency" in image.info:
        image = image.convert("RGBA")
        least, most = image.getchannel("A").getextrema()
        if most == 0:
            raise ImageError(
                f"{path} that is transparent everywhere",
                expected="a picture that can be seen",
                remedy="export it without an alpha channel",
            )
        if least != 255:
            notes.append("the picture's alpha channel is left out")
        image = image.convert("RGB")
    return np.asarray(image.convert("RGB"), dtype=np.float32) / np.float32(255), notes


def _deep_gray_to_rgb(path: Path, image: Any) -> Floats:
    """Deep gray: whole numbers of 16 bits, or floats in [0, 1]. Pillow's own conversion would clip them at 255."""
    gray = np.asarray(image, dtype=np.float32)
    top = 1 if image.mode == "F" else 65535
    if not (gray.min() >= 0 and gray.max() <= top):  # also where a value is NaN
        raise ImageError(
            f"{path} with gray values from {gray.min():g} to {gray.max():g}",
            expected=f"0 to {top}",
            remedy="export it as 8 or 16 bits",
        )
    gray = gray / np.float32(top)
    return np.repeat(gray[..., None], 3, axis=2)


def resize_exemplar(image: Floats, size: int) -> Floats:
    """Scale so that the short side is `size`; of very long pictures, the middle 4:1 is kept.

    Args:
        image: (height, width, 3) in [0, 1].
        size: texels of the short side; at most the picture's own, since enlarging invents nothing.

    Returns:
        (h, w, 3) in [0, 1] with min(h, w) == size and max(h, w) <= 4 size.

    Raises:
        ImageError: the picture is smaller than `size`.
    """
    from PIL import Image

    height, width = image.shape[:2]
    short = min(height, width)
    if short < size:
        raise ImageError(
            f"an exemplar of {width}x{height}",
            expected=f"at least {size} on the short side",
            remedy="take a larger picture"
            + (f", or an exemplar size of {short} where it can be chosen" if short >= MIN_EXEMPLAR_SIDE else ""),
        )
    scale = size / short
    target = (round(width * scale), round(height * scale))
    bands = [
        np.asarray(Image.fromarray(image[..., band]).resize(target, Image.Resampling.LANCZOS)) for band in range(3)
    ]
    resized = np.clip(np.stack(bands, axis=2), 0, 1)
    top, left = (max(0, side - 4 * size) // 2 for side in resized.shape[:2])
    return np.ascontiguousarray(resized[top : top + 4 * size, left : left + 4 * size])


def texels_digest(image: Floats) -> str:
    """SHA-256 of an exemplar's texels: equal for equal pictures, whatever their files are called or how packed."""
    return hashlib.sha256(image.tobytes()).hexdigest()


def quantize(values: npt.NDArray[Any], depth: Depth) -> npt.NDArray[Any]:
    """[0, 1] floats to uint8 or uint16, rounded to nearest, clipped."""
    top = np.float32(2**depth - 1)
    return _by_rows(
        lambda rows: np.clip(rows, 0, 1) * top + np.float32(0.5), values, np.uint8 if depth == 8 else np.uint16
    )


def srgb_to_linear(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Convert sRGB in [0, 1] to linear light in [0, 1], float32. Source: IEC 61966-2-1."""

    def convert(rows: npt.NDArray[Any]) -> npt.NDArray[Any]:
        rows = np.clip(rows, 0, 1)
        return np.where(rows <= 0.04045, rows / 12.92, ((rows + 0.055) / 1.055) ** 2.4)

    return _by_rows(convert, values, np.float32)


def linear_to_srgb(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Convert linear light to sRGB in [0, 1], float32, clipped to that range. Source: IEC 61966-2-1."""

    def convert(rows: npt.NDArray[Any]) -> npt.NDArray[Any]:
        rows = np.clip(rows, 0, 1)
        return np.where(rows <= 0.0031308, rows * 12.92, 1.055 * rows ** (1 / 2.4) - 0.055)

    return _by_rows(convert, values, np.float32)


def _by_rows(
    function: Callable[[npt.NDArray[Any]], npt.NDArray[Any]], values: npt.NDArray[Any], kind: Any
) -> npt.NDArray[Any]:
    """Apply a function texel by texel without temporary copies of a whole picture, which may be gigabytes."""
    result = np.empty(values.shape, kind)
    for top in range(0, len(values), _ROWS_AT_ONCE):
        part = slice(top, top + _ROWS_AT_ONCE)
        result[part] = function(values[part])
    return result


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
class _Layout:
    """What a file is to hold."""

    width: int
    height: int
    channels: int
    depth: Depth | None  # None: floats
    space: ColorSpace


def _encode_png(path: Path, bands: _Bands, layout: _Layout) -> None:
    """Rows are encoded as they come, which no library offers for 8 and 16 bits.

    Each row holds differences to the texel on the left, compressed without a search for repeats: textures have
    none, and it takes a sixth of the time of Pillow's encoder for 2% more bytes.
    Source: PNG specification, third edition (W3C 2025).
    """
    with path.open("wb") as file:
        file.write(b"\x89PNG\r\n\x1a\n")
        color_type = 2 if layout.channels == 3 else 0
        header = struct.pack(">IIBBBBB", layout.width, layout.height, layout.depth, color_type, 0, 0, 0)
        _write_png_chunk(file, b"IHDR", header)
        compressor = zlib.compressobj(level=1, strategy=zlib.Z_RLE)
        at_once = max(1, _PNG_TEXELS // layout.width)
        for band in bands:
            for top in range(0, len(band), at_once):
                rows = _png_rows(band[top : top + at_once])
                _write_png_chunk(file, b"IDAT", compressor.compress(rows))
            del band  # frees it while the next one is made: bands of wide pictures take megabytes
        _write_png_chunk(file, b"IDAT", compressor.flush())
        _write_png_chunk(file, b"IEND", b"")


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


def _write_png_chunk(file: BinaryIO, kind: bytes, content: bytes) -> None:
    if content or kind != b"IDAT":
        file.write(struct.pack(">I", len(content)) + kind)
        file.write(content)
        file.write(struct.pack(">I", zlib.crc32(content, zlib.crc32(kind))))


def _encode_jpeg(path: Path, bands: _Bands, layout: _Layout) -> None:
    from PIL import Image

    image = _gather(bands, layout, np.uint8)
    buffer = io.BytesIO()  # Pillow does not notice where a disk takes only a part
    Image.fromarray(image.squeeze(2) if layout.channels == 1 else image).save(
        buffer, format="JPEG", quality=95, subsampling=0
    )
    path.write_bytes(buffer.getbuffer())


def _encode_tiff(path: Path, bands: _Bands, layout: _Layout) -> None:
    import tifffile

    height, width = _TIFF_TILE
    tiles = (
        np.squeeze(rows[:, left : left + width], 2) if layout.channels == 1 else rows[:, left : left + width]
        for rows in _regrouped(bands, height)
        for left in range(0, layout.width, width)
    )
    shape = (layout.height, layout.width, layout.channels)
    bits = layout.depth or 32
    tifffile.imwrite(
        path,
        tiles,
        shape=shape[:2] if layout.channels == 1 else shape,
        dtype=np.uint8 if bits == 8 else np.uint16,
        tile=_TIFF_TILE,
        photometric="rgb" if layout.channels == 3 else "minisblack",
        compression="zlib",
        compressionargs={"level": 1},
        predictor=True,
        metadata=None,
        bigtiff=math.prod(shape) * bits // 8 > _LARGEST_CLASSIC_TIFF,
    )


def _encode_exr(path: Path, bands: _Bands, layout: _Layout) -> None:
    import OpenEXR

    to_linear = srgb_to_linear if layout.space == "sRGB" else np.asarray
    pixels = _gather((to_linear(band) for band in bands), layout, np.float16)
    header = {"compression": OpenEXR.ZIP_COMPRESSION, "type": OpenEXR.scanlineimage}
    name = "RGB" if layout.channels == 3 else "Y"
    with OpenEXR.File(header, {name: pixels if name == "RGB" else pixels[..., 0]}) as file:
        buffer = io.BytesIO()  # the library refuses paths that are no text, and hides what a full disk says
        file.write(buffer)
        path.write_bytes(buffer.getbuffer())


def _gather(bands: _Bands, layout: _Layout, kind: Any) -> npt.NDArray[Any]:
    """The whole picture, for libraries that take nothing less."""
    image = np.empty((layout.height, layout.width, layout.channels), kind)
    top = 0
    for band in bands:
        image[top : top + len(band)] = band
        top += len(band)
    return image


def _regrouped(bands: _Bands, rows: int) -> _Bands:
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


@dataclass(frozen=True)
class _Format:
    """What a suffix stands for.

    Attributes:
        encode: writes the picture.
        depths: bits a channel that it can hold, the usual one first; none: floats.
        max_side: in texels.
        max_texels: in all; formats that are written while they are made need no limit of their own.
    """

    encode: Callable[[Path, _Bands, _Layout], None]
    depths: tuple[Depth, ...]
    max_side: int = MAX_SIZE
    max_texels: int = MAX_SIZE**2


_PNG = _Format(_encode_png, (8, 16))
_JPEG = _Format(_encode_jpeg, (8,), max_side=65500, max_texels=2**28)
_TIFF = _Format(_encode_tiff, (8, 16))
_EXR = _Format(_encode_exr, (), max_texels=2**28)
_FORMATS = {".png": _PNG, ".jpg": _JPEG, ".jpeg": _JPEG, ".tif": _TIFF, ".tiff": _TIFF, ".exr": _EXR}
SUFFIXES = tuple(_FORMATS)


def depth_for(path: Path, depth: int | None) -> Depth | None:
    """The bits a channel that a file of this name will hold; None where it holds floats.

    Raises:
        RequestError: an unknown suffix, or a depth that the format cannot hold.
    """
    suffix = path.suffix.lower()
    depths = _format_of(path).depths
    if not depths:
        if depth is not None:
            raise RequestError(
                f"depth {depth} for {suffix}", expected="no depth; it holds 16-bit floats", remedy="leave the depth out"
            )
        return None
    for known in depths:
        if depth is None or depth == known:
            return known
    raise RequestError(
        f"depth {depth} for {suffix}", expected=" or ".join(map(str, depths)), remedy="choose another depth or format"
    )


def check_picture_size(path: Path, width: int, height: int) -> None:
    """Raise RequestError if a file of this name cannot hold a picture of this size."""
    kind = _format_of(path)
    if max(width, height) > kind.max_side or width * height > kind.max_texels:
        raise RequestError(
            f"{width}x{height} for {path.suffix}",
            expected=f"at most {kind.max_side} a side and {kind.max_texels} texels",
            remedy="use .png or .tif, which are written while they are made",
        )


def write_image(path: Path, image: npt.NDArray[Any], space: ColorSpace = "sRGB") -> None:
    """Write a picture by its suffix, or leave no file at all.

    Args:
        path: where; an existing file is replaced only once the new one is complete.
        image: (h, w, 1) or (h, w, 3): uint8 or uint16 for the formats that hold these, float32 in [0, 1] for EXR.
        space: color space of the values in memory.

    Raises:
        OutputError: folder missing or read-only, or disk full.
        RequestError: a suffix that is not known, or an array it cannot hold.
    """
    depth = {"uint8": 8, "uint16": 16, "float32": None}.get(image.dtype.name, 0)
    if depth_for(path, depth) != depth or image.ndim != 3 or image.shape[2] not in (1, 3):
        found = f"an array of {image.dtype} {image.shape} for {path.suffix}"
        raise RequestError(found, expected="(h, w, 1 or 3) in that format's numbers", remedy="convert it first")
    height, width, channels = image.shape
    with writing_image(path, width, height, channels, depth_for(path, depth), space) as write:
        write(image)


@contextmanager
def writing_image(
    path: Path, width: int, height: int, channels: int, depth: Depth | None, space: ColorSpace
) -> Iterator["Encoder"]:
    """Write a picture from top to bottom, encoding in a thread of its own while more rows are made.

    Args:
        path: where; an existing file is replaced only once the new one is complete, and not if the block raises.
        width: of the picture.
        height: of the picture.
        channels: 1 or 3.
        depth: what `depth_for` says.
        space: color space of the values in memory.

    Yields:
        What takes the rows. Whoever writes several files that belong together finishes all before leaving any.

    Raises:
        OutputError: folder missing or read-only, or disk full.
    """
    layout = _Layout(width, height, channels, depth, space)
    with replacing(path) as temporary:
        encoder = Encoder(lambda bands: _format_of(path).encode(temporary, bands, layout), height)
        try:
            yield encoder
            encoder.finish()
        except BaseException:
            encoder.stop()
            raise


class Encoder:
    """Feeds bands to an encoding function that runs in another thread."""

    def __init__(self, encode: Callable[[_Bands], None], height: int) -> None:
        self._encode, self._height = encode, height
        self._bands: queue.Queue[npt.NDArray[Any] | None] = queue.Queue()
        self._rows = 0
        self._stopped = False
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="texnet-encoder", daemon=True)
        self._thread.start()

    def __call__(self, rows: npt.NDArray[Any]) -> None:
        """Take (rows, width, channels) of the same numbers as `write_image`."""
        self._bands.join()  # the band before this one is done with: one is being made, one encoded, none waits
        if self._error is not None:
            raise self._error
        self._rows += len(rows)
        self._bands.put(rows)

    def finish(self) -> None:
        """Wait until the file is complete; raises what went wrong with it."""
        if self._rows != self._height:
            self._stopped = True
            self._error = ValueError(f"{self._rows} rows written to a picture of {self._height}")
        self._join()
        if self._error is not None:
            raise self._error

    def stop(self) -> None:
        """End without a picture."""
        self._stopped = True
        self._join()

    def _join(self) -> None:
        if self._thread.is_alive():
            self._bands.put(None)
            self._thread.join()

    def _run(self) -> None:
        bands = self._received()
        try:
            self._encode(self._until_stopped(bands))
        except BaseException as error:
            self._error = self._error or error
        for _ in bands:  # after an error, whoever writes must not wait for ever
            pass

    def _received(self) -> _Bands:
        while (band := self._bands.get()) is not None:
            yield band
            del band
            self._bands.task_done()

    def _until_stopped(self, bands: _Bands) -> _Bands:
        for band in bands:
            yield band
            del band
        if self._stopped:
            raise InterruptedError("the picture was given up")


def _format_of(path: Path) -> _Format:
    suffix = path.suffix.lower()
    if suffix not in _FORMATS:
        raise RequestError(
            f"the name {path.name}", expected=f"one ending in {', '.join(SUFFIXES)}", remedy="change the suffix"
        )
    return _FORMATS[suffix]

"""Pictures in and out: exemplars as arrays, arrays as files. Knows file formats, nothing about textures.

Colours in memory are sRGB values in [0, 1] as the file stores them. EXR alone holds linear light, by the
convention of that format, so colours are converted on the way there.
"""

import io
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from texnet_core.atomic import replacing
from texnet_core.errors import ImageError, RequestError
from texnet_core.mapset import ColourSpace

Floats = npt.NDArray[np.float32]
Depth = Literal[8, 16]

MAX_EXEMPLAR_TEXELS = 16384 * 16384
_ROWS_AT_ONCE = 256
_LIVING_STILLS = ("MPO",)  # phones store a still with a second view in it, which Pillow counts as a frame


def read_exemplar(path: Path | str) -> tuple[Floats, list[str]]:
    """Read a picture of a surface.

    Args:
        path: any still image that Pillow reads. Grey may have 8 or 16 bits, or floats in [0, 1].

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
            return _to_rgb(ImageOps.exif_transpose(image))
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


def _to_rgb(image: Any) -> tuple[Floats, list[str]]:
    notes: list[str] = []
    if image.mode.startswith("I") or image.mode == "F":
        return _deep_grey_to_rgb(image), notes
    if "A" in image.getbands() or "transparency" in image.info:
        image = image.convert("RGBA")
        if image.getchannel("A").getextrema() != (255, 255):
            notes.append("the picture's alpha channel is left out")
        image = image.convert("RGB")
    return np.asarray(image.convert("RGB"), dtype=np.float32) / np.float32(255), notes


def _deep_grey_to_rgb(image: Any) -> Floats:
    """Deep grey: whole numbers of 16 bits, or floats in [0, 1]. Pillow's own conversion would clip them at 255."""
    grey = np.asarray(image, dtype=np.float32)
    top = 1 if image.mode == "F" else 65535
    if not (grey.min() >= 0 and grey.max() <= top):  # also where a value is NaN
        raise ImageError(
            f"grey values from {grey.min():g} to {grey.max():g}",
            expected=f"0 to {top}",
            remedy="export it as 8 or 16 bits",
        )
    grey = grey / np.float32(top)
    return np.repeat(grey[..., None], 3, axis=2)


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
            remedy="take a larger picture or a smaller --size",
        )
    scale = size / short
    target = (round(width * scale), round(height * scale))
    bands = [
        np.asarray(Image.fromarray(image[..., band]).resize(target, Image.Resampling.LANCZOS)) for band in range(3)
    ]
    resized = np.clip(np.stack(bands, axis=2), 0, 1)
    top, left = (max(0, side - 4 * size) // 2 for side in resized.shape[:2])
    return np.ascontiguousarray(resized[top : top + 4 * size, left : left + 4 * size])


def quantise(values: npt.NDArray[Any], depth: Depth) -> npt.NDArray[Any]:
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


def _write_with_pillow(path: Path, image: npt.NDArray[Any], **options: Any) -> None:
    from PIL import Image

    Image.fromarray(image.squeeze(2) if image.shape[2] == 1 else image).save(path, **options)


def _write_png(path: Path, image: npt.NDArray[Any], space: ColourSpace) -> None:
    if image.dtype == np.uint8:
        _write_with_pillow(path, image, format="PNG", compress_level=4)
        return
    import png  # Pillow has no 16-bit RGB

    height, width, channels = image.shape
    with path.open("wb") as file:
        writer = png.Writer(width, height, greyscale=channels == 1, alpha=False, bitdepth=16, compression=4)
        writer.write_packed(file, (row.astype(">u2").tobytes() for row in image))


def _write_jpeg(path: Path, image: npt.NDArray[Any], space: ColourSpace) -> None:
    _write_with_pillow(path, image, format="JPEG", quality=95, subsampling=0)


def _write_tiff(path: Path, image: npt.NDArray[Any], space: ColourSpace) -> None:
    import tifffile

    photometric = "rgb" if image.shape[2] == 3 else "minisblack"
    tifffile.imwrite(path, image, photometric=photometric, compression="zlib", rowsperstrip=64)


def _write_exr(path: Path, image: npt.NDArray[Any], space: ColourSpace) -> None:
    import OpenEXR

    linear = srgb_to_linear(image) if space == "sRGB" else image
    header = {"compression": OpenEXR.ZIP_COMPRESSION, "type": OpenEXR.scanlineimage}
    pixels = np.ascontiguousarray(linear, dtype=np.float16)
    name = "RGB" if pixels.shape[2] == 3 else "Y"
    with OpenEXR.File(header, {name: pixels if name == "RGB" else pixels[..., 0]}) as file:
        buffer = io.BytesIO()  # the library refuses paths that are no text, and hides what a full disk says
        file.write(buffer)
        path.write_bytes(buffer.getbuffer())


# suffix -> (writer, depths it can hold; no depths: floats). The first depth is the default.
_Writer = Callable[[Path, npt.NDArray[Any], ColourSpace], None]
_FORMATS: dict[str, tuple[_Writer, tuple[Depth, ...]]] = {
    ".png": (_write_png, (8, 16)),
    ".jpg": (_write_jpeg, (8,)),
    ".jpeg": (_write_jpeg, (8,)),
    ".tif": (_write_tiff, (8, 16)),
    ".tiff": (_write_tiff, (8, 16)),
    ".exr": (_write_exr, ()),
}
SUFFIXES = tuple(_FORMATS)


def depth_for(path: Path, depth: int | None) -> Depth | None:
    """The bits a channel that a file of this name will hold; None where it holds floats.

    Raises:
        RequestError: an unknown suffix, or a depth that the format cannot hold.
    """
    suffix = path.suffix.lower()
    if suffix not in _FORMATS:
        raise RequestError(
            f"the name {path.name}", expected=f"one ending in {', '.join(SUFFIXES)}", remedy="change the suffix"
        )
    depths = _FORMATS[suffix][1]
    if not depths:
        if depth is not None:
            raise RequestError(
                f"--depth {depth} for {suffix}", expected="no depth; it holds 16-bit floats", remedy="leave --depth out"
            )
        return None
    for known in depths:
        if depth is None or depth == known:
            return known
    raise RequestError(
        f"--depth {depth} for {suffix}", expected=" or ".join(map(str, depths)), remedy="choose another depth or format"
    )


def write_image(path: Path, image: npt.NDArray[Any], space: ColourSpace = "sRGB") -> None:
    """Write a picture by its suffix, or leave no file at all.

    Args:
        path: where; an existing file is replaced only once the new one is complete.
        image: (h, w, 1) or (h, w, 3): uint8 or uint16 for the formats that hold these, float32 in [0, 1] for EXR.
        space: colour space of the values in memory.

    Raises:
        OutputError: folder missing or read-only, or disk full.
        RequestError: a suffix that is not known, or an array it cannot hold.
    """
    depth = {"uint8": 8, "uint16": 16, "float32": None}.get(image.dtype.name, 0)
    if depth_for(path, depth) != depth or image.ndim != 3 or image.shape[2] not in (1, 3):
        found = f"an array of {image.dtype} {image.shape} for {path.suffix}"
        raise RequestError(found, expected="(h, w, 1 or 3) in that format's numbers", remedy="convert it first")
    writer = _FORMATS[path.suffix.lower()][0]
    with replacing(path) as temporary:
        writer(temporary, image, space)

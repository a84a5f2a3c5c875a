"""Files to values, by what they contain, whatever they are called."""

import io
import warnings
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from texnet_core.errors import ImageError
from texnet_core.mapset import FloatArray
from texnet_core.pictures import exr, png, radiance, tiff, webp
from texnet_core.pictures.decoded import Decoded
from texnet_core.pictures.exif import read_exif
from texnet_core.pictures.jpeg import split_jpeg
from texnet_core.pictures.primaries import ADOBE_RGB
from texnet_core.pictures.transfer import LINEAR_LIGHT, by_primaries, gamma

JPEG_MAGIC = b"\xff\xd8"
MAX_EXEMPLAR_TEXELS = 16384 * 16384
# Files of these kinds hold one picture, and other things that Pillow counts as frames: views of other eyes, layers.
_STILLS = ("MPO", "HEIF", "PSD")
_HEIC_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1")
_AVIF_BRANDS = (b"avif", b"avis")
_ADOBE_RGB = by_primaries("Adobe RGB", ADOBE_RGB, gamma(563 / 256))


def decode(path: Path, shrink: int = 1) -> Decoded:
    """The values of a picture.

    Args:
        path: the file.
        shrink: how many times smaller would do; JPEGs can be decoded so, 2, 4 or 8 times, in a fraction of the memory.

    Raises:
        ImageError: several frames, too many texels, or a format whose decoder is not there.
        Exception: whatever decoders raise on damaged files.
    """
    with path.open("rb") as file:
        head = file.read(64)
        file.seek(0)
        if head.startswith(exr.MAGIC):
            return exr.read_exr(path, _size_check(path))
        if head.startswith(radiance.MAGICS):
            return radiance.read_radiance(file, _size_check(path))
        with warnings.catch_warnings():  # decoders warn of what is odd in metadata, which nobody asked for
            warnings.simplefilter("ignore")
            if head.startswith(png.SIGNATURE):
                return decode_png(path, png.split_png(file))
            if head.startswith(JPEG_MAGIC):
                return _decode_jpeg(path, file.read(), shrink)
            if head.startswith(tiff.MAGICS):
                return _decode_tiff(path)
            if webp.is_webp(head):
                return _decode_webp(path, file.read())
            _prepare_for_phones(path, head)
            return _by_pillow(path, path)


def _size_check(path: Path) -> Callable[[int, int], None]:
    def check(width: int, height: int) -> None:
        if width * height > MAX_EXEMPLAR_TEXELS:
            raise ImageError(
                f"{path} is too large, with {width}x{height} pixels",
                expected="at most 16384x16384",
                remedy="scale it down to 16384x16384 or less",
            )

    return check


def _frames_error(path: Path, frames: int) -> ImageError:
    return ImageError(f"{path} has {frames} frames", expected="a single picture", remedy="export one frame as PNG")


def decode_png(path: Path, parts: png.PngParts) -> Decoded:
    """The values of a PNG file that was taken apart; errors as of `decode`."""
    if parts.frames > 1:
        raise _frames_error(path, parts.frames)
    is_deep = parts.header[0] == 16
    decoded = _by_pillow(path, parts.pixels, deep=partial(png.decode_deep, parts) if is_deep else None)
    if is_deep and (key := png.transparent_value(parts)):
        levels = np.rint(decoded.values * 65535)
        decoded = replace(decoded, alpha=(levels != key).any(axis=2).astype(np.float32))
    return replace(
        decoded,
        profile=parts.profile(),
        encoding=parts.encoding(),
        orientation=read_exif(parts.chunks.get(b"eXIf", b""), parts.xmp).orientation,
    )


def _decode_jpeg(path: Path, content: bytes, shrink: int) -> Decoded:
    parts = split_jpeg(content)
    exif = read_exif(parts.exif, parts.xmp)
    decoded = _by_pillow(path, parts.pixels, shrink=shrink)
    is_adobe = exif.is_adobe_rgb and decoded.space == "RGB"
    return replace(
        decoded,
        profile=parts.profile,
        orientation=exif.orientation,
        encoding=_ADOBE_RGB if is_adobe else None,
    )


def _decode_webp(path: Path, content: bytes) -> Decoded:
    parts = webp.split_webp(content)
    exif = read_exif(parts.others.get(b"EXIF", b""), parts.others.get(b"XMP ", b""))
    decoded = _by_pillow(path, parts.pixels)
    return replace(decoded, profile=parts.others.get(b"ICCP", b""), orientation=exif.orientation)


def _decode_tiff(path: Path) -> Decoded:
    try:
        opened = tiff.open_tiff(path)
    except Exception:  # Pillow may understand what is odd about it
        return _by_pillow(path, path)
    with opened as file:
        number = tiff.find_page(file, path)
        page = file.pages[number]
        _size_check(path)(int(page.imagewidth), int(page.imagelength))
        tiff.check_complete(page)
        if tiff.is_deep(page):
            return tiff.decode_deep(page)
        try:
            return _by_pillow(path, path, page=number)
        except ImageError:
            raise
        except Exception:  # Pillow does not know every arrangement of 8 bits
            if not tiff.is_whole_bytes(page):
                raise
            return tiff.decode_deep(page)


def _by_pillow(
    path: Path,
    source: Path | io.BytesIO,
    *,
    page: int | None = None,
    deep: Callable[[], npt.NDArray[np.uint16]] | None = None,
    shrink: int = 1,
) -> Decoded:
    """What Pillow decodes.

    Args:
        path: for messages.
        source: what is opened.
        page: the one that is the picture, where others are none.
        deep: decodes 16 bits instead.
        shrink: how many times smaller would do, where the format can be decoded so.
    """
    from PIL import Image

    # the limit is ours and stricter than a warning, and it stands before any pixel is decoded
    Image.MAX_IMAGE_PIXELS = None
    with Image.open(source) as image:
        _size_check(path)(*image.size)
        if page is None and image.format not in _STILLS and (frames := getattr(image, "n_frames", 1)) > 1:
            raise _frames_error(path, frames)
        if page:
            image.seek(page)
        if deep is not None:
            return _of_levels(deep(), 65535)
        if shrink > 1:
            image.draft(None, (image.width // shrink, image.height // shrink))
        image.load()
        profile = b"" if image.mode == "LAB" else image.info.get("icc_profile") or b""
        return replace(_decoded(image), profile=profile, orientation=_orientation(image))


def _decoded(image: Any) -> Decoded:
    if image.mode == "F":
        return Decoded(np.asarray(image, np.float32)[..., None], "gray", encoding=LINEAR_LIGHT, unbounded=True, depth=0)
    if image.mode.startswith("I"):
        return _of_levels(_whole_numbers(image)[..., None], 65535)
    if image.mode == "CMYK":
        return Decoded(_as_shares(image), "CMYK")
    if image.mode == "LAB":
        return Decoded(_as_shares(_from_lab(image)), "RGB")
    is_gray = image.mode in ("1", "L", "LA", "La")
    if set("Aa") & set(image.getbands()) or "transparency" in image.info:
        levels = np.asarray((image.convert("LA") if image.mode == "La" else image).convert("RGBA"))
        return _of_levels(levels[..., [0, 3]] if is_gray else levels, 255)
    return _of_levels(np.atleast_3d(np.asarray(image.convert("L" if is_gray else "RGB"))), 255)


def _of_levels(levels: npt.NDArray[Any], top: int) -> Decoded:
    """Values from levels; an even number of channels ends with alpha."""
    shares = levels.astype(np.float32) / np.float32(top)
    colors = shares.shape[2] - (shares.shape[2] + 1) % 2
    alpha = shares[..., -1] if colors < shares.shape[2] else None
    depth = 8 if top == 255 else 16
    return Decoded(shares[..., :colors], "gray" if colors == 1 else "RGB", alpha, depth=depth)


def _as_shares(image: Any) -> FloatArray:
    return np.asarray(image, np.float32) / np.float32(255)


def _whole_numbers(image: Any) -> npt.NDArray[Any]:
    """Gray of 16 bits, which Pillow may hold in 32."""
    values = np.asarray(image)
    if values.min() < 0 or values.max() > 65535:
        raise ValueError(f"values from {values.min()} to {values.max()}, where 0 to 65535 can be shown")
    return values


def _from_lab(image: Any) -> Any:
    from PIL import ImageCms

    lab, srgb = ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB")
    return ImageCms.profileToProfile(image, lab, srgb, outputMode="RGB")


def _orientation(image: Any) -> int:
    """Of formats that Pillow alone takes apart. Broken EXIF raises many kinds."""
    try:
        orientation = image.getexif().get(0x0112, 1)
    except Exception:
        return 1
    return orientation if orientation in range(1, 9) else 1


def _prepare_for_phones(path: Path, head: bytes) -> None:
    """Let Pillow read HEIC where the decoder is installed.

    Raises:
        ImageError: it is not, or Pillow was built without the one for AVIF.
    """
    if head[4:8] != b"ftyp":
        return
    brands = [head[at : at + 4] for at in range(8, min(len(head), int.from_bytes(head[:4], "big")), 4)]
    if any(brand in _AVIF_BRANDS for brand in brands):
        from PIL import features

        if not features.check("avif"):
            raise _missing(path, "AVIF", "run: pip install --upgrade pillow")
    elif any(brand in _HEIC_BRANDS for brand in brands):
        try:
            from pillow_heif import register_heif_opener
        except ImportError as error:
            raise _missing(path, "HEIC", "run: pip install 'texnet[heif]'") from error
        register_heif_opener()


def _missing(path: Path, kind: str, remedy: str) -> ImageError:
    return ImageError(
        f"{path} is a picture of the kind {kind}, whose decoder is not installed",
        expected="a picture that can be decoded",
        remedy=f"{remedy}, or export the picture as JPEG or PNG",
    )

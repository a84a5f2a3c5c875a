"""Color profiles: what the values of a picture are in sRGB, by its ICC profile.

Profiles of three curves and a matrix, and gray ones of one curve, are computed here: in floats, so that 16 bits stay
16 bits. Others, which hold tables, go through LittleCMS, for which Pillow has 8 bits.

Source: ICC.1:2022 (profile version 4.4), and ICC.1:2001-04 for version 2.
"""

import io
import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from texnet_core.errors import one_line
from texnet_core.mapset import FloatArray
from texnet_core.pictures.color import quantize
from texnet_core.pictures.decoded import Space, ToLight
from texnet_core.pictures.primaries import XYZ_D50_TO_SRGB, neutral

_SPACES: dict[bytes, Space] = {b"RGB ": "RGB", b"GRAY": "gray", b"CMYK": "CMYK"}
_MODES = {"gray": "L", "RGB": "RGB", "CMYK": "CMYK"}
_DARK, _FAR = 0.2, 0.5  # light that black may have at most, and how far white may lie from 1
_NAME_LENGTH = 60
_Convert = Callable[[FloatArray], FloatArray]


class ProfileError(Exception):
    """The text says, as the end of a sentence about the color profile, why it cannot be used."""


@dataclass(frozen=True)
class Profile:
    """A profile that can be used; it is of curves or of tables.

    Attributes:
        name: its description.
        space: of the pictures that it is for.
        to_light: by curves, (..., 3) values to linear light of sRGB's primaries, of grays (..., 1) too; else None.
        by_tables: (h, w, channels) in [0, 1] to (h, w, 3) sRGB with the precision of 8 bits; else None.
    """

    name: str
    space: Space
    to_light: ToLight | None
    by_tables: _Convert | None


def open_profile(content: bytes) -> Profile:
    """A profile from its bytes.

    Raises:
        ProfileError: it is broken, or for pictures of another kind than those that are read.
    """
    from PIL import ImageCms

    try:
        opened = ImageCms.ImageCmsProfile(io.BytesIO(content))
        name = one_line(str(opened.profile.profile_description or "").strip())[:_NAME_LENGTH] or "its color profile"
        space, tags = _SPACES.get(content[16:20]), _tags(content)
        if content[12:16] in (b"link", b"abst", b"nmcl"):
            raise ProfileError("is not one of a picture")
        if space is None:
            raise ProfileError(f"is for {content[16:20].decode('latin-1').strip() or 'other'} values")
        if b"A2B0" in tags or b"A2B1" in tags:
            return Profile(name, space, None, _by_tables(opened, space))
        to_light = _by_curves(content, tags, space)
        _check_gray_axis(to_light, channels=1 if space == "gray" else 3)
        return Profile(name, space, to_light, None)
    except ProfileError:
        raise
    except Exception as error:  # LittleCMS, and whatever a broken length leads to
        raise ProfileError("is broken") from error


def _by_tables(opened: Any, space: Space) -> _Convert:
    from PIL import Image, ImageCms

    mode = _MODES[space]
    transform = ImageCms.buildTransform(
        opened,
        ImageCms.createProfile("sRGB"),
        mode,
        "RGB",
        renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC,
        flags=ImageCms.Flags.BLACKPOINTCOMPENSATION,
    )

    def convert(values: FloatArray) -> FloatArray:
        levels = np.ascontiguousarray(quantize(values, 8))
        image = Image.frombytes(mode, (levels.shape[1], levels.shape[0]), levels.tobytes())
        converted: Any = ImageCms.applyTransform(image, transform)
        return np.asarray(converted, np.float32) / np.float32(255)

    return convert


def _tags(content: bytes) -> dict[bytes, bytes]:
    (count,) = struct.unpack_from(">I", content, 128)
    entries = (struct.unpack_from(">4sII", content, 132 + 12 * number) for number in range(count))
    return {name: content[start : start + length] for name, start, length in entries}


def _by_curves(content: bytes, tags: dict[bytes, bytes], space: Space) -> ToLight:
    if space == "gray":
        return _gray(tags, is_lightness=content[20:24] == b"Lab ")
    if space != "RGB":
        raise ProfileError("has no tables")
    curves = [_curve(tags[name]) for name in (b"rTRC", b"gTRC", b"bTRC")]
    colorants = np.array([_xyz(tags[name]) for name in (b"rXYZ", b"gXYZ", b"bXYZ")]).T
    if abs(np.linalg.det(colorants)) < 1e-6:
        raise ProfileError("is broken")
    matrix = neutral(XYZ_D50_TO_SRGB @ colorants).astype(np.float32)

    def to_light(values: FloatArray) -> FloatArray:
        light = np.stack([curve(values[..., channel]) for channel, curve in enumerate(curves)], axis=-1)
        return light @ matrix.T

    return to_light


def _check_gray_axis(to_light: ToLight, channels: int) -> None:
    """Raise ProfileError where grays become no numbers, black becomes light, or white becomes far from white."""
    grays = np.repeat(np.linspace(0, 1, 256, dtype=np.float32), channels).reshape(1, -1, channels)
    with np.errstate(all="ignore"):
        light = to_light(grays)
    is_sound = np.isfinite(light).all() and light[0, 0].max() < _DARK and np.abs(light[0, -1] - 1).max() < _FAR
    if not is_sound:
        raise ProfileError("is broken")


def _gray(tags: dict[bytes, bytes], is_lightness: bool) -> ToLight:
    curve = _curve(tags[b"kTRC"])

    def to_light(values: FloatArray) -> FloatArray:
        shade = curve(values)
        return _from_lightness(shade) if is_lightness else shade

    return to_light


def _from_lightness(lightness: FloatArray) -> FloatArray:
    """CIE L* / 100 to light."""
    f = (lightness * 100 + 16) / 116
    return np.where(f > 6 / 29, f**3, (f - 4 / 29) * 3 * (6 / 29) ** 2).astype(np.float32)


def _xyz(tag: bytes) -> tuple[float, ...]:
    return tuple(number / 65536 for number in struct.unpack_from(">3i", tag, 8))


def _curve(tag: bytes) -> _Convert:
    """Value to light, by a tag of type `curv` or `para`."""
    if tag[:4] == b"para":
        (kind,) = struct.unpack_from(">H", tag, 8)
        count = (1, 3, 4, 5, 7)[kind]
        return _parametric(kind, [number / 65536 for number in struct.unpack_from(f">{count}i", tag, 12)])
    if tag[:4] != b"curv":
        raise ProfileError("is broken")
    (count,) = struct.unpack_from(">I", tag, 8)
    if count == 0:
        return lambda values: values
    points = struct.unpack_from(f">{count}H", tag, 12)
    if count == 1:
        return _parametric(0, [points[0] / 256])
    table = np.array(points, np.float64) / 65535
    places = np.linspace(0, 1, count)
    return lambda values: np.interp(values, places, table).astype(np.float32)


def _parametric(kind: int, numbers: list[float]) -> _Convert:
    """The curves (a x + b)^g + e above d, and c x + f below, of which most kinds have a part."""
    numbers = [*numbers, 1.0] if kind == 0 else numbers
    g, a, b, c, d, e, f = (*numbers, *[0.0] * (7 - len(numbers)))
    if kind in (1, 2):
        c, d, e, f = 0.0, -b / a, c, c

    def light(values: FloatArray) -> FloatArray:
        upper = np.maximum(a * values + b, 0) ** g + e
        return np.where(values >= d, upper, c * values + f).astype(np.float32)

    return light


def is_srgb(convert: _Convert) -> bool:
    """Whether what makes sRGB of (h, w, 3) values leaves them as they are, but for a level of 255 or so."""
    steps = np.linspace(0, 1, 9, dtype=np.float32)
    lattice = np.stack(np.meshgrid(steps, steps, steps, indexing="ij"), axis=-1).reshape(-1, 9, 3)
    return bool(np.abs(convert(lattice) - lattice).max() < 2 / 255)

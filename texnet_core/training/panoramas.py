"""Views of the panoramas that every Blender has: its studio lights, eight photographs under CC0 by Poly Haven."""

import importlib.util
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt

from texnet_core.mapset import FloatArray
from texnet_core.pictures.color import LUMINANCE, linear_to_srgb
from texnet_core.pictures.reading import reading
from texnet_core.pictures.stills import decode
from texnet_core.settings import PANORAMAS_VARIABLE

Places = npt.NDArray[np.int64]  # rows or columns of texels

_LIGHTS = Path("datafiles", "studiolights", "world")
_KEY = 0.2  # linear light that the middle of a view is brought to
_WHITE = 4.0  # linear light, after that, which is white
_FAINT = 0.03  # of the light of bright parts, but for lamps: a view at night stays dark
_BRIGHT = 0.9  # quantile


def find_panoramas(folder: Path | None = None) -> list[Path]:
    """The panoramas at hand, sorted by name; [] without a Blender.

    They are looked for in `folder`, in that of $TEXNET_PANORAMAS, beside the Python that runs, if that is Blender's,
    and in the package bpy, which is not loaded.
    """
    named = [folder] if folder is not None else []
    if variable := os.environ.get(PANORAMAS_VARIABLE):
        named.append(Path(variable))
    for place in (*named, *_places()):
        if found := sorted(place.glob("*.exr")):
            return found
    return []


def _places() -> Iterator[Path]:
    prefix = Path(sys.prefix)  # VERSION/python in Blender
    yield prefix.parent / _LIGHTS
    try:
        spec = importlib.util.find_spec("bpy")
    except (ImportError, ValueError):  # a module of that name that somebody made up
        spec = None
    if spec is not None and spec.origin:
        yield from sorted(Path(spec.origin).parent.glob(f"*/{_LIGHTS.as_posix()}"), reverse=True)


def read_panorama(file: Path) -> FloatArray:
    """(h, w, 3) linear light, w about 2 h.

    Raises:
        ImageError: it is damaged.
    """
    with reading(file):
        values = decode(file).values[..., :3]
    return np.nan_to_num(np.maximum(values, 0), posinf=0)


def view(panorama: FloatArray, side: int, turn: float, tilt: float, field: float) -> FloatArray:
    """What a camera sees that stands in the middle.

    Args:
        panorama: (h, w, 3) linear light, equirectangular.
        side: of the view in texels.
        turn: degrees to the right.
        tilt: degrees up.
        field: angle of view in degrees.

    Returns:
        (side, side, 3) sRGB in [0, 1], exposed for its middle tones.
    """
    reach = np.tan(np.radians(field / 2))
    across = (np.arange(side) + 0.5) / side * 2 - 1
    x, y = np.meshgrid(reach * across, -reach * across)
    rise = np.radians(tilt)
    up, ahead = y * np.cos(rise) + np.sin(rise), np.cos(rise) - y * np.sin(rise)
    longitude = np.arctan2(x, ahead) + np.radians(turn)
    latitude = np.arctan2(up, np.hypot(x, ahead))
    height, width = panorama.shape[:2]
    light = _looked_up(panorama, (0.5 - latitude / np.pi) * height - 0.5, (longitude / (2 * np.pi) + 0.5) * width - 0.5)
    return _exposed(light)


def _looked_up(panorama: FloatArray, y: FloatArray, x: FloatArray) -> FloatArray:
    height, width = panorama.shape[:2]
    top, left = np.floor(y).astype(np.int64), np.floor(x).astype(np.int64)
    down, right = (y - top)[..., None], (x - left)[..., None]

    def at(rows: Places, columns: Places) -> FloatArray:
        found: FloatArray = panorama[np.clip(rows, 0, height - 1), columns % width]
        return found

    above = at(top, left) * (1 - right) + at(top, left + 1) * right
    below = at(top + 1, left) * (1 - right) + at(top + 1, left + 1) * right
    return np.asarray(above * (1 - down) + below * down, np.float32)


def _exposed(light: FloatArray) -> FloatArray:
    """Middle tones to the middle, highlights rolled off, so that the sun does not turn all else black.

    Source: Reinhard et al. 2002, "Photographic Tone Reproduction for Digital Images", equations 1 and 4.
    Differs: each channel for itself.
    """
    luminance = light @ LUMINANCE
    least = _FAINT * np.quantile(luminance, _BRIGHT) + 1e-6
    scaled = light * np.float32(_KEY / np.exp(np.log(luminance + least).mean()))
    return linear_to_srgb(scaled * (1 + scaled / np.float32(_WHITE**2)) / (1 + scaled) * np.float32(1.15))

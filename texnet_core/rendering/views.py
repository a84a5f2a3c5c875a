"""Pictures of a material: a sphere and a plane that are lit, for previews, thumbnails and sheets."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from texnet_core.errors import Range, RequestError
from texnet_core.mapset import FloatArray, MapSpec
from texnet_core.pictures.color import linear_to_srgb
from texnet_core.rendering.light import KEY_TOWARD_PLANE, KEY_TOWARD_SPHERE, dot, unit
from texnet_core.rendering.shading import Points, shaded, tone_mapped
from texnet_core.rendering.surface import Surface

BACKGROUND = 0.045  # linear, of what lies behind a sphere and shows through holes
MAX_SIDE = 4096
_FINER = 2  # points a pixel along each axis
_ROWS_AT_ONCE = 8
_SPHERE = 0.94  # diameter, as a share of the picture
_DISTANCE = 3.0  # of the viewer from a plane, in halves of its side

Maps = Mapping[str, npt.NDArray[Any]]


def lit_sphere(
    maps: Maps, specs: Iterable[MapSpec], side: int, *, relief: float = 0.0, repeats: float = 1.0
) -> FloatArray:
    """Draw a sphere of a material, under a key light and a soft environment.

    The half that is seen shows the maps' short side once, from pole to pole and from rim to rim.

    Args:
        maps: name -> (height, width, channels) in [0, 1], of one size. What is missing is taken to be usual; without
            normals, the height makes them.
        specs: what the maps are; colors are sRGB, normals in the convention that they say.
        side: of the picture in pixels, 1 to 4096.
        relief: from height 0 to 1 as a share of the maps' short side, where the height makes the normals.
        repeats: how many times the maps are shown instead of once.

    Returns:
        (side, side, 3) float32, sRGB in [0, 1], on dark gray.

    Raises:
        RequestError: no maps, maps of different sizes, or a number out of its range.
    """
    _check(maps, side, repeats)
    surface = Surface(maps, specs, relief, across=np.pi / 2 * _SPHERE * side * _FINER / repeats)
    key, view = unit(KEY_TOWARD_SPHERE), np.array((0, 0, 1), np.float32)
    texels = min(surface.height, surface.width) * repeats / np.pi  # a radian

    def light(y: FloatArray, x: FloatArray) -> FloatArray:
        y, x = y / _SPHERE, x / _SPHERE
        radius = np.sqrt(x * x + y * y)
        shrink = 0.9999 / np.maximum(radius, 0.9999)  # beyond the rim, what is at the rim
        y, x = y * shrink, x * shrink
        out = np.stack((x, y, np.sqrt(1 - x * x - y * y)), axis=-1)
        east = np.stack((out[..., 2], np.zeros_like(x), -x), axis=-1) / np.sqrt(1 - y * y)[..., None]
        north = np.cross(out, east)
        longitude, latitude = np.arctan2(x, out[..., 2]), np.arcsin(y)
        found = surface.at((np.pi / 2 - latitude) * texels - 0.5, (longitude + np.pi / 2) * texels - 0.5)
        bent = found["normal"]
        normals = bent[..., :1] * east + bent[..., 1:2] * north + bent[..., 2:] * out
        lit = np.clip(dot(out, key) * 8 + 0.5, 0, 1)  # the sphere's own shadow
        color = _behind_holes(shaded(_points(found, normals), view, key, lit), found)
        inside = np.clip((1 - radius) * (_SPHERE * side * _FINER / 2) + 0.5, 0, 1)[..., None]
        shown: FloatArray = tone_mapped(color) * inside + BACKGROUND * (1 - inside)
        return shown

    return _drawn(light, side)


def lit_plane(
    maps: Maps, specs: Iterable[MapSpec], side: int, *, relief: float = 0.0, repeats: float = 1.0
) -> FloatArray:
    """Draw a plane of a material that fills the picture, seen from the front under a low light from the upper left.

    The maps' short side is shown once, and of the long one the beginning. The rest is as for `lit_sphere`.
    """
    _check(maps, side, repeats)
    surface = Surface(maps, specs, relief, across=side * _FINER / repeats)
    key = unit(KEY_TOWARD_PLANE)
    texels = min(surface.height, surface.width) * repeats / 2  # half the picture

    def light(y: FloatArray, x: FloatArray) -> FloatArray:
        found = surface.at((1 - y) * texels - 0.5, (1 + x) * texels - 0.5)
        view = np.stack((-x, -y, np.full_like(x, _DISTANCE)), axis=-1)
        view /= np.sqrt(dot(view, view))[..., None]
        return tone_mapped(_behind_holes(shaded(_points(found, found["normal"]), view, key, np.ones_like(x)), found))

    return _drawn(light, side)


def _check(maps: Maps, side: int, repeats: float) -> None:
    sizes = {values.shape[:2] for values in maps.values()}
    if len(sizes) != 1:
        raise RequestError(
            "there are no maps" if not sizes else "the maps differ in size",
            expected="maps of one size",
            remedy="give maps of one size",
        )
    if not 1 <= side <= MAX_SIDE or not 0 < repeats <= MAX_SIDE:
        found = f"a picture of {side} pixels a side, with maps shown {repeats} times,"
        raise RequestError(f"{found} cannot be drawn", expected=Range(1, MAX_SIDE), remedy=f"choose 1 to {MAX_SIDE}")


def _points(found: dict[str, FloatArray], normals: FloatArray) -> Points:
    return Points(
        base=found["albedo"],
        normals=normals.astype(np.float32),
        alpha=found["alpha"],
        metallic=found["metallic"][..., 0],
        ao=found["ao"][..., 0],
        emission=found["emission"],
    )


def _behind_holes(color: FloatArray, found: dict[str, FloatArray]) -> FloatArray:
    return color * found["opacity"] + BACKGROUND * (1 - found["opacity"])


def _drawn(light: Callable[[FloatArray, FloatArray], FloatArray], side: int) -> FloatArray:
    """A picture whose pixels are means of several points; these are given as y up and x right from -1 to 1."""
    fine = side * _FINER
    places = (2 * (np.arange(fine, dtype=np.float32) + 0.5) / fine - 1).astype(np.float32)
    picture = np.empty((side, side, 3), np.float32)
    for top in range(0, side, _ROWS_AT_ONCE):
        rows = -places[top * _FINER : (top + _ROWS_AT_ONCE) * _FINER]
        y, x = np.meshgrid(rows, places, indexing="ij")
        made = light(y, x).reshape(len(rows) // _FINER, _FINER, side, _FINER, 3)
        picture[top : top + _ROWS_AT_ONCE] = made.mean(axis=(1, 3))
    return linear_to_srgb(picture)

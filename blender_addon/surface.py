"""How an object's surface and its UV map relate: for real-world sizes and for UDIM tiles."""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import bpy
import numpy as np
import numpy.typing as npt

from texnet_core.errors import RequestError

_MAX_COLUMNS, _MAX_ROWS = 10, 100
_SLACK = 1e-4  # of a tile: UVs on its very edge belong to it


def scene_units(meters: float, scene: Any = None) -> float:
    """A length in units of a scene, or of the one in the window."""
    of: Any = scene or bpy.context.scene
    return meters / float(of.unit_settings.scale_length)


def has_uv(target: Any) -> bool:
    return target is not None and target.type == "MESH" and target.data.uv_layers.active is not None


def units_per_repeat(target: Any) -> tuple[float, float, float]:
    """Scene units that one unit of the texture coordinates spans, along each axis.

    With a UV map: the square root of surface area over UV area, the same for all axes. Without: the object's scale,
    since it is laid out by its own coordinates.
    """
    if has_uv(target):
        corners, uvs = _triangles(target)
        areas, uv_areas = _areas(corners), _areas(uvs)
        known = np.isfinite(areas) & np.isfinite(uv_areas)
        area, uv_area = float(areas[known].sum()), float(uv_areas[known].sum())
        if area > 0 and uv_area > 0:
            units = math.sqrt(area / uv_area)
            return units, units, units
    x, y, z = (abs(factor) for factor in target.matrix_world.to_scale())
    return x or 1.0, y or 1.0, z or 1.0


def mapping_scale(target: Any, world_width: float, aspect: float) -> tuple[float, float, float]:
    """How often a texture repeats in one unit of the texture coordinates, along each axis.

    Args:
        target: the object.
        world_width: scene units that the texture's width spans; 0 for what the UV map says, or the whole object.
        aspect: the texture's width over its height.
    """
    if has_uv(target):
        if not world_width:
            return 1.0, 1.0, 1.0
        x, y, z = (units / world_width for units in units_per_repeat(target))
        return x, y * aspect, z
    width = world_width or max(target.dimensions) or 1.0
    x, y, z = (units / width for units in units_per_repeat(target))
    # it shows its top, where a box takes the picture's width along Y; others show their sides, with its height along Z
    is_lying = target.dimensions[2] < min(target.dimensions[:2])
    return (x * aspect, y, z) if is_lying else (x, y, z * aspect)


def udim_grid(target: Any) -> tuple[int, int]:
    """(columns, rows) of UDIM tiles that the UV map reaches into; (1, 1) without one.

    Raises:
        RequestError: it reaches where there are no tiles.
    """
    if not has_uv(target):
        return 1, 1
    _, uvs = _triangles(target)
    places = uvs.reshape(-1, 3)[:, :2]
    places = places[np.isfinite(places).all(axis=1)]
    if not len(places):
        return 1, 1
    columns, rows = (max(1, math.ceil(float(side) - _SLACK)) for side in places.max(0))
    if places.min() < -_SLACK or columns > _MAX_COLUMNS or rows > _MAX_ROWS:
        raise RequestError(
            f"the UV map reaches from {places.min(0).tolist()} to {places.max(0).tolist()}",
            expected=f"UVs from 0 to {_MAX_COLUMNS} across and from 0 to {_MAX_ROWS} up",
            remedy=f"move the UV islands to 0 to {_MAX_COLUMNS} across and 0 to {_MAX_ROWS} up, where UDIM tiles are",
        )
    return columns, rows


def _triangles(target: Any) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """Corners in the scene and in the UV map, (triangles, 3, 3) each; the third of a UV is 0.

    The UV map is the one that materials read, which need not be the one that is edited.
    """
    with _mesh_of(target) as mesh:
        mesh.calc_loop_triangles()
        count = len(mesh.loop_triangles)
        vertices, loops = np.empty(3 * count, np.int32), np.empty(3 * count, np.int32)
        mesh.loop_triangles.foreach_get("vertices", vertices)
        mesh.loop_triangles.foreach_get("loops", loops)
        places = np.empty(3 * len(mesh.vertices), np.float32)
        mesh.vertices.foreach_get("co", places)
        world = places.reshape(-1, 3) @ np.array(target.matrix_world.to_3x3(), np.float32).T
        layer = next((layer for layer in mesh.uv_layers if layer.active_render), mesh.uv_layers.active)
        flat = np.empty(2 * len(mesh.loops), np.float32)
        layer.uv.foreach_get("vector", flat)
    uvs = np.pad(flat.reshape(-1, 2), ((0, 0), (0, 1)))
    return world[vertices].reshape(-1, 3, 3), uvs[loops].reshape(-1, 3, 3)


@contextmanager
def _mesh_of(target: Any) -> Iterator[Any]:
    """The mesh as the user sees it in any mode: while it is edited, a copy, since its own layers are empty then."""
    if not target.data.is_editmode:
        yield target.data
        return
    target.update_from_editmode()
    try:
        yield target.to_mesh()
    finally:
        target.to_mesh_clear()


def _areas(triangles: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    sides = triangles[:, 1:] - triangles[:, :1]
    areas: npt.NDArray[np.float32] = np.linalg.norm(np.cross(sides[:, 0], sides[:, 1]), axis=1) / 2
    return areas

"""How an object's surface and its UV map relate: for real-world sizes and for UDIM tiles."""

import math
from typing import Any

import bpy
import numpy as np
import numpy.typing as npt

_MAX_COLUMNS, _MAX_ROWS = 10, 100
_SLACK = 1e-4  # of a tile: UVs on its very edge belong to it


def has_uv(target: Any) -> bool:
    return target is not None and target.type == "MESH" and target.data.uv_layers.active is not None


def units_per_repeat(target: Any) -> tuple[float, float, float]:
    """Scene units that one unit of the texture coordinates spans, along each axis.

    With a UV map: the square root of surface area over UV area, the same for all axes. Without: the bounding box,
    which generated coordinates follow.
    """
    if has_uv(target):
        corners, uvs = _triangles(target)
        uv_area = float(_areas(uvs).sum())
        if uv_area > 0:
            units = math.sqrt(float(_areas(corners).sum()) / uv_area)
            return units, units, units
    x, y, z = target.dimensions
    return x or 1.0, y or 1.0, z or 1.0


def udim_grid(target: Any) -> tuple[int, int]:
    """(columns, rows) of UDIM tiles that the UV map reaches into; (1, 1) without one."""
    if not has_uv(target):
        return 1, 1
    _, uvs = _triangles(target)
    if not len(uvs):
        return 1, 1
    columns, rows = (max(1, math.ceil(float(side) - _SLACK)) for side in uvs.reshape(-1, uvs.shape[-1])[:, :2].max(0))
    return min(columns, _MAX_COLUMNS), min(rows, _MAX_ROWS)


def _triangles(target: Any) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """Corners in the scene and in the UV map, (triangles, 3, 3) each; the third of a UV is 0."""
    if target.mode == "EDIT":
        target.update_from_editmode()
    mesh: bpy.types.Mesh = target.data
    mesh.calc_loop_triangles()
    count = len(mesh.loop_triangles)
    vertices, loops = np.empty(3 * count, np.int32), np.empty(3 * count, np.int32)
    mesh.loop_triangles.foreach_get("vertices", vertices)
    mesh.loop_triangles.foreach_get("loops", loops)
    places = np.empty(3 * len(mesh.vertices), np.float32)
    mesh.vertices.foreach_get("co", places)
    world = places.reshape(-1, 3) @ np.array(target.matrix_world.to_3x3(), np.float32).T
    layer: Any = mesh.uv_layers.active
    flat = np.empty(2 * len(mesh.loops), np.float32)
    layer.uv.foreach_get("vector", flat)
    uvs = np.pad(flat.reshape(-1, 2), ((0, 0), (0, 1)))
    return world[vertices].reshape(-1, 3, 3), uvs[loops].reshape(-1, 3, 3)


def _areas(triangles: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    sides = triangles[:, 1:] - triangles[:, :1]
    areas: npt.NDArray[np.float32] = np.linalg.norm(np.cross(sides[:, 0], sides[:, 1]), axis=1) / 2
    return areas

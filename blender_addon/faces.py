"""The faces of a mesh, in every mode: which material slot they use, which are selected.

While a mesh is edited, its faces are those of the edit mesh; what the mesh itself holds is older, or empty.
"""

from typing import Any

import bmesh
import numpy as np
import numpy.typing as npt

Slots = npt.NDArray[np.int32]


def slots_of(target: Any) -> Slots:
    """For each face the number of its slot; none where the object is no mesh."""
    if target.type != "MESH":
        return np.empty(0, np.int32)
    if target.data.is_editmode:
        return np.array([face.material_index for face in bmesh.from_edit_mesh(target.data).faces], np.int32)
    slots = np.empty(len(target.data.polygons), np.int32)
    target.data.polygons.foreach_get("material_index", slots)
    return slots


def are_selected(target: Any) -> list[bool]:
    """For each face of a mesh that is being edited whether it is selected."""
    if not target.data.total_face_sel:
        return []
    return [face.select for face in bmesh.from_edit_mesh(target.data).faces]


def set_slots(target: Any, slots: Slots) -> None:
    """Set what `slots_of` gave, where it has changed."""
    if target.type != "MESH" or np.array_equal(slots, slots_of(target)):
        return
    if target.data.is_editmode:
        for face, slot in zip(bmesh.from_edit_mesh(target.data).faces, slots.tolist(), strict=True):
            face.material_index = slot
        bmesh.update_edit_mesh(target.data, loop_triangles=False, destructive=False)
    else:
        target.data.polygons.foreach_set("material_index", slots)
        target.data.update()

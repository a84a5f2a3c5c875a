"""Which material slot a material goes into, so that the chosen object shows it and no other one changes."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import bpy
import numpy as np

from . import faces

_HOLDERS = ("MESH", "CURVE", "SURFACE", "META", "FONT", "VOLUME", "POINTCLOUD", "CURVES")


@dataclass(frozen=True)
class ChosenFaces:
    """The faces of an object that were selected while it was edited.

    Attributes:
        object_uid: of the object.
        chosen: for each face whether it was.
    """

    object_uid: int
    chosen: tuple[bool, ...]


def can_hold(target: Any) -> bool:
    """Whether an object is of a kind that has materials."""
    return target is not None and target.type in _HOLDERS and hasattr(target.data, "materials")


def obstacle(target: Any) -> str:
    """What the user has to do before a new material can be put on an object; "" if nothing."""
    if not can_hold(target):
        return "Select an object that can have a material"
    if not target.is_editable:
        return f"Make {target.name} local or override it, since it is linked from a library"
    if not target.material_slots and _is_linked(target.data):
        # a slot that is added here is gone when the file is opened again
        return f"Make the data of {target.name} local, since it is linked from a library and has no material slot"
    return ""


def number_of(target: Any, material_uid: int, number: int) -> int:
    """Where a material is that was in a slot of an object, or that slot: slots may have been moved meanwhile."""
    if not can_hold(target) or not material_uid:
        return number
    uids = [slot.material.session_uid if slot.material is not None else 0 for slot in target.material_slots]
    has_stayed = uids[number : number + 1] == [material_uid]
    return number if has_stayed or material_uid not in uids else uids.index(material_uid)


def material_in(target: Any, number: int) -> Any:
    """The material in a slot of an object, or None; of fewer slots the last one counts."""
    if not can_hold(target) or not target.material_slots:
        return None
    return _slot(target, number).material


def assign(material: bpy.types.Material, target: Any, number: int | None = None) -> None:
    """Put a material into a slot of an object for which `obstacle` finds nothing; into no other object's.

    Args:
        material: to be shown.
        target: the object.
        number: of the slot; the last one where there are fewer, and the active one without it.
    """
    data = target.data
    if not target.material_slots:
        data.materials.append(None)  # an empty one, which others with this data get too, changes nothing of their look
    slot = _slot(target, target.active_material_index if number is None else number)
    if _is_linked(data) or data.users - data.use_fake_user > 1:
        slot.link = "OBJECT"
    slot.material = material


def _slot(target: Any, number: int) -> Any:
    return target.material_slots[min(number, len(target.material_slots) - 1)]


def selected_faces(view_layer: Any) -> tuple[ChosenFaces, ...]:
    """The selected faces of all meshes that are being edited, one object for each mesh."""
    found, seen = [], set()
    for target in view_layer.objects:
        if target.type != "MESH" or target.mode != "EDIT" or target.data.session_uid in seen:
            continue
        seen.add(target.data.session_uid)
        if any(chosen := faces.are_selected(target)):
            found.append(ChosenFaces(target.session_uid, tuple(chosen)))
    return tuple(found)


def assign_to_faces(material: bpy.types.Material, target: Any, chosen: tuple[bool, ...]) -> bool:
    """Let faces of an object show a material, in the slot that has it or in a new one, which becomes the active one.

    The slot is one of the mesh, and so are its faces: other objects with that mesh show the same.

    Returns:
        False where the mesh has got other faces since they were chosen. Then no face is changed.
    """
    found = next((number for number, slot in enumerate(target.material_slots) if slot.material == material), None)
    current = faces.slots_of(target)
    if found is None:
        if not target.material_slots and not all(chosen):
            target.data.materials.append(None)  # else all faces, which begin in the first slot, would show it
        target.data.materials.append(material)
        found = len(target.material_slots) - 1
    target.active_material_index = found
    if len(current) != len(chosen):
        return False
    faces.set_slots(target, np.where(np.array(chosen), found, current).astype(np.int32))
    return True


def include_all_in_undo(view_layer: Any) -> None:
    """Let the next undo step hold the whole file also where a mesh is edited: by itself it holds the edit mesh alone.

    Blender puts a step of the whole file before it where a datablock has come since the last one.
    """
    if any(target.mode == "EDIT" for target in view_layer.objects):
        bpy.data.materials.remove(bpy.data.materials.new("TexNet"))


def sharing(targets: Iterable[Any]) -> int:
    """How many other objects have the data of these."""
    known = {target.session_uid for target in targets}
    data = {target.data.session_uid for target in targets}
    objects: Any = bpy.data.objects
    return sum(
        other.session_uid not in known and other.data is not None and other.data.session_uid in data
        for other in objects
    )


def _is_linked(data: Any) -> bool:
    """Whether what is added to it is lost when the file is opened again: so it is with overrides too."""
    return not data.is_editable or data.override_library is not None

"""Takes out of a file what TexNet made and nothing uses."""

from typing import Any

import bpy

from . import images, ownership


def remove_unused() -> tuple[int, int]:
    """Take away the textures and the materials of TexNet's that nothing uses.

    Returns:
        How many materials and how many textures went.
    """
    materials = [material for material in bpy.data.materials if ownership.is_own(material)]
    materials = [material for material in materials if material.is_editable and ownership.is_unused(material)]
    for material in materials:
        bpy.data.materials.remove(material)
    sets: dict[str, list[Any]] = {}
    for image in bpy.data.images:
        record = images.record_of(image)
        if record is not None and image.is_editable:
            sets.setdefault(record["set"], []).append(image)
    unused = [made for made in sets.values() if all(map(ownership.is_unused, made))]
    for image in [image for made in unused for image in made]:
        bpy.data.images.remove(image)
    return len(materials), len(unused)

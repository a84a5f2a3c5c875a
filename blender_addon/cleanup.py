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
    materials = ownership.unused([material for material in materials if material.is_editable])
    for material in materials:
        bpy.data.materials.remove(material)
    textures = 0
    while unused := _unused_sets():  # what a picture in a style was painted from may be unused once it has gone
        textures += len(unused)
        for image in [image for made in unused for image in made]:
            bpy.data.images.remove(image)
    return len(materials), textures


def _unused_sets() -> list[list[Any]]:
    """The images of each texture, and each picture, that nothing uses."""
    sets: dict[str, list[Any]] = {}
    for image in bpy.data.images:
        record = images.record_of(image)
        if image.is_editable and (record is not None or images.style_record_of(image) is not None):
            sets.setdefault(record["set"] if record is not None else image.name, []).append(image)
    idle = {*ownership.unused([image for made in sets.values() for image in made])}
    return [made for made in sets.values() if idle.issuperset(made)]

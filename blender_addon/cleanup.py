"""Takes out of a file what TexNet made and nothing uses."""

import bpy

from . import creation, history, ownership


def remove_unused() -> tuple[int, int]:
    """Take away the textures and the materials of TexNet's that nothing uses.

    Returns:
        How many materials and how many textures went.
    """
    materials = [material for material in bpy.data.materials if ownership.is_own(material)]
    materials = [material for material in materials if material.is_editable and ownership.is_unused(material)]
    for material in materials:
        bpy.data.materials.remove(material)
    sets = [creation.set_of(image) for image in bpy.data.images if history.is_entry(image)]
    unused = [made for made in sets if all(map(ownership.is_unused, made.values()))]
    for made in unused:
        for image in made.values():
            bpy.data.images.remove(image)
    return len(materials), len(unused)

"""Which materials are TexNet's own: their names follow what they hold. What they replace is kept."""

from collections.abc import Sequence
from typing import Any

import bpy

_NAMED = "texnet_name"  # custom property of a material of TexNet's: the name that it was given


def claim(material: Any) -> None:
    """Mark a material as made by TexNet, under the name that it has."""
    material[_NAMED] = material.name


def is_own(material: Any) -> bool:
    return isinstance(material.get(_NAMED), str)


def follow(material: Any, title: str) -> None:
    """Name a material of TexNet's after what it shows now, unless the user has named it."""
    if is_own(material) and material[_NAMED] == material.name and _stem(material.name) != title:
        material.name = title
        claim(material)


def keep(material: Any) -> None:
    """Let saving keep a material that nothing uses any more, since the user may want it back."""
    if material is not None and material.is_editable and material.users == 0:
        material.use_fake_user = True


def unused(blocks: Sequence[Any]) -> list[Any]:
    """Those datablocks that nothing uses, no Image Editor shows, and that are no assets.

    An editor that has shown an image leaves it with a user that is not there any more, so users are looked for.
    """
    users = bpy.data.user_map(subset={*blocks})
    screens: Any = bpy.data.screens
    editors = (area for screen in screens for area in screen.areas if area.type == "IMAGE_EDITOR")
    shown = {editor.spaces.active.image for editor in editors}
    return [block for block in blocks if block.asset_data is None and not users.get(block) and block not in shown]


def _stem(name: str) -> str:
    """The name without the number that Blender adds to a second one: Moss for Moss.001."""
    head, _, tail = name.rpartition(".")
    return head if head and tail.isdecimal() else name

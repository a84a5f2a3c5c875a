"""Lets the user see a result: Solid views show textures, new nodes are framed, images appear in their editors."""

import contextlib
from collections.abc import Iterator
from typing import Any

import bpy

from .blocks import by_uid

_SETTLE_S = 0.3  # an editor knows the nodes of another material only once it has been drawn


def node_count(material: Any) -> int:
    """How many nodes a material has; more afterwards are worth a look."""
    tree = material.node_tree if material is not None else None
    return len(tree.nodes) if tree is not None else 0


def show_image(image: Any) -> None:
    """Show an image in the Image Editors that are open, unless they are pinned."""
    for _, area in _areas("IMAGE_EDITOR"):
        space = area.spaces.active
        if space.mode == "VIEW" and not space.use_image_pin:
            space.image = image


def show_instead(before: Any, image: Any) -> None:
    """Let the Image Editors that show one image show another."""
    for _, area in _areas("IMAGE_EDITOR"):
        if before is not None and area.spaces.active.image == before:
            area.spaces.active.image = image


def refresh_assets() -> None:
    """Let the Asset Browsers that are open show what has come to their libraries."""
    for window, area in _areas("FILE_BROWSER"):
        if area.ui_type == "ASSETS":
            asset: Any = bpy.ops.asset
            with contextlib.suppress(RuntimeError), bpy.context.temp_override(window=window, area=area):
                asset.library_refresh()


def shown_images() -> Iterator[Any]:
    """What the Image Editors that are open show."""
    return (area.spaces.active.image for _, area in _areas("IMAGE_EDITOR"))


def show_textures() -> bool:
    """Let Solid views that show the colors of materials show their textures; whether any view changed."""
    changed = False
    for _, area in _areas("VIEW_3D"):
        shading = area.spaces.active.shading
        if shading.type == "SOLID" and shading.color_type == "MATERIAL":
            shading.color_type = "TEXTURE"
            changed = True
    return changed


def frame_nodes(material: Any) -> None:
    """Bring the nodes of a material into view in the Shader Editors that show it, as soon as they do."""
    tree = material.node_tree if material is not None else None
    if tree is None or bpy.app.background:
        return
    number = material.session_uid
    bpy.app.timers.register(lambda: _frame(number), first_interval=_SETTLE_S)


def _frame(material_uid: int) -> None:
    material = by_uid(bpy.data.materials, material_uid)
    if material is None:
        return
    for window, area in _areas("NODE_EDITOR"):
        space = area.spaces.active
        region = next((region for region in area.regions if region.type == "WINDOW"), None)
        if region is not None and space.edit_tree is not None and space.edit_tree == material.node_tree:
            with contextlib.suppress(RuntimeError), bpy.context.temp_override(window=window, area=area, region=region):
                bpy.ops.node.view_all()


def _areas(kind: str) -> Iterator[tuple[Any, Any]]:
    """Windows with the areas of one type that they show; none in background."""
    manager: Any = bpy.context.window_manager
    for window in manager.windows if manager is not None else ():
        yield from ((window, area) for area in window.screen.areas if area.type == kind)

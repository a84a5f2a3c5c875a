"""A finished texture into the file: images, materials, nodes. What the operators and the scripts share."""

import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import bpy

from texnet_core.errors import RequestError

from . import images, nodes, surface
from .preferences import preferences
from .request import TextureRequest

Destination = Literal["NEW_MATERIAL", "ACTIVE_MATERIAL", "REPLACE", "IMAGE", "UDIM"]
Images = dict[str, bpy.types.Image]


@dataclass(frozen=True)
class Target:
    """Where a texture goes, without a reference to anything that may go away meanwhile.

    Attributes:
        destination: what is to happen with the images.
        object_uid: of the object, 0 for none.
        world_size: scene units that the texture's width spans, 0 to leave the mapping alone.
    """

    destination: Destination
    object_uid: int = 0
    world_size: float = 0.0


def target_of(destination: Destination, target: Any, world_size: float = 0.0) -> Target:
    return Target(destination, target.session_uid if target is not None else 0, world_size)


def obstacle(destination: Destination, target: Any) -> str:
    """Why a texture cannot go there now; "" if it can. A label for a button that is grey."""
    if destination == "IMAGE" or (destination == "NEW_MATERIAL" and target is None):
        return ""
    if target is None or not hasattr(target.data, "materials"):
        return "Select an object that can have a material"
    blocks = (target, target.data, target.active_material)
    if not all(block is None or block.is_editable for block in blocks):
        return "The object or its material is linked from a library"
    if destination == "REPLACE" and nodes.active_image_node(target.active_material) is None:
        return "Select an Image Texture node in the material"
    if destination == "UDIM" and not surface.has_uv(target):
        return "Select a mesh with a UV map"
    return ""


def check_target(destination: Destination, target: Any) -> None:
    """Raise RequestError where `obstacle` finds one."""
    if found := obstacle(destination, target):
        raise RequestError("nowhere to put the texture", expected="a place for it", remedy=found[0].lower() + found[1:])


def place(result: dict[str, Any], request: TextureRequest, target: Target, *, show: bool = True) -> Images:
    """Make the images of a worker's result and put them where they belong.

    Args:
        result: the worker's answer; its files still exist.
        request: what was asked for.
        target: where it goes. An object that has gone meanwhile is no loss: the images are made anyway.
        show: False only makes the images, for variations beside the first.

    Returns:
        Map name -> image.

    Raises:
        OSError: files cannot be kept beside the .blend.
    """
    made = make_images(result, request)
    destination = target.destination if show else "IMAGE"
    holder = find_object(target.object_uid)
    if destination not in ("IMAGE", "NEW_MATERIAL") and (holder is None or obstacle(destination, holder)):
        destination = "IMAGE"
    if destination == "IMAGE":
        for image in made.values():
            image.use_fake_user = True  # nobody uses it yet, and unused images are not saved
    elif destination == "REPLACE" and holder is not None:
        _replace(holder.active_material, made)
    else:
        material = new_material(request.title) if destination == "NEW_MATERIAL" else material_of(holder)
        apply(material, made, request, holder, target.world_size)
        if destination == "NEW_MATERIAL":
            _assign(material, holder)
    return made


def make_images(result: dict[str, Any], request: TextureRequest) -> Images:
    """The images of a worker's result, marked as one set."""
    set_name = uuid.uuid4().hex
    keep_beside = preferences().storage == "FILE"
    made: Images = {}
    for item in result["maps"]:
        image = images.image_from_files(
            [Path(file) for file in item["files"]],
            f"{Path(request.source).stem}_{item['name']}_{request.seed}",
            is_data=item["colour_space"] == "data",
            keep_beside=keep_beside,
        )
        images.set_record(image, request, item["name"], set_name, leads=not made)
        made[item["name"]] = image
    return made


def apply(material: bpy.types.Material, made: Images, request: TextureRequest, target: Any, world_size: float) -> None:
    """Wire maps into a material, with a mapping that gives them their size on the object."""
    nodes.wire(material, made)
    if target is None:
        return
    if target.type == "MESH" and not surface.has_uv(target):
        nodes.use_coordinates(material, "Generated")
    if world_size > 0:
        x, y, z = (units / world_size for units in surface.units_per_repeat(target))
        nodes.set_mapping_scale(material, (x, y * request.width / request.height, z))


def new_material(name: str) -> bpy.types.Material:
    """A material with a shader and an output."""
    material = bpy.data.materials.new(name)
    tree = nodes.tree_of(material)
    nodes.principled(tree)
    return material


def find_object(session_uid: int) -> Any:
    """The object of that number, or None; it may have been renamed or undone meanwhile."""
    return next((found for found in bpy.data.objects if session_uid and found.session_uid == session_uid), None)


def set_of(image: Any) -> Images:
    """All maps that were made together with an image: map name -> image."""
    record = images.record_of(image)
    if record is None:
        return {}
    records = ((other, images.record_of(other)) for other in bpy.data.images)
    return {
        found["map"]: other for other, found in records if found is not None and found.get("set") == record.get("set")
    }


def _assign(material: bpy.types.Material, target: Any) -> None:
    if target is None or obstacle("NEW_MATERIAL", target):
        material.use_fake_user = True
    else:
        target.active_material = material


def material_of(target: Any) -> bpy.types.Material:
    """The object's active material; a new one where there is none."""
    if target.active_material is None:
        target.active_material = new_material("TexNet")
    material: bpy.types.Material = target.active_material
    return material


def _replace(material: Any, made: Images) -> None:
    """Put the first map into the active Image Texture node; the others keep their data with it."""
    node = nodes.active_image_node(material)
    first, *others = made.values()
    node.image = first
    for image in others:
        image.use_fake_user = True

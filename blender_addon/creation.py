"""A finished texture into the file: images, materials, nodes. What the operators and the scripts share."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

import bpy

from texnet_core.errors import RequestError, TexnetError
from texnet_core.mapset import MATERIAL_MAPS
from texnet_core.model.artifact import Header, read_header
from texnet_core.model.look import Look
from texnet_core.model.look_maps import relief_of
from texnet_core.model.real_size import texels_per_meter

from . import images, looks, nodes, ownership, reuse, shaders, slots, surface
from .blocks import by_uid
from .preferences import preferences
from .request import TextureRequest
from .rollback import all_or_nothing
from .wording import clause, counted

Destination = Literal["NEW_MATERIAL", "ACTIVE_MATERIAL", "REPLACE", "IMAGE", "UDIM"]
Images = dict[str, bpy.types.Image]

_AS_THE_CARD_SAYS: Mapping[str, float] = MappingProxyType({})
_SURELY_PACKED = 3 * 2**30  # bytes of texels: a PNG of a texture takes two thirds of them


@dataclass(frozen=True)
class Target:
    """Where a texture goes, without a reference to anything that may go away meanwhile.

    Attributes:
        destination: what is to happen with the images.
        object_uid: of the object, 0 for none.
        material_uid: of the material that was active, 0 for none.
        slot: of the object's material slots the one that was active.
        node: name of the Image Texture node that was active, "" for none.
        world_size: scene units that the texture's width spans, 0 to leave the mapping alone.
        look: what the user asks for of the look; the rest is the generator's.
        faces: those that were selected in Edit Mode, to which a material goes; none for the whole object.
    """

    destination: Destination
    object_uid: int = 0
    material_uid: int = 0
    slot: int = 0
    node: str = ""
    world_size: float = 0.0
    look: Mapping[str, float] = field(default_factory=dict)
    faces: tuple[slots.ChosenFaces, ...] = ()


@dataclass(frozen=True)
class Placed:
    """What has become of a result.

    Attributes:
        images: map name -> image.
        material: the one that shows them, or None.
        note: what the user should know about where it went, "" for nothing.
    """

    images: Images
    material: Any = None
    note: str = ""


def target_of(
    destination: Destination,
    target: Any,
    world_size: float = 0.0,
    look: Mapping[str, float] = _AS_THE_CARD_SAYS,
    faces: tuple[slots.ChosenFaces, ...] = (),
) -> Target:
    """The place for a result, as it is now."""
    material = target.active_material if target is not None else None
    node = nodes.active_image_node(material)
    return Target(
        destination,
        object_uid=target.session_uid if target is not None else 0,
        material_uid=material.session_uid if material is not None else 0,
        slot=target.active_material_index if target is not None else 0,
        node=node.name if node is not None else "",
        world_size=world_size,
        look=dict(look),
        faces=faces if destination in ("NEW_MATERIAL", "ACTIVE_MATERIAL") else (),
    )


def obstacle(destination: Destination, target: Any) -> str:
    """What the user has to do before a texture can go there; "" if nothing. A label for a button that is gray."""
    if destination == "IMAGE" or (destination == "NEW_MATERIAL" and not slots.can_hold(target)):
        return ""
    if destination == "NEW_MATERIAL" or not slots.can_hold(target) or target.active_material is None:
        found = slots.obstacle(target)
        if found or destination == "NEW_MATERIAL":
            return found
    material = target.active_material
    if material is not None and not material.is_editable:
        return f"Make {material.name} local, since it is linked from a library"
    if destination == "REPLACE":
        return "" if nodes.active_image_node(material) is not None else "Select an Image Texture node in the material"
    if found := shaders.obstacle(material):
        return found
    if destination == "UDIM" and not surface.has_uv(target):
        return "Select a mesh with a UV map"
    return ""


def check_target(destination: Destination, target: Any) -> None:
    """Raise RequestError where `obstacle` finds one."""
    if found := obstacle(destination, target):
        raise RequestError("the texture has no place to go", expected="a place for it", remedy=clause(found))


def changed_by(target: Target) -> list[Any]:
    """The objects and the material of a place, as far as they are still there."""
    objects = [find_object(uid) for uid in (target.object_uid, *(found.object_uid for found in target.faces))]
    return [found for found in (*objects, find_material(target.material_uid)) if found is not None]


def place(result: dict[str, Any], request: TextureRequest, target: Target, *, show: bool = True) -> Placed:
    """Make the images of a worker's result and put them where they belong.

    Args:
        result: the worker's answer; its files still exist.
        request: what was asked for.
        target: where it goes. What has gone meanwhile is no loss: the images are made anyway.
        show: False only makes the images, for variations beside the first.

    Raises:
        OutputError: the images cannot be kept. Then, as with every error, the file is as it was before.
    """
    with all_or_nothing(*changed_by(target)):
        made = make_images(result, request)
        return _shown(made, request, target) if show and target.destination != "IMAGE" else Placed(made)


def _shown(made: Images, request: TextureRequest, target: Target) -> Placed:
    """Put images where they belong, as far as that is still there."""
    holder, material = find_object(target.object_uid), find_material(target.material_uid)
    is_new = target.destination == "NEW_MATERIAL"
    look, slot = target.look, slots.number_of(holder, target.material_uid, target.slot)
    if is_new:
        look = looks.changes(slots.material_in(holder, slot), request.source) | dict(look)
        material = new_material(request.title)
    elif not target.material_uid and holder is not None and not obstacle("ACTIVE_MATERIAL", holder):
        material = slots.material_in(holder, slot)  # it may have got one meanwhile
        is_new = material is None
        material = material or new_material("TexNet")
    can_show = material is not None and material.is_editable
    if not can_show or not (target.destination == "REPLACE" or nodes.can_wire(material)):
        return Placed(made, None, "The texture is an image alone, since what it was made for has gone or changed")
    if target.destination == "REPLACE":
        if not _replace(material, target.node, made):
            return Placed(made, None, "The texture is an image alone, since its node has gone")
        return Placed(made, material)
    replaced = slots.material_in(holder, slot) if is_new else None
    apply(material, made, request, holder, target.world_size, look)
    note = ""
    if target.faces:
        note = _put_on_faces(material, target, slot)
    elif is_new:
        note = assign(material, holder, slot, gone=bool(target.object_uid))
    for left in (find_material(target.material_uid), replaced):
        ownership.keep(left)
    return Placed(made, material, note)


def _put_on_faces(material: bpy.types.Material, target: Target, slot: int) -> str:
    """Let the faces that were selected show a material, and say what the user may not expect."""
    chosen = {found.object_uid: found.chosen for found in target.faces}
    objects = [found for found in map(find_object, chosen) if slots.can_hold(found) and not slots.obstacle(found)]
    if not objects:
        return assign(material, find_object(target.object_uid), slot, gone=bool(target.object_uid))
    done = [slots.assign_to_faces(material, found, chosen[found.session_uid]) for found in objects]
    if not all(done):
        return f"{material.name} has a slot but no faces, since the mesh has other faces now; press Assign for those"
    if others := slots.sharing(objects):
        return f"{material.name} shows on {counted(others, 'other object')} too, since the mesh is shared"
    return ""


def make_images(result: dict[str, Any], request: TextureRequest) -> Images:
    """The images of a worker's result, marked as one set; all of them or none.

    Raises:
        OutputError: they cannot be kept.
    """
    if reuse.is_found(result):
        return reuse.images_of(result)
    set_name = uuid.uuid4().hex
    keep_beside = preferences().storage == "FILE"
    made: Images = {}
    with all_or_nothing():
        for item in result["maps"]:
            image = images.image_from_files(
                [Path(file) for file in item["files"]],
                f"{request.stem}_{item['name']}_{request.seed}",
                is_data=item["colour_space"] == "data",
                keep_beside=keep_beside,
            )
            images.set_record(image, request, item["name"], set_name, leads=not made)
            made[item["name"]] = image
        return made


def check_packable(request: TextureRequest) -> None:
    """Raise OutputError now rather than after minutes where a texture will not fit into an unsaved .blend."""
    if bpy.data.filepath:
        return
    bits = max(spec.channels * max(spec.depth, request.depth) for spec in request.maps_of(read_header(request.file())))
    if request.width * request.height * bits // 8 > _SURELY_PACKED:
        raise images.too_large_to_pack()


def apply(
    material: bpy.types.Material,
    made: Images,
    request: TextureRequest,
    target: Any,
    world_size: float,
    told: Mapping[str, float] = _AS_THE_CARD_SAYS,
) -> None:
    """Wire maps into a material, with a mapping that gives them their size on the object, and what they lack.

    Args:
        material: to change.
        made: map name -> image.
        request: what they were made from.
        target: the object that shows them, or None.
        world_size: scene units that the width spans on the object, 0 to leave the mapping alone.
        told: what the user asks for of its look.
    """
    card = _card_of(request)
    look = (card and card.look) or Look()
    looks.wire(material, made, look, told, [spec.name for spec in request.maps_of(card)] if card is not None else ())
    ownership.follow(material, request.title)
    holder = target if slots.can_hold(target) else None
    if holder is not None:
        is_new = nodes.use_coordinates(material, "UV" if surface.has_uv(holder) else "Object")
        if (is_new or world_size > 0) and not request.udim:
            nodes.set_mapping_scale(material, surface.mapping_scale(holder, world_size, request.width / request.height))
    if request.udim:
        nodes.set_mapping_scale(material, (1, 1, 1))  # tiles lie where the UV map has them
    fit_relief(material, request, holder, told)


def fit_relief(
    material: bpy.types.Material, request: TextureRequest, holder: Any, told: Mapping[str, float] = _AS_THE_CARD_SAYS
) -> None:
    """Give the relief of a texture its height on an object, as its mapping is now; without one, on one of unit size."""
    scales = nodes.mapping_scales(material)
    if not scales or not scales[0].default_value[0]:
        return
    card = _card_of(request)
    units = surface.units_per_repeat(holder)[0] if holder is not None else 1.0
    extent = units / abs(scales[0].default_value[0]) * _share_of_exemplar(card, request)
    look = (card and card.look) or Look()
    looks.fit_relief(material, extent, look, relief_of(card) if card is not None else 0.0, told)


def _share_of_exemplar(card: Header | None, request: TextureRequest) -> float:
    """How much of the texture's width shows what the exemplar's side does."""
    texels = card.texels_per_exemplar if card is not None else Header.texels_per_exemplar
    if card is not None and request.covers:
        return texels / texels_per_meter(card) * request.scale / request.covers
    return texels * request.scale / request.width


def _card_of(request: TextureRequest) -> Header | None:
    try:
        return read_header(request.file())
    except TexnetError:  # what was made lives on where its generator has gone
        return None


def new_material(name: str) -> bpy.types.Material:
    """A material with a shader and an output."""
    material = bpy.data.materials.new(name)
    ownership.claim(material)
    shaders.ensured(shaders.tree_of(material))
    return material


def material_of(target: Any) -> bpy.types.Material:
    """The object's active material; a new one where there is none."""
    if target.active_material is None:
        slots.assign(new_material("TexNet"), target)
    material: bpy.types.Material = target.active_material
    return material


def assign(material: bpy.types.Material, target: Any, slot: int | None = None, *, gone: bool = False) -> str:
    """Put a material into a slot of an object, and into no other object's; keep it where that cannot be.

    Args:
        material: to be shown.
        target: the object, or None.
        slot: its number; the last one where there are fewer by now, and the active one without it.
        gone: there was an object when the texture was asked for.

    Returns:
        Why it is on no object, for the user; "" where it is on this one.
    """
    if not slots.obstacle(target):
        slots.assign(material, target, slot)
        return ""
    material.use_fake_user = True
    if target is None:
        reason = "the one that it was made for has gone" if gone else "none is active"
    else:
        reason = f"{target.name} cannot have it"
    return f"{material.name} is on no object, since {reason}"


def find_material(session_uid: int) -> Any:
    """The material of that number, or None."""
    return by_uid(bpy.data.materials, session_uid)


def find_object(session_uid: int) -> Any:
    """The object of that number, or None; it may have been renamed or undone meanwhile."""
    return by_uid(bpy.data.objects, session_uid)


def set_of(image: Any) -> Images:
    """All maps that were made together with an image: map name -> image, in the order of a material's maps."""
    record = images.record_of(image)
    if record is None:
        return {}
    records = ((other, images.record_of(other)) for other in bpy.data.images)
    maps = {
        found["map"]: other for other, found in records if found is not None and found.get("set") == record.get("set")
    }
    names = [spec.name for spec in MATERIAL_MAPS]
    return dict(sorted(maps.items(), key=lambda pair: names.index(pair[0]) if pair[0] in names else len(names)))


def _replace(material: Any, name: str, made: Images) -> bool:
    """Put the map that the node shows into it; where that is unknown or not among them, the first.

    Returns:
        False where the node has gone.
    """
    node = shaders.tree_of(material).nodes.get(name)
    if node is None or node.type != "TEX_IMAGE":
        return False
    node.image = made.get(nodes.map_of(node)) or next(iter(made.values()))
    return True

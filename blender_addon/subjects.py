"""Which images are to be painted in a style, and the nodes that show them."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, Literal

import bpy

from . import contents, history, images, nodes, reveal, shaders
from .blocks import by_uid

Goal = Literal["NODE", "EDITOR", "OBJECTS", "RENDER"]


@dataclass(frozen=True)
class Spot:
    """An Image Texture node, without a reference to anything that may go away meanwhile.

    Attributes:
        owner_uid: of the material in whose tree it is, or of the node group.
        node: its name.
    """

    owner_uid: int
    node: str

    def find(self) -> Any:
        """The node, or None where it has gone."""
        owner = by_uid(bpy.data.materials, self.owner_uid) or by_uid(bpy.data.node_groups, self.owner_uid)
        tree = _tree_of(owner) if owner is not None else None
        node = tree.nodes.get(self.node) if tree is not None else None
        return node if node is not None and node.type == "TEX_IMAGE" else None


@dataclass(frozen=True)
class Subject:
    """One image that is to be painted.

    Attributes:
        image_uid: of the image, or of the Render Result.
        spots: nodes that are to show what comes of it.
    """

    image_uid: int
    spots: tuple[Spot, ...] = ()

    @property
    def image(self) -> Any:
        """The image, or None where it has gone."""
        return by_uid(bpy.data.images, self.image_uid)


@dataclass(frozen=True)
class Found:
    """What there is to be painted.

    Attributes:
        subjects: images, each once.
        left: what is left as it is, each with the reason.
        in_editor: an Image Editor is to show the result.
    """

    subjects: tuple[Subject, ...] = ()
    left: tuple[str, ...] = ()
    in_editor: bool = False


def find(goal: Goal, context: Any, *, from_original: bool = False) -> Found:
    """What a goal means at the moment; no subjects where something is missing.

    Args:
        goal: what is to be painted.
        context: of an operator or a panel.
        from_original: in place of a picture that is in a style already, what it shows is painted.
    """
    if goal == "OBJECTS":
        return in_objects(context.selected_objects, from_original=from_original)
    if goal == "NODE":
        found = _in_node(context)
    else:
        image = render_result() if goal == "RENDER" else editor_image(context)
        found = Found((Subject(image.session_uid),), in_editor=True) if image is not None else Found()
    return _originals(found) if from_original else found


def obstacle(goal: Goal, found: Found) -> str:
    """What the user has to do first, as a label for a button that is gray; "" if nothing."""
    if not found.subjects:
        if found.left:
            return f"There is nothing to paint: {', '.join(found.left)}"
        return {
            "NODE": "Select an Image Texture node with an image, in the active material",
            "EDITOR": "Open an image in an Image Editor",
            "OBJECTS": "Select objects whose Base Color comes from an image",
            "RENDER": "Render first",
        }[goal]
    reasons = (contents.obstacle(subject.image) for subject in found.subjects)
    return next(filter(None, reasons), "")


def in_objects(objects: Iterable[Any], *, from_original: bool = False) -> Found:
    """The images that give objects their base colors; see `find`."""
    materials: dict[int, Any] = {}
    left = []
    for target in objects:
        held = [slot.material for slot in getattr(target, "material_slots", ()) if slot.material is not None]
        materials |= {material.session_uid: material for material in held}
        if not held:
            left.append(f"{target.name} (no material)")
    spots: dict[int, list[Spot]] = {}
    for material in materials.values():
        reason = _collect(material, spots)
        left += [f"{material.name} ({reason})"] if reason else []
    found = Found(tuple(Subject(uid, tuple(spots_of)) for uid, spots_of in spots.items()), tuple(left))
    return _originals(found) if from_original else found


def original_of(image: Any) -> Any:
    """What a picture in a style shows; None where that has gone, and of an image that is in no style."""
    return render_result() if history.is_rendered(image) else images.content_of(image)


def showing(image: Any) -> tuple[Spot, ...]:
    """All nodes that show an image and can be changed."""
    spots = []
    for owner in (*bpy.data.materials, *bpy.data.node_groups):
        tree = _tree_of(owner)
        if tree is None or not owner.is_editable or tree.type != "SHADER":
            continue
        found = (node for node in tree.nodes if node.type == "TEX_IMAGE" and node.image == image)
        spots += [Spot(owner.session_uid, node.name) for node in found]
    return tuple(spots)


def render_result() -> Any:
    """The Render Result, or None before there is a name for it."""
    return next((image for image in bpy.data.images if image.type == "RENDER_RESULT"), None)


def editor_image(context: Any) -> Any:
    """The image of the Image Editor that the context is of, else of the first one that is open; or None."""
    space = context.space_data
    if space is not None and space.type == "IMAGE_EDITOR":
        return space.image
    return next(filter(None, reveal.shown_images()), None)


@contextmanager
def shown_by(spots: Iterable[tuple[Spot, Any]]) -> Iterator[list[Spot]]:
    """Let nodes show other images; where the block raises, they show again what they did.

    Yields:
        The spots that have gone.
    """
    before: list[tuple[Any, Any]] = []
    gone = []
    try:
        for spot, image in spots:
            node = spot.find()
            if node is None:
                gone.append(spot)
            else:
                before.append((node, node.image))
                node.image = image
        yield gone
    except BaseException:
        for node, image in reversed(before):
            node.image = image
        raise


def _originals(found: Found) -> Found:
    """The same places, with the originals of pictures that are in a style already, each once."""
    spots: dict[int, list[Spot]] = {}
    for subject in found.subjects:
        original = original_of(subject.image)
        uid = original.session_uid if original is not None else subject.image_uid
        spots.setdefault(uid, []).extend(subject.spots)
    return replace(found, subjects=tuple(Subject(uid, tuple(known)) for uid, known in spots.items()))


def _in_node(context: Any) -> Found:
    target = context.view_layer.objects.active
    material = target.active_material if target is not None else None
    node = nodes.active_image_node(material)
    if material is None or node is None or node.image is None:
        return Found()
    if not material.is_editable:
        return Found(left=(f"{material.name} (linked from a library; make it local)",))
    return Found((Subject(node.image.session_uid, (Spot(material.session_uid, node.name),)),))


def _collect(material: Any, spots: dict[int, list[Spot]]) -> str:
    """Note where a material gets its base color from; why nothing could be noted, "" where something was."""
    if not material.is_editable:
        return "linked from a library; make it local"
    was_noted, reason = False, "no image leads to its Base Color"
    for owner, node in _base_color_nodes(material):
        if not owner.is_editable:
            reason = f"the node group {owner.name} is linked from a library; make it local"
        elif found := contents.obstacle(node.image):
            reason = found
        else:
            spot = Spot(owner.session_uid, node.name)
            known = spots.setdefault(node.image.session_uid, [])
            known += [spot] if spot not in known else []
            was_noted = True
    return "" if was_noted else reason


def _tree_of(owner: Any) -> Any:
    """The nodes of a material, or of a group."""
    return owner if isinstance(owner, bpy.types.NodeTree) else owner.node_tree


def _base_color_nodes(material: Any) -> Iterator[tuple[Any, Any]]:
    """(material or group, node) of the Image Texture nodes behind the Base Color."""
    tree = material.node_tree
    shader = shaders.shown(tree.get_output_node("ALL")) if tree is not None else None
    if shader is None:
        return
    found = list(_behind(shader.sockets.get(shaders.BASE_COLOR), material))
    if not found and shader.groups:
        inner = shader.groups[0]
        shaders_inside = (node for node in inner.nodes if node.type == "BSDF_PRINCIPLED")
        for node in shaders_inside:
            found += _behind(node.inputs[shaders.BASE_COLOR], inner)
    yield from found


def _behind(socket: Any, owner: Any) -> Iterator[tuple[Any, Any]]:
    """Image Texture nodes whose color comes to a socket: what decides how much of it is left alone."""
    waiting, seen = [socket] if socket is not None else [], set()
    while waiting:
        for link in waiting.pop(0).links:
            node = link.from_node
            is_color = node.type == "TEX_IMAGE" and node.image is not None and link.from_socket.type == "RGBA"
            if is_color and (images.record_of(node.image) or {}).get("map") != "ao":  # which only shades the color
                yield owner, node
            if node.name in seen or node.type == "TEX_IMAGE":
                continue
            seen.add(node.name)
            if node.type == "GROUP" and node.node_tree is not None:
                yield from _behind(shaders.group_output(node.node_tree, link.from_socket), node.node_tree)
            waiting += [entry for entry in node.inputs if entry.type == "RGBA" or node.type == "REROUTE"]


def title_of(found: Found) -> str:
    """What is painted, for people: the image's name, or how many there are."""
    if len(found.subjects) != 1:
        return f"{len(found.subjects)} images"
    image = found.subjects[0].image
    return str(image.name) if image is not None else "an image"

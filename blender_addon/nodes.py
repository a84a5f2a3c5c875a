"""Images into materials, laid out as Node Wrangler does: textures left of the shader, one mapping for all."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import bpy

from .images import record_of

_COLUMN_X, _ROW_Y, _WIDTH = -550, 280, 240
_MAPPING_X, _COORDINATES_X, _REROUTE_X = -300, -500, -50
_DISPLACEMENT = 0.05  # scene units from the lowest to the highest


@dataclass(frozen=True)
class _Place:
    """Where a map goes.

    Attributes:
        socket: of the Principled BSDF, or "Displacement" of the material's output.
        between: type of the node between the texture and the socket, with its input and output, or None.
    """

    socket: str
    between: tuple[str, str, str] | None = None


# Labels and sockets as Node Wrangler has them.
_PLACES = {
    "albedo": _Place("Base Color"),
    "metallic": _Place("Metallic"),
    "roughness": _Place("Roughness"),
    "normal": _Place("Normal", ("ShaderNodeNormalMap", "Color", "Normal")),
    "opacity": _Place("Alpha"),
    "emission": _Place("Emission Color"),
    "height": _Place("Displacement", ("ShaderNodeDisplacement", "Height", "Displacement")),
}
_PASSED = ("NORMAL_MAP", "DISPLACEMENT", "REROUTE")  # nodes that may stand between a texture and a socket


def tree_of(material: bpy.types.Material) -> Any:
    """The material's node tree."""
    if material.node_tree is None:
        material.use_nodes = True  # before 5.0 a material may have no tree
    return material.node_tree


def wire(material: bpy.types.Material, images: dict[str, bpy.types.Image]) -> None:
    """Show maps on a material.

    A texture node of TexNet's that feeds the socket already gets the new image; else a node is added. What the user
    has wired otherwise keeps its nodes.

    Args:
        material: to change.
        images: map name -> image.
    """
    tree = tree_of(material)
    shader = principled(tree)
    nodes = [_wire_map(tree, shader, name, image) for name, image in images.items()]
    _map(tree, [node for node in nodes if not node.inputs["Vector"].is_linked])
    for other in tree.nodes:
        other.select = False
    nodes[0].select = True
    tree.nodes.active = nodes[0]


def set_mapping_scale(material: bpy.types.Material, scale: tuple[float, float, float]) -> None:
    """Set how often the texture repeats, on the mapping that TexNet's textures share."""
    for node in _texnet_nodes(tree_of(material)):
        mapping = _behind(node.inputs["Vector"], "MAPPING")
        if mapping is not None:
            mapping.inputs["Scale"].default_value = scale


def mapping_scales(material: bpy.types.Material) -> list[Any]:
    """The Scale sockets of the mappings in front of TexNet's textures, each once."""
    found: dict[str, Any] = {}
    for node in _texnet_nodes(tree_of(material)):
        mapping = _behind(node.inputs["Vector"], "MAPPING")
        if mapping is not None:
            found[mapping.name] = mapping.inputs["Scale"]
    return list(found.values())


def use_coordinates(material: bpy.types.Material, output: str) -> None:
    """Let the mappings of TexNet's textures start from "UV" or "Generated"."""
    tree = tree_of(material)
    for socket in mapping_scales(material):
        vector = socket.node.inputs["Vector"]
        coordinates = _behind(vector, "TEX_COORD")
        if coordinates is not None:
            tree.links.new(coordinates.outputs[output], vector)


def active_image_node(material: Any) -> Any:
    """The active Image Texture node of a material, or None."""
    tree = material.node_tree if material is not None else None
    node = tree.nodes.active if tree is not None else None
    return node if node is not None and node.type == "TEX_IMAGE" else None


def principled(tree: Any) -> Any:
    """The Principled BSDF that the active output shows; failing that any; failing that a new one."""
    output = tree.get_output_node("ALL")
    if output is not None and output.inputs["Surface"].is_linked:
        linked = output.inputs["Surface"].links[0].from_node
        if linked.type == "BSDF_PRINCIPLED":
            return linked
    for node in tree.nodes:
        if node.type == "BSDF_PRINCIPLED":
            return node
    shader = tree.nodes.new("ShaderNodeBsdfPrincipled")
    if output is None:
        output = tree.nodes.new("ShaderNodeOutputMaterial")
        output.location = (shader.location.x + 300, shader.location.y)
    if not output.inputs["Surface"].is_linked:
        tree.links.new(shader.outputs["BSDF"], output.inputs["Surface"])
    return shader


def _wire_map(tree: Any, shader: Any, name: str, image: bpy.types.Image) -> Any:
    place = _PLACES.get(name)
    socket = _socket(tree, shader, place) if place else None
    known = _behind(socket, "TEX_IMAGE") if socket is not None else None
    if known is not None and record_of(known.image) is not None:
        known.image = image
        return known
    node = _texture_node(tree, shader, place.socket if place else name.title(), image)
    if socket is not None and place is not None:
        if place.between is None:
            tree.links.new(node.outputs["Color"], socket)
        else:
            _wire_through(tree, node, socket, place.between)
    return node


def _texture_node(tree: Any, shader: Any, label: str, image: bpy.types.Image) -> Any:
    node = tree.nodes.new("ShaderNodeTexImage")
    x = shader.location.x + _COLUMN_X
    textures = [other for other in tree.nodes if other.type == "TEX_IMAGE" and other != node]
    taken = [_absolute(other)[1] for other in textures if abs(_absolute(other)[0] - x) < _WIDTH]
    node.image, node.label = image, label
    node.location = (x, min(taken) - _ROW_Y if taken else shader.location.y)
    return node


def _wire_through(tree: Any, texture: Any, socket: Any, between: tuple[str, str, str]) -> None:
    kind, entry, exit_ = between
    node = tree.nodes.new(kind)
    node.location = (texture.location.x + 300, texture.location.y)
    if kind == "ShaderNodeDisplacement":
        node.inputs["Scale"].default_value = _DISPLACEMENT  # its default differs between versions
    tree.links.new(texture.outputs["Color"], node.inputs[entry])
    tree.links.new(node.outputs[exit_], socket)


def _map(tree: Any, textures: list[Any]) -> None:
    """One Texture Coordinate -> Mapping -> Reroute in front of textures; the one of TexNet's that stands is used."""
    if not textures:
        return
    reroute = next(filter(None, (_reroute_of(node) for node in _texnet_nodes(tree))), None)
    if reroute is None:
        x, y = textures[0].location
        coordinates = tree.nodes.new("ShaderNodeTexCoord")
        mapping = tree.nodes.new("ShaderNodeMapping")
        reroute = tree.nodes.new("NodeReroute")
        coordinates.location = (x + _COORDINATES_X, y)
        mapping.location = (x + _MAPPING_X, y)
        reroute.location = (x + _REROUTE_X, y)
        tree.links.new(coordinates.outputs["UV"], mapping.inputs["Vector"])
        tree.links.new(mapping.outputs["Vector"], reroute.inputs[0])
        _frame(tree, "Mapping", [coordinates, mapping])
        _frame(tree, "Textures", [reroute, *textures])
    else:
        for node in textures:
            node.parent = reroute.parent
    for node in textures:
        tree.links.new(reroute.outputs[0], node.inputs["Vector"])


def _frame(tree: Any, label: str, members: list[Any]) -> None:
    frame = tree.nodes.new("NodeFrame")
    frame.label = label
    for node in members:
        node.parent = frame


def _texnet_nodes(tree: Any) -> Iterator[Any]:
    return (node for node in tree.nodes if node.type == "TEX_IMAGE" and record_of(node.image) is not None)


def _reroute_of(texture: Any) -> Any:
    links = texture.inputs["Vector"].links
    node = links[0].from_node if links else None
    return node if node is not None and node.type == "REROUTE" else None


def _socket(tree: Any, shader: Any, place: _Place) -> Any:
    if place.socket == "Displacement":
        output = tree.get_output_node("ALL")
        return output.inputs["Displacement"] if output is not None else None
    return shader.inputs.get(place.socket)


def _behind(socket: Any, kind: str) -> Any:
    """The node of a type that feeds a socket, past reroutes and the like, or None."""
    for _ in range(16):  # reroutes may be many, and a tree may hold a circle
        if socket is None or not socket.is_linked:
            return None
        node = socket.links[0].from_node
        if node.type == kind:
            return node
        if node.type == "MAPPING" or node.type in _PASSED:
            socket = next((entry for entry in node.inputs if entry.is_linked), None)
        else:
            return None
    return None


def _absolute(node: Any) -> tuple[float, float]:
    """Location in the tree, whatever frames the node is in."""
    x, y = node.location
    while node.parent is not None:
        node = node.parent
        x, y = x + node.location.x, y + node.location.y
    return x, y

"""Images into materials, laid out as Node Wrangler does: textures left of the shader, one mapping for all."""

import math
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any, Literal

import bpy

from . import shaders
from .following import DEPTH, LENGTHS, OCCLUSION
from .images import record_of
from .shaders import Shader, place_of, tree_of

_COLUMN_X, _ROW_Y, _WIDTH = -550, 280, 240
_MAPPING_X, _COORDINATES_X, _REROUTE_X = -300, -500, -50


@dataclass(frozen=True)
class _Place:
    """Where a map goes.

    Attributes:
        socket: of the Principled BSDF, or "Displacement" of the material's output.
        between: type of the node between the texture and the socket, with its input and output, or None.
    """

    socket: str
    between: tuple[str, str, str] | None = None
    label: str = ""  # of the texture, where it is not called as its socket


# Labels and sockets as Node Wrangler has them.
_PLACES = {
    "albedo": _Place("Base Color"),
    "metallic": _Place("Metallic"),
    "roughness": _Place("Roughness"),
    "normal": _Place("Normal", ("ShaderNodeNormalMap", "Color", "Normal")),
    "opacity": _Place("Alpha"),
    "emission": _Place("Emission Color"),
    "height": _Place("Displacement", ("ShaderNodeDisplacement", "Height", "Displacement")),
    "ao": _Place("Base Color", label="Ambient Occlusion"),  # which has a say there only where it is multiplied
}
# Nodes that may stand between a texture and a socket, and between coordinates and a texture: the way on.
_PASSED = {"NORMAL_MAP": "Color", "DISPLACEMENT": "Height", "MAPPING": "Vector"}
_BLEND = 0.25  # between the projections of two sides
CHECKED = "texnet_tile_check"  # custom property of a Mapping node under tile check: its scale before


def can_wire(material: Any) -> bool:
    """Whether there is a shader to wire textures to, or room for one."""
    return not shaders.obstacle(material)


def wire(material: bpy.types.Material, images: dict[str, bpy.types.Image], idle: Collection[str] = ()) -> None:
    """Show maps on a material, for which `can_wire` must hold.

    A texture node of TexNet's gets the new image of its map; else a node is added. Maps of an earlier texture that the
    new one lacks are unlinked. What the user has wired otherwise keeps its nodes.

    Args:
        material: to change.
        images: map name -> image.
        idle: maps that get their nodes and no say.
    """
    tree = tree_of(material)
    shader = shaders.ensured(tree)
    for name in shown_maps(tree, shader).keys() - (images.keys() - set(idle)):
        unlink(tree, shader, name)
    nodes = [_wire_map(tree, shader, name, image, shows=name not in idle) for name, image in images.items()]
    _map(tree, [node for node in nodes if not node.inputs["Vector"].is_linked])
    strength = shader.sockets.get("Emission Strength")
    if "emission" in images and strength is not None and strength.default_value == 0:
        strength.default_value = 1
    for other in tree.nodes:
        other.select = False
    nodes[0].select = True
    tree.nodes.active = nodes[0]


def set_mapping_scale(material: bpy.types.Material, scale: tuple[float, float, float]) -> None:
    """Set how often the texture repeats, on the mapping that TexNet's textures share; relief keeps its proportions."""
    for number, socket in enumerate(mapping_scales(material)):
        if number == 0:
            scale_relief(material, socket.default_value[0], scale[0])
        socket.default_value = scale
        socket.node.pop(CHECKED, None)


def scale_relief(material: bpy.types.Material, before: float, after: float) -> None:
    """Let relief keep its proportions where a texture repeats `after` times instead of `before` times."""
    if not before or not after:
        return
    for node in tree_of(material).nodes:
        for key in LENGTHS.keys() & node.keys():
            node.inputs[LENGTHS[key]].default_value *= abs(before / after)
            node[key] *= abs(before / after)


def mapping_scales(material: bpy.types.Material) -> list[Any]:
    """The Scale sockets of the mappings in front of TexNet's textures, each once."""
    found: dict[str, Any] = {}
    for node in _texnet_nodes(tree_of(material)):
        mapping = _behind(node.inputs["Vector"], "MAPPING")
        if mapping is not None:
            found[mapping.name] = mapping.inputs["Scale"]
    return list(found.values())


def has_tiles(material: bpy.types.Material) -> bool:
    """Whether TexNet's textures on it are UDIM tiles, which do not repeat."""
    return any(node.image.source == "TILED" for node in _texnet_nodes(tree_of(material)))


def use_coordinates(material: bpy.types.Material, output: Literal["UV", "Object"]) -> bool:
    """Let TexNet's textures be laid out by the UV map, or projected from all sides onto an object that has none.

    Returns:
        Whether that is new to any of their mappings, whose scale then has another meaning.
    """
    tree = tree_of(material)
    is_new = False
    for node in _texnet_nodes(tree):
        mapping = _behind(node.inputs["Vector"], "MAPPING")
        vector = mapping.inputs["Vector"] if mapping is not None else None
        coordinates = _behind(vector, "TEX_COORD")
        source = _source(vector) if coordinates is not None else ""
        if source not in ("UV", "Generated", "Object"):
            continue  # the user's own
        if source != output:
            tree.links.new(coordinates.outputs[output], vector)
            is_new = True
        if output == "UV" and node.projection == "BOX":
            node.projection = "FLAT"
        elif output == "Object" and node.projection == "FLAT":
            node.projection, node.projection_blend = "BOX", node.projection_blend or _BLEND
    return is_new


def active_image_node(material: Any) -> Any:
    """The active Image Texture node of a material, or None."""
    tree = material.node_tree if material is not None else None
    node = tree.nodes.active if tree is not None else None
    return node if node is not None and node.type == "TEX_IMAGE" else None


def map_of(node: Any) -> str:
    """Which map an Image Texture node shows: by its image's record, or by the socket that it feeds; "" if unknown."""
    record = record_of(node.image)
    if record is not None:
        return str(record["map"])
    for name, place in _PLACES.items():
        for link in node.outputs["Color"].links:
            between = place.between
            if link.to_socket.name == place.socket or (between and link.to_node.bl_idname == between[0]):
                return name
    return ""


def unlink(tree: Any, shader: Shader, name: str) -> None:
    """Take a map's say away, unless nodes of others are on its way."""
    socket = _socket(tree, shader, _PLACES[name])
    if _behind(socket, "TEX_IMAGE") is not None:
        tree.links.remove(socket.links[0])


def link(tree: Any, shader: Shader, name: str) -> bool:
    """Give a map its say whose texture is in the tree; whether there was one, and room for it."""
    node, place = texture_of(tree, name), _PLACES[name]
    socket = _socket(tree, shader, place)
    if node is None or socket is None or socket.is_linked:
        return False
    _connect(tree, node, socket, place, shows=True)
    return True


def shown_maps(tree: Any, shader: Shader) -> dict[str, Any]:
    """The maps of TexNet's that reach their sockets, whatever else is on the way: name -> texture node."""
    found = {name: texture_behind(_socket(tree, shader, place), name) for name, place in _PLACES.items()}
    return {name: node for name, node in found.items() if node is not None}


def _wire_map(tree: Any, shader: Shader, name: str, image: bpy.types.Image, *, shows: bool) -> Any:
    place = _PLACES.get(name)
    socket = _socket(tree, shader, place) if place else None
    known = texture_behind(socket, name)
    if known is not None:
        for other in [other for other in _texnet_nodes(tree) if other.image == known.image]:
            other.image = image
        return known
    label = (place.label or place.socket) if place else name.title()
    node = _idle_node(tree, name) or _texture_node(tree, shader, label)
    node.image = image
    if socket is not None and place is not None:
        _connect(tree, node, socket, place, shows=shows)
    return node


def _connect(tree: Any, texture: Any, socket: Any, place: _Place, *, shows: bool) -> None:
    """Lead a texture to its socket; where it has no say, to the last node before that."""
    source = texture.outputs["Color"]
    if place.between is not None and socket.type != "RGBA":  # a group's socket may take the color of a normal map
        source = _between(tree, texture, *place.between)
    if shows:
        tree.links.new(source, socket)


def texture_behind(socket: Any, name: str) -> Any:
    """The nearest texture of TexNet's with that map that has a say in a socket, or None."""
    return getattr(link_behind(socket, name), "from_node", None)


def link_behind(socket: Any, name: str) -> Any:
    """The link by which that texture has its say, or None."""
    if socket is None:
        return None
    behind, waiting, seen = _links_into(socket.id_data), [socket], set()
    while waiting:
        for link in behind.get(waiting.pop(0).as_pointer(), ()):
            node = link.from_node
            if node.type == "TEX_IMAGE" and _shows_map(node, name):
                return link
            if node.name not in seen:
                seen.add(node.name)
                waiting += node.inputs
    return None


def _links_into(tree: Any) -> dict[int, list[Any]]:
    """The links of a tree by the sockets that they lead to: each socket's own `links` looks at all of the tree."""
    found: dict[int, list[Any]] = {}
    for link in tree.links:
        found.setdefault(link.to_socket.as_pointer(), []).append(link)
    return found


def texture_of(tree: Any, name: str) -> Any:
    """A texture node of TexNet's with that map, one without a say first, or None."""
    return _idle_node(tree, name) or next((node for node in _texnet_nodes(tree) if _shows_map(node, name)), None)


def _idle_node(tree: Any, name: str) -> Any:
    """A texture node of TexNet's with that map which nothing uses, or None."""
    idle = (node for node in _texnet_nodes(tree) if not any(_leads_on(link) for link in node.outputs["Color"].links))
    return next((node for node in idle if _shows_map(node, name)), None)


def _shows_map(node: Any, name: str) -> bool:
    return (record_of(node.image) or {}).get("map") == name


def _leads_on(link: Any) -> bool:
    """Whether a link ends anywhere but in a node of TexNet's before a socket that nothing uses."""
    node = link.to_node
    is_between = node.type in _PASSED or OCCLUSION in node
    return not is_between or any(output.is_linked for output in node.outputs)


def _texture_node(tree: Any, shader: Shader, label: str) -> Any:
    node = tree.nodes.new("ShaderNodeTexImage")
    x, y = place_of(shader.node)
    x += _COLUMN_X
    textures = [other for other in tree.nodes if other.type == "TEX_IMAGE" and other != node]
    taken = [place_of(other)[1] for other in textures if abs(place_of(other)[0] - x) < _WIDTH]
    node.label = label
    node.location = (x, min(taken) - _ROW_Y if taken else y)
    return node


def _between(tree: Any, texture: Any, kind: str, entry: str, exit_: str) -> Any:
    """The output of the node that stands between a texture and its socket; a new one where there is none."""
    node = next((link.to_node for link in texture.outputs["Color"].links if link.to_node.bl_idname == kind), None)
    if node is None:
        node = tree.nodes.new(kind)
        x, y = place_of(texture)
        node.location = (x + 300, y)
        if kind == "ShaderNodeDisplacement":
            node.space, node[DEPTH] = "WORLD", math.nan  # no scale was given yet
        tree.links.new(texture.outputs["Color"], node.inputs[entry])
    return node.outputs[exit_]


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


def frame_called(tree: Any, label: str) -> Any:
    """The frame with a label; a new one where there is none."""
    known = next((node for node in tree.nodes if node.type == "FRAME" and node.label == label), None)
    frame = known or tree.nodes.new("NodeFrame")
    frame.label = label
    return frame


def _frame(tree: Any, label: str, members: list[Any]) -> None:
    frame = tree.nodes.new("NodeFrame")
    frame.label = label
    for node in members:
        node.parent = frame


def _source(vector: Any) -> str:
    """Which output of a Texture Coordinate node feeds a socket, past reroutes."""
    output = vector.links[0].from_socket
    while output.node.type == "REROUTE" and output.node.inputs[0].is_linked:
        output = output.node.inputs[0].links[0].from_socket
    return str(output.name)


def _texnet_nodes(tree: Any) -> Iterator[Any]:
    return (node for node in tree.nodes if node.type == "TEX_IMAGE" and record_of(node.image) is not None)


def _reroute_of(texture: Any) -> Any:
    sources = (link.from_node for link in texture.inputs["Vector"].links)
    return next((node for node in sources if node.type == "REROUTE"), None)


def _socket(tree: Any, shader: Shader, place: _Place) -> Any:
    if place.socket == "Displacement":
        output = tree.get_output_node("ALL")
        return output.inputs["Displacement"] if output is not None else None
    return shader.sockets.get(place.socket)


def _behind(socket: Any, kind: str) -> Any:
    """The node of a type that feeds a socket, past reroutes and the like, or None."""
    for _ in range(16):  # reroutes may be many, and a tree may hold a circle
        if socket is None or not socket.is_linked:
            return None
        node = socket.links[0].from_node
        if node.type == kind:
            return node
        if node.type == "REROUTE":
            socket = node.inputs[0]
        elif node.type in _PASSED:
            socket = node.inputs[_PASSED[node.type]]
        else:
            return None
    return None

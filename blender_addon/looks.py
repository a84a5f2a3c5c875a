"""Relief, roughness and metal of a material whose generator makes colors alone: plain nodes that derive them.

A value that nobody has touched follows the generator; one that the artist has changed stays. So each node remembers,
in custom properties, what it was given.
"""

import math
from collections.abc import Collection, Mapping
from types import MappingProxyType
from typing import Any

import bpy

from texnet_core.model.look import Look
from texnet_core.model.look_maps import RELIEF

from . import nodes, occlusion, relief, shaders
from .following import DISTANCE, follow, is_changed
from .images import record_of

_X, _ROUGHNESS_Y, _BUMP_Y = 300, -90, -360  # of the nodes against the texture
_BUMP, _METALLIC = "texnet_bump", "texnet_metallic"
_ROUGHNESS = "texnet_to_min"
# Of the Map Range node: socket, custom property, and field of `Look`.
_ENDS = (("To Min", _ROUGHNESS, "roughness_dark"), ("To Max", "texnet_to_max", "roughness_bright"))
_NOTHING: Mapping[str, float] = MappingProxyType({})
_PLAIN = {"Roughness": 0.5, "Metallic": 0.0}  # of a Principled BSDF that nobody has touched


def wire(
    material: bpy.types.Material,
    images: dict[str, bpy.types.Image],
    look: Look,
    told: Mapping[str, float],
    makes: Collection[str] = (),
) -> None:
    """Show maps on a material, as `nodes.wire` does, and derive from the color what their generator does not make.

    What the material has of this stays, also where it is nothing: only a material that is new to TexNet, or that has
    just lost a map, gets nodes. A map takes the place of what was derived.

    Args:
        material: to change; `nodes.can_wire` must hold.
        images: map name -> image.
        look: of the generator.
        told: what the user asks for, whatever anybody has changed: see `request.told_look`.
        makes: maps that the generator makes; those that were left out are not derived.
    """
    tree = shaders.tree_of(material)
    shader = shaders.ensured(tree)
    before = nodes.shown_maps(tree, shader)
    if not images.keys() >= {"albedo", "ao"}:
        occlusion.bypass(tree)
    nodes.wire(material, images, (*relief.idle(material, before, images), *occlusion.IDLE))
    lost = before.keys() - images.keys()
    has_color, made = "albedo" in images, images.keys() | set(makes)

    def wanted(*names: str) -> bool:
        return has_color and not made & set(names) and (not before or bool(lost & set(names)))

    if made & {"normal", "height"}:
        _unlink(tree, _node_with(tree, _BUMP))
    if wanted("normal", "height"):
        _derive(tree, shader, "Normal", _BUMP, ("ShaderNodeBump", "Height", _BUMP_Y))
    if wanted("roughness"):
        _derive(tree, shader, "Roughness", _ROUGHNESS, ("ShaderNodeMapRange", "Value", _ROUGHNESS_Y))
    metal = _metallic_of(shader)
    is_ours = _METALLIC in shader.node or (wanted("metallic") and _is_plain(shader, "Metallic"))
    if metal is not None and is_ours:
        follow(shader.node, metal, _METALLIC, look.metallic, told.get("metallic"))
    _give(tree, look, told)
    for name, give in ((relief.TRUE, relief.set_true), (occlusion.MULTIPLY, occlusion.set_multiplied)):
        if name in told:
            give(material, bool(told[name]))


def _give(tree: Any, look: Look, told: Mapping[str, float]) -> None:
    """Let the derived nodes have the values of a look."""
    bump, roughness = _node_with(tree, _BUMP), _node_with(tree, _ROUGHNESS)
    if bump is not None:
        _follow_bump(bump, look.bump, told.get("bump"))
    if roughness is not None:
        follow(roughness, roughness.inputs["From Min"], "texnet_from_min", look.dark, None)
        follow(roughness, roughness.inputs["From Max"], "texnet_from_max", look.dark + look.spread, None)
        for socket, key, name in _ENDS:
            follow(roughness, roughness.inputs[socket], key, getattr(look, name), told.get(name))


def fit_relief(
    material: bpy.types.Material, extent: float, look: Look, share: float = 0.0, told: Mapping[str, float] = _NOTHING
) -> None:
    """Give relief its height where the exemplar's side spans so many scene units of the surface.

    Args:
        material: to change.
        extent: those scene units.
        look: of the generator.
        share: of them, from height 0 to 1 of the height map; 0 where nobody knows it.
        told: what the user asks for.
    """
    relief.fit(material, extent * (share or RELIEF), told.get(relief.FACTOR))
    node = _node_with(shaders.tree_of(material), _BUMP)
    if node is not None and extent > 0:
        follow(node, node.inputs["Distance"], DISTANCE, RELIEF * extent / look.spread, None)


def changes(material: Any, source: str) -> dict[str, float]:
    """What the artist has changed of the look of a material that shows a source, as `wire` takes it; else {}."""
    tree = material.node_tree if material is not None else None
    if tree is None or not _shows(tree, source):
        return {}
    bump, roughness = _node_with(tree, _BUMP), _node_with(tree, _ROUGHNESS)
    found = relief.changes(material) | occlusion.changes(material)
    if bump is not None and is_changed(_signed(bump), bump[_BUMP]):
        found["bump"] = _signed(bump)
    for socket, key, name in _ENDS if roughness is not None else ():
        value = roughness.inputs[socket].default_value
        if is_changed(value, roughness[key]):
            found[name] = min(1.0, max(0.0, value))
    shader = shaders.shown(tree.get_output_node("ALL"))
    metal = _metallic_of(shader) if shader is not None and _METALLIC in shader.node else None
    if shader is not None and metal is not None and is_changed(metal.default_value, shader.node[_METALLIC]):
        found["metallic"] = metal.default_value
    return found


def bump_of(material: Any) -> float | None:
    """Strength of the derived relief, below 0 where dark is high; None where the material derives none."""
    node = _linked_with(material, _BUMP)
    return _signed(node) if node is not None else None


def set_bump(material: Any, value: float) -> None:
    node = _linked_with(material, _BUMP)
    if node is not None:
        node.inputs["Strength"].default_value, node.invert = abs(value), value < 0


def roughness_of(material: Any) -> float | None:
    """Mean of the derived range; None where the material derives none."""
    node = _linked_with(material, _ROUGHNESS)
    return (node.inputs["To Min"].default_value + node.inputs["To Max"].default_value) / 2 if node is not None else None


def set_roughness(material: Any, value: float) -> None:
    """Move the derived range; its width stays."""
    node = _linked_with(material, _ROUGHNESS)
    if node is not None:
        low, high = node.inputs["To Min"], node.inputs["To Max"]
        half = (high.default_value - low.default_value) / 2
        low.default_value, high.default_value = value - half, value + half


def metallic_of(material: Any) -> float | None:
    """The number that makes a material of TexNet's a metal; None where something else decides it."""
    socket = _own_metallic(material)
    return float(socket.default_value) if socket is not None else None


def set_metallic(material: Any, value: float) -> None:
    socket = _own_metallic(material)
    if socket is not None:
        socket.default_value = value


def _own_metallic(material: Any) -> Any:
    tree = material.node_tree if material is not None else None
    shader = shaders.shown(tree.get_output_node("ALL")) if tree is not None else None
    return _metallic_of(shader) if shader is not None and _METALLIC in shader.node else None


def _metallic_of(shader: shaders.Shader) -> Any:
    socket = shader.sockets.get("Metallic")
    return socket if socket is not None and not socket.is_linked else None


def _shows(tree: Any, source: str) -> bool:
    records = (record_of(node.image) for node in tree.nodes if node.type == "TEX_IMAGE")
    return any(record is not None and record["source"] == source for record in records)


def _node_with(tree: Any, key: str) -> Any:
    return next((node for node in tree.nodes if key in node), None)


def _linked_with(material: Any, key: str) -> Any:
    tree = material.node_tree if material is not None else None
    node = _node_with(tree, key) if tree is not None else None
    return node if node is not None and any(output.is_linked for output in node.outputs) else None


def _derive(tree: Any, shader: shaders.Shader, name: str, key: str, made: tuple[str, str, float]) -> None:
    """Put a node between the color map and a socket of the shader, unless somebody has the socket in use.

    Args:
        tree: the material's.
        shader: in it.
        name: of the socket.
        key: of the custom property that marks the node; one that is there is used again.
        made: type of the node, its input, and its height against the texture.
    """
    socket = shader.sockets.get(name)
    texture = nodes.texture_behind(shader.sockets.get(shaders.BASE_COLOR), "albedo")
    if socket is None or texture is None or socket.is_linked or socket.type == "RGBA" or not _is_plain(shader, name):
        return
    kind, entry, y = made
    node = _node_with(tree, key)
    if node is None:
        node = tree.nodes.new(kind)
        node[key] = math.nan  # nothing was given yet
        node.label = "Bump" if kind == "ShaderNodeBump" else name
        left, top = shaders.place_of(texture)
        node.parent = nodes.frame_called(tree, "Look")
        x, up = shaders.place_of(node.parent)
        node.location = (left + _X - x, top + y - up)
    tree.links.new(texture.outputs["Color"], node.inputs[entry])
    tree.links.new(node.outputs[0], socket)


def _is_plain(shader: shaders.Shader, name: str) -> bool:
    """Whether nobody has set a number of the shader."""
    socket = shader.sockets.get(name)
    if socket is None or socket.type != "VALUE":
        return socket is not None
    if not shader.groups:
        return not is_changed(socket.default_value, _PLAIN[name])
    items = shader.groups[-1].interface.items_tree
    known = (item.default_value for item in items if getattr(item, "identifier", "") == socket.identifier)
    return not is_changed(socket.default_value, next(known))


def _unlink(tree: Any, node: Any) -> None:
    for link in [link for output in node.outputs for link in output.links] if node is not None else ():
        tree.links.remove(link)


def _follow_bump(node: Any, value: float, told: float | None) -> None:
    """The same for what Blender keeps as a strength and a side."""
    if told is not None or not is_changed(_signed(node), node[_BUMP]):
        wanted = value if told is None else told
        node.inputs["Strength"].default_value, node.invert = abs(wanted), wanted < 0
    node[_BUMP] = value


def _signed(node: Any) -> float:
    strength = float(node.inputs["Strength"].default_value)
    return -strength if node.invert else strength

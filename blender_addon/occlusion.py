"""Ambient occlusion, which is part of a set and has no say: renderers shade corners themselves.

Only where somebody asks for it, a Mix node multiplies it into the color.
"""

from typing import Any

from . import nodes, shaders
from .current_set import shader_of, texture_of
from .following import OCCLUSION

MULTIPLY = "multiply_ao"  # as scripts and panel call it
IDLE = ("ao",)  # maps that wait
_X, _Y = 300, 60  # of the node against the texture


def multiplied_of(material: Any) -> bool | None:
    """Whether it is multiplied; None where the material has no such map of TexNet's, or no color for it."""
    if texture_of(material, "ao") is None:  # first, for it costs little
        return None
    base = _base_of(material)
    if nodes.link_behind(base, "albedo") is None:
        return None
    return nodes.texture_behind(base, "ao") is not None


def set_multiplied(material: Any, value: bool) -> None:
    """Multiply it into the color, or leave the color as it is."""
    now = multiplied_of(material)
    if now is None or now == value:
        return
    tree = material.node_tree
    if not value:
        bypass(tree)
        return
    color = nodes.link_behind(_base_of(material), "albedo")
    source, target = color.from_socket, color.to_socket
    mix = _mix_of(tree) or _new_mix(tree, color.from_node)
    tree.links.new(source, _input(mix, "A_Color"))
    tree.links.new(texture_of(material, "ao").outputs["Color"], _input(mix, "B_Color"))
    tree.links.new(_result(mix), target)


def bypass(tree: Any) -> None:
    """Let the color go past the node that multiplies, which stays for another time."""
    mix = _mix_of(tree)
    if mix is None or not _input(mix, "A_Color").is_linked:
        return
    color = _input(mix, "A_Color").links[0].from_socket
    for target in [link.to_socket for link in _result(mix).links]:
        tree.links.new(color, target)


def changes(material: Any) -> dict[str, float]:
    """What somebody has changed of it, as scripts call it."""
    return {MULTIPLY: True} if multiplied_of(material) else {}


def _base_of(material: Any) -> Any:
    """The socket of the base color, or None."""
    shader = shader_of(material)
    return shader.sockets.get(shaders.BASE_COLOR) if shader is not None else None


def _mix_of(tree: Any) -> Any:
    return next((node for node in tree.nodes if OCCLUSION in node), None)


def _new_mix(tree: Any, texture: Any) -> Any:
    node = tree.nodes.new("ShaderNodeMix")
    node.data_type, node.blend_type, node.label = "RGBA", "MULTIPLY", "Ambient Occlusion"
    node[OCCLUSION] = True
    _input(node, "Factor_Float").default_value = 1.0
    left, top = shaders.place_of(texture)
    node.location = (left + _X, top + _Y)
    return node


def _input(node: Any, identifier: str) -> Any:
    return next(socket for socket in node.inputs if socket.identifier == identifier)


def _result(node: Any) -> Any:
    return next(socket for socket in node.outputs if socket.identifier == "Result_Color")

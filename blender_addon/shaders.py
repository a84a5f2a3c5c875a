"""The Principled BSDF that a material shows, be it inside node groups, and the sockets by which it is reached."""

from dataclasses import dataclass, field
from typing import Any

import bpy

BASE_COLOR = "Base Color"

# What a socket of a group may hold to stand for one of the Principled BSDF's.
_KINDS = {BASE_COLOR: ("RGBA",), "Emission Color": ("RGBA",), "Normal": ("VECTOR", "RGBA")}
_NUMBER = ("VALUE",)


@dataclass(frozen=True)
class Shader:
    """A Principled BSDF as a tree reaches it.

    Attributes:
        node: in that tree: the Principled BSDF itself, or a group that holds it.
        sockets: name of an input of the Principled BSDF -> the input of the node that stands for it.
        groups: the trees around the Principled BSDF, the innermost first; none where the node is itself.
    """

    node: Any
    sockets: dict[str, Any]
    groups: list[Any] = field(default_factory=list)


def tree_of(material: bpy.types.Material) -> Any:
    """The material's node tree, in use."""
    if bpy.app.version < (5, 0, 0) and not material.use_nodes:
        material.use_nodes = True  # later, every material has a tree and shows it
    return material.node_tree


def shown(output: Any) -> Shader | None:
    """The Principled BSDF nearest to the Surface of an output, past reroutes, mixes and into groups, or None."""
    return _behind(output.inputs["Surface"]) if output is not None else None


def ensured(tree: Any) -> Shader:
    """The Principled BSDF that the active output shows; a new one, shown by an output, where there is none."""
    output = tree.get_output_node("ALL")
    if found := shown(output):
        return found
    node = next((node for node in tree.nodes if node.type == "BSDF_PRINCIPLED"), None)
    node = node or tree.nodes.new("ShaderNodeBsdfPrincipled")
    if output is None:
        output = tree.nodes.new("ShaderNodeOutputMaterial")
        x, y = place_of(node)
        output.location = (x + 300, y)
    if not output.inputs["Surface"].is_linked:
        tree.links.new(node.outputs["BSDF"], output.inputs["Surface"])
    return _alone(node)


def obstacle(material: Any) -> str:
    """What the user has to do first so that textures can be wired to a material; "" if nothing."""
    tree = material.node_tree if material is not None else None
    output = tree.get_output_node("ALL") if tree is not None else None
    if output is None or not output.inputs["Surface"].is_linked:
        return ""  # there is room for a shader
    found = shown(output)
    if found is None:
        return "Connect a Principled BSDF to the output of the material"
    if BASE_COLOR not in found.sockets:
        return f"Give the node group {found.node.node_tree.name} a color input that leads to Base Color inside"
    return ""


def place_of(node: Any) -> tuple[float, float]:
    """Location in the tree, whatever frames the node is in."""
    x, y = node.location
    while node.parent is not None:
        node = node.parent
        x, y = x + node.location.x, y + node.location.y
    return x, y


def group_output(tree: Any, socket: Any) -> Any:
    """What feeds a socket of a group from inside, in the tree of the group; or None."""
    output = next((node for node in tree.nodes if node.type == "GROUP_OUTPUT" and node.is_active_output), None)
    return _by_identifier(output.inputs, socket.identifier) if output is not None else None


def _alone(node: Any) -> Shader:
    return Shader(node, {socket.name: socket for socket in node.inputs})


def _behind(socket: Any) -> Shader | None:
    sockets, seen = [socket], set()
    while sockets:
        for link in sockets.pop(0).links:
            node = link.from_node
            if node.type == "BSDF_PRINCIPLED":
                return _alone(node)
            inside = _inside(node, link.from_socket) if node.type == "GROUP" and node.node_tree is not None else None
            if inside is not None:
                return inside
            if node.name not in seen:
                seen.add(node.name)
                sockets += [
                    entry for entry in node.inputs if entry.type in ("SHADER", "CUSTOM") or node.type == "REROUTE"
                ]
    return None


def _inside(group: Any, socket: Any) -> Shader | None:
    """The Principled BSDF that comes out of a group's socket, reached by the group's own inputs."""
    entry = group_output(group.node_tree, socket)
    inner = _behind(entry) if entry is not None else None
    if inner is None:
        return None
    sockets = {name: _leading(group, name, entry) for name, entry in inner.sockets.items()}
    found = {name: entry for name, entry in sockets.items() if entry is not None}
    return Shader(group, found, [*inner.groups, group.node_tree])


def _leading(group: Any, name: str, inner: Any) -> Any:
    """The input of a group that decides an input of a node in it, or None.

    A color may be changed on its way; any other value comes as it is, or by a socket of the same name.
    """
    ways = [
        (entry, is_direct)
        for identifier, is_direct in _entries(inner)
        if (entry := _by_identifier(group.inputs, identifier)) is not None and entry.type in _KINDS.get(name, _NUMBER)
    ]
    named = [entry for entry, _ in ways if entry.name.casefold() == name.casefold()]
    fitting = [entry for entry, is_direct in ways if is_direct or name == BASE_COLOR]
    if name == BASE_COLOR and not ways:
        named = [entry for entry in group.inputs if entry.name == name and entry.type in _KINDS[name]]
    return next(iter([*named, *fitting]), None)


def _entries(socket: Any) -> list[tuple[str, bool]]:
    """Which inputs of its group feed a socket, the nearest first, and whether they do so as they are."""
    found, seen, waiting = [], set(), [(socket, True)]
    while waiting:
        current, is_direct = waiting.pop(0)
        for link in current.links:
            node = link.from_node
            if node.type == "GROUP_INPUT":
                found.append((link.from_socket.identifier, is_direct))
            elif node.name not in seen:
                seen.add(node.name)
                waiting += [(entry, is_direct and node.type == "REROUTE") for entry in node.inputs]
    return found


def _by_identifier(sockets: Any, identifier: str) -> Any:
    return next((socket for socket in sockets if socket.identifier == identifier), None)

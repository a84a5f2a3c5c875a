"""All or nothing: where something fails half-way, the file is left as it was."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import bpy

from . import faces, images

# Kinds of datablocks that a texture may bring, in the order in which they can go.
_KINDS = ("materials", "node_groups", "images", "meshes")
_SIMPLE = ("BOOLEAN", "INT", "FLOAT", "STRING", "ENUM")


@contextmanager
def all_or_nothing(*changed: Any) -> Iterator[None]:
    """Where the block raises, take away every datablock that it made and put back what it changed.

    Args:
        changed: objects whose slots and faces, and materials whose nodes the block may change; None stands for none.
            What hangs on a node beyond its values, sockets and links, such as a color ramp, is not put back.
    """
    before = {kind: {block.session_uid for block in getattr(bpy.data, kind)} for kind in _KINDS}
    blocks = {block.session_uid: block for block in changed if block is not None}
    states = [_state_of(block) for block in blocks.values()]
    try:
        yield
    except BaseException:
        for state in reversed(states):
            state.restore()
        for kind, known in before.items():
            _remove_new(kind, known)
        raise


def _state_of(block: Any) -> "_Slots | _Material":
    return _Material(block) if isinstance(block, bpy.types.Material) else _Slots(block)


def _remove_new(kind: str, known: set[int]) -> None:
    blocks = getattr(bpy.data, kind)
    for block in [block for block in blocks if block.session_uid not in known]:
        if kind == "images":
            images.remove(block)
        else:
            blocks.remove(block)


class _Slots:
    """The material slots of an object, and which of them its faces use."""

    def __init__(self, target: Any) -> None:
        self._target = target
        self._shared = list(getattr(target.data, "materials", ()))
        self._own = [(slot.link, slot.material) for slot in target.material_slots]
        self._active = target.active_material_index
        self._faces = faces.slots_of(target)

    def restore(self) -> None:
        target = self._target
        shared: Any = getattr(target.data, "materials", [])
        if len(shared) and not self._shared:
            shared.clear()  # where the last one is popped, objects keep their slots
        while len(shared) > len(self._shared):
            shared.pop(index=len(shared) - 1)
        for number, material in enumerate(self._shared):
            if shared[number] != material:
                shared[number] = material
        for slot, (link, material) in zip(target.material_slots, self._own, strict=True):
            if slot.link != link:
                slot.link = link
            if slot.material != material:
                slot.material = material
        if target.active_material_index != self._active:
            target.active_material_index = self._active
        faces.set_slots(target, self._faces)


class _Material:
    """A material with its nodes, their values and their links."""

    def __init__(self, material: Any) -> None:
        self._material, self._values, self._custom = material, _values(material), _custom(material)
        tree = material.node_tree
        self._nodes = {node.name: _Node(node) for node in tree.nodes} if tree is not None else None
        self._active = tree.nodes.active.name if tree is not None and tree.nodes.active is not None else ""
        self._links = {_ends(link): link.is_muted for link in tree.links} if tree is not None else {}

    def restore(self) -> None:
        if self._nodes is not None:
            self._restore_tree(self._material.node_tree)
        _set_values(self._material, self._values)
        for name, value in self._custom.items():
            if self._material.get(name) != value:
                self._material[name] = value

    def _restore_tree(self, tree: Any) -> None:
        assert self._nodes is not None
        for node in [node for node in tree.nodes if node.name not in self._nodes]:
            tree.nodes.remove(node)
        for name, state in self._nodes.items():
            state.restore(tree.nodes[name])
        for link in [link for link in tree.links if _ends(link) not in self._links]:
            tree.links.remove(link)
        there = set(map(_ends, tree.links))
        for ends, is_muted in self._links.items():
            if ends not in there:
                source, output, target, entry = ends
                link = tree.links.new(
                    _socket(tree.nodes[source].outputs, output), _socket(tree.nodes[target].inputs, entry)
                )
                link.is_muted = is_muted
        tree.nodes.active = tree.nodes.get(self._active)


class _Node:
    def __init__(self, node: Any) -> None:
        self._parent, self._values = node.parent, _values(node)
        self._custom = {name: node[name] for name in node.keys()}  # noqa: SIM118, a node is no mapping
        self._sockets = [_default(socket) for socket in (*node.inputs, *node.outputs)]

    def restore(self, node: Any) -> None:
        if node.parent != self._parent:
            node.parent = self._parent
        _set_values(node, self._values)
        for name in [name for name in node.keys() if name not in self._custom]:  # noqa: SIM118
            del node[name]
        for name, value in self._custom.items():
            node[name] = value
        for socket, value in zip((*node.inputs, *node.outputs), self._sockets, strict=True):
            if _default(socket) != value:
                socket.default_value = value


def _values(owner: Any) -> dict[str, Any]:
    """The properties that can be set, by name; also what it points to, as far as these are datablocks."""
    found = {}
    for known in owner.bl_rna.properties:
        is_block = known.type == "POINTER" and isinstance(known.fixed_type, bpy.types.ID)
        if not known.is_readonly and (known.type in _SIMPLE or is_block):
            found[known.identifier] = _plain(getattr(owner, known.identifier))
    return found


def _custom(owner: Any) -> dict[str, Any]:
    """The custom properties that are plain values; what is in groups is others'."""
    found = {name: owner[name] for name in owner.keys()}  # noqa: SIM118, a datablock is no mapping
    return {name: value for name, value in found.items() if isinstance(value, int | float | str)}


def _set_values(owner: Any, values: dict[str, Any]) -> None:
    for name, value in values.items():
        if _plain(getattr(owner, name)) != value:
            setattr(owner, name, value)


def _plain(value: Any) -> Any:
    """A copy of what Blender may hold in an array of its own."""
    return tuple(value) if hasattr(value, "__len__") and not isinstance(value, str | set) else value


def _default(socket: Any) -> Any:
    return _plain(getattr(socket, "default_value", None))


def _ends(link: Any) -> tuple[str, str, str, str]:
    return link.from_node.name, link.from_socket.identifier, link.to_node.name, link.to_socket.identifier


def _socket(sockets: Any, identifier: str) -> Any:
    return next(socket for socket in sockets if socket.identifier == identifier)

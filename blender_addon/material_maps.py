"""The maps of a material, as its nodes say: which image is behind which socket, in which channel."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from . import shaders
from .images import record_of

# Sockets of the Principled BSDF whose values are maps; those of relief are looked for by themselves.
_SOCKETS = {
    "albedo": shaders.BASE_COLOR,
    "roughness": "Roughness",
    "metallic": "Metallic",
    "opacity": "Alpha",
    "emission": "Emission Color",
}
_COLORS = ("albedo", "emission")
_MOST_NODES = 64  # that are looked through before a socket
# Which inputs lead on to a kind of map; all of a node that is not here.
_WAYS = {
    "NORMAL_MAP": {"normal": "Color", "height": ""},
    "BUMP": {"normal": "Normal", "height": "Height"},
    "DISPLACEMENT": {"height": "Height"},
}
_OCCLUSION = "Ambient Occlusion"  # label of the texture that Node Wrangler leaves without a link


@dataclass(frozen=True)
class MapImage:
    """Where a map is.

    Attributes:
        image: the image.
        channel: "R", "G", "B" or "A" of it; "" where it is all of it.
        inverted: it is one minus what the image has.
        directx: green of the normals points down.
    """

    image: Any
    channel: str = ""
    inverted: bool = False
    directx: bool = False


def maps_of(material: Any) -> dict[str, MapImage]:
    """Map name -> where it is, of a material with a Principled BSDF that shows images; {} of others.

    What is derived from the color, as bump of it is, is no map.
    """
    tree = material.node_tree if material is not None else None
    output: Any = tree.get_output_node("ALL") if tree is not None else None
    shader = shaders.shown(output)
    if shader is None:
        return {}
    ways = [(name, shader.sockets.get(socket)) for name, socket in _SOCKETS.items()]
    ways += [("normal", shader.sockets.get("Normal")), ("height", output.inputs["Displacement"])]
    ways += [("height", shader.sockets.get("Normal"))]
    found: dict[str, MapImage] = {}
    for name, socket in ways:
        color = found.get("albedo")
        reached = (each for each in _behind(socket, name) if not _is_derived(name, each, color))
        first = next(reached, None)
        if first is not None:
            found.setdefault(name, first)
    return found | {name: each for name, each in _idle(tree).items() if name not in found}


def _is_derived(name: str, reached: MapImage, color: MapImage | None) -> bool:
    """Whether what is reached is the color that something else follows from, or occlusion that darkens it."""
    if name in _COLORS:
        return _own_name(reached.image) == "ao"
    return color is not None and reached.image == color.image and reached.channel != "A"


def _idle(tree: Any) -> dict[str, MapImage]:
    """Maps without a say that are there all the same: TexNet's own, and occlusion as Node Wrangler leaves it."""
    found: dict[str, MapImage] = {}
    for node in tree.nodes:
        if node.type == "TEX_IMAGE" and node.image is not None:
            name = _own_name(node.image) or ("ao" if node.label == _OCCLUSION else "")
            if name in (*_SOCKETS, "normal", "height", "ao"):
                found.setdefault(name, MapImage(node.image))
    return found


def _own_name(image: Any) -> str:
    """Which map of a texture of TexNet's an image is; "" of others."""
    return str((record_of(image) or {}).get("map", ""))


def _behind(socket: Any, name: str) -> Iterator[MapImage]:
    """The images behind a socket, the nearest first."""
    waiting, seen = [(socket, MapImage(None))] if socket is not None else [], 0
    while waiting and seen < _MOST_NODES:
        entry, so_far = waiting.pop(0)
        for link in entry.links:
            seen += 1
            node, reached = link.from_node, _through(link, so_far)
            if node.type == "TEX_IMAGE":
                if node.image is not None:
                    channel = "A" if link.from_socket.name == "Alpha" else reached.channel
                    yield MapImage(node.image, channel, reached.inverted, reached.directx)
            else:
                waiting += [(further, reached) for further in _entries(node, name)]


def _through(link: Any, so_far: MapImage) -> MapImage:
    """What is known of the way, one node further."""
    node = link.from_node
    channel, inverted, directx = so_far.channel, so_far.inverted, so_far.directx
    if node.type in ("SEPARATE_COLOR", "SEPRGB") and getattr(node, "mode", "RGB") == "RGB":
        channel = channel or link.from_socket.name[0]
    elif node.type == "INVERT":
        inverted = not inverted
    elif node.type == "NORMAL_MAP":
        directx = getattr(node, "convention", "OPENGL") == "DIRECTX"  # since 5.2
    return MapImage(None, channel, inverted, directx)


def _entries(node: Any, name: str) -> list[Any]:
    """The inputs of a node that lead on to a map."""
    way = _WAYS.get(node.type, {}).get(name)
    if way is not None:
        return [socket for socket in node.inputs if socket.name == way]
    return [] if node.type in ("TEX_COORD", "MAPPING") else list(node.inputs)

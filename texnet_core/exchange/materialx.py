"""A material as a MaterialX document: an Autodesk Standard Surface, with a displacement where there is a height.

Sources: MaterialX 1.38 specification and its supplement of standard nodes; Autodesk Standard Surface 1.0.1.
"""

import re
from xml.etree import ElementTree

from texnet_core.exchange.saved import Place, SavedMaterial

_GRAPH = "maps"


def materialx_text(material: SavedMaterial) -> str:
    """The document, XML. It names no color space but for colors; data are taken as they are.

    Standard Surface has no occlusion, so that map is not wired.
    """
    root = ElementTree.Element("materialx", version="1.38", colorspace="lin_rec709")
    graph = ElementTree.SubElement(root, "nodegraph", name=_GRAPH)
    outputs = _Graph(graph, material).outputs()
    name = _identifier(material.name)
    shader = ElementTree.SubElement(root, "standard_surface", name=f"{name}_surface", type="surfaceshader")
    _value(shader, "base", "float", "1")
    constants = {"specular_roughness": material.roughness, "metalness": material.metallic}
    for socket, value in constants.items():
        if socket not in outputs:
            _value(shader, socket, "float", f"{value:.4g}")
    if "emission_color" in outputs:
        _value(shader, "emission", "float", "1")
    for socket, kind in outputs.items():
        if socket != "height":
            _connection(shader, socket, kind)
    whole = ElementTree.Element("surfacematerial", name=name, type="material")
    _node_input(whole, "surfaceshader", "surfaceshader", f"{name}_surface")
    if "height" in outputs and material.displacement:
        _displacement(root, material, name)
        _node_input(whole, "displacementshader", "displacementshader", f"{name}_displacement")
    root.append(whole)
    if len(graph) == 0:
        root.remove(graph)
    ElementTree.indent(root)
    return '<?xml version="1.0"?>\n' + ElementTree.tostring(root, encoding="unicode") + "\n"


class _Graph:
    """The nodes that read the maps."""

    def __init__(self, graph: ElementTree.Element, material: SavedMaterial) -> None:
        self._graph, self._material = graph, material

    def outputs(self) -> dict[str, str]:
        """Add what reads each map; returns sockets of the shader, and the height, with their types."""
        found: dict[str, tuple[str, str]] = {}  # socket -> (type, node)
        maps = self._material.maps
        if "albedo" in maps:
            found["base_color"] = "color3", self._color("albedo")
        if "roughness" in maps:
            found["specular_roughness"] = "float", self._number("roughness")
        if "metallic" in maps:
            found["metalness"] = "float", self._number("metallic")
        if "normal" in maps:
            found["normal"] = "vector3", self._normal()
        if "opacity" in maps:
            found["opacity"] = "color3", self._node("convert", "opacity_color", "color3", float=self._number("opacity"))
        if "emission" in maps:
            found["emission_color"] = "color3", self._color("emission")
        if "height" in maps:
            found["height"] = "float", self._around_middle(self._number("height"))
        for socket, (kind, node) in found.items():
            ElementTree.SubElement(self._graph, "output", name=f"{socket}_out", type=kind, nodename=node)
        return {socket: kind for socket, (kind, _) in found.items()}

    def _node(self, category: str, name: str, kind: str, **inputs: str) -> str:
        """A node whose one connected input has that type and node."""
        node = ElementTree.SubElement(self._graph, category, name=name, type=kind)
        for type_, source in inputs.items():
            ElementTree.SubElement(node, "input", name="in", type=type_, nodename=source)
        return name

    def _image(self, name: str, kind: str, place: Place, space: str = "") -> str:
        node = ElementTree.SubElement(self._graph, "image", name=name, type=kind)
        _value(node, "file", "filename", place.file)
        if space:
            node[0].set("colorspace", space)
        return name

    def _color(self, name: str) -> str:
        """A color, which files but EXR have in sRGB; a fourth channel is left out."""
        place = self._material.maps[name]
        space = "" if place.file.lower().endswith(".exr") else "srgb_texture"
        if place.channels == 3:
            return self._image(f"{name}_map", "color3", place, space)
        if place.channels == 1:
            return self._node("convert", name, "color3", float=self._image(f"{name}_map", "float", place, space))
        return self._node("convert", name, "color3", color4=self._image(f"{name}_map", "color4", place, space))

    def _number(self, name: str) -> str:
        place = self._material.maps[name]
        if place.channel is None:
            return self._image(f"{name}_map", "float", place)
        packed = "orm_map"
        if self._graph.find(f"image[@name='{packed}']") is None:
            self._image(packed, "vector3", place)
        node = self._node("extract", name, "float", vector3=packed)
        _value(self._graph[-1], "index", "integer", str(place.channel))
        return node

    def _normal(self) -> str:
        source = self._image("normal_map", "vector3", self._material.maps["normal"])
        if self._material.is_directx:
            source = self._node("multiply", "normal_mirrored", "vector3", vector3=source)
            _value(self._graph[-1], "in2", "vector3", "1, -1, 1")
            source = self._node("add", "normal_flipped", "vector3", vector3=source)
            _value(self._graph[-1], "in2", "vector3", "0, 1, 0")
            for node in list(self._graph)[-2:]:
                node[0].set("name", "in1")
        return self._node("normalmap", "normal", "vector3", vector3=source)

    def _around_middle(self, height: str) -> str:
        name = self._node("subtract", "height", "float", float=height)
        self._graph[-1][0].set("name", "in1")
        _value(self._graph[-1], "in2", "float", "0.5")
        return name


def _displacement(root: ElementTree.Element, material: SavedMaterial, name: str) -> None:
    node = ElementTree.SubElement(root, "displacement", name=f"{name}_displacement", type="displacementshader")
    ElementTree.SubElement(node, "input", name="displacement", type="float", nodegraph=_GRAPH, output="height_out")
    _value(node, "scale", "float", f"{material.displacement:.6g}")
    if material.width:
        node[-1].set("unit", "meter")
        node[-1].set("unittype", "distance")


def _value(node: ElementTree.Element, name: str, kind: str, value: str) -> None:
    ElementTree.SubElement(node, "input", name=name, type=kind, value=value)


def _connection(node: ElementTree.Element, socket: str, kind: str) -> None:
    ElementTree.SubElement(node, "input", name=socket, type=kind, nodegraph=_GRAPH, output=f"{socket}_out")


def _node_input(node: ElementTree.Element, name: str, kind: str, source: str) -> None:
    ElementTree.SubElement(node, "input", name=name, type=kind, nodename=source)


def _identifier(text: str) -> str:
    """A name as MaterialX has it: letters, digits and underscores, no digit first."""
    plain = re.sub(r"[^A-Za-z0-9_]+", "_", text).strip("_") or "material"
    return f"m_{plain}" if plain[0].isdigit() else plain

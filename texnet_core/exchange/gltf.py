"""A material as glTF: a plane that shows it, so that any viewer opens it, and importers find the material.

Source: Khronos, glTF 2.0 specification (ISO/IEC 12113).
"""

import base64
import json
from typing import Any
from urllib.parse import quote

import numpy as np

from texnet_core.errors import RequestError
from texnet_core.exchange.saved import Place, SavedMaterial

_REPEAT, _LINEAR, _MIPMAPS = 10497, 9729, 9987
_FLOAT, _SHORT = 5126, 5123
_VERTICES, _INDICES = 34962, 34963
_SHAPES = {1: "SCALAR", 2: "VEC2", 3: "VEC3", 4: "VEC4"}
_SHOWN = ("albedo", "normal", "roughness", "metallic", "ao", "emission")
_KINDS = (".png", ".jpg", ".jpeg")


def gltf_text(material: SavedMaterial) -> str:
    """The document, JSON.

    Occlusion, roughness and metallic are red, green and blue of one file; a file of roughness alone serves where
    nothing is metallic. Opacity is the fourth channel of the base color. The height is left out.

    Raises:
        RequestError: pictures of another kind than PNG and JPEG, a normal map whose green points down, metallic in a
            file of its own, or opacity beside a base color in JPEG, which has no fourth channel.
    """
    _check(material)
    images = list(dict.fromkeys(place.file for name, place in material.maps.items() if name in _SHOWN))
    document = {
        "asset": {"version": "2.0", "generator": "TexNet"},
        "scene": 0,
        "scenes": [{"nodes": [0]}],
        "nodes": [{"mesh": 0, "name": material.name}],
        **_plane(material),
        "materials": [_material(material, images)],
        "textures": [{"sampler": 0, "source": number} for number in range(len(images))],
        "images": [{"uri": quote(file, safe="/")} for file in images],
        "samplers": [{"magFilter": _LINEAR, "minFilter": _MIPMAPS, "wrapS": _REPEAT, "wrapT": _REPEAT}],
    }
    if not images:
        for unused in ("textures", "images", "samplers"):
            del document[unused]
    return json.dumps(document, indent=2) + "\n"


def _check(material: SavedMaterial) -> None:
    for name, place in material.maps.items():
        if name in _SHOWN and not place.file.lower().endswith(_KINDS):
            found = f"glTF cannot show {place.file}"
            raise RequestError(found, expected=_KINDS, remedy="write .png or .jpg files")
    if material.is_directx and "normal" in material.maps:
        raise RequestError(
            "glTF has normal maps whose green points up", expected="--normal gl", remedy="leave --normal dx out"
        )
    metallic = material.maps.get("metallic")
    if metallic is not None and metallic.channel != 2:
        raise RequestError(
            "glTF has metallic in blue of one file with the roughness", expected="--pack orm", remedy="add --pack orm"
        )
    if {"albedo", "opacity"} <= material.maps.keys() and not _has_alpha(material.maps["albedo"]):
        raise RequestError(
            f"glTF has opacity in the base color's fourth channel, which {material.maps['albedo'].file} lacks",
            expected=".png files",
            remedy="write .png files, or leave opacity out of --maps",
        )


def _material(material: SavedMaterial, images: list[str]) -> dict[str, Any]:
    maps = material.maps

    def texture(name: str) -> dict[str, int]:
        return {"index": images.index(maps[name].file)}

    # then blue of the file says what is metallic, be there a map of it or not
    is_packed = any(name in maps and maps[name].channel is not None for name in ("roughness", "metallic"))
    surface: dict[str, Any] = {
        "metallicFactor": 1.0 if is_packed else round(material.metallic, 4),
        "roughnessFactor": 1.0 if "roughness" in maps else round(material.roughness, 4),
    }
    if "albedo" in maps:
        surface["baseColorTexture"] = texture("albedo")
    packed = next((name for name in ("roughness", "metallic") if name in maps), None)
    if packed is not None:
        surface["metallicRoughnessTexture"] = texture(packed)
    result: dict[str, Any] = {"name": material.name, "pbrMetallicRoughness": surface, "doubleSided": True}
    if "normal" in maps:
        result["normalTexture"] = texture("normal")
    if "ao" in maps:
        result["occlusionTexture"] = texture("ao")
    if "emission" in maps:
        result |= {"emissiveTexture": texture("emission"), "emissiveFactor": [1.0, 1.0, 1.0]}
    if _has_alpha(maps.get("albedo")):
        result |= {"alphaMode": "BLEND"}
    return result


def _has_alpha(place: Place | None) -> bool:
    return place is not None and place.channels in (2, 4)


def _plane(material: SavedMaterial) -> dict[str, Any]:
    """A plane as large as what the pictures show, a meter wide where that is not known, facing the viewer."""
    x = (material.width or 1.0) / 2
    y = x * material.aspect
    corners = np.array([(-x, -y, 0), (x, -y, 0), (x, y, 0), (-x, y, 0)], "<f4")
    vertices = {
        "POSITION": corners,
        "NORMAL": np.array([(0, 0, 1)] * 4, "<f4"),
        "TEXCOORD_0": np.array([(0, 1), (1, 1), (1, 0), (0, 0)], "<f4"),  # from the upper left corner of the pictures
    }
    if "normal" in material.maps:
        vertices["TANGENT"] = np.array([(1, 0, 0, 1)] * 4, "<f4")
    parts = [*vertices.values(), np.array([[0], [1], [2], [0], [2], [3]], "<u2")]
    starts = np.cumsum([0, *(part.nbytes for part in parts)]).tolist()
    accessors: list[dict[str, Any]] = [
        {"bufferView": number, "componentType": _FLOAT, "count": len(part), "type": _SHAPES[part.shape[1]]}
        for number, part in enumerate(parts)
    ]
    accessors[0] |= {"min": corners.min(0).tolist(), "max": corners.max(0).tolist()}
    accessors[-1]["componentType"] = _SHORT
    data = base64.b64encode(b"".join(part.tobytes() for part in parts)).decode()
    shape = {"attributes": {name: number for number, name in enumerate(vertices)}, "indices": len(vertices)}
    return {
        "meshes": [{"name": material.name, "primitives": [shape | {"material": 0}]}],
        "accessors": accessors,
        "bufferViews": [
            {
                "buffer": 0,
                "byteOffset": start,
                "byteLength": part.nbytes,
                "target": _VERTICES if number < len(vertices) else _INDICES,
            }
            for number, (start, part) in enumerate(zip(starts[:-1], parts, strict=True))
        ],
        "buffers": [{"byteLength": starts[-1], "uri": f"data:application/octet-stream;base64,{data}"}],
    }

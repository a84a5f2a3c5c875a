"""The maps of the set that a material shows: nodes of earlier sets may still be in its tree, without a say."""

from typing import Any

from . import nodes, shaders
from .images import record_of


def active_material(context: Any) -> Any:
    """That of the active object, or None."""
    layer = context.view_layer
    target = layer.objects.active if layer is not None else None
    return target.active_material if target is not None else None


def shader_of(material: Any) -> shaders.Shader | None:
    """The Principled BSDF that a material shows, or None."""
    tree = material.node_tree if material is not None else None
    return shaders.shown(tree.get_output_node("ALL")) if tree is not None else None


def texture_of(material: Any, name: str) -> Any:
    """The texture node with a map of the set that a material shows, be it without a say; None where there is none."""
    shader = shader_of(material)
    found = nodes.texture_of(material.node_tree, name) if shader is not None else None
    if shader is None or found is None:
        return None
    shown = nodes.shown_maps(material.node_tree, shader).values()  # of which a picture in a style is a set of its own
    return found if _set_of(found) in map(_set_of, shown) else None


def _set_of(texture: Any) -> str:
    return str((record_of(texture.image) or {}).get("set", ""))

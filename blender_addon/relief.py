"""How relief shows that a generator makes: by its normal map, or by its height map as bump or true displacement.

A normal map has the relief of the height already. EEVEE adds both up, and Cycles does so in most versions where the
surface itself is moved. So one of them has a say, and the other's nodes wait: the normal map, unless the material's
displacement method moves the surface. Then height is true displacement, and bump where the mesh is too coarse for it.
"""

from collections.abc import Collection, Mapping
from typing import Any

import bpy

from . import nodes
from .current_set import shader_of, texture_of
from .following import DEPTH, is_changed

TRUE, FACTOR = "true_displacement", "relief"  # as scripts and panel call them
_BUMP, _TRUE = "BUMP", "BOTH"  # displacement methods of a material
_BOTH = {"normal", "height"}


def idle(material: bpy.types.Material, shown: Collection[str], images: Mapping[str, Any]) -> tuple[str, ...]:
    """Which of a texture's maps is to have no say; none where somebody has wired both.

    Args:
        material: that is to show them.
        shown: maps that it shows so far.
        images: map name -> image.
    """
    if not images.keys() >= _BOTH or set(shown) >= _BOTH:
        return ()
    return ("normal",) if _is_moved(material) else ("height",)


def true_of(material: Any) -> bool | None:
    """Whether the height moves the surface itself; None where the material has no height map of TexNet's."""
    shader = shader_of(material)
    if shader is None or texture_of(material, "height") is None:
        return None
    return _is_moved(material) and "height" in nodes.shown_maps(material.node_tree, shader)


def set_true(material: Any, value: bool) -> None:
    """Let the height map move the surface; or the normal map show the relief, and without one the height as bump."""
    shader = shader_of(material)
    if shader is None or true_of(material) is None:
        return
    material.displacement_method = _TRUE if value else _BUMP
    tree = material.node_tree
    first, second = ("height", "normal") if value else ("normal", "height")
    if texture_of(material, first) is None:
        return
    shown = nodes.shown_maps(tree, shader)
    if (first in shown or nodes.link(tree, shader, first)) and second in shown:
        nodes.unlink(tree, shader, second)


def fit(material: Any, depth: float, told: float | None) -> None:
    """Give height its scene units from 0 to 1, as many times as somebody has made it higher.

    Args:
        material: to change.
        depth: those of the generator.
        told: how many times as much relief the user asks for; None for what it is.
    """
    node = _displacement_of(material)
    if node is not None:
        given, scale = node[DEPTH], node.inputs["Scale"]
        scale.default_value = depth * (scale.default_value / given if given > 0 else 1.0)
        node[DEPTH] = depth
    if told is not None:
        set_factor(material, told)


def factor_of(material: Any) -> float | None:
    """How high the relief is against the generator's; None where the material shows no such maps."""
    normal, displacement = _normal_of(material), _displacement_of(material)
    if normal is not None and (displacement is None or not true_of(material)):
        return float(normal.inputs["Strength"].default_value)
    given = displacement[DEPTH] if displacement is not None else 0.0
    return float(displacement.inputs["Scale"].default_value / given) if given > 0 else None


def set_factor(material: Any, value: float) -> None:
    """Make the relief so many times as high, by whichever map it shows."""
    normal, displacement = _normal_of(material), _displacement_of(material)
    if normal is not None:
        normal.inputs["Strength"].default_value = value
    if displacement is not None and displacement[DEPTH] > 0:
        displacement.inputs["Scale"].default_value = value * displacement[DEPTH]


def changes(material: Any) -> dict[str, float]:
    """What somebody has changed of it, as scripts call it."""
    found: dict[str, float] = {TRUE: True} if true_of(material) else {}
    factor = factor_of(material)
    return found | ({FACTOR: factor} if factor is not None and is_changed(factor, 1.0) else {})


def _is_moved(material: Any) -> bool:
    return bool(material.displacement_method != _BUMP)


def _normal_of(material: Any) -> Any:
    """The Normal Map node behind TexNet's normal map, or None."""
    return _node_behind(material, "normal", "NORMAL_MAP")


def _displacement_of(material: Any) -> Any:
    """The Displacement node behind TexNet's height map that was given its scale, or None."""
    node = _node_behind(material, "height", "DISPLACEMENT")
    return node if node is not None and DEPTH in node else None


def _node_behind(material: Any, name: str, kind: str) -> Any:
    texture = texture_of(material, name)
    links = texture.outputs["Color"].links if texture is not None else ()
    return next((link.to_node for link in links if link.to_node.type == kind), None)

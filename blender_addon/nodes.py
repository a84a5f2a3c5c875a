"""Images into materials, laid out as Node Wrangler does: textures left of the shader."""

from typing import Any

import bpy

_COLUMN_X, _ROW_Y, _WIDTH = -550, 280, 240


def material_of(target: bpy.types.Object) -> bpy.types.Material:
    """The object's active material; a new one where there is none."""
    if target.active_material is None:
        target.active_material = bpy.data.materials.new("TexNet")
    material = target.active_material
    if material.node_tree is None:
        material.use_nodes = True  # before 5.0 a material may have no tree
    return material


def wire_base_color(material: bpy.types.Material, image: bpy.types.Image) -> None:
    """Add an Image Texture node for `image` and link it to the shader's Base Color."""
    tree: Any = material.node_tree
    shader = _principled(tree)
    place = _free_place(tree, shader)
    node = tree.nodes.new("ShaderNodeTexImage")
    node.image = image
    node.label = "Base Color"
    node.location = place
    tree.links.new(node.outputs["Color"], shader.inputs["Base Color"])
    for other in tree.nodes:
        other.select = False
    node.select = True
    tree.nodes.active = node


def _principled(tree: Any) -> Any:
    """The Principled BSDF that the active output shows; failing that any; failing that a new one."""
    output = tree.get_output_node("ALL")
    if output is not None and output.inputs["Surface"].is_linked:
        linked = output.inputs["Surface"].links[0].from_node
        if linked.type == "BSDF_PRINCIPLED":
            return linked
    for node in tree.nodes:
        if node.type == "BSDF_PRINCIPLED":
            return node
    shader = tree.nodes.new("ShaderNodeBsdfPrincipled")
    if output is None:
        output = tree.nodes.new("ShaderNodeOutputMaterial")
        output.location = (shader.location.x + 300, shader.location.y)
    tree.links.new(shader.outputs["BSDF"], output.inputs["Surface"])
    return shader


def _free_place(tree: Any, shader: Any) -> tuple[float, float]:
    """Left of the shader, below the texture nodes that stand there."""
    x = shader.location.x + _COLUMN_X
    taken = [node.location.y for node in tree.nodes if node.type == "TEX_IMAGE" and abs(node.location.x - x) < _WIDTH]
    return x, min(taken) - _ROW_Y if taken else shader.location.y

"""Images into materials, laid out as Node Wrangler does: textures left of the shader."""

from typing import Any

import bpy

_TEXTURE_OFFSET = (-550, 280)


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
    node = tree.nodes.new("ShaderNodeTexImage")
    node.image = image
    node.label = "Base Color"
    node.location = (shader.location.x + _TEXTURE_OFFSET[0], shader.location.y - _lowest_free(tree, shader))
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


def _lowest_free(tree: Any, shader: Any) -> float:
    """How far below the shader's top the next texture node has room."""
    column = shader.location.x + _TEXTURE_OFFSET[0]
    taken = [node.location.y for node in tree.nodes if node.type == "TEX_IMAGE" and abs(node.location.x - column) < 240]
    return shader.location.y - min(taken) + _TEXTURE_OFFSET[1] if taken else 0.0

"""The panel "TexNet" in the sidebars of the Shader Editor and the Image Editor, and under Material properties."""

from typing import Any

import bpy

from .operators import TEXNET_OT_generate


class _TexnetPanel:
    bl_label = "TexNet"

    def draw(self, context: Any) -> None:
        layout: Any = self.layout  # type: ignore[attr-defined]
        settings = context.scene.texnet
        layout.use_property_split = True
        layout.use_property_decorate = False
        layout.row().prop(settings, "origin", expand=True)
        layout.prop(settings, "preset" if settings.origin == "PRESET" else "file")
        size = layout.column(align=True)
        size.prop(settings, "width")
        size.prop(settings, "height")
        layout.prop(settings, "seed")
        layout.operator_context = "INVOKE_DEFAULT"
        button = layout.operator(TEXNET_OT_generate.bl_idname, text="Generate", icon="TEXTURE")
        button.source = settings.source
        button.width, button.height, button.seed = settings.width, settings.height, settings.seed


class TEXNET_PT_shader_editor(_TexnetPanel, bpy.types.Panel):  # noqa: N801
    bl_space_type = "NODE_EDITOR"
    bl_region_type = "UI"
    bl_category = "TexNet"

    @classmethod
    def poll(cls, context: Any) -> bool:
        return bool(context.space_data.tree_type == "ShaderNodeTree")


class TEXNET_PT_image_editor(_TexnetPanel, bpy.types.Panel):  # noqa: N801
    bl_space_type = "IMAGE_EDITOR"
    bl_region_type = "UI"
    bl_category = "TexNet"


class TEXNET_PT_material(_TexnetPanel, bpy.types.Panel):  # noqa: N801
    bl_space_type = "PROPERTIES"
    bl_region_type = "WINDOW"
    bl_context = "material"
    bl_options = {"DEFAULT_CLOSED"}  # noqa: RUF012


_CLASSES = (TEXNET_PT_shader_editor, TEXNET_PT_image_editor, TEXNET_PT_material)


def register() -> None:
    for panel in _CLASSES:
        bpy.utils.register_class(panel)


def unregister() -> None:
    for panel in reversed(_CLASSES):
        bpy.utils.unregister_class(panel)

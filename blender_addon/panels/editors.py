"""The panel "TexNet" in the sidebars of the editors where textures are wanted, and under Material properties."""

from typing import Any

import bpy

from ..registration import registration
from .assets import draw_assets, draw_shown
from .history import TEXNET_UL_history, draw_history
from .instant import draw_instant
from .look import draw_look
from .maps import draw_maps
from .stylize import draw_stylize
from .tasks import draw_messages, draw_tasks
from .texture import draw_generate, draw_seeds, draw_source, draw_texture
from .training import draw_training


class _TexnetPanel:
    bl_label = "TexNet"

    def draw(self, context: Any) -> None:
        layout: Any = self.layout  # type: ignore[attr-defined]
        layout.use_property_split = True
        layout.use_property_decorate = False
        settings = context.scene.texnet
        draw_messages(layout, context)
        draw_source(layout, settings, context)
        draw_maps(layout, settings, context)
        draw_texture(layout, settings, context)
        draw_generate(layout, settings, context)
        draw_shown(layout, context)
        draw_look(layout, context)
        draw_tasks(layout)
        draw_seeds(layout, settings)
        draw_stylize(layout, settings, context)
        draw_history(layout, settings, context)
        draw_assets(layout, context)
        draw_instant(layout, settings, context)
        draw_training(layout, settings, context)


class TEXNET_PT_shader_editor(_TexnetPanel, bpy.types.Panel):
    bl_space_type = "NODE_EDITOR"
    bl_region_type = "UI"
    bl_category = "TexNet"

    @classmethod
    def poll(cls, context: Any) -> bool:
        return bool(context.space_data.tree_type == "ShaderNodeTree")


class TEXNET_PT_image_editor(_TexnetPanel, bpy.types.Panel):
    bl_space_type = "IMAGE_EDITOR"
    bl_region_type = "UI"
    bl_category = "TexNet"


class TEXNET_PT_view3d(_TexnetPanel, bpy.types.Panel):
    bl_space_type = "VIEW_3D"
    bl_region_type = "UI"
    bl_category = "TexNet"


class TEXNET_PT_material(_TexnetPanel, bpy.types.Panel):
    bl_space_type = "PROPERTIES"
    bl_region_type = "WINDOW"
    bl_context = "material"


register, unregister = registration(
    TEXNET_UL_history, TEXNET_PT_shader_editor, TEXNET_PT_image_editor, TEXNET_PT_view3d, TEXNET_PT_material
)

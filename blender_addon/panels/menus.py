"""Entries in Blender's own menus, where F3 finds them too, and the dialog that they open."""

from typing import Any

import bpy

from ..operators.base import CANCELLED, Reporting, Status
from ..registration import registration
from .texture import draw_destination, draw_source, draw_texture

_MENUS = ("NODE_MT_add", "IMAGE_MT_image", "VIEW3D_MT_object")
_WIDTH = 320


class TEXNET_OT_seamless_texture(Reporting, bpy.types.Operator):
    """Choose a surface and generate a seamless texture of it, with the settings of the TexNet panel"""

    bl_idname = "texnet.seamless_texture"
    bl_label = "Seamless Texture"

    def invoke(self, context: Any, event: Any) -> Status:
        if bpy.app.background:
            return self.execute(context)
        dialog: Status = context.window_manager.invoke_props_dialog(self, width=_WIDTH, confirm_text="Generate")
        return dialog

    def draw(self, context: Any) -> None:
        """The panel's own fields: what is chosen here is chosen there."""
        layout: Any = self.layout
        layout.use_property_split = True
        layout.use_property_decorate = False
        settings = context.scene.texnet
        draw_source(layout, settings, context)
        draw_texture(layout, settings, context)
        draw_destination(layout, settings)

    def run(self, context: Any) -> Status:
        texnet: Any = bpy.ops.texnet  # type: ignore[attr-defined]
        mode = "EXEC_DEFAULT" if bpy.app.background or context.window is None else "INVOKE_DEFAULT"
        try:
            status: Status = texnet.generate(mode, **context.scene.texnet.options())
        except RuntimeError as error:  # it has told already
            self.report({"ERROR"}, str(error).strip().removeprefix("Error: "))
            return CANCELLED
        return status


def _draw_entry(menu: Any, context: Any) -> None:
    space = context.space_data
    if space is not None and space.type == "NODE_EDITOR" and space.tree_type != "ShaderNodeTree":
        return
    menu.layout.separator()
    menu.layout.operator_context = "INVOKE_DEFAULT"
    menu.layout.operator(TEXNET_OT_seamless_texture.bl_idname, text="Seamless Texture (TexNet)...", icon="TEXTURE")


_register, _unregister = registration(TEXNET_OT_seamless_texture)


def register() -> None:
    _register()
    for menu in _menus():
        menu.append(_draw_entry)


def unregister() -> None:
    for menu in _menus():
        menu.remove(_draw_entry)
    _unregister()


def _menus() -> list[Any]:
    return [menu for name in _MENUS if (menu := getattr(bpy.types, name, None)) is not None]

"""The section "History"."""

from typing import Any

import bpy

from .. import history


def draw_history(layout: Any, settings: Any, context: Any) -> None:
    header, body = layout.panel("TEXNET_history", default_closed=True)
    header.label(text="History")
    if body is None:
        return
    body.template_list("TEXNET_UL_history", "", bpy.data, "images", settings, "history_index", rows=3)
    image = history.chosen(context.scene)
    if history.is_painted(image):
        _draw_painted(body, image)
    elif history.request_of(image) is not None:
        _draw_texture(body, image)
    if image is not None:
        body.operator("texnet.remove_unused", icon="BRUSH_DATA")


def _draw_painted(body: Any, image: Any) -> None:
    column = body.column(align=True)
    column.operator("texnet.regenerate", icon="FILE_REFRESH").image = image.name
    row = column.row(align=True)
    row.operator("texnet.copy_settings", icon="COPYDOWN").image = image.name
    row.operator("texnet.remove_texture", icon="TRASH").image = image.name


def _draw_texture(body: Any, image: Any) -> None:
    column = body.column(align=True)
    row = column.row(align=True)
    row.operator("texnet.regenerate", icon="FILE_REFRESH").image = image.name
    larger = row.operator("texnet.regenerate", text="2x Resolution", icon="FULLSCREEN_ENTER")
    larger.image, larger.factor = image.name, 2
    row = column.row(align=True)
    row.operator("texnet.copy_settings", icon="COPYDOWN").image = image.name
    row.operator("texnet.use_texture", text="Apply", icon="NODE_MATERIAL").image = image.name
    row = column.row(align=True)
    row.operator("texnet.texture_to_material", icon="MATERIAL").image = image.name
    row.operator("texnet.remove_texture", icon="TRASH").image = image.name


class TEXNET_UL_history(bpy.types.UIList):
    """TexNet's textures and pictures among all images."""

    def draw_item(
        self, context: Any, layout: Any, data: Any, item: Any, icon: Any, active_data: Any, *unused: Any
    ) -> None:
        picture = item.preview.icon_id if item.preview is not None else 0
        layout.label(text=history.title_of(item), icon_value=picture or icon)

    def filter_items(self, context: Any, data: Any, name: str) -> Any:
        """Show one image for each texture, the newest on top."""
        wanted = self.filter_name.lower()
        shown = [history.is_entry(image) and wanted in history.title_of(image).lower() for image in getattr(data, name)]
        flags = [self.bitflag_filter_item if show else 0 for show in shown]
        return flags, history.newest_first(getattr(data, name))

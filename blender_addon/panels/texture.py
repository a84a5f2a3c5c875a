"""Which generator, which texture, and where it goes."""

from typing import Any

from .. import creation, library, preview
from ..operators.generate import set_options
from ..operators.tools import is_checked
from .wrapping import wrapped


def draw_source(layout: Any, settings: Any, context: Any) -> None:
    request = settings.request(None)
    preview.want(request)
    split = layout.split(factor=0.38)
    split.template_icon_view(settings, "source", show_labels=True, scale=3.6, scale_popup=5.0)
    column = split.column(align=True)
    column.prop(settings, "source", text="")
    row = column.row(align=True)
    row.operator("texnet.search_source", text="", icon="VIEWZOOM")
    row.operator("texnet.import_generator", text="", icon="IMPORT")
    row.operator("texnet.reveal_library", text="", icon="FILE_FOLDER")
    row.operator("texnet.remove_generator", text="", icon="TRASH").source = settings.source_name
    source = library.find(request.source)
    if source is None or library.card_of(source) is None:
        wrapped(layout, f"{request.source} cannot be read", context, icon="ERROR")
    icon = preview.icon_for(request.source)
    if icon:
        box = layout.box()
        box.template_icon(icon, scale=8.0)
        row = box.row()
        row.alignment = "CENTER"
        row.label(text="Live Preview (256 x 256 Texels)")


def draw_texture(layout: Any, settings: Any) -> None:
    column = layout.column()
    column.prop(settings, "side")
    if settings.side == "CUSTOM":
        sides = column.column(align=True)
        sides.prop(settings, "width")
        sides.prop(settings, "height")
        column.prop(settings, "link_sides")
    row = column.row(align=True)
    row.prop(settings, "seed")
    row.operator("texnet.roll_seed", text="", icon="FILE_REFRESH")
    column.prop(settings, "count")
    row = column.row(align=True, heading="Tiling")
    row.prop(settings, "tile_x", toggle=True)
    row.prop(settings, "tile_y", toggle=True)
    column.prop(settings, "scale", slider=True)
    column.prop(settings, "depth")


def draw_generate(layout: Any, settings: Any, context: Any) -> None:
    target = context.view_layer.objects.active
    column = layout.column()
    column.prop(settings, "destination")
    if settings.destination in ("NEW_MATERIAL", "ACTIVE_MATERIAL"):
        row = column.row(heading="Real-World Size", align=True)
        row.prop(settings, "use_world_size", text="")
        sub = row.row()
        sub.enabled = settings.use_world_size
        sub.prop(settings, "world_size", text="")
    layout.operator_context = "INVOKE_DEFAULT"
    row = layout.row(align=True)
    row.scale_y = 1.5
    reason = creation.obstacle(settings.destination, target)
    generate = row.row(align=True)
    generate.enabled = not reason
    button = generate.operator("texnet.generate", text="Generate", icon="TEXTURE")
    set_options(button, settings.request(None))
    button.count, button.destination = settings.count, settings.destination
    button.world_size = settings.world_width
    row.operator("texnet.tile_check", text="", icon="MESH_GRID", depress=is_checked(context))
    if reason:
        wrapped(layout, reason, context, icon="INFO")

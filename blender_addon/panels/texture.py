"""Which generator, which texture, and where it goes."""

from typing import Any

from texnet_core.errors import TexnetError
from texnet_core.lengths import length_text
from texnet_core.model.header import Header
from texnet_core.model.real_size import ASSUMED_SIZE_M, texels_per_meter
from texnet_core.synthesis.extent import check_covers

from .. import creation, library, preview
from ..operators.generate import set_options
from ..operators.tools import is_checked
from ..request import TextureRequest
from ..wording import sentence
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
    _draw_covers(column, settings)
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
    row = column.row(align=True)
    sub = row.row()
    sub.enabled = settings.use_covers and settings.destination in ("NEW_MATERIAL", "ACTIVE_MATERIAL")
    sub.prop(settings, "set_mapping")
    row.operator("texnet.apply_size", text="Selected", icon="CON_SIZELIMIT")
    layout.operator_context = "INVOKE_DEFAULT"
    row = layout.row(align=True)
    row.scale_y = 1.5
    request = settings.request(None)
    reason = creation.obstacle(settings.destination, target) or covers_obstacle(request)
    generate = row.row(align=True)
    generate.enabled = not reason
    button = generate.operator("texnet.generate", text="Generate", icon="TEXTURE")
    set_options(button, request)
    button.count, button.destination = settings.count, settings.destination
    button.set_mapping = settings.set_mapping
    row.operator("texnet.tile_check", text="", icon="MESH_GRID", depress=is_checked(context))
    if reason:
        wrapped(layout, reason, context, icon="INFO")


def _draw_covers(layout: Any, settings: Any) -> None:
    row = layout.row(heading="Covers", align=True)
    row.prop(settings, "use_covers", text="")
    sub = row.row(align=True)
    sub.enabled = settings.use_covers
    sub.prop(settings, "covers", text="")
    sub.prop(settings, "covers_is_usual", text="", icon="AUTO")
    card = library.card_named(settings.source_path)
    if text := detail_text(settings.request(None), card):
        layout.label(text=text)
    if card is not None and not card.size_m:
        row = layout.row()
        row.label(text=f"Real size unknown, taken as {length_text(ASSUMED_SIZE_M)}", icon="INFO")
        row.operator("texnet.state_size", text="State").source = settings.source_path


def covers_obstacle(request: TextureRequest) -> str:
    """Why a generator cannot cover so much or so little; "" where it can."""
    card = library.card_named(request.source)
    try:
        if card is not None:
            check_covers(request, card)
    except TexnetError as error:
        return sentence(str(error))
    return ""


def detail_text(request: TextureRequest, card: Header | None) -> str:
    """How much detail a generator has for a texture, and how much is asked of it."""
    if card is None:
        return ""
    has = f"Detail for {texels_per_meter(card) / request.scale:.3g} texels per meter"
    return f"{has}; this asks for {request.width / request.covers:.3g}" if request.covers else has

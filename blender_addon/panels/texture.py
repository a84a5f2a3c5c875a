"""Which generator, which texture, and where it goes."""

from typing import Any

from texnet_core.errors import TexnetError
from texnet_core.lengths import length_text
from texnet_core.model.header import Header
from texnet_core.model.real_size import ASSUMED_SIZE_M, texels_per_meter
from texnet_core.synthesis.extent import check_covers

from .. import creation, favorites, library, preview, slots
from ..operators.tools import is_checked
from ..request import TextureRequest
from ..wording import sentence
from ..wrapping import wrapped
from . import choice


def draw_source(layout: Any, settings: Any, context: Any) -> None:
    split = layout.split(factor=0.38)
    column = split.column(align=True)
    column.template_icon_view(settings, "source", show_labels=True, scale=3.6, scale_popup=5.0)
    caption = column.row()
    caption.alignment = "CENTER"
    caption.scale_y = 0.8
    caption.label(text="Click to Choose")
    column = split.column(align=True)
    row = column.row(align=True)
    row.prop(settings, "gallery_part", text="")
    is_favorite = favorites.is_favorite(settings.source_name)
    row.operator(
        "texnet.toggle_favorite", text="", icon="SOLO_ON" if is_favorite else "SOLO_OFF", depress=is_favorite
    ).source = settings.source_name
    column.prop(settings, "source", text="")
    row = column.row(align=True)
    row.operator("texnet.search_source", text="", icon="VIEWZOOM")
    source = library.find(settings.source_path)
    draw_own_files(row, source, settings.source_name)
    if source is None or library.card_of(source) is None:
        wrapped(layout, f"{settings.source_path} cannot be read", context, icon="ERROR")
    choice.draw_choice(layout, settings)
    _draw_preview(layout, settings)


def draw_own_files(row: Any, source: library.Source | None, name: str) -> None:
    """Buttons for the files of the user's library; one of them deletes what is chosen."""
    row.operator("texnet.import_generator", text="", icon="IMPORT")
    row.operator("texnet.reveal_library", text="", icon="FILE_FOLDER")
    remove = row.row(align=True)
    remove.enabled = source is not None and not source.is_preset
    remove.operator("texnet.remove_generator", text="", icon="TRASH").source = name


def _draw_preview(layout: Any, settings: Any) -> None:
    """The live preview, which a small screen may want to fold."""
    header, body = layout.panel("TEXNET_preview")
    header.label(text="Live Preview")
    if body is None:
        return
    preview.want(settings.request(None), settings.preview_shows)
    body.use_property_split = False
    body.row(align=True).prop(settings, "preview_shows", expand=True)
    body.template_icon(preview.icon_of("live"), scale=8.0)
    row = body.row()
    row.alignment = "CENTER"
    row.label(text=preview.caption())


def draw_seeds(layout: Any, settings: Any) -> None:
    """Nine seeds to choose from."""
    header, body = layout.panel("TEXNET_seeds", default_closed=True)
    header.label(text="Compare Seeds")
    if body is None:
        return
    first = settings.first_seed
    preview.want_seeds(settings.request(None), first)
    grid = body.grid_flow(row_major=True, columns=3, even_columns=True, even_rows=True, align=True)
    for number in range(preview.SEEDS):
        cell = grid.column(align=True)
        cell.template_icon(preview.icon_of(f"seed {number}"), scale=3.4)
        chosen = settings.seed == first + number
        cell.operator("texnet.use_seed", text=str(first + number), depress=chosen).seed = first + number
    row = body.row(align=True)
    row.operator("texnet.turn_seeds", text="Previous Nine", icon="TRIA_LEFT").step = -preview.SEEDS
    row.operator("texnet.turn_seeds", text="Next Nine", icon="TRIA_RIGHT").step = preview.SEEDS


def draw_texture(layout: Any, settings: Any, context: Any) -> None:
    column = layout.column()
    _draw_covers(column, settings, context)
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


def draw_destination(layout: Any, settings: Any) -> None:
    column = layout.column()
    column.prop(settings, "destination")
    row = column.row()
    row.enabled = settings.use_covers and settings.destination in ("NEW_MATERIAL", "ACTIVE_MATERIAL")
    row.prop(settings, "set_mapping")


def draw_generate(layout: Any, settings: Any, context: Any) -> None:
    """The same rows whatever Destination is: what has no meaning there is gray."""
    target = context.view_layer.objects.active
    draw_destination(layout, settings)
    request = settings.request(None)
    reason = creation.obstacle(settings.destination, target) or covers_obstacle(request) or choice.obstacle(request)
    column = layout.column(align=True)
    column.operator_context = "INVOKE_DEFAULT"
    row = column.row(align=True)
    row.scale_y = 1.5
    generate = row.row(align=True)
    generate.enabled = not reason
    button = generate.operator("texnet.generate", text="Generate", icon="TEXTURE")
    for name, value in settings.options().items():
        setattr(button, name, value)
    row.operator("texnet.tile_check", text="", icon="MESH_GRID", depress=is_checked(context))
    column.operator("texnet.batch", text="Generate Batch...", icon="RENDERLAYERS")
    column.operator("texnet.apply_size", text="Apply Size to Selected", icon="CON_SIZELIMIT")
    wrapped(layout, reason or place_of(settings.destination, target), context, icon="INFO", lines=2)


def place_of(destination: str, target: Any) -> str:
    """Where a texture goes, for people, where there is no obstacle."""
    if destination == "IMAGE" or slots.obstacle(target):
        return "a new image" if destination == "IMAGE" else "a new material, on no object"
    has_faces = target.mode == "EDIT" and target.type == "MESH" and target.data.total_face_sel
    faces = "the selected faces of " if has_faces and destination in ("NEW_MATERIAL", "ACTIVE_MATERIAL") else ""
    material = target.active_material
    if destination == "NEW_MATERIAL" or material is None:
        return f"a new material on {faces}{target.name}"
    node = f", node {material.node_tree.nodes.active.name}" if destination == "REPLACE" else ""
    tiles = "UDIM tiles in " if destination == "UDIM" else "in "
    return f"{tiles}the material {material.name}{node}{f', on {faces}{target.name}' if faces else ''}"


def _draw_covers(layout: Any, settings: Any, context: Any) -> None:
    row = layout.row(heading="Covers", align=True)
    row.prop(settings, "use_covers", text="")
    sub = row.row(align=True)
    sub.enabled = settings.use_covers
    sub.prop(settings, "covers", text="")
    sub.prop(settings, "covers_is_usual", text="", icon="LOOP_BACK")
    card = library.card_named(settings.source_path)
    wrapped(layout, detail_text(settings.request(None), card), context, icon="INFO", lines=2)
    if card is not None and not card.size_m:
        wrapped(layout, f"real size unknown, taken as {length_text(ASSUMED_SIZE_M)}", context, icon="INFO")
        layout.operator("texnet.state_size", text="State Real Size...").source = settings.source_path


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
    has = f"Detail for {_rounded(texels_per_meter(card) / request.scale)} texels per meter"
    return f"{has}; this asks for {_rounded(request.width / request.covers)}" if request.covers else has


def _rounded(number: float) -> str:
    """Three digits that count, without an exponent: 2050."""
    return f"{float(f'{number:.3g}'):.10g}"

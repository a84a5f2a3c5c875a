"""The section "Stylize"."""

from typing import Any

from .. import library, style_preview, subjects
from ..wording import counted
from ..wrapping import wrapped
from .texture import draw_own_files


def draw_stylize(layout: Any, settings: Any, context: Any) -> None:
    header, body = layout.panel("TEXNET_stylize", default_closed=True)
    header.label(text="Stylize")
    if body is None:
        return
    fields = settings.stylize
    styles = library.list_own_styles(also=fields.path)
    if not styles:
        wrapped(body, "there is no style yet; import one, or train one from an image below", context, icon="INFO")
        body.operator("texnet.import_generator", text="Import Style", icon="IMPORT")
        return
    found = subjects.find(fields.goal, context, from_original=fields.from_original)
    reason = subjects.obstacle(fields.goal, found)
    _draw_style(body, fields, library.named(fields.path, styles), context)
    _draw_preview(body, fields, found, reason)
    _draw_fields(body, fields)
    column = body.column(align=True)
    column.operator_context = "INVOKE_DEFAULT"
    row = column.row(align=True)
    row.scale_y = 1.5
    row.enabled = not reason
    button = row.operator("texnet.stylize", icon="BRUSHES_ALL")
    for name, value in fields.options().items():
        setattr(button, name, value)
    wrapped(column, reason or place_of(fields.goal, found), context, icon="INFO", lines=2)


def place_of(goal: subjects.Goal, found: subjects.Found) -> str:
    """What is painted and where the result goes, for people, where there is no obstacle."""
    title = subjects.title_of(found)
    if goal == "OBJECTS":
        left = f"; left as they are: {', '.join(found.left)}" if found.left else ""
        return f"{title}, in {counted(sum(len(one.spots) for one in found.subjects), 'node')}{left}"
    if goal == "NODE":
        return f"{title}, in the node {found.subjects[0].spots[0].node}"
    return f"{title}; the result opens in the Image Editor"


def _draw_style(layout: Any, fields: Any, source: library.Source | None, context: Any) -> None:
    split = layout.split(factor=0.38)
    column = split.column(align=True)
    column.template_icon_view(fields, "style", show_labels=True, scale=3.6, scale_popup=5.0)
    column = split.column(align=True)
    column.prop(fields, "style", text="")
    draw_own_files(column.row(align=True), source, fields.style_name)
    if source is None:
        wrapped(layout, f"{fields.path} is no style that can be read", context, icon="ERROR")


def _draw_preview(layout: Any, fields: Any, found: subjects.Found, reason: str) -> None:
    header, body = layout.panel("TEXNET_style_preview")
    header.label(text="Preview")
    if body is None:
        return
    if not reason:
        style_preview.want(fields.request(), found, fields.mask, whole=fields.preview_shows == "WHOLE")
    header.use_property_split = False
    header.prop(fields, "preview_shows", expand=True)
    header.operator("texnet.update_style_preview", text="", icon="FILE_REFRESH")
    body.template_icon(style_preview.icon(), scale=8.0)
    row = body.row()
    row.alignment = "CENTER"
    row.label(text=style_preview.caption())


def _draw_fields(layout: Any, fields: Any) -> None:
    column = layout.column()
    column.prop(fields, "goal")
    column.prop(fields, "strength", slider=True)
    column.prop(fields, "mask")
    row = column.row(align=True)
    row.prop(fields, "seed")
    row.operator("texnet.roll_style_seed", text="", icon="FILE_REFRESH")
    column.prop(fields, "noise", slider=True)
    column.prop(fields, "scale", slider=True)
    column.prop(fields, "wrap")
    column.prop(fields, "keep_colors")
    column.prop(fields, "from_original")

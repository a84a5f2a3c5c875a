"""The section "From Image, Now"."""

from typing import Any

from .. import creation, instant, library
from ..wrapping import wrapped
from .texture import draw_own_files, place_of


def draw_instant(layout: Any, settings: Any, context: Any) -> None:
    header, body = layout.panel("TEXNET_instant", default_closed=True)
    header.label(text="From Image, Now")
    if body is None:
        return
    body.template_ID(settings, "exemplar", open="image.open")
    body.prop(settings, "mask")
    _draw_method(body, settings, context)
    body.prop(settings, "picture_width")
    target = context.view_layer.objects.active
    reason = "" if settings.exemplar is not None else "choose an image of a surface"
    reason = reason or creation.obstacle(settings.destination, target)
    column = body.column(align=True)
    column.operator_context = "INVOKE_DEFAULT"
    row = column.row(align=True)
    row.scale_y = 1.5
    row.enabled = not reason
    button = row.operator("texnet.from_image_now", text="Make Texture Now", icon="TEXTURE")
    for name, value in settings.instant_options().items():
        setattr(button, name, value)
    wrapped(column, reason or place_of(settings.destination, target), context, icon="INFO", lines=2)


def _draw_method(body: Any, settings: Any, context: Any) -> None:
    """The methods that ship as buttons; with networks of the user's own a list, and what is done with files."""
    method = settings.method
    networks = library.list_networks(also=method)
    row = body.row(align=True)
    row.use_property_split = False
    if networks:
        row.prop(settings, "method", text="")
        draw_own_files(row, library.named(method, networks), method)
    else:
        row.prop(settings, "method", expand=True)
    texts = {name: text for name, _, text, _ in instant.methods(also=method)}
    wrapped(body, texts.get(method, ""), context, icon="INFO", lines=7)

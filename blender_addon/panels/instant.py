"""The section "From Image, Now"."""

from typing import Any

from .. import creation
from ..instant_methods import METHODS
from ..wrapping import wrapped
from .texture import place_of


def draw_instant(layout: Any, settings: Any, context: Any) -> None:
    header, body = layout.panel("TEXNET_instant", default_closed=True)
    header.label(text="From Image, Now")
    if body is None:
        return
    body.template_ID(settings, "exemplar", open="image.open")
    body.prop(settings, "mask")
    row = body.row(heading="Method")
    row.prop(settings, "method", expand=True)
    body.prop(settings, "picture_width")
    wrapped(body, next(text for name, _, text in METHODS if name == settings.method), context, icon="INFO", lines=5)
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

"""Which texture of a file that holds several, or what mix of them."""

from typing import Any

from texnet_core.errors import TexnetError
from texnet_core.synthesis.choice import check_known

from .. import library
from ..request import TextureRequest
from ..wording import sentence


def draw_choice(layout: Any, settings: Any) -> None:
    """Nothing where there is nothing to choose."""
    choice = settings.file_choice
    if len(choice.names) < 2:
        return
    column = layout.column(align=True)
    _draw_mix(column, choice.black, "Texture", of_white=False, room=len(choice.names))
    layout.prop(choice, "mask")
    if choice.mask is not None:
        column = layout.column(align=True)
        _draw_mix(column, choice.white, "Where White", of_white=True, room=len(choice.names))


def obstacle(request: TextureRequest) -> str:
    """Why a file cannot give what is chosen of it; "" where it can."""
    card = library.card_named(request.source)
    try:
        request.check()
        if card is not None:
            check_known(request, card.textures)
    except TexnetError as error:
        return sentence(str(error))
    return ""


def _draw_mix(column: Any, mix: Any, label: str, *, of_white: bool, room: int) -> None:
    """A row for each texture; shares are shown where there are several."""
    row = column.row(align=True, heading=label)
    row.prop(mix.first, "texture", text="")
    if mix.is_mixed:
        row.prop(mix.first, "share", text="", slider=True)
    if len(mix.others) + 1 < room:
        row.operator("texnet.add_to_mix", text="", icon="ADD").of_white = of_white
    for index, part in enumerate(mix.others):
        row = column.row(align=True, heading=" ")
        row.prop(part, "texture", text="")
        row.prop(part, "share", text="", slider=True)
        button = row.operator("texnet.take_from_mix", text="", icon="REMOVE")
        button.of_white, button.index = of_white, index

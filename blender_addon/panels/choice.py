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
    """One texture; or a row for each with its share, where there are several."""
    if mix.is_mixed:
        column.label(text=label)
    row = _row(column, mix.first, mix.is_mixed, label)
    if len(mix.others) + 1 < room:
        row.operator("texnet.add_to_mix", text="", icon="ADD").of_white = of_white
    for index, part in enumerate(mix.others):
        row = _row(column, part, True, label)
        button = row.operator("texnet.take_from_mix", text="", icon="REMOVE")
        button.of_white, button.index = of_white, index


def _row(column: Any, part: Any, is_mixed: bool, label: str) -> Any:
    row = column.row(align=True)
    if is_mixed:
        row.use_property_split = False
        row.prop(part, "texture", text="")
        row.prop(part, "share", text="", slider=True)
    else:
        row.prop(part, "texture", text=label)
    return row

"""Generators as the items of a gallery."""

from collections.abc import Callable
from typing import Any

from texnet_core.model.budget import shortfall

from . import library

_Item = tuple[str, str, str, int, int]
_Items, _Get, _Set = Callable[[Any, Any], list[_Item]], Callable[[Any], int], Callable[[Any, int], None]

_texts: dict[str, str] = {}


def gallery_of(listed: Callable[[str], list[library.Source]], chosen: str) -> tuple[_Items, _Get, _Set]:
    """What a dynamic enum takes as its items, and to get and to set the number of one: its place in the list.

    Args:
        listed: the generators, and the one of the name that it is given, be it a file elsewhere: what is used must be
            what is shown.
        chosen: the property beside the enum that holds the name; operators that have none get the items alone.
    """
    shown: list[_Item] = []

    def items(self: Any, context: Any) -> list[_Item]:
        shown[:] = [
            (
                kept_text(source.name),
                kept_text(source.title),
                kept_text(_description(source)),
                library.icon_of(source),
                number,
            )
            for number, source in enumerate(listed(getattr(self, chosen, "")))
        ]
        return shown

    def number(self: Any) -> int:
        names = [item[0] for item in items(self, None)]
        name = getattr(self, chosen)
        return names.index(name) if name in names else 0

    def choose(self: Any, number: int) -> None:
        setattr(self, chosen, shown[number][0])

    return items, number, choose


def _description(source: library.Source) -> str:
    card = library.card_of(source)
    if card and (found := shortfall(card.training)):
        return f"{source.title}, a sketch, since its training {found}"
    if card and card.provenance.author:
        return f"{source.title}, learned from an image by {card.provenance.author}"
    return f"{source.title}, {source.file}"


def kept_text(text: str) -> str:
    """The text itself, kept for ever: Blender holds on to the strings of a dynamic enum without owning them."""
    return _texts.setdefault(text, text)

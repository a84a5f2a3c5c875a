"""Generators as the items of a gallery."""

from collections.abc import Iterable
from typing import Any

from texnet_core.model.budget import shortfall

from . import library

_texts: dict[str, str] = {}


def kept_items(sources: Iterable[library.Source]) -> list[tuple[str, str, str, int, int]]:
    """For a dynamic enum; each has the place in the list as its number."""
    return [
        (_kept(source.name), _kept(source.title), _kept(_description(source)), library.icon_of(source), number)
        for number, source in enumerate(sources)
    ]


def chosen_number(items: list[Any], name: str) -> int:
    """The place of a name, 0 where it is not there."""
    names = [item[0] for item in items]
    return names.index(name) if name in names else 0


def _description(source: library.Source) -> str:
    card = library.card_of(source)
    if card and (found := shortfall(card.training)):
        return f"{source.title}, a sketch, since its training {found}"
    if card and card.provenance.author:
        return f"{source.title}, learned from an image by {card.provenance.author}"
    return f"{source.title}, {source.file}"


def _kept(text: str) -> str:
    """The text itself, kept for ever: Blender holds on to the strings of a dynamic enum without owning them."""
    return _texts.setdefault(text, text)

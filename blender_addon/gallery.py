"""Enums whose items change: generators as a gallery, and what else is chosen by its name."""

from collections.abc import Callable
from typing import Any

from texnet_core.model.budget import shortfall

from . import asset_facts, favorites, library

Shown = tuple[str, str, str, int]  # identifier, label, tooltip, number of the icon
_Item = tuple[str, str, str, int, int]
_Items = Callable[[Any, Any], list[_Item]]
_Get = Callable[[Any], int]
_Set = Callable[[Any, int], None]

ALL, _FAVORITES, _RECENT, _OWN = "ALL", "FAVORITES", "RECENT", "OWN"
_PARTS: tuple[Shown, ...] = (
    (ALL, "All", "Presets and your own generators", 0),
    (_FAVORITES, "Favorites", "Generators with a star", 0),
    (_RECENT, "Recent", "Generators that were used, the last one first", 0),
    (_OWN, "Own", "Generators of your library", 0),
)

_texts: dict[str, str] = {}


def parts() -> list[Shown]:
    """The parts of the gallery: all, favorites and the like, and then a part for each kind of surface."""
    kinds = sorted({_kind_of(source) for source in library.list_sources()})
    return [*_PARTS, *((kind, kind, f"Surfaces of the kind {kind}", 0) for kind in kinds)]


def listed(part: str, also: str) -> list[library.Source]:
    """The generators of a part, and the one of that name: what is used must be what is shown."""
    sources = library.list_sources(also)
    names = {_FAVORITES: favorites.favorites, _RECENT: favorites.recent}.get(part)
    if names is not None:
        places = {name: number for number, name in enumerate(names())}
        found = sorted((source for source in sources if source.name in places), key=lambda one: places[one.name])
    elif part == _OWN:
        found = [source for source in sources if not source.is_preset]
    else:
        found = [source for source in sources if _kind_of(source) == part]
    if part not in {name for name, *_ in parts()} or part == ALL:
        return sources
    chosen = [source for source in sources if source.name == also and source not in found]
    return [*chosen, *found] or sources


def _kind_of(source: library.Source) -> str:
    return asset_facts.kind_of(library.card_of(source))


def gallery_of(listed: Callable[[str], list[library.Source]], chosen: str) -> tuple[_Items, _Get, _Set]:
    """`enum_of` for generators.

    Args:
        listed: the generators, and the one of the name that it is given, be it a file elsewhere: what is used must be
            what is shown.
        chosen: as for `enum_of`.
    """

    def shown(owner: Any) -> list[Shown]:
        sources = listed(getattr(owner, chosen, ""))
        return [(source.name, source.title, _description(source), library.icon_of(source)) for source in sources]

    return enum_of(shown, chosen)


def enum_of(shown: Callable[[Any], list[Shown]], chosen: str) -> tuple[_Items, _Get, _Set]:
    """What a dynamic enum takes as its items, and to get and to set the number of one: its place in the list.

    Args:
        shown: what there is to choose, for the owner of the enum.
        chosen: the property beside the enum that holds the identifier; operators that have none get the items alone.
    """
    held: list[_Item] = []

    def items(owner: Any, context: Any) -> list[_Item]:
        held[:] = [
            (_kept(name), _kept(label), _kept(tooltip), icon, number)
            for number, (name, label, tooltip, icon) in enumerate(shown(owner))
        ]
        return held

    def number(owner: Any) -> int:
        names = [item[0] for item in shown(owner)]
        name = getattr(owner, chosen)
        return names.index(name) if name in names else 0

    def choose(owner: Any, number: int) -> None:
        setattr(owner, chosen, shown(owner)[number][0])

    return items, number, choose


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

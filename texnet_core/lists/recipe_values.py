"""What all kinds of recipes have in common: names, texts, places below the folder of exemplars, settings."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import fields
from pathlib import PureWindowsPath
from types import MappingProxyType
from typing import Any, Literal

from texnet_core.errors import RequestError
from texnet_core.lists.tables import check_place
from texnet_core.model.artifact import SUFFIX, Provenance
from texnet_core.names import trouble_with

HELP = "see `texnet recipes --help`"

TEXTS = ("author", "license", "source")  # of every entry, beside its title
RecipeStatus = Literal["trained", "completed", "kept", "failed"]


def check_recipe_name(name: str, entry: Any, section: str) -> None:
    """Raise RequestError for a name that a file cannot have on every system."""
    if name.endswith(SUFFIX) or (isinstance(entry, dict) and entry.keys() == {SUFFIX[1:]}):
        found = f"{name.removesuffix(SUFFIX)}{SUFFIX} cannot name a recipe"
        remedy = f"leave the suffix out, which its file gets: [{section}.{name.removesuffix(SUFFIX)}]"
        raise RequestError(found, expected="a name without a suffix", remedy=remedy)
    if len(name) > 60 or trouble_with(name) or not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", name):
        raise RequestError(
            f"{name!r} cannot name a recipe", expected="a name like mossy-rock", remedy="use a-z, 0-9 and single dashes"
        )


def text_of(entry: Mapping[str, Any], key: str) -> str:
    """The text under a key; RequestError where there is none."""
    value = entry.get(key)
    if not isinstance(value, str) or not value.strip():
        found = f"{key} {value!r} is not text" if key in entry else f"there is no {key}"
        raise RequestError(found, expected="a text", remedy=f'write {key} = "..."')
    return value


def one_of(entry: Mapping[str, Any], key: str, known: Sequence[str]) -> str:
    """The word under a key; RequestError where it is none of those that are known."""
    word = text_of(entry, key)
    if word not in known:
        raise RequestError(f"{key} {word!r} is unknown", expected=known, remedy="choose one of these")
    return word


def provenance_of(entry: Mapping[str, Any], texts: Sequence[str]) -> Provenance:
    """What the card will say of the exemplar: its title, and these texts."""
    return Provenance(exemplar=text_of(entry, "title"), **{key: text_of(entry, key) for key in texts}).check()


def place_below(entry: Mapping[str, Any], key: str) -> str:
    """The path under a key; RequestError where there is none, or where it leaves the folder of exemplars.

    Read as Windows does, which knows all separators and roots that others know, and more.
    """
    place = text_of(entry, key)
    path = PureWindowsPath(check_place(place, key))
    if path.anchor or ".." in path.parts or not place.isprintable():
        raise RequestError(
            f"{key} {place!r} does not lie below the folder of exemplars",
            expected="a path below the folder of exemplars",
            remedy="name it from that folder on",
        )
    return place


def place_below_if_any(entry: Mapping[str, Any], key: str) -> str:
    """The same; "" where the entry has no such key."""
    return place_below(entry, key) if key in entry else ""


def check_start(entry: Mapping[str, Any]) -> None:
    """Raise RequestError for a start that is neither a name nor a file below the folder of exemplars."""
    if "start" not in entry or re.fullmatch("[a-z0-9-]+", text_of(entry, "start")):
        return
    if not is_file(place_below(entry, "start")):
        raise RequestError(
            f"start {entry['start']!r} is neither a name nor a {SUFFIX} file",
            expected=f"a name, or a file ending in {SUFFIX} below the folder of exemplars",
            remedy=f"name one, or a file ending in {SUFFIX} below the folder of exemplars",
        )


def is_file(start: str) -> bool:
    """Whether what a run begins with is a file, and no name."""
    return start.endswith(SUFFIX)


def offered(kinds: Sequence[type]) -> tuple[str, ...]:
    """The settings that an entry may hold: those with an option, but for what a machine decides.

    What comes out after so many minutes depends on the machine too.
    """
    specs = [spec for kind in kinds for spec in fields(kind)]
    chosen = [spec for spec in specs if spec.metadata.get("help") and not spec.metadata["machine"]]
    return tuple(spec.name for spec in chosen if spec.name != "minutes")


def frozen(parts: Mapping[str, Any]) -> Mapping[str, Any]:
    """Settings by part, which nobody changes."""
    return MappingProxyType(dict(parts))

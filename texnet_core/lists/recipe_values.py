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
    """A path below the folder of exemplars; "" where the entry has none."""
    return below(text_of(entry, key)) if key in entry else ""


def below(exemplar: str) -> str:
    """The path, if it lies below the folder of exemplars; RequestError where it does not.

    Read as Windows does, which knows all separators and roots that others know, and more.
    """
    path = PureWindowsPath(check_place(exemplar, "exemplar"))
    if path.anchor or ".." in path.parts or not exemplar.isprintable():
        raise RequestError(
            f"{exemplar!r} does not lie below the folder of exemplars",
            expected="a file below the folder of exemplars",
            remedy="name it from that folder on",
        )
    return exemplar


def check_start(start: Any) -> None:
    """Raise RequestError for a file that a run is to begin with and that lies elsewhere than the exemplars."""
    if str(start).endswith(SUFFIX):
        below(str(start))


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

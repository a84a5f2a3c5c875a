"""Lists of generators to train, as TOML files: all that decides them, but no place on anybody's disk.

`EXAMPLE` is such a list. Keys may be spelled as files spell them too: "licence" for "license".
"""

import difflib
import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path, PureWindowsPath
from types import MappingProxyType
from typing import Any, Literal

from texnet_core.errors import RequestError
from texnet_core.lists.tables import as_named, as_table, check_keys, check_place, inside, read_toml
from texnet_core.materials.choice import check_wanted
from texnet_core.model.artifact import SUFFIX, Header, Provenance
from texnet_core.model.families.pyramid import PyramidSettings
from texnet_core.model.look import Look
from texnet_core.model.real_size import MAX_SIZE_M
from texnet_core.names import trouble_with
from texnet_core.settings import (
    MACHINE_SETTINGS,
    DescriptorSettings,
    LossSettings,
    TrainSettings,
    as_fields,
    belongs_to,
)
from texnet_core.start_settings import COLD_START, StartSettings

EXAMPLE = """
[defaults]                            # optional: settings of `texnet train`, for all recipes
steps = 1500
[recipes.moss]                        # one or more: what makes moss.texnet
exemplar = "ground/moss.jpg"          # below the folder of exemplars
mask = "ground/moss-mask.png"         # optional, likewise: of the picture's size, white where it takes part
# maps = ["albedo", "normal"]         # optional, where the exemplar is a material, as a folder or .zip: all without it
# material = true                     # optional, where it is one picture: learns maps that are guessed of it, too
title = "Moss 003"
kind = "moss"
author = "Lennart Demes (ambientCG)"
license = "CC0-1.0"
source = "https://ambientcg.com/view?id=Moss003"
size_m = 2.0                          # optional: meters that the picture's short side spans
look = { bump = 0.5, roughness_dark = 0.9 }  # optional: how it answers to light; what is left out is guessed
levels = 7                            # optional: settings for this one alone
start = "auto"                        # optional: what fits best of what ships, a name, or a file below the exemplars
"""

_PARTS = {
    "generator": PyramidSettings,
    "descriptor": DescriptorSettings,
    "loss": LossSettings,
    "train": TrainSettings,
    "begin": StartSettings,
}
# waves and repeat_channels follow from the exemplar; what comes out after so many minutes
# depends on the machine, and so does what auto finds there to compare by
_NOT_FOR_RECIPES = (*MACHINE_SETTINGS, "minutes", "waves", "repeat_channels")
_OWN_DEFAULTS = {"descriptor": "vgg19", "start": COLD_START}  # neither hangs on what is there
_DEFAULTS = {name: value for kind in _PARTS.values() for name, value in asdict(kind()).items()} | _OWN_DEFAULTS
_SETTINGS = tuple(name for name in _DEFAULTS if name not in _NOT_FOR_RECIPES)
_LEFT_OPEN = ("exemplar_size", "octaves")  # by 0; what the exemplar settled instead stands in the card
_TEXTS = ("exemplar", "title", "kind", "author", "license", "source")
_HELP = "see `texnet recipes --help`"

RecipeStatus = Literal["trained", "completed", "kept", "failed"]
_NO_MACHINE: Mapping[str, Any] = MappingProxyType({})


@dataclass(frozen=True)
class Recipe:
    """One generator to train.

    Attributes:
        name: of its file, without the suffix.
        exemplar: the picture or the material, as a path below the folder of exemplars.
        mask: the picture of its mask, likewise; "" where there is none.
        provenance: what the card will say of the exemplar.
        size_m: meters that the exemplar's short side spans, or None where unknown.
        look: fields of the card's `Look` that are known; the others are guessed from the exemplar.
        settings: "generator", "descriptor", "loss", "train" and "begin" -> their settings.
        maps: names of a material's maps that are learned; empty for all that are there.
        material: whether the exemplar is one picture, of which the maps are guessed.
    """

    name: str
    exemplar: str
    mask: str
    provenance: Provenance
    size_m: float | None
    look: Mapping[str, float]
    settings: Mapping[str, Any]
    maps: tuple[str, ...] = ()
    material: bool = False

    def made(self, card: Header, exemplar_sha256: str) -> bool:
        """Whether a generator with this card came from this recipe and from an exemplar with this hash.

        A setting younger than the card counts as left at its default, so that a new option makes no file stale. What
        the recipe leaves open may be as it is.
        """
        wanted = {name: value for part in self.settings.values() for name, value in asdict(part).items()}
        wanted["start"] = self.settings["begin"].label
        trained = as_fields(card.training)
        same = all(
            trained.get(name, _DEFAULTS[name]) == wanted[name] or (name in _LEFT_OPEN and not wanted[name])
            for name in _SETTINGS
        )
        return same and card.provenance.exemplar_sha256 == exemplar_sha256


@dataclass(frozen=True)
class RecipeResult:
    """What became of a recipe.

    Attributes:
        name: the recipe's.
        status: trained; completed: only its card was brought up to date; kept: nothing to do; or failed.
        error: the one line that says why it failed.
    """

    name: str
    status: RecipeStatus
    error: str = ""


def read_recipes(file: Path | bytes, machine: Mapping[str, Any] = _NO_MACHINE) -> list[Recipe]:
    """The recipes of a list, in its order.

    Args:
        file: the TOML file, or what is in it.
        machine: values of MACHINE_SETTINGS, which no recipe may hold.

    Raises:
        RequestError: the file is missing or no list of recipes, or a key or value in it is not right.
    """
    name = "the list" if isinstance(file, bytes) else str(file)
    table = read_toml(file, "a list of recipes")
    check_keys(table, ("defaults", "recipes"), name)
    defaults = as_named(as_table(table.get("defaults", {}), "[defaults]", _HELP), "[defaults]")
    check_keys(defaults, _SETTINGS, "[defaults]")
    with inside("[defaults]"):
        _settings(defaults)
    entries = as_table(table.get("recipes", {}), "[recipes]", _HELP)
    if not entries:
        raise RequestError(f"{name} has no [recipes.NAME]", expected="at least one", remedy=_HELP)
    return [_recipe(key, entry, defaults, machine) for key, entry in entries.items()]


def chosen(recipes: list[Recipe], names: Iterable[str]) -> list[Recipe]:
    """The recipes with these names, in the list's order; all of them where no name is given.

    Raises:
        RequestError: no recipe has one of the names.
    """
    names, known = set(names), [recipe.name for recipe in recipes]
    for name in sorted(names.difference(known)):
        near = difflib.get_close_matches(name, known, n=1)
        remedy = f"did you mean {near[0]!r}?" if near else "choose one of these"
        raise RequestError(f"there is no recipe {name!r}", expected=known, remedy=remedy)
    return [recipe for recipe in recipes if not names or recipe.name in names]


def _recipe(name: str, entry: Any, defaults: dict[str, Any], machine: Mapping[str, Any]) -> Recipe:
    where = f"[recipes.{name}]"
    if name.endswith(SUFFIX) or (isinstance(entry, dict) and entry.keys() == {SUFFIX[1:]}):
        found = f"{name.removesuffix(SUFFIX)}{SUFFIX} cannot name a recipe"
        remedy = f"leave the suffix out, which its file gets: [recipes.{name.removesuffix(SUFFIX)}]"
        raise RequestError(found, expected="a name without a suffix", remedy=remedy)
    if len(name) > 60 or trouble_with(name) or not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", name):
        raise RequestError(
            f"{name!r} cannot name a recipe", expected="a name like mossy-rock", remedy="use a-z, 0-9 and single dashes"
        )
    entry = as_named(as_table(entry, where, _HELP), where)
    check_keys(entry, (*_TEXTS, "mask", "maps", "material", "size_m", "look", *_SETTINGS), where)
    with inside(where):
        texts = {key: _text(entry, key) for key in _TEXTS}
        given = {key: value for key, value in entry.items() if key in _SETTINGS}
        exemplar, title = _below(texts.pop("exemplar")), texts.pop("title")
        mask = _below(_text(entry, "mask")) if "mask" in entry else ""
        provenance = Provenance(exemplar=title, **texts).check()
        settings = {**_OWN_DEFAULTS, **defaults, **given}
        if str(settings["start"]).endswith(SUFFIX):
            _below(settings["start"])
        fitting = _fitting(machine, settings["descriptor"])
        facts = (_size_m(entry), _look(entry))
        learned = (_maps(entry), _material(entry))
        return Recipe(name, exemplar, mask, provenance, *facts, _settings({**settings, **fitting}), *learned)


def _fitting(machine: Mapping[str, Any], descriptor: str) -> Mapping[str, Any]:
    """What of the machine's settings means anything with a descriptor."""
    specs = (*fields(DescriptorSettings), *fields(TrainSettings))
    own = {spec.name for spec in specs if belongs_to(descriptor, spec)}
    if descriptor == "patches":
        own.remove("precision")  # theirs is always the same
    return {name: value for name, value in machine.items() if name in own}


def _settings(values: Mapping[str, Any]) -> Mapping[str, Any]:
    """Each part with those of the values that are its own, checked."""
    values = {**_OWN_DEFAULTS, **values}
    if values["descriptor"] == "auto":
        raise RequestError(
            "descriptor cannot be 'auto' in a recipe",
            expected=("vgg19", "light", "patches"),
            remedy="say which, so that all make the same",
        )
    parts = {}
    for part, kind in _PARTS.items():
        own = {spec.name: values[spec.name] for spec in fields(kind) if spec.name in values}
        parts[part] = kind(**own).check()
    return MappingProxyType(parts)


def _text(entry: dict[str, Any], key: str) -> str:
    value = entry.get(key)
    if not isinstance(value, str) or not value.strip():
        found = f"{key} {value!r} is not text" if key in entry else f"there is no {key}"
        raise RequestError(found, expected="a text", remedy=f'write {key} = "..."')
    return value


def _maps(entry: dict[str, Any]) -> tuple[str, ...]:
    names = entry.get("maps", [])
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        found = f"maps {str(names)[:50]!r} is no list of names"
        raise RequestError(found, expected='a list such as ["albedo", "normal"]', remedy='write maps = ["albedo", ...]')
    check_wanted(names)
    return tuple(names)


def _material(entry: dict[str, Any]) -> bool:
    value = entry.get("material", False)
    if not isinstance(value, bool):
        found = f"material {str(value)[:50]!r} is not true or false"
        raise RequestError(found, expected="true or false", remedy="write true or false")
    return value


def _below(exemplar: str) -> str:
    """Read as Windows does, which knows all separators and roots that others know, and more."""
    path = PureWindowsPath(check_place(exemplar, "exemplar"))
    if path.anchor or ".." in path.parts or not exemplar.isprintable():
        raise RequestError(
            f"{exemplar!r} does not lie below the folder of exemplars",
            expected="a file below the folder of exemplars",
            remedy="name it from that folder on",
        )
    return exemplar


def _size_m(entry: dict[str, Any]) -> float | None:
    value = entry.get("size_m")
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= MAX_SIZE_M:
        raise RequestError(
            f"size_m cannot be {str(value)[:50]}",
            expected=f"meters, more than 0 and at most {MAX_SIZE_M:,.0f}",
            remedy=f"give meters, more than 0 and at most {MAX_SIZE_M:,.0f}, or leave it out",
        )
    return float(value)


def _look(entry: dict[str, Any]) -> Mapping[str, float]:
    known = as_table(entry.get("look", {}), "look", _HELP)
    with inside("look"):
        Look().changed(known)
    return MappingProxyType({name: float(value) for name, value in known.items()})

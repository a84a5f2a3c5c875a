"""Recipes of textures and materials: what `texnet train` learns from one picture, or from a material's maps."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from types import MappingProxyType
from typing import Any

from texnet_core.errors import RequestError
from texnet_core.lists.recipe_values import (
    HELP,
    TEXTS,
    check_start,
    frozen,
    place_below,
    place_below_if_any,
    provenance_of,
)
from texnet_core.lists.tables import as_table, check_keys, inside
from texnet_core.materials.choice import check_wanted
from texnet_core.model.artifact import Header, Provenance
from texnet_core.model.families.pyramid import PyramidSettings
from texnet_core.model.look import Look
from texnet_core.model.real_size import MAX_SIZE_M
from texnet_core.settings import (
    MACHINE_SETTINGS,
    DescriptorSettings,
    LossSettings,
    TrainSettings,
    as_fields,
    belongs_to,
    changed,
)
from texnet_core.start_settings import COLD_START, StartSettings

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
_LEFT_OPEN = ("exemplar_size", "octaves")  # by 0; what the exemplar settled instead stands in the card
_TEXTS = (*TEXTS, "kind")

SETTINGS = tuple(name for name in _DEFAULTS if name not in _NOT_FOR_RECIPES)


@dataclass(frozen=True)
class TextureRecipe:
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
            for name in SETTINGS
        )
        return same and card.provenance.exemplar_sha256 == exemplar_sha256


def check_defaults(values: Mapping[str, Any]) -> None:
    """Raise RequestError for what cannot be a default of all recipes."""
    _settings(values)


def texture_recipe(
    name: str, entry: Mapping[str, Any], defaults: Mapping[str, Any], machine: Mapping[str, Any]
) -> TextureRecipe:
    """The recipe of an entry.

    Args:
        name: of the entry.
        entry: under the names of fields.
        defaults: settings that the entry need not repeat.
        machine: values of MACHINE_SETTINGS.

    Raises:
        RequestError: a key or value is not right.
    """
    own = ("exemplar", "title", *_TEXTS, "mask", "maps", "material", "size_m", "look")
    check_keys(dict(entry), (*own, *SETTINGS), f"[recipes.{name}]")
    with inside(f"[recipes.{name}]"):
        provenance = provenance_of(entry, _TEXTS)
        given = {key: value for key, value in entry.items() if key in SETTINGS}
        values = {**_OWN_DEFAULTS, **defaults, **given}
        check_start(values)
        values |= _fitting(machine, values["descriptor"])
        return TextureRecipe(
            name=name,
            exemplar=place_below(entry, "exemplar"),
            mask=place_below_if_any(entry, "mask"),
            provenance=provenance,
            size_m=_size_m(entry),
            look=_look(entry),
            settings=_settings(values),
            maps=_maps(entry),
            material=_material(entry),
        )


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
    return frozen({part: changed(kind(), values) for part, kind in _PARTS.items()})


def _maps(entry: Mapping[str, Any]) -> tuple[str, ...]:
    names = entry.get("maps", [])
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        found = f"maps {str(names)[:50]!r} is no list of names"
        raise RequestError(found, expected='a list such as ["albedo", "normal"]', remedy='write maps = ["albedo", ...]')
    check_wanted(names)
    return tuple(names)


def _material(entry: Mapping[str, Any]) -> bool:
    value = entry.get("material", False)
    if not isinstance(value, bool):
        found = f"material {str(value)[:50]!r} is not true or false"
        raise RequestError(found, expected="true or false", remedy="write true or false")
    return value


def _size_m(entry: Mapping[str, Any]) -> float | None:
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


def _look(entry: Mapping[str, Any]) -> Mapping[str, float]:
    known = as_table(entry.get("look", {}), "look", HELP)
    with inside("look"):
        Look().changed(known)
    return MappingProxyType({name: float(value) for name, value in known.items()})

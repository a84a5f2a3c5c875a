"""Recipes of styles: what `texnet style` learns from one picture."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from texnet_core.lists.recipe_values import (
    TEXTS,
    check_start,
    frozen,
    offered,
    one_of,
    place_below,
    place_below_if_any,
    provenance_of,
)
from texnet_core.lists.tables import check_keys, inside
from texnet_core.model.artifact import Provenance
from texnet_core.model.families.stylizer import StylizerSettings
from texnet_core.settings import DescriptorSettings, LossSettings, changed
from texnet_core.style_settings import (
    DEFAULT_RECIPE,
    NOT_FOR_STYLES,
    STYLE_RECIPES,
    StyleSettings,
    StyleTrainSettings,
)

_PARTS: Mapping[str, Any] = {
    "generator": StylizerSettings,
    "style": StyleSettings,
    "descriptor": DescriptorSettings,
    "loss": LossSettings,
    "train": StyleTrainSettings,
}
_SETTINGS = tuple(name for name in offered(tuple(_PARTS.values())) if name not in NOT_FOR_STYLES)


@dataclass(frozen=True)
class StyleRecipe:
    """One style to train.

    Attributes:
        name: of its file, without the suffix.
        exemplar: the style's picture, as a path below the folder of exemplars.
        mask: the picture of its mask, likewise; "" where there is none.
        content: the folder of pictures to paint in training, likewise; "" where they are drawn.
        start: the style that the run begins with: a name, or a file below the folder of exemplars; "" for none.
        provenance: what the card will say of the picture.
        settings: "generator", "style", "descriptor", "loss" and "train" -> their settings.
    """

    name: str
    exemplar: str
    mask: str
    content: str
    start: str
    provenance: Provenance
    settings: Mapping[str, Any]


def style_recipe(name: str, entry: Mapping[str, Any], machine: Mapping[str, Any]) -> StyleRecipe:
    """The recipe of an entry; see `texture_recipe`."""
    own = ("exemplar", "title", *TEXTS, "mask", "content", "start", "recipe")
    check_keys(dict(entry), (*own, *_SETTINGS), f"[styles.{name}]")
    with inside(f"[styles.{name}]"):
        check_start(entry)
        recipe = one_of(entry, "recipe", tuple(STYLE_RECIPES)) if "recipe" in entry else DEFAULT_RECIPE
        given = {key: value for key, value in entry.items() if key in _SETTINGS}
        values = {"descriptor": "vgg19", **STYLE_RECIPES[recipe], **given, **machine}
        return StyleRecipe(
            name=name,
            exemplar=place_below(entry, "exemplar"),
            mask=place_below_if_any(entry, "mask"),
            content=place_below_if_any(entry, "content"),
            start=str(entry.get("start", "")),
            provenance=provenance_of(entry, TEXTS),
            settings=frozen({part: changed(kind(), values) for part, kind in _PARTS.items()}),
        )

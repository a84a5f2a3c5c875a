"""Recipes of networks of many textures: what the commands of `texnet adaptive` learn from a folder of pictures."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from texnet_core.adaptive.conditional_settings import InstantTrainSettings, TexturesTrainSettings
from texnet_core.adaptive.settings import AdaptiveTrainSettings
from texnet_core.lists.recipe_values import TEXTS, check_start, frozen, offered, one_of, place_below, provenance_of
from texnet_core.lists.tables import check_keys, inside
from texnet_core.model.artifact import Provenance
from texnet_core.model.families.conditional import PredictingSettings, TexturesSettings
from texnet_core.model.families.pseudo_optimizer import PseudoOptimizerSettings
from texnet_core.settings import DescriptorSettings, changed

# Command of `texnet adaptive` -> settings of the network and of the loop.
COMMANDS: Mapping[str, Mapping[str, Any]] = MappingProxyType(
    {
        "many": {"network": TexturesSettings, "train": TexturesTrainSettings},
        "instant": {"network": PredictingSettings, "train": InstantTrainSettings},
        "train": {"network": PseudoOptimizerSettings, "train": AdaptiveTrainSettings},
    }
)


@dataclass(frozen=True)
class NetworkRecipe:
    """One network to train.

    Attributes:
        name: of its file, without the suffix.
        command: a key of `COMMANDS`.
        exemplar: the folder of pictures, as a path below the folder of exemplars; with `train` one picture, too.
        provenance: what the card will say of the pictures.
        settings: "network", "train" and, of what the network looks through, "descriptor" -> their settings.
    """

    name: str
    command: str
    exemplar: str
    provenance: Provenance
    settings: Mapping[str, Any]


def network_recipe(name: str, entry: Mapping[str, Any], machine: Mapping[str, Any]) -> NetworkRecipe:
    """The recipe of an entry; see `texture_recipe`."""
    with inside(f"[adaptive.{name}]"):
        command = one_of(entry, "command", tuple(COMMANDS))
    parts = COMMANDS[command]
    known = offered(tuple(parts.values()))
    check_keys(dict(entry), ("exemplar", "command", "title", *TEXTS, *known), f"[adaptive.{name}]")
    with inside(f"[adaptive.{name}]"):
        check_start(entry)
        values = {key: value for key, value in entry.items() if key in known} | dict(machine)
        settings = {part: changed(kind(), values) for part, kind in parts.items()}
        settings["descriptor"] = _descriptor(getattr(settings["network"], "described_by", "light"), machine)
        place, provenance = place_below(entry, "exemplar"), provenance_of(entry, TEXTS)
        return NetworkRecipe(name, command, place, provenance, frozen(settings))


def _descriptor(name: str, machine: Mapping[str, Any]) -> DescriptorSettings:
    """What the network looks through; only VGG-19 has weights of its own."""
    return changed(DescriptorSettings(), {"descriptor": name} | (dict(machine) if name == "vgg19" else {}))

"""The families of generators that there are. A new one is a module or folder here and a line below."""

from typing import Any

from texnet_core.model.families.collage import COLLAGE
from texnet_core.model.families.conditional import CONDITIONAL, TEXTURES
from texnet_core.model.families.family import Constants, Family, PlaneFacts
from texnet_core.model.families.mixture import MIXTURE
from texnet_core.model.families.pseudo_optimizer import ADAPTIVE_PSEUDO_OPTIMIZER, PSEUDO_OPTIMIZER
from texnet_core.model.families.pyramid import PYRAMID
from texnet_core.model.families.stylizer import STYLIZER

__all__ = [
    "ADAPTIVE_PSEUDO_OPTIMIZER",
    "COLLAGE",
    "CONDITIONAL",
    "FAMILIES",
    "MIXTURE",
    "PSEUDO_OPTIMIZER",
    "PYRAMID",
    "STYLIZER",
    "TEXTURES",
    "Constants",
    "Family",
    "PlaneFacts",
]

FAMILIES: dict[str, Family[Any]] = {
    family.name: family
    for family in (
        PYRAMID,
        STYLIZER,
        COLLAGE,
        PSEUDO_OPTIMIZER,
        ADAPTIVE_PSEUDO_OPTIMIZER,
        CONDITIONAL,
        TEXTURES,
        MIXTURE,
    )
}

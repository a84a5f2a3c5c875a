"""Lists of generators to train, as TOML files: all that decides them, but no place on anybody's disk.

`EXAMPLE` is such a list. Keys may be spelled as files spell them too: "licence" for "license".
"""

import difflib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from texnet_core.errors import RequestError
from texnet_core.lists.network_recipes import NetworkRecipe, network_recipe
from texnet_core.lists.recipe_values import HELP, RecipeStatus, check_recipe_name
from texnet_core.lists.style_recipes import StyleRecipe, style_recipe
from texnet_core.lists.tables import as_named, as_table, check_keys, inside, read_toml
from texnet_core.lists.texture_recipes import SETTINGS, TextureRecipe, check_defaults, texture_recipe

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
[styles.wave]                         # likewise, what `texnet style` learns
exemplar = "paintings/wave.jpg"
content = "photographs"               # optional: folder of pictures to paint in training; without it they are drawn
title = "The Great Wave off Kanagawa"
author = "Katsushika Hokusai"
license = "public domain"
source = "https://www.metmuseum.org/art/collection/search/45434"
steps = 400                           # optional: settings of `texnet style`, and its recipe = "published"
[adaptive.walls]                      # likewise, what `texnet adaptive` learns
command = "many"                      # or instant, or train
exemplar = "walls"                    # a folder of pictures
title = "Walls"
author = "Lennart Demes (ambientCG)"
license = "CC0-1.0"
source = "https://ambientcg.com"
incremental = 0.5                     # optional: settings of that command
"""

Recipe = TextureRecipe | StyleRecipe | NetworkRecipe

_SECTIONS = "a [recipes.NAME], [styles.NAME] or [adaptive.NAME]"
_NO_MACHINE: Mapping[str, Any] = MappingProxyType({})


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
    """The recipes of a list: those of textures in its order, then those of styles, then those of networks.

    Args:
        file: the TOML file, or what is in it.
        machine: values of MACHINE_SETTINGS, which no recipe may hold.

    Raises:
        RequestError: the file is missing or no list of recipes, or a key or value in it is not right.
    """
    name = "the list" if isinstance(file, bytes) else str(file)
    table = read_toml(file, "a list of recipes")
    kinds: dict[str, Callable[[str, Mapping[str, Any]], Recipe]] = {
        "recipes": lambda key, entry: texture_recipe(key, entry, defaults, machine),
        "styles": lambda key, entry: style_recipe(key, entry, machine),
        "adaptive": lambda key, entry: network_recipe(key, entry, machine),
    }
    check_keys(table, ("defaults", *kinds), name)
    defaults = _defaults(table)
    recipes = [
        made(key, _entry(section, key, entry))
        for section, made in kinds.items()
        for key, entry in as_table(table.get(section, {}), f"[{section}]", HELP).items()
    ]
    if not recipes:
        raise RequestError(f"{name} has no recipe", expected=_SECTIONS, remedy=f"add {_SECTIONS}, {HELP}")
    _check_different(recipes)
    return recipes


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


def _defaults(table: Mapping[str, Any]) -> dict[str, Any]:
    defaults = as_named(as_table(table.get("defaults", {}), "[defaults]", HELP), "[defaults]")
    check_keys(defaults, SETTINGS, "[defaults]")
    with inside("[defaults]"):
        check_defaults(defaults)
    return defaults


def _entry(section: str, name: str, entry: Any) -> dict[str, Any]:
    check_recipe_name(name, entry, section)
    where = f"[{section}.{name}]"
    return as_named(as_table(entry, where, HELP), where)


def _check_different(recipes: list[Recipe]) -> None:
    """Raise RequestError where two recipes would write the same file."""
    names = [recipe.name for recipe in recipes]
    if twice := next((name for name in names if names.count(name) > 1), None):
        found = f"two recipes are called {twice!r}, and both would write {twice}.texnet"
        raise RequestError(found, expected="different names", remedy="rename one")

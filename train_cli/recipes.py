"""`texnet recipes`: many generators from one list."""

import shlex
import time
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, get_args

from texnet_core.errors import Cancelled
from texnet_core.lists.recipe_values import RecipeStatus
from texnet_core.lists.recipes import EXAMPLE, Recipe, RecipeResult, chosen, read_recipes
from texnet_core.settings import MACHINE_SETTINGS, DescriptorSettings, TrainSettings
from train_cli.checks import check_one_process, check_torch
from train_cli.cluster import pool_of, ray_options
from train_cli.display import showing
from train_cli.groups import command, option
from train_cli.options import (
    clean,
    json_option,
    output_option,
    path_argument,
    path_option,
    settings_options,
    with_example,
)
from train_cli.results import tell_results
from train_cli.streams import STREAM, is_input, listed


@command()
@path_argument("file", "RECIPES")
@output_option("folder for the generators", pipes=False)
@path_option("--exemplars", group="list", required=True, help="folder with the recipes' pictures")
@option(
    "--only", group="list", multiple=True, metavar="NAME", help="train this recipe alone; may be given several times"
)
@settings_options(DescriptorSettings, only=MACHINE_SETTINGS)
@settings_options(TrainSettings, only=MACHINE_SETTINGS)
@json_option
@ray_options
@with_example(EXAMPLE, "texnet recipes list.toml --exemplars photos -o generators")
def recipes(
    file: Path,
    exemplars: Path,
    output: Path,
    only: tuple[str, ...],
    as_json: bool,
    ray: str | None,
    ray_cpus: int,
    ray_results: str | None,
    **machine: Any,
) -> None:
    """Train many generators, styles and networks from a list.

    RECIPES is a TOML file. A generator that was made from the same settings and picture is kept. What is missing or
    was made differently is trained. A run that was stopped goes on from its checkpoint. The folder belongs to the
    list: other generators and checkpoints under a recipe's name are replaced. A recipe that fails does not stop the
    others; the exit code is then 1. Needs the [train] extra.
    """
    started = time.monotonic()
    given = {name: value for name, value in machine.items() if value is not None}
    planned = [_recorded(recipe, file) for recipe in chosen(read_recipes(listed(file), given), only)]
    check_one_process()
    check_torch("training")
    with pool_of(ray, ray_cpus, ray_results, output) as pool, showing(quiet=as_json) as display:
        from texnet_core.lists.recipe_runner import run_recipes

        try:
            results = run_recipes(planned, exemplars, output, pool=pool, progress=display)
        except Cancelled:
            raise Cancelled("stopped; the same command goes on") from None
    tell_results(results, "recipes", _facts, {status: status for status in get_args(RecipeStatus)}, started, as_json)


def _recorded(recipe: Recipe, file: Path) -> Recipe:
    """The recipe with the command that makes it again, in which nobody's folders have names."""
    name = STREAM if is_input(file) else file.name
    words = ["texnet", "recipes", name, "--exemplars", "DIR", "--output", "DIR", "--only", recipe.name]
    return replace(recipe, provenance=replace(recipe.provenance, command=clean(shlex.join(words))))


def _facts(result: RecipeResult) -> dict[str, Any]:
    return {key: value for key, value in asdict(result).items() if value}

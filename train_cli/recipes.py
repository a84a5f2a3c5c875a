"""`texnet recipes`: many generators from one list."""

import json
import shlex
import time
from dataclasses import asdict, replace
from pathlib import Path
from typing import get_args

import click

from texnet_core.errors import Cancelled
from texnet_core.lists.recipes import EXAMPLE, Recipe, RecipeResult, RecipeStatus, chosen, read_recipes
from texnet_core.settings import MACHINE_SETTINGS, DescriptorSettings, TrainSettings
from train_cli.checks import check_torch
from train_cli.display import showing
from train_cli.options import clean, json_option, settings_options, with_example


@click.command()
@click.argument("file", metavar="RECIPES", type=click.Path(path_type=Path))
@click.option("--exemplars", required=True, type=click.Path(path_type=Path), help="folder with the recipes' pictures")
@click.option("-o", "--output", required=True, type=click.Path(path_type=Path), help="folder for the generators")
@click.option("--only", multiple=True, metavar="NAME", help="only the recipe of this name; may be given several times")
@settings_options(DescriptorSettings, only=MACHINE_SETTINGS)
@settings_options(TrainSettings, only=MACHINE_SETTINGS)
@json_option
@with_example(EXAMPLE)
def recipes(
    file: Path, exemplars: Path, output: Path, only: tuple[str, ...], as_json: bool, **machine: str | None
) -> None:
    """Train many generators from a list.

    RECIPES is a TOML file. What is there and was made so is kept; what is missing or was made from other settings or
    another picture is trained; a run that was stopped goes on from its checkpoint. The folder belongs to the list: a
    generator or a checkpoint of other settings under a recipe's name is replaced. A recipe that fails does not stop
    the others. The exit code is 1 if any failed. Needs the [train] extra.
    """
    started = time.monotonic()
    given = {name: value for name, value in machine.items() if value is not None}
    planned = [_recorded(recipe, file) for recipe in chosen(read_recipes(file, given), only)]
    check_torch("training")
    with showing(quiet=as_json) as display:
        from texnet_core.lists.recipe_runner import run_recipes

        try:
            results = run_recipes(planned, exemplars, output, progress=display)
        except Cancelled:
            raise Cancelled("stopped; the same command goes on") from None
    _tell(results, time.monotonic() - started, as_json)
    if any(result.status == "failed" for result in results):
        raise click.exceptions.Exit(1)


def _recorded(recipe: Recipe, file: Path) -> Recipe:
    """The recipe with the command that makes it again, in which nobody's folders have names."""
    words = ["texnet", "recipes", file.name, "--exemplars", "DIR", "--output", "DIR", "--only", recipe.name]
    return replace(recipe, provenance=replace(recipe.provenance, command=clean(shlex.join(words))))


def _tell(results: list[RecipeResult], seconds: float, as_json: bool) -> None:
    counts = {status: sum(result.status == status for result in results) for status in get_args(RecipeStatus)}
    if as_json:
        listed = [{key: value for key, value in asdict(result).items() if value} for result in results]
        click.echo(json.dumps({**counts, "seconds": round(seconds, 3), "recipes": listed}))
        return
    click.echo(", ".join(f"{count} {status}" for status, count in counts.items()) + f" in {seconds:.0f} s")

"""`texnet recipes`: many generators from one list."""

import json
import shlex
import time
from dataclasses import asdict, replace
from pathlib import Path
from typing import get_args

import click

from texnet_core.errors import Cancelled
from texnet_core.lists.recipes import Outcome, Recipe, Status, chosen, read_recipes
from texnet_core.settings import MACHINE_SETTINGS, DescriptorSettings, TrainSettings
from train_cli.checks import check_torch
from train_cli.display import showing
from train_cli.options import clean, json_option, settings_options


@click.command()
@click.argument("file", metavar="RECIPES", type=click.Path(path_type=Path))
@click.option("--exemplars", required=True, type=click.Path(path_type=Path), help="folder with the recipes' pictures")
@click.option("-o", "--output", required=True, type=click.Path(path_type=Path), help="folder for the generators")
@click.option("--only", multiple=True, metavar="NAME", help="only the recipe of this name; may be given several times")
@settings_options(DescriptorSettings, only=MACHINE_SETTINGS)
@settings_options(TrainSettings, only=MACHINE_SETTINGS)
@json_option
def recipes(
    file: Path, exemplars: Path, output: Path, only: tuple[str, ...], as_json: bool, **machine: str | None
) -> None:
    """Train many generators from a list.

    RECIPES is a TOML file. What is there and was made so is kept; what is missing or was made from other settings or
    another picture is trained; a run that was stopped goes on from its checkpoint. The folder belongs to the list: a
    generator or a checkpoint of other settings under a recipe's name is replaced. A recipe that fails does not stop
    the others. The exit code is 1 if any failed. Needs the [train] extra.

    \b
    Example:
      [defaults]                            # optional: settings of `texnet train`, for all recipes
      steps = 1500
      [recipes.moss]                        # one or more: what makes moss.texnet
      exemplar = "ground/moss.jpg"          # below the folder of exemplars
      title = "Moss 003"
      kind = "moss"
      author = "Lennart Demes (ambientCG)"
      license = "CC0-1.0"
      source = "https://ambientcg.com/view?id=Moss003"
      size_m = 2.0                          # optional: meters that the picture's short side spans
      levels = 7                            # optional: settings for this one alone
    """
    started = time.monotonic()
    given = {name: value for name, value in machine.items() if value is not None}
    planned = [_recorded(recipe, file) for recipe in chosen(read_recipes(file, given), only)]
    check_torch("training")
    with showing(quiet=as_json) as display:
        from texnet_core.lists.recipe_runner import run_recipes

        try:
            outcomes = run_recipes(planned, exemplars, output, progress=display)
        except Cancelled:
            raise Cancelled("stopped; the same command goes on") from None
    _tell(outcomes, time.monotonic() - started, as_json)
    if any(outcome.status == "failed" for outcome in outcomes):
        raise click.exceptions.Exit(1)


def _recorded(recipe: Recipe, file: Path) -> Recipe:
    """The recipe with the command that makes it again, in which nobody's folders have names."""
    words = ["texnet", "recipes", file.name, "--exemplars", "DIR", "--output", "DIR", "--only", recipe.name]
    return replace(recipe, provenance=replace(recipe.provenance, command=clean(shlex.join(words))))


def _tell(outcomes: list[Outcome], seconds: float, as_json: bool) -> None:
    counts = {status: sum(o.status == status for o in outcomes) for status in get_args(Status)}
    if as_json:
        listed = [{key: value for key, value in asdict(o).items() if value} for o in outcomes]
        click.echo(json.dumps({**counts, "seconds": round(seconds, 3), "recipes": listed}))
        return
    click.echo(", ".join(f"{count} {status}" for status, count in counts.items()) + f" in {seconds:.0f} s")

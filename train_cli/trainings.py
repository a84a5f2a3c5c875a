"""What commands that train have in common, be it a texture or a style."""

import json
from dataclasses import fields
from pathlib import Path
from typing import Any

import click

from texnet_core.errors import RequestError
from texnet_core.model.artifact import Artifact, checkpoint_path
from texnet_core.model.budget import shortfall, steps_taken
from train_cli.checks import check_generator_name, check_not_inputs, check_torch
from train_cli.groups import is_given, option_name
from train_cli.results import tell_written
from train_cli.streams import is_output

RESUME_HELP = "go on with the unfinished run of this output, if there is one; its budget may be another"


def check_arguments(context: click.Context, output: Path, *exemplars: Path, mask: Path | None = None) -> None:
    """What can be refused before the slow import of torch."""
    budget = [name for name in ("steps", "minutes") if is_given(context, name)]
    if len(budget) > 1:
        raise RequestError("--steps and --minutes cannot be combined", expected="one budget", remedy="use one of them")
    if budget == ["minutes"] and context.params["minutes"] == 0:
        raise RequestError("--minutes 0 leaves no time", expected="more", remedy="give more minutes, or --steps")
    if is_output(output) and context.params["resume"]:
        found = "--resume finds no checkpoint where the generator goes to a pipe"
        raise RequestError(found, expected="a file", remedy="name a file, or leave --resume out")
    check_generator_name(output)
    for exemplar in exemplars:
        check_not_inputs(output, exemplar, mask, "--output")
    check_torch("training")


def given(kind: type, context: click.Context) -> dict[str, Any]:
    """Field of a settings dataclass -> value, of those whose options stand on the command line."""
    offered = (field for field in fields(kind) if field.metadata.get("help"))
    options = {field.name: option_name(field).replace("-", "_") for field in offered}
    return {name: context.params[key] for name, key in options.items() if is_given(context, key)}


def tell_trained(artifact: Artifact, output: Path, notes: list[str], *, as_json: bool, **more: Any) -> None:
    """The last line of a run, or its JSON object."""
    quality, training = artifact.quality, artifact.training
    if as_json:
        facts = {"output": str(output), "steps": steps_taken(training), **quality}
        click.echo(json.dumps(facts | more | {"notes": notes}))
        return
    steps = shortfall(training) or f"{steps_taken(training)} steps"
    tell_written(output, f"{steps}, {quality['seconds']:.0f} s, validation loss {quality['validation_loss']:.4f}")


def how_to_go_on(output: Path) -> str:
    """What to tell whoever stopped a run."""
    if is_output(output):
        return "stopped; nothing was written"
    if checkpoint_path(output).exists():
        return f"stopped; the same command with --resume goes on with {output}"
    return "stopped before the first step"

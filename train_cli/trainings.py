"""What commands that train have in common, be it a texture or a style."""

from pathlib import Path

import click
from click.core import ParameterSource

from texnet_core.errors import RequestError
from texnet_core.model.artifact import SUFFIX, Artifact, checkpoint_path
from texnet_core.model.budget import shortfall
from train_cli.checks import check_torch
from train_cli.streams import is_output

RESUME_HELP = "go on with the unfinished run of this output, if there is one; its budget may be another"


def check_arguments(context: click.Context, output: Path) -> None:
    """What can be refused before the slow import of torch."""
    given = [name for name in ("steps", "minutes") if is_given(context, name)]
    if len(given) > 1:
        raise RequestError("--steps and --minutes cannot be combined", expected="one budget", remedy="use one of them")
    if given == ["minutes"] and context.params["minutes"] == 0:
        raise RequestError("--minutes 0 leaves no time", expected="more", remedy="give more minutes, or --steps")
    if is_output(output) and context.params["resume"]:
        found = "--resume finds no checkpoint where the generator goes to a pipe"
        raise RequestError(found, expected="a file", remedy="name a file, or leave --resume out")
    if output.suffix != SUFFIX and not is_output(output):
        found = f"--output {output.name} does not end in {SUFFIX}"
        raise RequestError(found, expected=f"a name in {SUFFIX}", remedy="change the suffix")
    check_torch("training")


def is_given(context: click.Context, name: str) -> bool:
    """Whether an option stands on the command line."""
    return context.get_parameter_source(name) is ParameterSource.COMMANDLINE


def steps_taken(artifact: Artifact) -> str:
    """How far a run came, for its last line."""
    return shortfall(artifact.training) or f"{artifact.training['steps_taken']} steps"


def how_to_go_on(output: Path) -> str:
    """What to tell whoever stopped a run."""
    if is_output(output):
        return "stopped; nothing was written"
    if checkpoint_path(output).exists():
        return f"stopped; the same command with --resume goes on with {output}"
    return "stopped before the first step"

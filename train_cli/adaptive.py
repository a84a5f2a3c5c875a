"""`texnet adaptive`: networks that make a generator of any picture at once."""

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import click
import cloup

from texnet_core.adaptive.settings import AdaptiveTrainSettings
from texnet_core.atomic import prepared
from texnet_core.errors import Cancelled, RequestError
from texnet_core.model.artifact import SUFFIX, Provenance
from texnet_core.model.families.pseudo_optimizer import PseudoOptimizerSettings
from train_cli.checks import check_preview
from train_cli.display import showing, with_preview
from train_cli.groups import command, option
from train_cli.options import (
    clean,
    json_option,
    output_option,
    path_argument,
    path_option,
    preview_option,
    recorded_command,
    settings_from,
    settings_options,
)
from train_cli.streams import check_alone, new_files, writing
from train_cli.trainings import RESUME_HELP, check_arguments, how_to_go_on, tell_trained


@cloup.group()
def adaptive() -> None:
    """Networks that make a generator of any picture at once, once they have learned from many."""


@command()
@path_argument("folder", "FOLDER")
@output_option("network to write, NAME.texnet; - is the standard output")
@preview_option
@json_option
@settings_options(PseudoOptimizerSettings)
@settings_options(AdaptiveTrainSettings)
@option("--resume", group="budget", is_flag=True, help=RESUME_HELP)
@path_option("--vgg19", group="machine", help="file with VGG-19 weights, where the network looks through it")
@option("--name", group="record", help="name of the network; without it the folder's name")
@settings_options(Provenance)
@click.pass_context
def train(
    context: click.Context,
    /,
    folder: Path,
    output: Path,
    resume: bool,
    preview: Path | None,
    vgg19: Path | None,
    as_json: bool,
    **values: Any,
) -> None:
    """Learn from the pictures in FOLDER to make a generator of any picture of a surface.

    Needs the [train] extra. The network is a Pseudo Optimizer (Shi & Qiao 2020). Ctrl-C keeps a checkpoint beside the
    output; the same command with --resume goes on. torchrun trains on several GPUs.

    \b
    Examples:
      texnet adaptive train surfaces -o instant.texnet --size 128 --steps 250000
      texnet adaptive train surfaces -o paper.texnet --widths 64,64,128,256,512 --network-descriptor vgg19
      torchrun --nproc-per-node 4 -m train_cli adaptive train surfaces -o big.texnet --batch 4
      texnet adaptive train wall.jpg -o wall-only.texnet        one picture: the paper's PO
    """
    from texnet_core.adaptive.request import AdaptiveRequest

    check_alone(output, as_json)
    check_arguments(context, output, folder)
    check_preview(preview, folder, None)
    _check_outside(preview, folder)
    name = clean(values["name"] or folder.resolve().name)
    request = AdaptiveRequest(
        network=settings_from(PseudoOptimizerSettings, values),
        train=settings_from(AdaptiveTrainSettings, values),
        vgg19="" if vgg19 is None else str(vgg19),
        provenance=replace(settings_from(Provenance, values), exemplar=name, command=recorded_command(context)),
    )
    if int(os.environ.get("RANK", "0")):  # the first process tells and writes
        _train(folder, output, request, resume=resume)
        return
    with writing(output, SUFFIX) as target, prepared(*new_files(output, preview)), showing(quiet=as_json) as display:
        try:
            artifact = _train(folder, target, request, resume=resume, progress=with_preview(display, preview))
        except Cancelled:
            raise Cancelled(how_to_go_on(output)) from None
    tell_trained(artifact, output, display.notes, as_json=as_json)


def _check_outside(preview: Path | None, folder: Path) -> None:
    """Raise RequestError for a preview among the pictures, where the next run and a resumed one would learn from it."""
    if preview is not None and preview.resolve().is_relative_to(folder.resolve()):
        found = f"--preview {preview} lies among the pictures that are learned from"
        raise RequestError(found, expected=f"a file outside of {folder}", remedy="name a file in another folder")


def _train(folder: Path, output: Path, request: Any, **more: Any) -> Any:
    from texnet_core.adaptive.training import train_adaptive

    return train_adaptive(folder, output, request, **more)


adaptive.add_command(train)

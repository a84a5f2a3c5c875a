"""`texnet adaptive`: networks that make a generator of any picture at once, or hold several textures."""

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar, get_args

import click
import cloup

from texnet_core.adaptive.conditional_settings import InstantTrainSettings, TexturesTrainSettings
from texnet_core.adaptive.settings import AdaptiveTrainSettings
from texnet_core.atomic import prepared
from texnet_core.errors import Cancelled
from texnet_core.model.artifact import SUFFIX, Artifact, Provenance
from texnet_core.model.families.conditional import PredictingSettings, TexturesSettings
from texnet_core.model.families.pseudo_optimizer import PseudoOptimizerSettings
from texnet_core.settings import InputConvention
from train_cli.checks import check_outside, check_preview
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

C = TypeVar("C", bound=Callable[..., Any])
Train = Callable[..., Artifact]  # (folder, output, resume=..., progress=...) -> what was learned


def learning(network: type, loop: type) -> Callable[[C], C]:
    """A decorator that adds what all these commands take.

    Args:
        network: settings of its shape.
        loop: settings of the training.
    """
    added = [
        path_argument("folder", "FOLDER"),
        output_option("network to write, NAME.texnet; - is the standard output"),
        preview_option,
        json_option,
        settings_options(network),
        settings_options(loop),
        option("--resume", group="budget", is_flag=True, help=RESUME_HELP),
        option("--name", group="record", help="name of the network; without it the folder's name"),
        settings_options(Provenance),
        click.pass_context,
    ]

    def decorate(made: C) -> C:
        for each in reversed(added):
            made = each(made)  # type: ignore[operator]
        return made

    return decorate


@cloup.group()
def adaptive() -> None:
    """Networks of many textures: those that make a generator of any picture at once, and those that hold several."""


@command()
@learning(PseudoOptimizerSettings, AdaptiveTrainSettings)
@path_option("--vgg19", group="machine", help="file with VGG-19 weights, where the network looks through it")
@option(
    "--vgg19-input",
    group="machine",
    type=click.Choice(get_args(InputConvention)),
    help="input convention of these weights, where their file does not say it",
)
def train(context: click.Context, /, vgg19: Path | None, vgg19_input: Any, **values: Any) -> None:
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

    def trained(folder: Path, output: Path, **more: Any) -> Artifact:
        from texnet_core.adaptive.request import AdaptiveRequest
        from texnet_core.adaptive.training import train_adaptive

        network, loop = settings_from(PseudoOptimizerSettings, values), settings_from(AdaptiveTrainSettings, values)
        weights = "" if vgg19 is None else str(vgg19)
        request = AdaptiveRequest(network, loop, weights, _provenance(context), vgg19_input or "")
        return train_adaptive(folder, output, request, **more)

    _learn(context, trained)


@command()
@learning(PredictingSettings, InstantTrainSettings)
def instant(context: click.Context, /, **values: Any) -> None:
    """Learn from the pictures in FOLDER to predict a generator of any picture of a surface.

    Needs the [train] extra. This is how the network behind texnet synth instant learns. The generators that it makes
    are as fast as those of texnet train. Ctrl-C keeps a checkpoint beside the output; the same command with --resume
    goes on. torchrun trains on several GPUs.

    \b
    Examples:
      texnet adaptive instant surfaces -o mine.texnet
      texnet adaptive instant fabrics -o fabrics.texnet --start instant --minutes 60 --preview sample.png
      texnet synth mine.texnet --exemplar photo.jpg -o wall.png
    """

    def trained(folder: Path, output: Path, **more: Any) -> Artifact:
        from texnet_core.adaptive.conditional_request import InstantRequest
        from texnet_core.adaptive.conditional_training import train_conditional

        network, loop = settings_from(PredictingSettings, values), settings_from(InstantTrainSettings, values)
        return train_conditional(folder, output, InstantRequest(network, loop, _provenance(context)), **more)

    _learn(context, trained)


@command()
@learning(TexturesSettings, TexturesTrainSettings)
def many(context: click.Context, /, **values: Any) -> None:
    """Learn the pictures in FOLDER as textures of one file, each by the name of its picture.

    Needs the [train] extra. Textures of one file can be mixed (Li et al. 2017). Ctrl-C keeps a checkpoint beside the
    output; the same command with --resume goes on. torchrun trains on several GPUs.

    \b
    Examples:
      texnet adaptive many walls -o walls.texnet
      texnet adaptive many walls -o walls.texnet --start cold --steps 20000 --incremental 0.5
      texnet synth walls.texnet --texture bricks -o wall.png
    """

    def trained(folder: Path, output: Path, **more: Any) -> Artifact:
        from texnet_core.adaptive.conditional_request import TexturesRequest
        from texnet_core.adaptive.conditional_training import train_textures

        network, loop = settings_from(TexturesSettings, values), settings_from(TexturesTrainSettings, values)
        return train_textures(folder, output, TexturesRequest(network, loop, _provenance(context)), **more)

    _learn(context, trained)


def _learn(context: click.Context, train: Train) -> None:
    """What all these commands do."""
    values = context.params
    folder, output, preview, as_json = (values[name] for name in ("folder", "output", "preview", "as_json"))
    check_alone(output, as_json)
    check_arguments(context, output, folder)
    check_preview(preview, folder, None)
    check_outside(preview, folder)
    if int(os.environ.get("RANK", "0")):  # the first process tells and writes
        train(folder, output, resume=values["resume"])
        return
    with writing(output, SUFFIX) as target, prepared(*new_files(output, preview)), showing(quiet=as_json) as display:
        try:
            artifact = train(folder, target, resume=values["resume"], progress=with_preview(display, preview))
        except Cancelled:
            raise Cancelled(how_to_go_on(output)) from None
    tell_trained(artifact, output, display.notes, as_json=as_json)


def _provenance(context: click.Context) -> Provenance:
    values = context.params
    name = clean(values["name"] or values["folder"].resolve().name)
    return replace(settings_from(Provenance, values), exemplar=name, command=recorded_command(context))


for each in (train, instant, many):
    adaptive.add_command(each)

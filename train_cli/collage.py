"""`texnet collage`: a collage of a picture as a file, for later."""

import time
from pathlib import Path
from typing import Any

import click

from texnet_core import write_artifact
from texnet_core.atomic import prepared
from texnet_core.instant.keeping import with_card
from texnet_core.instant.open import open_source
from texnet_core.model.artifact import SUFFIX, Provenance
from texnet_core.settings import ExemplarSettings
from train_cli.checks import check_generator_name, check_not_inputs
from train_cli.display import showing
from train_cli.groups import command, option
from train_cli.options import (
    clean,
    json_option,
    mask_option,
    output_option,
    path_argument,
    recorded_command,
    settings_from,
    settings_options,
)
from train_cli.results import tell_made
from train_cli.streams import check_alone, is_input, new_files, writing


@command()
@path_argument("exemplar", "EXEMPLAR")
@output_option("collage to write, NAME.texnet; - is the standard output")
@json_option
@mask_option
@settings_options(ExemplarSettings)
@option("--name", group="record", help="name of the surface; without it the exemplar's file name")
@settings_options(Provenance)
@click.pass_context
def collage(
    context: click.Context,
    /,
    exemplar: Path,
    output: Path,
    mask: Path | None,
    as_json: bool,
    **values: Any,
) -> None:
    """Keep a collage of EXEMPLAR, one picture of a surface, in a file that everything takes as a generator.

    The file holds the picture itself, and its textures are pieces of it: think of the picture's license before you
    pass it on. Without a file, `texnet synth collage --exemplar EXEMPLAR` makes the same textures.

    \b
    Examples:
      texnet collage sand.jpg -o sand.texnet --real-width 1.2m
      texnet synth sand.texnet -o sand.png --size 4096
    """
    started = time.monotonic()
    check_alone(output, as_json)
    check_generator_name(output)
    check_not_inputs(output, exemplar, mask, "--output")
    name = clean(values["name"] or (output if is_input(exemplar) else exemplar).stem)
    texts = {**vars(settings_from(Provenance, values)), "exemplar": name, "command": recorded_command(context)}
    with writing(output, SUFFIX) as target, prepared(*new_files(output)), showing(quiet=as_json) as display:
        picture = display.read_exemplar(exemplar, mask)
        settings = settings_from(ExemplarSettings, values)
        made = open_source("collage", picture.image, picture.mask, settings, announce=display.note)
        display.stop_if_asked()
        write_artifact(target, with_card(made, Provenance(**texts)))
    tell_made(output, "holds the picture and copies it", started, display.notes, as_json=as_json)

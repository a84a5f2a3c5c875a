"""`texnet keep`: what a source makes at once as a generator of its own."""

import time
from pathlib import Path
from typing import Any

import click

from texnet_core import TextureRequest, write_artifact
from texnet_core.atomic import prepared
from texnet_core.instant.keeping import as_generator, check_is_made
from texnet_core.instant.open import find_any_source
from texnet_core.model.artifact import SUFFIX, Provenance
from texnet_core.settings import ExemplarSettings
from texnet_core.synthesis.choice import TextureChoice
from train_cli.checks import check_generator_name
from train_cli.display import showing
from train_cli.groups import command, option
from train_cli.options import (
    clean,
    exemplar_option,
    json_option,
    mask_option,
    mix_mask_option,
    output_option,
    recorded_command,
    settings_from,
    settings_options,
)
from train_cli.placing import check_spared
from train_cli.results import tell_made
from train_cli.sources import opened
from train_cli.streams import check_alone, is_input, new_files, writing


@command()
@click.argument("source")
@output_option("generator to write, NAME.texnet; - is the standard output")
@json_option
@mix_mask_option
@settings_options(TextureChoice)
@exemplar_option
@mask_option
@settings_options(ExemplarSettings)
@option("--name", group="record", help="name of the surface; without it that of the texture or of the exemplar's file")
@settings_options(Provenance)
@click.pass_context
def keep(
    context: click.Context,
    /,
    source: str,
    output: Path,
    exemplar: Path | None,
    mask: Path | None,
    mix_mask: Path | None,
    as_json: bool,
    **values: Any,
) -> None:
    """Keep what SOURCE makes at once in a file, as a generator like any other.

    SOURCE is a .texnet file that holds several textures, or what makes textures of an exemplar, such as instant. The
    generator can be trained on: `texnet train --start NAME.texnet`.

    \b
    Examples:
      texnet keep stones.texnet --texture slate -o slate.texnet
      texnet keep stones.texnet --mix slate=0.3,chalk=0.7 -o pale.texnet
      texnet keep instant --exemplar photo.jpg -o photo.texnet --real-width 1.2m
      texnet train photo.jpg -o better.texnet --start photo.texnet
    """
    started = time.monotonic()
    check_alone(output, as_json)
    check_generator_name(output)
    check_spared([output], [exemplar, mask, mix_mask, None if is_input(source) else find_any_source(source)])
    texts = vars(settings_from(Provenance, values)) | {"command": recorded_command(context)}
    from_file = "" if exemplar is None or is_input(exemplar) else exemplar.stem
    texts["exemplar"] = clean(values["name"] or from_file)
    with writing(output, SUFFIX) as target, prepared(*new_files(output)), showing(quiet=as_json) as display:
        made = opened(source, exemplar, mask, _request(mix_mask, values), display, check_is_made)
        write_artifact(target, as_generator(made, Provenance(**texts)))
    tell_made(output, made.family, started, display.notes, as_json=as_json)


def _request(mix_mask: Path | None, values: dict[str, Any]) -> TextureRequest:
    """What the options say of the exemplar and of the choice."""
    taken, choice = settings_from(ExemplarSettings, values), settings_from(TextureChoice, values)
    return TextureRequest(**vars(taken) | vars(choice) | {"mix_mask": "" if mix_mask is None else str(mix_mask)})

"""`texnet train`: a generator from a picture, or from the maps of a material."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from texnet_core.atomic import prepared
from texnet_core.errors import Cancelled
from texnet_core.materials.choice import MAP_NAMES, check_wanted
from texnet_core.model.artifact import SUFFIX, Provenance
from texnet_core.model.families.pyramid import (
    DEFAULT_GENERATOR_SIZE,
    GENERATOR_SIZES,
    PyramidSettings,
    generator_settings,
)
from texnet_core.model.real_size import check_size_m
from texnet_core.settings import DescriptorSettings, LossSettings, TrainSettings
from texnet_core.start_settings import DEFAULT_QUALITY, QUALITIES, StartSettings, quality_settings
from train_cli.checks import check_one_process, check_preview
from train_cli.display import showing, with_preview
from train_cli.exemplars import check_kept, derived_surface, exemplar_name, facts_of, read_surface
from train_cli.groups import command, option
from train_cli.options import (
    LengthType,
    NamesType,
    clean,
    json_option,
    look_from,
    look_options,
    mask_option,
    output_option,
    paths_argument,
    preview_option,
    recorded_command,
    settings_from,
    settings_options,
)
from train_cli.streams import check_alone, new_files, writing
from train_cli.trainings import RESUME_HELP, check_arguments, given, how_to_go_on, tell_trained

_QUALITY_HELP = (
    f"how long to train: quick takes {QUALITIES['quick']['steps']} steps from what fits best of what ships, "
    f"best {QUALITIES['best']['steps']} steps; --steps, --minutes and --start, where given, replace its own"
)
_MAPS_HELP = f"maps of a material that are learned, by commas; all that are there without it ({', '.join(MAP_NAMES)})"
_MATERIAL_HELP = "guess normals, roughness, height and occlusion of one picture, and learn them too; marked as derived"


@command()
@paths_argument("exemplar", "EXEMPLAR...")
@output_option("generator to write, NAME.texnet; - is the standard output")
@preview_option
@json_option
@mask_option
@option("--maps", group="picture", type=NamesType(), default=None, help=_MAPS_HELP)
@option("--material", group="picture", is_flag=True, help=_MATERIAL_HELP)
@option(
    "--generator-size",
    group="generator",
    type=click.Choice(list(GENERATOR_SIZES)),
    default=DEFAULT_GENERATOR_SIZE,
    show_default=True,
    help="how much of a surface the generator can hold; --levels and --channels, where given, replace its own",
)
@settings_options(PyramidSettings)
@settings_options(TrainSettings)
@settings_options(StartSettings)
@option(
    "--quality",
    group="budget",
    type=click.Choice(list(QUALITIES)),
    default=DEFAULT_QUALITY,
    show_default=True,
    help=_QUALITY_HELP,
)
@option("--resume", group="budget", is_flag=True, help=RESUME_HELP)
@settings_options(DescriptorSettings)
@settings_options(LossSettings)
@option(
    "--real-width",
    group="record",
    type=LengthType(),
    help="what the picture's width shows, such as 1.2m, 50cm or 3ft; textures then have a real size",
)
@option("--name", group="record", help="name of the surface; without it the exemplar's file name")
@settings_options(Provenance)
@look_options("guessed from the exemplar")
@click.pass_context
def train(
    context: click.Context,
    /,
    exemplar: tuple[Path, ...],
    output: Path,
    mask: Path | None,
    maps: tuple[str, ...] | None,
    material: bool,
    resume: bool,
    preview: Path | None,
    real_width: float | None,
    as_json: bool,
    **values: Any,
) -> None:
    """Learn a generator from EXEMPLAR, one picture of a surface or all maps of a material.

    A material is a folder, a .zip, or several files; their names say which map each is, and a table tells it.
    Needs the [train] extra. Ctrl-C keeps a checkpoint beside the output; the same command with --resume goes on.

    \b
    Examples:
      texnet train wall.jpg -o wall.texnet
      texnet train wall.jpg -o wall.texnet --quality quick
      texnet train wall.jpg -o wall.texnet --minutes 20 --preview sample.png --real-width 1.2m
      magick wall.jpg -crop 2048x2048+0+0 png:- | texnet train - -o wall.texnet
      texnet train wall.jpg -o wall.texnet --flatten --generator-size base
      texnet train wall.jpg -o wall.texnet --mask without-door.png
      texnet train Bricks097_2K-JPG.zip -o bricks.texnet
      texnet train wall_albedo.png wall_normal.png -o wall.texnet
      texnet train wall-maps -o wall.texnet --maps albedo,normal,roughness
      texnet train wall.jpg -o wall.texnet --material
    """
    check_alone(output, as_json)
    check_one_process()
    check_arguments(context, output, *exemplar, mask=mask)
    check_wanted(maps or ())
    if real_width is not None:
        check_size_m(real_width, "--real-width")
    for path in exemplar:
        check_preview(preview, path, mask)
    loop, begin = quality_settings(values["quality"], **given(TrainSettings, context), **given(StartSettings, context))
    name = clean(values["name"] or exemplar_name(exemplar, output))
    provenance = replace(settings_from(Provenance, values), exemplar=name, command=recorded_command(context))
    with writing(output, SUFFIX) as target, prepared(*new_files(output, preview)), showing(quiet=as_json) as display:
        picture = (derived_surface if material else read_surface)(display, exemplar, mask, maps or ())
        check_kept("--preview", preview, exemplar, picture)
        from texnet_core.training import TrainRequest
        from texnet_core.training import train as train_generator

        request = TrainRequest(
            generator=_generator(context),
            descriptor=settings_from(DescriptorSettings, values),
            loss=settings_from(LossSettings, values),
            train=loop,
            provenance=provenance,
            look=look_from(values),
            real_width=real_width or 0.0,
            begin=begin,
        )
        report = with_preview(display, preview)
        try:
            artifact = train_generator(
                picture.image,
                target,
                request,
                maps=picture.maps,
                relief=picture.relief,
                mask=picture.mask,
                resume=resume,
                progress=report,
            )
        except Cancelled:
            raise Cancelled(how_to_go_on(output)) from None
    compared_by = artifact.training["descriptor"]
    tell_trained(artifact, output, display.notes, as_json=as_json, descriptor=compared_by, **facts_of(picture))


def _generator(context: click.Context) -> PyramidSettings:
    """The size by name, with what the command line says otherwise."""
    return generator_settings(context.params["generator_size"], **given(PyramidSettings, context))

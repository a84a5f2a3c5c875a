"""`texnet style`: a style from a picture."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from texnet_core.atomic import prepared
from texnet_core.errors import Cancelled
from texnet_core.model.artifact import SUFFIX, Provenance, read_artifact
from texnet_core.model.families.stylizer import StylizerSettings
from texnet_core.presets import find_style
from texnet_core.settings import DescriptorSettings, LossSettings
from texnet_core.style_settings import (
    DEFAULT_RECIPE,
    NOT_FOR_STYLES,
    STYLE_RECIPES,
    StyleSettings,
    StyleTrainSettings,
)
from train_cli.checks import check_one_process, check_outside, check_preview
from train_cli.display import showing, with_preview
from train_cli.groups import command, option
from train_cli.options import (
    clean,
    json_option,
    mask_option,
    output_option,
    path_argument,
    path_option,
    preview_option,
    recorded_command,
    settings_options,
)
from train_cli.streams import check_alone, is_input, new_files, writing
from train_cli.trainings import RESUME_HELP, check_arguments, given, how_to_go_on, tell_trained

_PARTS: dict[str, type] = {
    "generator": StylizerSettings,
    "style": StyleSettings,
    "descriptor": DescriptorSettings,
    "loss": LossSettings,
    "train": StyleTrainSettings,
}


@command()
@path_argument("style", "STYLE")
@output_option("style to write, NAME.texnet; - is the standard output")
@preview_option
@json_option
@mask_option
@path_option(
    "--content",
    group="style",
    help="folder of pictures to paint in training, such as photographs or a scene's own maps; "
    "without it they are drawn",
)
@option(
    "--recipe",
    group="style",
    type=click.Choice(tuple(STYLE_RECIPES)),
    default=DEFAULT_RECIPE,
    show_default=True,
    help="published is that of Texture Networks (2016); other options, where given, replace its own",
)
@option(
    "--start",
    group="style",
    help="a style that ships, or a .texnet file, whose parameters the run begins with; it then needs fewer steps",
)
@settings_options(StyleSettings)
@settings_options(StylizerSettings)
@settings_options(StyleTrainSettings)
@option("--resume", group="budget", is_flag=True, help=RESUME_HELP)
@settings_options(DescriptorSettings, leave_out=NOT_FOR_STYLES)
@settings_options(LossSettings, leave_out=NOT_FOR_STYLES)
@option("--name", group="record", help="name of the style; without it the picture's file name")
@settings_options(Provenance)
@click.pass_context
def style(
    context: click.Context,
    /,
    style: Path,
    output: Path,
    mask: Path | None,
    content: Path | None,
    start: str | None,
    resume: bool,
    preview: Path | None,
    as_json: bool,
    **values: Any,
) -> None:
    """Learn a style from STYLE, a painting or any picture with strokes of its own.

    Pictures are then painted anew by `texnet stylize`. Needs the [train] extra and weights of VGG-19. Ctrl-C keeps
    a checkpoint beside the output; the same command with --resume goes on.

    \b
    Examples:
      texnet style painting.jpg -o painting.texnet
      texnet style moss.jpg -o mossy.texnet --content scene/albedo
      texnet style painting.jpg -o painting.texnet --exemplar-size 512     larger strokes
      texnet style painting.jpg -o painting.texnet --content-goal 0.6      less of the picture
      texnet style painting.jpg -o paper.texnet --recipe published --content photographs
    """
    check_alone(output, as_json)
    check_one_process()
    check_arguments(context, output, style, mask=mask)
    check_preview(preview, style, mask)
    if content is not None:
        check_outside(preview, content)
    name = clean(values["name"] or (output if is_input(style) else style).stem)
    with writing(output, SUFFIX) as target, prepared(*new_files(output, preview)), showing(quiet=as_json) as display:
        picture = display.read_exemplar(style, mask)
        from texnet_core.training.styles import read_content, style_request, train_style

        recipe = style_request(context.params["recipe"])
        parts = {part: replace(getattr(recipe, part), **given(kind, context)) for part, kind in _PARTS.items()}
        provenance = Provenance(exemplar=name, command=recorded_command(context), **given(Provenance, context))
        request = replace(recipe, **parts, provenance=provenance)
        begun = None if start is None else read_artifact(find_style(start))
        painted = None if content is None else read_content(content, request, display.note)
        try:
            artifact = train_style(
                picture.image,
                target,
                request,
                content=painted,
                mask=picture.mask,
                start=begun,
                resume=resume,
                progress=with_preview(display, preview),
            )
        except Cancelled:
            raise Cancelled(how_to_go_on(output)) from None
    tell_trained(artifact, output, display.notes, as_json=as_json)

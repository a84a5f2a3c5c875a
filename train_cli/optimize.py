"""`texnet optimize`: one picture by the descriptive method, without a generator."""

import json
import time
from dataclasses import fields
from pathlib import Path
from typing import Any

import click

from texnet_core.atomic import prepared
from texnet_core.errors import Cancelled, RequestError
from texnet_core.pictures.color import quantize
from texnet_core.pictures.writing import check_picture_size, depth_for, write_image
from texnet_core.settings import NETWORKS, DescriptorSettings, OptimizeSettings
from texnet_core.style_settings import PaintingSettings
from train_cli.checks import check_not_inputs, check_preview, check_torch, picture_name
from train_cli.display import showing, with_preview
from train_cli.groups import command, is_given, option
from train_cli.options import (
    ChoiceType,
    json_option,
    mask_option,
    path_argument,
    path_option,
    picture_option,
    preview_option,
    settings_from,
    settings_options,
    size_option,
)
from train_cli.results import tell_written
from train_cli.streams import check_alone, new_files, writing

_DEFAULTS = OptimizeSettings()


@command()
@path_argument("picture", "PICTURE")
@picture_option
@preview_option
@json_option
@mask_option
@path_option("--style", group="style", help="picture in whose style PICTURE is painted", pipes=True)
@size_option(
    _DEFAULTS.width,
    _DEFAULTS.height,
    "width and height in texels, multiples of 16 (64 to 4096); with --style the box that the picture is scaled to fit",
    "picture",
)
@settings_options(OptimizeSettings, leave_out=("width", "height"))
@settings_options(PaintingSettings)
@option(
    "--descriptor",
    group="comparison",
    type=ChoiceType(("auto", *NETWORKS)),
    default="auto",
    show_default=True,
    help="which network compares; auto takes vgg19 where its weights are on this computer, else light",
)
@settings_options(DescriptorSettings, leave_out=("descriptor", "octaves", "pooling"))
@click.pass_context
def optimize(
    context: click.Context,
    /,
    picture: Path,
    output: Path,
    format: str | None,
    style: Path | None,
    size: tuple[int, int],
    mask: Path | None,
    preview: Path | None,
    as_json: bool,
    **values: Any,
) -> None:
    """Make one picture pixel by pixel, without a generator.

    Without --style it is a seamless texture that looks like PICTURE (Gatys et al. 2015). With --style it shows what
    PICTURE shows, in the style of the other one (Gatys et al. 2016); --mask is then one of the style's picture.
    It takes minutes for one picture; generators and styles are measured against it. Needs the [train] extra. Ctrl-C
    stops and writes nothing.

    \b
    Examples:
      texnet optimize wall.jpg -o wall.png
      texnet optimize wall.jpg -o wall.png --size 512x256 --steps 300 --preview state.png
      texnet optimize houses.jpg --style painting.jpg -o painted.png --size 384
      texnet optimize albedo.png --style painting.jpg -o painted.png --wrap xy --content-weight 0.5
    """
    started = time.monotonic()
    check_alone(output, as_json)
    _check_given(context, style)
    settings = settings_from(OptimizeSettings, values | {"width": size[0], "height": size[1]}).check()
    painting = settings_from(PaintingSettings, values).check()
    name = picture_name(output, format)
    check_picture_size(name, settings.width, settings.height)
    check_not_inputs(output, picture, mask, "--output", style)
    check_preview(preview, picture, mask, style)
    check_torch("optimizing")
    with (
        writing(output, name.suffix) as target,
        prepared(*new_files(output, preview)),
        showing(quiet=as_json) as display,
    ):
        shown = display.read_exemplar(picture, None if style else mask)
        other = display.read_exemplar(style, mask) if style else None
        from texnet_core.optimization import optimize as optimize_picture
        from texnet_core.optimization import optimize_painting

        descriptor = settings_from(DescriptorSettings, values)
        report = with_preview(display, preview)
        try:
            if other is None:
                made = optimize_picture(shown.image, settings, descriptor, mask=shown.mask, progress=report)
            else:
                made = optimize_painting(
                    shown.image, other.image, settings, painting, descriptor, mask=other.mask, progress=report
                )
        except Cancelled:
            raise Cancelled("stopped; nothing was written") from None
        depth = depth_for(target)
        write_image(target, made.image if depth is None else quantize(made.image, depth))
    seconds = round(time.monotonic() - started, 1)
    height, width = made.image.shape[:2]
    if as_json:
        facts = {"output": str(output), "width": width, "height": height}
        click.echo(json.dumps(facts | {"loss": made.loss, "seconds": seconds, "notes": display.notes}))
    else:
        tell_written(output, f"{width}x{height}, loss {made.loss:.4f}, {seconds:.0f} s")


def _check_given(context: click.Context, style: Path | None) -> None:
    """Raise RequestError for options that do not belong to what is made."""
    wrong = ("exemplar_size",) if style else tuple(field.name for field in fields(PaintingSettings))
    for name in wrong:
        if is_given(context, name):
            option = f"--{name.replace('_', '-')}"
            raise RequestError(
                f"{option} is given with --style" if style else f"{option} is given without --style",
                expected="options of what is made",
                remedy="use --style-size instead" if style else "name a style, or leave it out",
            )

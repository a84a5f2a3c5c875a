"""`texnet optimize`: one picture by the descriptive method, without a generator."""

import json
import time
from pathlib import Path
from typing import Any

import click

from texnet_core.atomic import prepared
from texnet_core.errors import Cancelled
from texnet_core.pictures.color import quantize
from texnet_core.pictures.writing import check_picture_size, depth_for, write_image
from texnet_core.settings import DescriptorSettings, OptimizeSettings
from train_cli.checks import check_not_inputs, check_preview, check_torch, picture_name
from train_cli.display import showing, with_preview
from train_cli.groups import command
from train_cli.options import (
    json_option,
    mask_option,
    path_argument,
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
@path_argument("exemplar", "EXEMPLAR")
@picture_option
@preview_option
@json_option
@mask_option
@size_option(_DEFAULTS.width, _DEFAULTS.height, "width and height in texels, multiples of 16 (64 to 4096)", "picture")
@settings_options(OptimizeSettings, leave_out=("width", "height"))
@settings_options(DescriptorSettings, leave_out=("descriptor", "octaves", "pooling"))
def optimize(
    exemplar: Path,
    output: Path,
    format: str | None,
    size: tuple[int, int],
    mask: Path | None,
    preview: Path | None,
    as_json: bool,
    **values: Any,
) -> None:
    """Make one seamless picture from EXEMPLAR, pixel by pixel, without a generator.

    This is the method of Gatys et al. (2015). It takes minutes for one picture; generators are measured against it.
    Needs the [train] extra. Ctrl-C stops and writes nothing.

    \b
    Examples:
      texnet optimize wall.jpg -o wall.png
      texnet optimize wall.jpg -o wall.png --size 512x256 --steps 300 --preview state.png
    """
    started = time.monotonic()
    check_alone(output, as_json)
    settings = settings_from(OptimizeSettings, values | {"width": size[0], "height": size[1]}).check()
    name = picture_name(output, format)
    check_picture_size(name, settings.width, settings.height)
    check_not_inputs(output, exemplar, mask, "--output")
    check_preview(preview, exemplar, mask)
    check_torch("optimizing")
    with (
        writing(output, name.suffix) as target,
        prepared(*new_files(output, preview)),
        showing(quiet=as_json) as display,
    ):
        picture = display.read_exemplar(exemplar, mask)
        from texnet_core.optimization import optimize as optimize_picture

        descriptor = settings_from(DescriptorSettings, values)
        try:
            report = with_preview(display, preview)
            made = optimize_picture(picture.image, settings, descriptor, mask=picture.mask, progress=report)
        except Cancelled:
            raise Cancelled("stopped; nothing was written") from None
        depth = depth_for(target)
        write_image(target, made.image if depth is None else quantize(made.image, depth))
    seconds = round(time.monotonic() - started, 1)
    if as_json:
        facts = {"output": str(output), "width": settings.width, "height": settings.height}
        click.echo(json.dumps(facts | {"loss": made.loss, "seconds": seconds}))
    else:
        tell_written(output, f"{settings.width}x{settings.height}, loss {made.loss:.4f}, {seconds:.0f} s")

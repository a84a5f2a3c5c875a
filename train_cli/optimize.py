"""`texnet optimize`: one picture by the descriptive method, without a generator."""

import json
import time
from pathlib import Path
from typing import Any

import click

from texnet_core.atomic import check_writable
from texnet_core.errors import Cancelled
from texnet_core.pictures.color import quantize
from texnet_core.pictures.reading import read_exemplar
from texnet_core.pictures.writing import check_picture_size, depth_for, write_image
from texnet_core.settings import DescriptorSettings, OptimizeSettings
from train_cli.checks import check_not_exemplar, check_preview, check_torch
from train_cli.display import showing, with_preview
from train_cli.options import json_option, picture_option, settings_from, settings_options, size_option

_DEFAULTS = OptimizeSettings()


@click.command()
@click.argument("exemplar", type=click.Path(path_type=Path), metavar="EXEMPLAR")
@picture_option
@size_option(_DEFAULTS.width, _DEFAULTS.height, "size in texels, multiples of 16, 64 to 4096 a side: 256 or 512x256")
@click.option("--preview", type=click.Path(path_type=Path), help="picture to keep overwriting with the state of things")
@settings_options(OptimizeSettings, leave_out=("width", "height"))
@settings_options(DescriptorSettings, leave_out=("descriptor", "octaves", "pooling"))
@json_option
def optimize(
    exemplar: Path,
    output: Path,
    size: tuple[int, int],
    preview: Path | None,
    as_json: bool,
    **values: Any,
) -> None:
    """Make one seamless picture of the surface in EXEMPLAR by moving pixels, without a generator.

    This is the method of Gatys et al. 2015: minutes a picture, and what generators are measured against.
    Needs the [train] extra. Ctrl-C stops and writes nothing; there is nothing to go on from.

    \b
    Examples:
      texnet optimize wall.jpg -o wall.png
      texnet optimize wall.jpg -o wall.png --size 512x256 --steps 300 --preview state.png
    """
    started = time.monotonic()
    settings = settings_from(OptimizeSettings, values | {"width": size[0], "height": size[1]}).check()
    _check_files(exemplar, output, preview, settings)
    check_torch("optimizing")
    image, notes = read_exemplar(exemplar)
    with showing(quiet=as_json) as display:
        from texnet_core.optimization import optimize as optimize_picture

        for note in notes:
            display.note(note)
        descriptor = settings_from(DescriptorSettings, values)
        try:
            made = optimize_picture(image, settings, descriptor, progress=with_preview(display, preview))
        except Cancelled:
            raise Cancelled("stopped; nothing was written") from None
    depth = depth_for(output)
    write_image(output, made.image if depth is None else quantize(made.image, depth))
    seconds = round(time.monotonic() - started, 1)
    if as_json:
        facts = {"output": str(output), "width": settings.width, "height": settings.height}
        click.echo(json.dumps(facts | {"loss": made.loss, "seconds": seconds}))
    else:
        click.echo(f"wrote {output} ({settings.width}x{settings.height}, loss {made.loss:.4f}, {seconds:.0f} s)")


def _check_files(exemplar: Path, output: Path, preview: Path | None, settings: OptimizeSettings) -> None:
    """What can be refused before minutes of work."""
    check_picture_size(output, settings.width, settings.height)
    check_writable(output)
    check_not_exemplar(output, exemplar, "--output")
    if preview is not None:
        check_preview(preview, exemplar)

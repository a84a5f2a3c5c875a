"""`texnet synth`: a texture from a preset or a `.texnet` file."""

import json
import time
from pathlib import Path
from typing import Any, get_args

import click

from texnet_core import find_source, open_engine, read_artefact, synthesize
from texnet_core.atomic import check_writable
from texnet_core.images import SUFFIXES, Depth, depth_for, quantise, write_image
from texnet_core.mapset import MapSet, MapSpec
from texnet_core.settings import MAX_SIZE, MIN_SIZE, SynthesisSettings
from train_cli.display import showing
from train_cli.options import SizeType, json_option, settings_from, settings_options

_DEFAULTS = SynthesisSettings()


@click.command()
@click.argument("source")
@click.option(
    "-o", "--output", required=True, type=click.Path(path_type=Path), help=f"picture to write: {', '.join(SUFFIXES)}"
)
@click.option(
    "--size",
    type=SizeType(),
    default=f"{_DEFAULTS.width}x{_DEFAULTS.height}",
    show_default=True,
    help=f"size in texels, {MIN_SIZE} to {MAX_SIZE} a side: 2048 or 2048x1024",
)
@click.option(
    "--depth",
    type=click.Choice([str(d) for d in get_args(Depth)]),
    help="bits a channel for PNG and TIFF  [default: 8]",
)
@settings_options(SynthesisSettings, leave_out=("width", "height"))
@json_option
def synth(source: str, output: Path, size: tuple[int, int], depth: str | None, as_json: bool, **values: Any) -> None:
    """Make a seamless texture.

    SOURCE is the name of a preset (see `texnet presets`) or a .texnet file.

    \b
    Examples:
      texnet synth moss -o moss.png
      texnet synth my-wall.texnet -o wall.exr --size 4096x2048 --seed 7
    """
    started = time.monotonic()
    width, height = size
    settings = settings_from(SynthesisSettings, values | {"width": width, "height": height}).check()
    bits = depth_for(output, None if depth is None else int(depth))
    check_writable(output)
    artefact = read_artefact(find_source(source))
    with showing(quiet=as_json) as display:
        engine = open_engine(artefact, settings.engine, settings.device)
        textures = synthesize(artefact, size, settings.seed, engine=engine, progress=display)
    paths = _write(output, textures, artefact.maps, bits)
    seconds = time.monotonic() - started
    facts = {"engine": engine.name, "device": engine.device, "width": width, "height": height, "seed": settings.seed}
    if as_json:
        click.echo(json.dumps({"outputs": [str(path) for path in paths], **facts, "seconds": round(seconds, 3)}))
    else:
        where = f"{engine.name} on {engine.device}, {seconds:.1f} s"
        for path in paths:
            click.echo(f"wrote {path} ({width}x{height}, seed {settings.seed}, {where})")


def _write(output: Path, textures: MapSet, maps: tuple[MapSpec, ...], bits: Depth | None) -> list[Path]:
    """One file per map; where there are several, the map's name goes into the file's."""
    paths = []
    for spec in maps:
        path = output if len(maps) == 1 else output.with_stem(f"{output.stem}_{spec.name}")
        texture = textures[spec.name]
        write_image(path, texture if bits is None else quantise(texture, bits), spec.colour_space)
        paths.append(path)
    return paths

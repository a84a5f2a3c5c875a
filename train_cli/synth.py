"""`texnet synth`: textures from a preset or a `.texnet` file."""

import json
import time
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

import click

from texnet_core import find_source, open_engine, open_texture, read_artifact, write_window
from texnet_core.atomic import check_writable
from texnet_core.engines import Engine
from texnet_core.mapset import Depth
from texnet_core.pictures.writing import check_picture_size, depth_for
from texnet_core.progress import Progress, ProgressCallback
from texnet_core.settings import MAX_SIZE, MIN_SIZE, SynthesisSettings
from texnet_core.synthesis.series import Picture, Series, plan_pictures
from texnet_core.synthesis.textures import Region, map_files
from train_cli.display import showing
from train_cli.options import (
    GridType,
    RegionType,
    json_option,
    picture_option,
    settings_from,
    settings_options,
    size_option,
)

_DEFAULTS = SynthesisSettings()


@click.command()
@click.argument("source")
@picture_option
@size_option(_DEFAULTS.width, _DEFAULTS.height, f"size in texels, {MIN_SIZE} to {MAX_SIZE} a side: 2048 or 2048x1024")
@click.option("--region", type=RegionType(), help="make only this window of the texture; X,Y from its upper left")
@click.option("--udim", type=GridType(), help="make UDIM tiles of that size each, which join: 3x2 for 3 side by side")
@click.option(
    "--depth",
    type=click.Choice([str(d) for d in get_args(Depth)]),
    help="bits a channel for PNG and TIFF  [default: 8]",
)
@settings_options(Series, leave_out=("udim_columns", "udim_rows"))
@settings_options(SynthesisSettings, leave_out=("width", "height"))
@json_option
def synth(
    source: str,
    output: Path,
    size: tuple[int, int],
    region: Region | None,
    udim: tuple[int, int] | None,
    depth: str | None,
    as_json: bool,
    **values: Any,
) -> None:
    """Make seamless textures.

    SOURCE is the name of a preset (see `texnet presets`) or a .texnet file. Pictures are written while they are
    made, so that PNG and TIFF files can be far larger than memory.

    \b
    Examples:
      texnet synth moss -o moss.png
      texnet synth my-wall.texnet -o wall.exr --size 4096x2048 --seed 7
      texnet synth rock -o rock.png --count 20                  rock_seed0.png ... rock_seed19.png
      texnet synth rock -o rock.png --udim 3x2 --size 4096      rock.1001.png ... rock.1013.png
      texnet synth moss -o moss.png --loop 48 --size 512        moss_0001.png ... moss_0048.png
      texnet synth moss -o part.png --tile none --region 100000,-500,1024,1024
    """
    started = time.monotonic()
    columns, rows = udim or (0, 0)
    settings = settings_from(SynthesisSettings, values | {"width": size[0], "height": size[1]})
    series = settings_from(Series, values | {"udim_columns": columns, "udim_rows": rows})
    bits = depth_for(output, None if depth is None else int(depth))
    pictures = plan_pictures(output, settings, series, region)
    check_picture_size(output, *pictures[0].region[2:])
    artifact = read_artifact(find_source(source))
    for picture in pictures:
        for path in map_files(picture.path, artifact.maps, picture.marks):
            check_writable(path)
    with showing(quiet=as_json) as display:
        engine = open_engine(artifact, settings.engine, settings.device, settings.precision, settings.threads)
        paths = [
            path
            for number, picture in enumerate(pictures)
            for path in _make(picture, engine, bits, _one_of(display, number, len(pictures)))
        ]
    _tell(paths, pictures, engine, time.monotonic() - started, as_json)


def _make(picture: Picture, engine: Engine, bits: Depth | None, progress: ProgressCallback) -> list[Path]:
    plane = open_texture(engine.artifact, picture.settings, period=picture.period, turn=picture.turn, engine=engine)
    return write_window(plane, picture.path, picture.region, depth=bits, marks=picture.marks, progress=progress)


def _one_of(display: ProgressCallback, number: int, pictures: int) -> ProgressCallback:
    """The progress of one picture as a part of all."""

    def report(progress: Progress) -> None:
        display(replace(progress, done=progress.done + number * progress.total, total=progress.total * pictures))

    return report


def _tell(paths: list[Path], pictures: list[Picture], engine: Engine, seconds: float, as_json: bool) -> None:
    width, height = pictures[0].region[2:]
    seed = pictures[0].settings.seed
    facts: dict[str, Any] = {"engine": engine.name, "device": engine.device, "precision": engine.precision}
    if as_json:
        facts |= {"width": width, "height": height, "seed": seed, "seconds": round(seconds, 3)}
        click.echo(json.dumps({"outputs": [str(path) for path in paths], **facts}))
        return
    last = pictures[-1].settings.seed
    seeds = f"seed {seed}" if last == seed else f"seeds {seed} to {last}"
    made = f"{width}x{height}, {seeds}, {engine.name} {engine.precision} on {engine.device}, {seconds:.1f} s"
    if len(pictures) == 1:
        for path in paths:
            click.echo(f"wrote {path} ({made})")
    else:
        click.echo(f"wrote {len(paths)} files, {paths[0]} to {paths[-1]} ({made})")

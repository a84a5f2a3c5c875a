"""`texnet synth`: textures from a preset or a `.texnet` file."""

import json
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from texnet_core import Artifact, MapFiles, TextureRequest, open_engine, open_plane, write_window
from texnet_core.atomic import prepared
from texnet_core.engines import Engine
from texnet_core.errors import RequestError
from texnet_core.lengths import length_text
from texnet_core.model.real_size import size_note
from texnet_core.pictures.writing import SUFFIXES, check_picture_size, depth_for
from texnet_core.progress import ProgressCallback
from texnet_core.settings import MAX_SIZE, MIN_SIZE
from texnet_core.synthesis.files import files_of
from texnet_core.synthesis.map_files import MAP
from texnet_core.synthesis.series import MarkedRequest, Series, expand
from texnet_core.synthesis.textures import check_is_texture, check_moves
from texnet_core.synthesis.windows import Region
from train_cli.checks import check_names, check_not_inputs, picture_name
from train_cli.display import Display, one_of, showing
from train_cli.groups import command, option
from train_cli.options import (
    GridType,
    RegionType,
    exemplar_option,
    json_option,
    map_set_option,
    mask_option,
    mix_mask_option,
    settings_from,
    settings_options,
    size_option,
)
from train_cli.planes import plane_options, planes_of
from train_cli.results import facts_of, tell_written
from train_cli.sources import opened
from train_cli.streams import check_alone, is_output, writing

_DEFAULTS = TextureRequest()


@command()
@click.argument("source")
@map_set_option
@size_option(_DEFAULTS.width, _DEFAULTS.height, f"width and height in texels ({MIN_SIZE} to {MAX_SIZE})")
@option("--region", group="texture", type=RegionType(), help="make only this window; X,Y is its upper left corner")
@option("--udim", group="series", type=GridType(), help="make UDIM tiles that join, each as large as --size says")
@settings_options(TextureRequest, only=("maps", "material"))
@settings_options(MapFiles)
@settings_options(Series)
@exemplar_option
@mask_option
@mix_mask_option
@settings_options(TextureRequest, leave_out=("width", "height", "maps", "material"))
@plane_options
@json_option
def synth(
    source: str,
    output: Path,
    format: str | None,
    size: tuple[int, int],
    region: Region | None,
    udim: tuple[int, int] | None,
    exemplar: Path | None,
    mask: Path | None,
    mix_mask: Path | None,
    split: tuple[int, int] | None,
    dask: str | None,
    as_json: bool,
    **values: Any,
) -> None:
    """Make seamless textures.

    SOURCE is the name of a preset (see `texnet presets`) or a .texnet file. With --exemplar it is instant, for a new
    surface like the one in a picture, collage, for pieces of it, or a network that adapts. Pictures are written while
    they are made, so that PNG and TIFF files can be far larger than memory. An output in .zarr, or with {x} and {y} in
    its name for tiles, is made in pieces, by many machines with --dask.

    \b
    Examples:
      texnet synth moss -o moss.png
      texnet synth wall.texnet -o wall/ --preview               wall/albedo.png, wall/normal.png, ...
      texnet synth wall.texnet -o "wall_{map}.png" --pack orm --gltf
      texnet synth my-wall.texnet -o wall.exr --size 4096x2048 --seed 7
      texnet synth bricks -o wall.png --covers 2m --size 2048   the same bricks at any size, more or less sharp
      texnet synth moss -o moss.png --count 20                  moss_seed0.png ... moss_seed19.png
      texnet synth moss -o moss.png --udim 3x2 --size 4096      moss.1001.png ... moss.1013.png
      texnet synth moss -o moss.png --loop 48 --size 512        moss_0001.png ... moss_0048.png
      texnet synth moss -o - --format png | magick - -resize 50% small.png
      texnet synth collage --exemplar photo.jpg -o wall.png --size 4096
      texnet synth stones.texnet --mix slate=0.3,chalk=0.7 -o stone.png
      texnet synth moss -o plane.zarr --size 65536 --dask       with all cores; --dask tcp://HOST:8786 for a cluster
      texnet synth moss -o part.png --tile none --region 100000,-500,1024,1024
    """
    started = time.monotonic()
    check_alone(output, as_json)
    if region is not None and udim is not None:
        raise RequestError("--region and --udim cannot be combined", expected="one of them", remedy="use one of them")
    planes = planes_of(output, format, split, dask)
    request = replace(
        settings_from(TextureRequest, values),
        source=source,
        width=size[0],
        height=size[1],
        region=region,
        udim=udim,
        mix_mask="" if mix_mask is None else str(mix_mask),
    )
    pictures, set_of_maps = expand(request, settings_from(Series, values)), settings_from(MapFiles, values)
    if planes is not None:
        with showing(quiet=as_json) as display:
            artifact = opened(source, exemplar, mask, request, display)
            check_is_texture(artifact)
            _tell_size(request, artifact, exemplar, display)
            reads = [path for path in (exemplar, mask, mix_mask) if path is not None]
            planes.make(artifact, pictures, set_of_maps, reads, display)
        planes.tell(pictures, artifact, time.monotonic() - started, display.notes if as_json else None)
        return
    name = _name(output, format)
    if not is_output(output):
        output = name
    depth_for(name, request.depth)
    check_picture_size(name, *pictures[0].request.window[2:])
    with showing(quiet=as_json) as display:
        artifact, notes = opened(source, exemplar, mask, request, display), display.notes
        check_is_texture(artifact)
    for picture in pictures:
        check_moves(artifact, picture.request)
    named = [files_of(name, request, artifact, set_of_maps, marks) for _, marks in pictures]
    check_alone(output, as_json, sum(map(len, named)))
    with writing(output, name.suffix) as target, showing(quiet=as_json) as display:
        _tell_size(request, artifact, exemplar, display)
        notes += display.notes
        # a document for all UDIM tiles is named by each
        files = [target] if is_output(output) else list(dict.fromkeys(path for paths in named for path in paths))
        for file in files:
            check_not_inputs(file, exemplar, mask, "--output", mix_mask=mix_mask)
        check_names(files, are_made=len(files) > 1 or MAP in str(target))
        with prepared(*files):
            engine = open_engine(artifact, request.engine, request.device, request.precision, request.threads)
            for number, picture in enumerate(pictures):
                _make(picture, target, engine, set_of_maps, one_of(display, number, len(pictures)))
    shown = [output] if is_output(output) else files
    _tell(shown, pictures, engine, time.monotonic() - started, notes if as_json else None)


def _tell_size(request: TextureRequest, artifact: Artifact, exemplar: Path | None, display: Display) -> None:
    """What a user should know of a size that nobody stated."""
    stated_by = {} if exemplar is None else {"stated_by": "--real-width 1.2m"}
    if request.covers and (note := size_note(artifact, request.source, **stated_by)):
        display.note(note)


def _name(output: Path, format: str | None) -> Path:
    """`picture_name`, and what to do where somebody meant a folder."""
    name = picture_name(output, format)
    if not name.suffix:
        raise RequestError(
            f"{name.name!r} has no suffix of a picture",
            expected=SUFFIXES,
            remedy="give it one, or end the name of a folder in /",
        )
    return name


def _make(picture: MarkedRequest, output: Path, engine: Engine, files: MapFiles, progress: ProgressCallback) -> None:
    request, marks = picture
    write_window(
        open_plane(engine.artifact, request, engine=engine),
        output,
        request.window,
        depth=request.depth,
        maps=request.maps,
        marks=marks,
        files=files,
        covers=request.window_covers,
        progress=progress,
    )


def _tell(
    paths: list[Path], pictures: list[MarkedRequest], engine: Engine, seconds: float, notes: list[str] | None
) -> None:
    """What was made; as a JSON object with the notes, where these are given."""
    first, last = pictures[0].request, pictures[-1].request
    width, height = first.window[2:]
    facts: dict[str, Any] = {"engine": engine.name, "device": engine.device, "precision": engine.precision}
    if notes is not None:
        facts |= {"notes": notes} if notes else {}
        facts |= facts_of(first, engine.artifact, seconds)
        click.echo(json.dumps({"outputs": [str(path) for path in paths], **facts}))
        return
    seeds = f"seed {first.seed}" if last.seed == first.seed else f"seeds {first.seed} to {last.seed}"
    covered = f", covers {length_text(first.covers)}" if first.covers else ""
    made = f"{width}x{height}{covered}, {seeds}, {engine.name} {engine.precision} on {engine.device}, {seconds:.1f} s"
    if len(pictures) == 1:
        for path in paths:
            tell_written(path, made)
    else:
        click.echo(f"wrote {len(paths)} files, {paths[0]} to {paths[-1]} ({made})")

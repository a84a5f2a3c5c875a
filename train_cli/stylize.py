"""`texnet stylize`: pictures painted anew in a style."""

import json
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import click

from texnet_core import open_engine, read_artifact
from texnet_core.atomic import prepared
from texnet_core.engines import Engine
from texnet_core.errors import ImageError, Range, RequestError
from texnet_core.pictures.writing import depth_for
from texnet_core.presets import find_style
from texnet_core.settings import MAX_SIZE
from texnet_core.stylization import colors_of, read_content, stylize_file
from texnet_core.stylization.canvas import check_is_style
from texnet_core.stylization.flicker import Flicker, Sampled
from texnet_core.stylization.looks import read_colors
from texnet_core.stylization.request import StylizeRequest
from texnet_core.synthesis.windows import Region
from train_cli.checks import picture_name
from train_cli.display import Display, one_of, showing
from train_cli.groups import command, option
from train_cli.options import (
    PathType,
    RegionType,
    SizeType,
    json_option,
    path_option,
    picture_options,
    settings_from,
    settings_options,
)
from train_cli.placing import check_spared, place
from train_cli.results import tell_written
from train_cli.streams import is_output, readable, source_file, writing


@command()
@click.argument("style")
@click.argument("content", nargs=-1, required=True, type=PathType(pipes=True))
@picture_options(
    "picture to write, a folder, or frames as in out_%04d.png",
    "format of pictures that go to a pipe or a folder; there it is that of the content, where such can be written",
)
@option(
    "--size",
    group="style",
    type=SizeType(),
    help=f"width and height of the result in texels (1 to {MAX_SIZE}); without it those of the picture",
)
@option("--region", group="style", type=RegionType(), help="make only this window; X,Y is its upper left corner")
@path_option(
    "--strength-map",
    group="style",
    help="picture of the content's size that multiplies the strength: white paints, black leaves the content",
    pipes=True,
)
@settings_options(StylizeRequest, leave_out=("width", "height"))
@path_option("--colors", group="style", help="file with the look of earlier pictures, as --json printed it", pipes=True)
@option(
    "--one-look",
    group="style",
    is_flag=True,
    help="measure the colors of all pictures together, so that they keep their differences; frames always do",
)
@json_option
def stylize(
    style: str,
    content: tuple[Path, ...],
    output: Path,
    format: str | None,
    size: tuple[int, int] | None,
    region: Region | None,
    strength_map: Path | None,
    colors: Path | None,
    one_look: bool,
    as_json: bool,
    **values: Any,
) -> None:
    """Paint pictures anew in a style.

    STYLE is the name of a style (see `texnet presets`) or a .texnet file. CONTENT is a picture, several of them, a
    folder, or the frames of a sequence, frame_%04d.png or frame_####.png. One picture goes to OUTPUT itself, several
    go to the folder OUTPUT, and frames to frames. What tiles stays tiling.

    \b
    Examples:
      texnet stylize wave.texnet house.jpg -o painted.png
      texnet stylize wave.texnet wall.png -o painted.png --strength 0.6 --keep-colors
      texnet stylize wave.texnet wall.png floor.png roof.png -o painted --one-look
      texnet stylize wave.texnet maps -o painted                       all pictures of a folder
      texnet stylize wave.texnet in/frame_%04d.png -o out/frame_%04d.png
      texnet stylize wave.texnet house.jpg -o painted.png --strength-map mask.png
      texnet stylize wave.texnet - -o - < house.jpg > painted.png
    """
    started = time.monotonic()
    if colors is not None and one_look:
        raise RequestError("--colors and --one-look exclude each other", expected="one", remedy="use one of them")
    width, height = _checked_size(size)
    request = settings_from(StylizeRequest, values)
    request = replace(request, source=style, width=width, height=height, region=region).check()
    placed = place(content, output, format, as_json)
    names = [picture_name(path, format) for path in placed.outputs]
    for name in names:
        depth_for(name, request.depth or 8)
    check_spared(placed.outputs, [*placed.contents, strength_map, colors])
    with source_file(style, find_style) as path:
        artifact = read_artifact(path)
    check_is_style(artifact)
    with writing(output, names[0].suffix) as target, showing(quiet=as_json) as display, ExitStack() as opened:
        files = [opened.enter_context(readable(path)) for path in placed.contents]
        mask = None if strength_map is None else opened.enter_context(readable(strength_map))
        if colors is not None:
            request = replace(request, colors=read_colors(opened.enter_context(readable(colors))))
        outputs = (target,) if is_output(output) else placed.outputs
        with prepared(*outputs):
            engine = open_engine(artifact, request.engine, request.device, request.precision, request.threads)
            if colors is None and (one_look or placed.are_frames):
                request = replace(request, colors=colors_of(files, progress=display))
            made = _paint(engine, files, outputs, mask, request, display, Flicker() if placed.are_frames else None)
    _tell(placed.outputs, made, engine, time.monotonic() - started, as_json)


@dataclass
class _Made:
    """What became of the pictures: a settled request of each, what is to be known, and the flicker of frames."""

    requests: list[StylizeRequest] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    flicker: Flicker | None = None


def _checked_size(size: tuple[int, int] | None) -> tuple[int, int]:
    """(width, height); 0 where the picture's own is taken."""
    if size is not None and not 1 <= min(size) <= max(size) <= MAX_SIZE:
        found = f"--size {size[0]}x{size[1]} is out of range"
        raise RequestError(found, expected=Range(1, MAX_SIZE), remedy="choose a size in that range, or leave it out")
    return size or (0, 0)


def _paint(
    engine: Engine,
    files: Sequence[Path],
    outputs: Sequence[Path],
    mask: Path | None,
    request: StylizeRequest,
    display: Display,
    flicker: Flicker | None,
) -> _Made:
    """Paint every picture; what is complete stays, whatever becomes of the others.

    Frames all tile as the first one does, for a change from one to the next would show.
    """
    made = _Made(notes=display.notes, flicker=flicker)
    for number, (file, output) in enumerate(zip(files, outputs, strict=True)):
        report = one_of(display, number, len(files))
        painted = stylize_file(engine, file, output, request, strength_map=mask, progress=report)
        of_which = f"{file}: " if len(files) > 1 and flicker is None else ""
        display.note(*(text for note in painted.notes if (text := f"{of_which}{note}") not in display.notes))
        made.requests.append(painted.request)
        if flicker is not None:
            request = replace(request, wrap=painted.request.wrap)
            _watch(flicker, file, output, painted.request, display)
    return made


def _watch(flicker: Flicker, file: Path, output: Path, request: StylizeRequest, display: Display) -> None:
    """Look at a frame that is complete; one that is too large to be held is painted all the same."""
    try:
        content, made = read_content(file), read_content(output)
    except ImageError as error:
        display.note(f"the flicker of this frame is not known: {error.found}")
        return
    flicker.take(Sampled.of(content.values, made.values, made.alpha, request))


def _tell(outputs: Sequence[Path], made: _Made, engine: Engine, seconds: float, as_json: bool) -> None:
    levels = None if made.flicker is None else made.flicker.levels
    if as_json:
        facts: dict[str, Any] = {"outputs": [str(path) for path in outputs]}
        facts["records"] = [request.record() for request in made.requests]
        facts |= {"notes": made.notes, "engine": engine.name, "device": engine.device, "precision": engine.precision}
        if made.flicker is not None:
            facts["flicker"] = None if levels is None else round(levels, 3)
        click.echo(json.dumps(facts | {"seconds": round(seconds, 3)}))
        return
    first = made.requests[0]
    run = f"{engine.name} {engine.precision} on {engine.device}, {seconds:.1f} s"
    look = f"strength {first.strength:g}, seed {first.seed}"
    if len(outputs) == 1:
        tell_written(outputs[0], f"{_shape(first)}, {look}, {run}")
    else:
        click.echo(f"wrote {len(outputs)} files, {outputs[0]} to {outputs[-1]} ({look}, {run})")
    if levels is not None:
        click.echo(f"flicker: {levels:.2f} levels of 255 from frame to frame, where the content stands still")


def _shape(request: StylizeRequest) -> str:
    width, height = (request.width, request.height) if request.region is None else request.region[2:]
    return f"{width}x{height}" + ("" if request.wrap == "none" else f", tiles along {' and '.join(request.wrap)}")

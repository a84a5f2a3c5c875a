"""Jobs that paint pictures anew: `stylize` writes them to files, `preview_style` a part of one as an array."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from texnet_core.engines import Engine
from texnet_core.model.artifact import Artifact
from texnet_core.pictures.color_statistics import ColorStatistics
from texnet_core.pictures.writing import depth_for
from texnet_core.presets import find_style
from texnet_core.progress import Progress, ProgressCallback
from texnet_core.settings import Checked, setting
from texnet_core.stylization.canvas import Canvas, check_is_style, open_canvas
from texnet_core.stylization.files import write_canvas
from texnet_core.stylization.picture import Picture
from texnet_core.stylization.request import StylizeRequest
from texnet_core.synthesis.windows import Region
from texnet_core.worker.contents import open_content, open_strength
from texnet_core.worker.job import Message, WorkerJob, file_stem, seconds_since
from texnet_core.worker.opened import engine_facts, open_generator
from texnet_core.worker.previews import Preview, preview_file, write_preview


@dataclass(frozen=True)
class _Look(Checked):
    one_look: bool = setting(False, "colors are measured over all pictures together")


@dataclass(frozen=True)
class _Wanted:
    """One picture that is to be painted.

    Attributes:
        content: its file.
        strength_map: a file of the same size, or None.
        name: of the file to write, without a suffix.
    """

    content: Path
    strength_map: Path | None
    name: str = ""


def stylize(job: WorkerJob) -> Message:
    """Write pictures as PNG files, painted in a style."""
    started = time.monotonic()
    folder, request, one_look = job.folder(), job.asked(StylizeRequest), job.settings(_Look).one_look
    pictures = _pictures(job)
    style, engine = _open(request)
    job.report("pictures", 0, len(pictures))
    if one_look and request.colors is None and style.style_colors is not None:
        request = replace(request, colors=_colors_of(job, pictures, folder))
    made = [
        _paint(picture, folder, request, engine, _pictures_done(job, number, len(pictures)))
        for number, picture in enumerate(pictures)
    ]
    return {"pictures": made, **engine_facts(engine), "seconds": seconds_since(started)}


def preview_style(job: WorkerJob) -> Message:
    """Write the middle of a picture, or all of it made smaller, painted in a style, as an array."""
    started = time.monotonic()
    folder = job.folder()
    file = preview_file(job)
    request, wanted, picture = job.asked(StylizeRequest), job.settings(Preview), _picture(job, job.request)
    _, engine = _open(request)
    with _opened(picture, folder, request, engine) as (_, canvas):
        region = _all_of(canvas) if wanted.whole else _middle_of(canvas, wanted.size)
        write_preview(job, file, canvas.plane, region, wanted.size)
        return {"file": str(file), "request": canvas.request.record(), "seconds": seconds_since(started)}


def _open(request: StylizeRequest) -> tuple[Artifact, Engine]:
    style, engine = open_generator(find_style(request.source), request)
    check_is_style(style)
    return style, engine


def _pictures(job: WorkerJob) -> list[_Wanted]:
    """Those that are asked for, each with a name of its own."""
    items = job.request.get("pictures")
    if not isinstance(items, list) or not items or not all(isinstance(item, dict) for item in items):
        raise job.refused("pictures", "a list of objects")
    pictures = [_picture(job, item, with_name=True) for item in items]
    if len({picture.name.casefold() for picture in pictures}) < len(pictures):
        raise job.refused("pictures", "another name for each")
    return pictures


def _picture(job: WorkerJob, item: dict[str, Any], *, with_name: bool = False) -> _Wanted:
    fields = replace(job, request=item)
    strength_map = Path(fields.field("strength_map", str)) if item.get("strength_map") is not None else None
    return _Wanted(Path(fields.field("content", str)), strength_map, file_stem(fields) if with_name else "")


@contextmanager
def _opened(
    picture: _Wanted, folder: Path, request: StylizeRequest, engine: Engine
) -> Iterator[tuple[Picture, Canvas]]:
    with open_content(picture.content, folder) as read:
        yield read, open_canvas(engine, read, request, open_strength(picture.strength_map, read))


def _paint(
    picture: _Wanted, folder: Path, request: StylizeRequest, engine: Engine, progress: ProgressCallback
) -> Message:
    output = folder / f"{picture.name}.png"
    with _opened(picture, folder, request, engine) as (read, canvas):
        write_canvas(canvas, output, depth_for(output, canvas.request.depth or 8), progress)
        return {"file": str(output), "request": canvas.request.record(), "notes": read.notes}


def _colors_of(job: WorkerJob, pictures: list[_Wanted], folder: Path) -> ColorStatistics:
    """Of all pictures together."""

    def visible() -> Iterator[Any]:
        for picture in pictures:
            with open_content(picture.content, folder) as read:
                for part in read.visible():
                    job.check()
                    yield part

    return ColorStatistics.of(visible())


def _all_of(canvas: Canvas) -> Region:
    return (0, 0, canvas.request.width, canvas.request.height)


def _middle_of(canvas: Canvas, side: int) -> Region:
    (x, width), (y, height) = (
        ((whole - min(side, whole)) // 2, min(side, whole)) for whole in (canvas.request.width, canvas.request.height)
    )
    return x, y, width, height


def _pictures_done(job: WorkerJob, before: int, total: int) -> ProgressCallback:
    """Progress of one picture as part of all."""

    def report(progress: Progress) -> None:
        job.report("pictures", before + progress.done / max(1, progress.total), total)

    return report

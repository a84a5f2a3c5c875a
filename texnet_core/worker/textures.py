"""Jobs that make textures: `synthesize` writes all of one to files, `preview` a corner as an array."""

import threading
import time
from collections import OrderedDict
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from texnet_core.atomic import as_output_error
from texnet_core.engines import Engine, open_engine
from texnet_core.mapset import MapSpec, shown_colors, split_channels
from texnet_core.model.artifact import Artifact, read_artifact
from texnet_core.pictures.color import quantize
from texnet_core.pictures.reducing import Reducer
from texnet_core.pictures.writing import depth_for
from texnet_core.presets import find_source
from texnet_core.progress import Progress, ProgressCallback
from texnet_core.settings import Checked, as_record, setting
from texnet_core.synthesis.request import TextureRequest
from texnet_core.synthesis.series import expand
from texnet_core.synthesis.textures import open_plane, write_window
from texnet_core.worker.job import Message, WorkerJob

_KEPT_OPEN = 4


@dataclass(frozen=True)
class _Preview(Checked):
    size: int = setting(256, "side of the preview in texels", low=16, high=1024)
    whole: bool = setting(False, "all of the texture, made smaller, instead of its corner")


def synthesize(job: WorkerJob) -> Message:
    """Write a texture as PNG files, a map and UDIM tile each."""
    started = time.monotonic()
    output, request = _output(job), job.texture()
    pictures = expand(request)
    artifact, engine = _open(request)
    if len(artifact.maps) == 1:  # whose name is part of the file's here, unlike on the command line
        output = output.with_name(f"{output.stem}_{artifact.maps[0].name}{output.suffix}")
    plane = open_plane(artifact, request, engine=engine)  # all tiles lie on it
    rows = pictures[0].request.window[3]
    files = [
        write_window(
            plane,
            output,
            picture.request.window,
            depth=request.depth,
            marks=picture.marks,
            progress=_rows(job, number * rows, len(pictures) * rows),
        )
        for number, picture in enumerate(pictures)
    ]
    maps = [_facts(spec, paths, request) for spec, paths in zip(artifact.maps, zip(*files, strict=True), strict=True)]
    made_by = {"engine": engine.name, "device": engine.device, "precision": engine.precision}
    return {"maps": maps, **made_by, "seconds": _since(started)}


def preview(job: WorkerJob) -> Message:
    """Write the upper left corner of a texture, or all of it made smaller, as an array."""
    started = time.monotonic()
    file = job.folder() / f"preview_{job.request['id']}.npy"
    request, wanted = job.texture(), job.settings(_Preview)
    artifact, engine = _open(request)
    plane = open_plane(artifact, request, engine=engine)
    height, width = (request.height, request.width) if wanted.whole else (wanted.size, wanted.size)
    reducer = Reducer(height, width, wanted.size)
    with closing(plane.bands(0, 0, height, width, partial(quantize, depth=8))) as made:
        for band in made:
            job.check()
            reducer.take(band)
    with as_output_error(file):
        np.save(file, shown_colors(split_channels(reducer.result(), artifact.maps), artifact.maps))
    return {"file": str(file), "seconds": _since(started)}


def _facts(spec: MapSpec, paths: tuple[Path, ...], request: TextureRequest) -> dict[str, Any]:
    """What a map is, and the files that it went to."""
    made = {"files": [str(path) for path in paths], "depth": depth_for(paths[0], request.depth, spec.depth)}
    return as_record(spec) | made


def _output(job: WorkerJob) -> Path:
    """The name of the files before map and tile."""
    name = job.field("name", str)
    if not name or Path(name).name != name or "\\" in name:
        raise job.refused("name", "a file name without folder and suffix")
    return job.folder() / f"{name}.png"


def _rows(job: WorkerJob, before: int, total: int) -> ProgressCallback:
    """Progress of one picture as part of all."""

    def report(progress: Progress) -> None:
        job.report(progress.stage, before + progress.done, total)

    return report


def _since(started: float) -> float:
    return round(time.monotonic() - started, 3)


class _Opened:
    """A place for a generator and its engine; whoever holds the lock may fill it."""

    def __init__(self) -> None:
        self.filling = threading.Lock()
        self.content: tuple[Artifact, Engine] | None = None


_opened: OrderedDict[tuple[object, ...], _Opened] = OrderedDict()
_looking = threading.Lock()


def _open(request: TextureRequest) -> tuple[Artifact, Engine]:
    """The generator and engine of a request, from those that are open where possible.

    Both lanes ask. Neither opens what the other is opening, nor waits while the other opens something else.
    """
    path = find_source(request.source)
    options = (request.engine, request.device, request.precision, request.threads)
    key = (path, path.stat().st_mtime_ns, *options)  # a file that has changed is another one
    with _looking:
        place = _opened.setdefault(key, _Opened())
        _opened.move_to_end(key)
        while len(_opened) > _KEPT_OPEN:
            _opened.popitem(last=False)
    with place.filling:
        if place.content is None:
            artifact = read_artifact(path)
            place.content = artifact, open_engine(artifact, *options)
        return place.content

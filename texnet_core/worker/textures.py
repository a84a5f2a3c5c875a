"""Jobs that make textures: `synthesize` writes all of one to files, `preview` a corner as an array."""

import time
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from texnet_core.atomic import as_output_error
from texnet_core.mapset import MapSpec, shown_colors, split_channels
from texnet_core.pictures.color import quantize
from texnet_core.pictures.reducing import Reducer
from texnet_core.pictures.writing import depth_for
from texnet_core.presets import find_source
from texnet_core.progress import Progress, ProgressCallback
from texnet_core.settings import Checked, as_record, setting
from texnet_core.synthesis.request import TextureRequest
from texnet_core.synthesis.series import expand
from texnet_core.synthesis.textures import open_plane, write_window
from texnet_core.worker.job import Message, WorkerJob, file_stem, seconds_since
from texnet_core.worker.opened import open_generator


@dataclass(frozen=True)
class _Preview(Checked):
    size: int = setting(256, "side of the preview in texels", low=16, high=1024)
    whole: bool = setting(False, "all of the texture, made smaller, instead of its corner")


def synthesize(job: WorkerJob) -> Message:
    """Write a texture as PNG files, a map and UDIM tile each."""
    started = time.monotonic()
    output, request = _output(job), job.texture()
    pictures = expand(request)
    artifact, engine = open_generator(find_source(request.source), request)
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
    return {"maps": maps, **made_by, "seconds": seconds_since(started)}


def preview(job: WorkerJob) -> Message:
    """Write the upper left corner of a texture, or all of it made smaller, as an array."""
    started = time.monotonic()
    file = job.folder() / f"preview_{job.request['id']}.npy"
    request, wanted = job.texture(), job.settings(_Preview)
    artifact, engine = open_generator(find_source(request.source), request)
    plane = open_plane(artifact, request, engine=engine)
    height, width = (request.height, request.width) if wanted.whole else (wanted.size, wanted.size)
    reducer = Reducer(height, width, wanted.size)
    with closing(plane.bands(0, 0, height, width, partial(quantize, depth=8))) as made:
        for band in made:
            job.check()
            reducer.take(band)
    with as_output_error(file):
        np.save(file, shown_colors(split_channels(reducer.result(), artifact.maps), artifact.maps))
    return {"file": str(file), "seconds": seconds_since(started)}


def _facts(spec: MapSpec, paths: tuple[Path, ...], request: TextureRequest) -> dict[str, Any]:
    """What a map is, and the files that it went to."""
    made = {"files": [str(path) for path in paths], "depth": depth_for(paths[0], request.depth, spec.depth)}
    return as_record(spec) | made


def _output(job: WorkerJob) -> Path:
    """The name of the files before map and tile."""
    name = f"{file_stem(job)}.png"
    return job.folder() / name


def _rows(job: WorkerJob, before: int, total: int) -> ProgressCallback:
    """Progress of one picture as part of all."""

    def report(progress: Progress) -> None:
        job.report(progress.stage, before + progress.done, total)

    return report

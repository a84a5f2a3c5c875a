"""Jobs that make textures: `synthesize` writes all of one to files, `preview` a corner as an array."""

import time
from pathlib import Path
from typing import Any

import numpy as np

from texnet_core.atomic import as_output_error
from texnet_core.mapset import MapSpec, shown_colors, split_channels
from texnet_core.pictures.writing import depth_for
from texnet_core.progress import Progress, ProgressCallback
from texnet_core.settings import as_record
from texnet_core.synthesis.files import write_window
from texnet_core.synthesis.request import TextureRequest
from texnet_core.synthesis.series import expand
from texnet_core.synthesis.textures import open_plane
from texnet_core.synthesis.textures import synthesize as synthesize_in_memory
from texnet_core.worker.job import Message, WorkerJob, file_stem, seconds_since
from texnet_core.worker.lit import Light
from texnet_core.worker.opened import engine_facts, open_texture
from texnet_core.worker.previews import Preview, preview_file, write_preview


def synthesize(job: WorkerJob) -> Message:
    """Write a texture as PNG files, a map and UDIM tile each."""
    started = time.monotonic()
    output, request = _output(job), job.asked(TextureRequest)
    pictures = expand(request)
    artifact, engine = open_texture(request, job.note)
    chosen = request.chosen_of(artifact)
    if len(chosen) == 1:  # whose name is part of the file's here, unlike on the command line
        output = output.with_name(f"{output.stem}_{chosen[0].name}{output.suffix}")
    plane = open_plane(artifact, request, engine=engine)  # all tiles lie on it
    rows = pictures[0].request.window[3]
    files = [
        write_window(
            plane,
            output,
            picture.request.window,
            depth=request.depth,
            maps=request.maps,
            marks=picture.marks,
            progress=_rows(job, number * rows, len(pictures) * rows),
        )
        for number, picture in enumerate(pictures)
    ]
    maps = [_facts(spec, paths, request) for spec, paths in zip(chosen, zip(*files, strict=True), strict=True)]
    return {"maps": maps, **engine_facts(engine), "seconds": seconds_since(started)}


def preview(job: WorkerJob) -> Message:
    """Write the upper left corner of a texture, or all of it made smaller or under light, as an array."""
    started = time.monotonic()
    file = preview_file(job)
    request, wanted, light = job.asked(TextureRequest), job.settings(Preview), job.settings(Light)
    artifact, engine = open_texture(request, job.note)
    if light.lit:
        made = synthesize_in_memory(artifact, request, engine=engine, progress=lambda progress: job.check())
        with as_output_error(file):
            np.save(file, light.picture(made, request.maps_of(artifact), artifact, wanted.size))
        return {"file": str(file), "seconds": seconds_since(started)}
    plane = open_plane(artifact, request, engine=engine)
    width, height = (request.width, request.height) if wanted.whole else (wanted.size, wanted.size)
    write_preview(
        job,
        file,
        plane,
        (0, 0, width, height),
        wanted.size,
        lambda texels: shown_colors(split_channels(texels, plane.maps), plane.maps),
    )
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

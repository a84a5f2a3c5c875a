"""Jobs that make textures: `synthesize` writes all of one to files, `preview` a corner as an array."""

import threading
import time
from collections import OrderedDict
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt

from texnet_core.atomic import as_output_error
from texnet_core.engines import Engine, open_engine
from texnet_core.mapset import Depth, MapSpec, split_channels
from texnet_core.model.artifact import Artifact, read_artifact
from texnet_core.pictures.color import quantize
from texnet_core.presets import find_source
from texnet_core.progress import Progress, ProgressCallback
from texnet_core.settings import Checked, SynthesisSettings, setting
from texnet_core.synthesis.series import Series, plan_pictures
from texnet_core.synthesis.textures import open_texture, write_window
from texnet_core.worker.job import Job, Message

_KEPT_OPEN = 4
_DISPLACES = "height"  # a map of this name, whose steps would show
_NEEDED = ("width", "height", "seed")


@dataclass(frozen=True)
class _Preview(Checked):
    size: int = setting(256, "side of the preview in texels", low=16, high=1024)


def synthesize(job: Job) -> Message:
    """Write a texture as PNG files, a map and UDIM tile each."""
    started = time.monotonic()
    output, settings, depth = _output(job), job.settings(SynthesisSettings, *_NEEDED), _depth(job)
    pictures = plan_pictures(output, settings, _series(job))
    artifact, engine = _open(job, settings)
    depths: dict[str, Depth] = {spec.name: 16 if spec.name == _DISPLACES else depth for spec in artifact.maps}
    if len(artifact.maps) == 1:  # whose name is part of the file's here, unlike on the command line
        output = output.with_name(f"{output.stem}_{artifact.maps[0].name}{output.suffix}")
    plane = open_texture(artifact, settings, period=pictures[0].period, engine=engine)  # they all lie on one
    files = [
        write_window(
            plane,
            output,
            picture.region,
            depth=depths,
            marks=picture.marks,
            progress=_rows(job, number * settings.height, len(pictures) * settings.height),
        )
        for number, picture in enumerate(pictures)
    ]
    maps = [
        {
            "name": spec.name,
            "files": [str(path) for path in paths],
            "channels": spec.channels,
            "colour_space": spec.color_space,
            "depth": depths[spec.name],
        }
        for spec, paths in zip(artifact.maps, zip(*files, strict=True), strict=True)
    ]
    made_by = {"engine": engine.name, "device": engine.device, "precision": engine.precision}
    return {"maps": maps, **made_by, "seconds": _since(started)}


def preview(job: Job) -> Message:
    """Write the upper left corner of a texture as an array."""
    started = time.monotonic()
    file = job.folder() / f"preview_{job.request['id']}.npy"
    settings, size = job.settings(SynthesisSettings, *_NEEDED), job.settings(_Preview).size
    artifact, engine = _open(job, settings)
    plane = open_texture(artifact, settings, engine=engine)
    bands = []
    with closing(plane.bands(0, 0, size, size, partial(quantize, depth=8))) as made:
        for band in made:
            job.check()
            bands.append(band)
    with as_output_error(file):
        np.save(file, _colors(np.concatenate(bands), artifact.maps))
    return {"file": str(file), "seconds": _since(started)}


def _colors(stack: npt.NDArray[np.uint8], maps: tuple[MapSpec, ...]) -> npt.NDArray[np.generic]:
    """What of all channels is shown as a picture, (h, w, 3)."""
    shown = next((spec for spec in maps if spec.channels == 3), maps[0])
    part = split_channels(stack, maps)[shown.name]
    return np.ascontiguousarray(np.broadcast_to(part, (*part.shape[:2], 3)))


def _output(job: Job) -> Path:
    """The name of the files before map and tile."""
    name = job.field("name", str)
    if not name or Path(name).name != name or "\\" in name:
        raise job.refused("name", "a file name without folder and suffix")
    return job.folder() / f"{name}.png"


def _depth(job: Job) -> Depth:
    depth = job.request.get("depth", 8)
    if depth not in (8, 16):
        raise job.refused("depth", "8 or 16")
    return 8 if depth == 8 else 16


def _series(job: Job) -> Series:
    if "udim" not in job.request:
        return Series()
    match job.request["udim"]:
        case [int(columns), int(rows)] if columns > 0 and rows > 0:
            return Series(udim_columns=columns, udim_rows=rows).check()
    raise job.refused("udim", "[columns, rows], two whole numbers from 1 on")


def _rows(job: Job, before: int, total: int) -> ProgressCallback:
    """Progress of one picture as part of all."""

    def report(progress: Progress) -> None:
        job.report(progress.stage, before + progress.done, total)

    return report


def _since(started: float) -> float:
    return round(time.monotonic() - started, 3)


class _Opened:
    """Room for a generator and its engine; whoever holds the lock may fill it."""

    def __init__(self) -> None:
        self.filling = threading.Lock()
        self.content: tuple[Artifact, Engine] | None = None


_opened: OrderedDict[tuple[object, ...], _Opened] = OrderedDict()
_looking = threading.Lock()


def _open(job: Job, settings: SynthesisSettings) -> tuple[Artifact, Engine]:
    """The job's generator and engine, from those that are open where possible.

    Both lanes ask. Neither opens what the other is opening, nor waits while the other opens something else.
    """
    path = find_source(job.field("source", str))
    options = (settings.engine, settings.device, settings.precision, settings.threads)
    key = (path, path.stat().st_mtime_ns, *options)  # a file that has changed is another one
    with _looking:
        room = _opened.setdefault(key, _Opened())
        _opened.move_to_end(key)
        while len(_opened) > _KEPT_OPEN:
            _opened.popitem(last=False)
    with room.filling:
        if room.content is None:
            artifact = read_artifact(path)
            room.content = artifact, open_engine(artifact, *options)
        return room.content

"""The job `sphere`: a generator's texture as a lit sphere."""

import time
from dataclasses import dataclass

import numpy as np

from texnet_core.atomic import as_output_error
from texnet_core.progress import Progress
from texnet_core.settings import Checked, setting
from texnet_core.synthesis.request import TextureRequest
from texnet_core.synthesis.textures import synthesize
from texnet_core.worker.job import Message, WorkerJob, seconds_since
from texnet_core.worker.lit import Light
from texnet_core.worker.opened import open_texture
from texnet_core.worker.previews import preview_file


@dataclass(frozen=True)
class _Sphere(Checked):
    """How it is drawn."""

    size: int = setting(256, "side of the picture in pixels", low=16, high=1024)


def sphere(job: WorkerJob) -> Message:
    """Draw a sphere with a texture of all maps; what the generator does not make follows from its look."""
    started = time.monotonic()
    file, request, wanted = preview_file(job), job.asked(TextureRequest), job.settings(_Sphere)
    artifact, engine = open_texture(request, job.note)

    def report(progress: Progress) -> None:
        job.report(progress.stage, progress.done, progress.total)

    made = synthesize(artifact, request, engine=engine, progress=report)
    picture = Light("sphere").picture(made, request.maps_of(artifact), artifact, wanted.size)
    with as_output_error(file):
        np.save(file, picture)
    return {"file": str(file), "seconds": seconds_since(started)}

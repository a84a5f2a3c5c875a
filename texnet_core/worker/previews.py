"""What previews of both kinds have in common: a part of a plane, or all of it made smaller, as an array."""

from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from texnet_core.atomic import as_output_error
from texnet_core.pictures.color import quantize
from texnet_core.pictures.reducing import Reducer
from texnet_core.settings import Checked, setting
from texnet_core.synthesis.plane import Plane
from texnet_core.synthesis.windows import Region
from texnet_core.worker.job import WorkerJob

Levels = npt.NDArray[Any]


@dataclass(frozen=True)
class Preview(Checked):
    """What of a texture or a picture is wanted."""

    size: int = setting(256, "side of the preview in texels", low=16, high=1024)
    whole: bool = setting(False, "all of it, made smaller, instead of a part")


def preview_file(job: WorkerJob) -> Path:
    """Where the preview of a job goes."""
    return job.folder() / f"preview_{job.request['id']}.npy"


def write_preview(
    job: WorkerJob, file: Path, plane: Plane, region: Region, side: int, shown: Callable[[Levels], Levels] | None = None
) -> None:
    """Write a region of a plane, of at most `side` texels a side.

    Args:
        job: that may be stopped meanwhile.
        file: to write.
        plane: what is made.
        region: of it.
        side: of the preview; a larger region is made smaller by means over boxes.
        shown: makes colors of all channels; None where these are colors.
    """
    x, y, width, height = region
    reducer = Reducer(height, width, side)
    with closing(plane.bands(y, x, height, width, partial(quantize, depth=8))) as made:
        for band in made:
            job.check()
            reducer.take(band)
    with as_output_error(file):
        np.save(file, reducer.result() if shown is None else shown(reducer.result()))

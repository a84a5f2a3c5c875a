"""The job `describe`: what a generator says about itself, without its parameters."""

from texnet_core.model.artifact import read_header
from texnet_core.model.real_size import texels_per_meter
from texnet_core.presets import find_generator
from texnet_core.settings import as_record
from texnet_core.worker.job import Message, WorkerJob


def describe(job: WorkerJob) -> Message:
    """The header of a .texnet file."""
    path = find_generator(job.field("source", str))
    header = read_header(path)
    return {
        "name": path.stem,
        "style": header.paints,
        "textures": list(header.textures),
        "maps": [as_record(spec) for spec in header.maps],
        "texels_per_exemplar": header.texels_per_exemplar,
        "size_m": header.size_m,
        "look": None if header.look is None else as_record(header.look),
        "texels_per_meter": texels_per_meter(header),
        "provenance": as_record(header.provenance),
        "training": header.training,
        "quality": header.quality,
    }

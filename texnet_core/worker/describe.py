"""The job `describe`: what a generator says about itself, without its parameters."""

from dataclasses import asdict

from texnet_core.artefact import read_header
from texnet_core.presets import find_source
from texnet_core.worker.job import Job, Message


def describe(job: Job) -> Message:
    """The header of a .texnet file."""
    path = find_source(job.field("source", str))
    header = read_header(path)
    return {
        "name": path.stem,
        "maps": [asdict(spec) for spec in header.maps],
        "texels_per_exemplar": header.texels_per_exemplar,
        "size_m": header.size_m,
        "provenance": asdict(header.provenance),
        "training": header.training,
        "quality": header.quality,
    }

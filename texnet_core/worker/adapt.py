"""The job `adapt`: what a source makes of an exemplar, as a file."""

import time
from pathlib import Path

from texnet_core.instant.keeping import with_card
from texnet_core.instant.open import open_source
from texnet_core.model.artifact import Provenance, write_artifact
from texnet_core.settings import ExemplarSettings
from texnet_core.worker.contents import read_surface
from texnet_core.worker.job import Message, WorkerJob, generator_output, seconds_since


def adapt(job: WorkerJob) -> Message:
    """Write the generator that a source makes of an exemplar at once."""
    started = time.monotonic()
    output, exemplar = generator_output(job), Path(job.field("exemplar", str))
    settings = job.settings(ExemplarSettings)
    texts = {name: job.field(name, str) for name in ("author", "license") if name in job.request}
    provenance = Provenance(exemplar=job.field("name", str), **texts)
    job.report("adapting", 0, 2)
    picture = read_surface(exemplar, Path(settings.mask) if settings.mask else None)
    for note in picture.notes:
        job.note(note)
    artifact = open_source(job.field("source", str), picture.image, picture.mask, settings, announce=job.note)
    job.report("adapting", 1, 2)
    write_artifact(output, with_card(artifact, provenance))
    return {"output": str(output), "seconds": seconds_since(started)}

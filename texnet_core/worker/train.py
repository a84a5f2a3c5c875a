"""The job `train`: a generator from a picture. Torch is imported, which takes seconds, once all else is checked."""

import time
from collections import deque
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from texnet_core.atomic import check_writable, replacing
from texnet_core.errors import Cancelled, EngineError, OutputError, RequestError
from texnet_core.lengths import parse_length
from texnet_core.model.artifact import SUFFIX, Provenance, checkpoint_path
from texnet_core.model.budget import shortfall
from texnet_core.model.families.pyramid import PyramidSettings, generator_settings
from texnet_core.pictures.reading import read_exemplar
from texnet_core.progress import Progress
from texnet_core.settings import DescriptorSettings, LossSettings, TrainSettings
from texnet_core.worker.job import Message, WorkerJob, settable

if TYPE_CHECKING:
    from texnet_core.training import TrainRequest

_KEPT_PREVIEWS = 2


def train(job: WorkerJob) -> Message:
    """Train, and say what came of it; a run that is cancelled says whether it can go on."""
    started = time.monotonic()
    output, resume, online = _output(job), job.field("resume", bool), job.field("online", bool)
    settings = _settings(job)
    reporter = _Reporter(job, job.folder())
    mask = job.field("mask", str) if "mask" in job.request else None
    picture = read_exemplar(job.field("exemplar", str), mask)
    for note in ("", *picture.notes):  # at least one report, so that the job is seen to run
        reporter(Progress("preparing", 0, 60 * settings.minutes or settings.steps, "step", note=note))
    request = _request(job, settings)
    from texnet_core.training import train as train_generator

    try:
        artifact = train_generator(
            picture.image, output, request, mask=picture.mask, resume=resume, online=online, progress=reporter
        )
    except Cancelled:
        return {"event": "cancelled", "resumable": checkpoint_path(output).exists()}
    taken, loss = artifact.training["steps_taken"], artifact.quality["validation_loss"]
    facts = {"output": str(output), "loss": loss, "steps": taken, "seconds": round(time.monotonic() - started, 3)}
    return facts | {"shortfall": shortfall(artifact.training), "resumable": checkpoint_path(output).exists()}


def _output(job: WorkerJob) -> Path:
    output = Path(job.field("output", str))
    if output.suffix != SUFFIX:
        raise job.refused("output", f"a path ending in {SUFFIX}")
    check_writable(output)
    return output


def _settings(job: WorkerJob) -> TrainSettings:
    if "steps" in job.request and "minutes" in job.request:
        raise RequestError("steps and minutes cannot be combined", expected="one budget", remedy="use one of them")
    return job.settings(TrainSettings)


def _request(job: WorkerJob, settings: TrainSettings) -> "TrainRequest":
    """All that decides the run, or one clear line where there is no torch to run it."""
    texts = {spec.name: job.field(spec.name, str) for spec in settable(Provenance) if spec.name in job.request}
    provenance = Provenance(exemplar=job.field("name", str), **texts).check()
    descriptor, loss = job.settings(DescriptorSettings), job.settings(LossSettings)
    generator = _generator(job)
    try:
        from texnet_core.training import TrainRequest
    except (ImportError, OSError) as error:
        raise EngineError(
            f"training needs torch, which cannot be imported ({error})",
            expected="torch",
            remedy="run: pip install 'texnet[train]'",
        ) from error
    return TrainRequest(generator, descriptor, loss, settings, provenance, real_width=_real_width(job))


def _real_width(job: WorkerJob) -> float:
    try:
        return parse_length(job.request.get("real_width", 0.0))
    except RequestError:
        raise job.refused("real_width", "a number of meters") from None


def _generator(job: WorkerJob) -> PyramidSettings:
    """The size by name, if one is asked for, with the fields that differ from it."""
    changes = {spec.name: job.request[spec.name] for spec in settable(PyramidSettings) if spec.name in job.request}
    size = {"size": job.field("generator_size", str)} if "generator_size" in job.request else {}
    return generator_settings(**size, **changes)


@dataclass
class _Reporter:
    """Passes the run's reports on, with its samples as files in a folder."""

    job: WorkerJob
    folder: Path
    kept: deque[Path] = field(default_factory=deque)

    def __call__(self, progress: Progress) -> None:
        note = progress.note
        preview: dict[str, Any] = {}
        if progress.preview is not None:
            try:
                preview = {"preview": self._write(progress.preview, f"sample_{progress.step}.npy")}
            except OutputError as error:  # a picture on the side is not worth the run
                note = str(error)
        more = preview | ({"note": note} if note else {})
        more |= {"step": progress.step} if progress.step else {}
        self.job.report(progress.stage, progress.done, progress.total, loss=progress.loss, **more)

    def _write(self, preview: npt.NDArray[np.uint8], name: str) -> str:
        """Names change, so that whoever reads one never meets the next; older ones go."""
        file = self.folder / name
        with replacing(file) as temporary, temporary.open("wb") as opened:
            np.save(opened, preview)
        self.kept.append(file)
        while len(self.kept) > _KEPT_PREVIEWS:
            with suppress(OSError):
                self.kept.popleft().unlink()
        return str(file)

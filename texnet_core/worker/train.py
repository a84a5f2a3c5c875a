"""The jobs `train` and `train_style`: a generator or a style from a picture, a generator from a material too.

Torch is imported, which takes seconds, once all else is checked.
"""

import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import numpy.typing as npt

from texnet_core.atomic import replacing
from texnet_core.derivation import with_derived_maps
from texnet_core.errors import Cancelled, EngineError, OutputError, RequestError
from texnet_core.lengths import parse_length
from texnet_core.mapset import ALBEDO, names_in
from texnet_core.materials import is_material, read_material
from texnet_core.model.artifact import Provenance, checkpoint_path
from texnet_core.model.budget import shortfall, steps_taken
from texnet_core.model.families.pyramid import PyramidSettings, generator_settings
from texnet_core.model.families.stylizer import StylizerSettings
from texnet_core.pictures.reading import Picture, read_exemplar
from texnet_core.progress import Progress
from texnet_core.settings import DescriptorSettings, LossSettings, TrainSettings
from texnet_core.start_settings import StartSettings, quality_values
from texnet_core.style_settings import StyleSettings, StyleTrainSettings
from texnet_core.worker.job import Message, WorkerJob, generator_output, seconds_since, settable

if TYPE_CHECKING:
    from texnet_core.model.artifact import Artifact

S = TypeVar("S", bound=TrainSettings)

_KEPT_PREVIEWS = 2


def train(job: WorkerJob) -> Message:
    """Train a generator, and say what came of it; a run that is cancelled says whether it can go on."""
    return _learn(_with_quality(job), TrainSettings, _texture_training)


def train_style(job: WorkerJob) -> Message:
    """The same for a style."""
    return _learn(job, StyleTrainSettings, _style_training)


def _learn(
    job: WorkerJob, kind: type[S], training: Callable[[WorkerJob, S, "_Reporter"], Callable[..., "Artifact"]]
) -> Message:
    """Train, and say what came of it.

    Args:
        job: what is asked for.
        kind: of the settings of the loop.
        training: imports what trains, and gives it all but the picture and where it goes.
    """
    started = time.monotonic()
    output, resume, online = generator_output(job), job.field("resume", bool), job.field("online", bool)
    anew = "replace" in job.request and job.field("replace", bool)
    settings = _settings(job, kind)
    reporter = _Reporter(job, job.folder())
    picture = _picture(job, reporter)
    for note in ("", *picture.notes):  # at least one report, so that the job is seen to run
        reporter(Progress("preparing", 0, 60 * settings.minutes or settings.steps, "step", note=note))
    run = training(job, settings, reporter)
    of_maps = {} if picture.maps == (ALBEDO,) else {"maps": picture.maps, "relief": picture.relief}
    try:
        artifact = run(
            picture.image,
            output,
            mask=picture.mask,
            resume=resume,
            anew=anew,
            online=online,
            progress=reporter,
            **of_maps,
        )
    except Cancelled:
        return {"event": "cancelled", "resumable": checkpoint_path(output).exists()}
    taken, loss = steps_taken(artifact.training), artifact.quality["validation_loss"]
    facts = {"output": str(output), "loss": loss, "steps": taken, "seconds": seconds_since(started)}
    return facts | {"shortfall": shortfall(artifact.training), "resumable": checkpoint_path(output).exists()}


def _picture(job: WorkerJob, reporter: "_Reporter") -> Picture:
    """The exemplar: a picture, or for textures a material of several maps in a folder or a .zip."""
    exemplar, mask = job.field("exemplar", str), job.field("mask", str) if "mask" in job.request else None
    maps = job.field("maps", str) if "maps" in job.request else ""
    names = names_in(maps)
    derives = "derive" in job.request and job.field("derive", bool)
    if job.request["job"] != "train" or not is_material(Path(exemplar)):
        if derives:
            return with_derived_maps(read_exemplar(exemplar, mask), names)
        if maps:
            raise job.refused("maps", "none, since a picture alone has no maps to choose from")
        return read_exemplar(exemplar, mask)
    if derives:
        raise job.refused("derive", "false, since the exemplar has maps of its own")
    return read_material(Path(exemplar), mask=Path(mask) if mask else None, maps=names, announce=reporter.note)


def _with_quality(job: WorkerJob) -> WorkerJob:
    """The job with what its word for the quality says, as far as it says nothing else."""
    if "quality" not in job.request:
        return job
    values = dict(quality_values(job.field("quality", str)))
    if "minutes" in job.request:
        values.pop("steps", None)
    return replace(job, request={**values, **job.request})


def _settings(job: WorkerJob, kind: type[S]) -> S:
    if "steps" in job.request and "minutes" in job.request:
        raise RequestError("steps and minutes cannot be combined", expected="one budget", remedy="use one of them")
    return job.settings(kind)


def _texture_training(job: WorkerJob, settings: TrainSettings, reporter: "_Reporter") -> Callable[..., "Artifact"]:
    """All that decides a generator of textures."""
    provenance, descriptor, loss = _common(job)
    generator, real_width, begin = _generator(job), _real_width(job), job.settings(StartSettings)
    with _torch_needed():
        from texnet_core.training import TrainRequest
        from texnet_core.training import train as train_generator
    request = TrainRequest(generator, descriptor, loss, settings, provenance, real_width=real_width, begin=begin)
    return partial(train_generator, request=request)


def _style_training(job: WorkerJob, settings: StyleTrainSettings, reporter: "_Reporter") -> Callable[..., "Artifact"]:
    """All that decides a style."""
    generator, style = job.settings(StylizerSettings), job.settings(StyleSettings)
    provenance, descriptor, loss = _common(job)
    folder = job.field("content", str) if "content" in job.request else None
    with _torch_needed():
        from texnet_core.training.content_pool import read_pool
        from texnet_core.training.styles import StyleRequest
        from texnet_core.training.styles import train_style as train_on_style
    request = StyleRequest(generator, style, descriptor, loss, settings, provenance)
    content = None
    if folder is not None:
        content = read_pool(folder, style.pool, settings.size, settings.seed, announce=reporter.note)
    return partial(train_on_style, request=request, content=content)


def _common(job: WorkerJob) -> tuple[Provenance, DescriptorSettings, LossSettings]:
    """What decides a run of either kind."""
    texts = {spec.name: job.field(spec.name, str) for spec in settable(Provenance) if spec.name in job.request}
    provenance = Provenance(exemplar=job.field("name", str), **texts).check()
    return provenance, job.settings(DescriptorSettings), job.settings(LossSettings)


@contextmanager
def _torch_needed() -> Iterator[None]:
    """One clear line where there is no torch to run a training."""
    try:
        yield
    except (ImportError, OSError) as error:
        raise EngineError(
            f"training needs torch, which cannot be imported ({error})",
            expected="torch",
            remedy="run: pip install 'texnet[train]'",
        ) from error


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

    def note(self, text: str) -> None:
        """Say a sentence before the first step."""
        self(Progress("preparing", 0, 1, "step", note=text))

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

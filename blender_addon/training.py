"""Training in the backend: one run at a time, with the curve of its loss and a current sample."""

import contextlib
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import bpy
import numpy as np

from texnet_core.errors import EngineError, RequestError
from texnet_core.model.families.pyramid import DEFAULT_GENERATOR_SIZE
from texnet_core.settings import PANORAMAS_VARIABLE
from texnet_core.start_settings import AUTO_START

from . import preview, run_icons, session, worker_client
from .preferences import backend_python, is_online_allowed, preferences, user_file
from .request import title_of
from .standing import standing_of
from .wording import counted, sentence

_TICK_S = 0.2


@dataclass(frozen=True)
class TrainingOptions:
    """What a run is to do.

    Attributes:
        exemplar: image file to learn from, or a folder or .zip with the maps of a material.
        maps: names of those that are learned of a material, by commas; "" for all.
        output: generator to write.
        quality: budget and start by a word of the core's; "" for what is said below.
        minutes: budget, 0 for the number of steps below.
        steps: optimizer updates, 0 for the core's default, or what the quality says.
        start: as `texnet train --start` has it; "" for the core's default, or what the quality says.
        size: training size in texels.
        detail: up to which resolution of the exemplar its detail is learned, by the core's name; of textures only.
        flatten: take slow changes of brightness out of the exemplar first.
        derive: the other maps are guessed of the exemplar, a picture, and learned too; of textures only.
        real_width: meters that the exemplar's width shows, 0 where unknown.
        generator_size: one of the core's names.
        descriptor: what compares samples with the exemplar, by the core's name; of textures only.
        resume: continue the unfinished run of this output.
        replace: forget the unfinished run of this output; a generator stays until the new one is complete.
        is_copy: the exemplar's folder is temporary and goes with the run.
        mask: image file of the exemplar's size, white where it takes part, or None.
        mask_is_copy: likewise.
        is_style: a style is learned, and no generator of textures.
        content: folder of pictures that a style is to paint in training, or None for drawn ones.
    """

    exemplar: Path
    output: Path
    maps: str = ""
    quality: str = ""
    minutes: float = 0.0
    steps: int = 0
    start: str = ""
    size: int = 0
    detail: str = "auto"
    flatten: bool = False
    derive: bool = False
    real_width: float = 0.0
    generator_size: str = DEFAULT_GENERATOR_SIZE
    descriptor: str = "auto"
    resume: bool = False
    replace: bool = False
    is_copy: bool = False
    mask: Path | None = None
    mask_is_copy: bool = False
    is_style: bool = False
    content: Path | None = None

    def drop_copy(self) -> None:
        """Remove the exemplar and its mask where they are copies of ours."""
        for file, is_copy in ((self.exemplar, self.is_copy), (self.mask, self.mask_is_copy)):
            if is_copy and file is not None:
                shutil.rmtree(file.parent, ignore_errors=True)

    def job(self) -> dict[str, Any]:
        """The worker's request for it."""
        chosen = preferences()
        name = "train_style" if self.is_style else "train"
        job: dict[str, Any] = {"job": name, "exemplar": str(self.exemplar), "output": str(self.output)}
        job |= {"name": self.output.stem, "resume": self.resume, "replace": self.replace}
        job |= {"online": is_online_allowed()}
        budget = {"minutes": float(self.minutes)} if self.minutes else {"steps": self.steps} if self.steps else {}
        job |= budget | ({"size": self.size} if self.size else {})
        if self.is_style:
            job |= {"content": str(self.content)} if self.content else {}
        else:
            job |= {"quality": self.quality} if self.quality else {}
            start = AUTO_START if self.resume else self.start  # which keeps the start that a run began with
            job |= {"start": start} if start else {}
            job |= {"flatten": self.flatten, "generator_size": self.generator_size, "real_width": self.real_width}
            job |= {"descriptor": self.descriptor, "detail": self.detail, "derive": self.derive}
            job |= {"maps": self.maps} if self.maps else {}
        job |= {"mask": str(self.mask)} if self.mask else {}
        if chosen.vgg19 and (self.is_style or self.descriptor in ("auto", "vgg19")):
            job["vgg19"] = str(user_file(chosen.vgg19))
            job |= {"vgg19_input": chosen.vgg19_input} if chosen.vgg19_input != "AUTO" else {}
        return job


class TrainTask(session.Task):
    """A run under way.

    Attributes:
        options: what it is to do.
        losses: of the reports so far.
    """

    def __init__(self, options: TrainingOptions) -> None:
        self.options = options
        self.losses: list[float] = []
        run_icons.clear()
        try:
            job = options.job()
            self._worker = worker_client.Worker(_python(), environment())
        except BaseException:
            options.drop_copy()
            raise
        super().__init__(f"Training {options.output.stem}", self._worker.submit(job, may_be_silent=True))

    def poll(self, timeout_s: float = 0.0) -> bool:
        before = self.job.progress
        ended = super().poll(timeout_s)
        session.check_protocol(self._worker)
        if self.job.progress is not before:
            self._take_in(self.job.progress)
        return ended

    @property
    def step(self) -> int:
        """Steps taken so far, of all sittings."""
        return int(self.job.progress.get("step") or 0)

    @property
    def text(self) -> str:
        """What the progress bar says."""
        return f"{super().text}, step {self.step}" if self.step and not self.job.is_stopping else super().text

    @property
    def outcome(self) -> str:
        """What to tell the user at its end."""
        name = title_of(str(self.options.output))
        if self.job.result is None:
            texts = [f"training of {name} stopped after {counted(self.step, 'step')}"]
            if standing_of(self.options.output).can_resume:
                texts.append("continue it, replace it or discard it below")
        elif self.job.result.get("shortfall"):
            texts = [f"{name} is a sketch, and is in your library", *self.job.notes]
        else:
            texts = [f"{name} was added to your library after {counted(self.job.result['steps'], 'step')}"]
            texts += self.job.notes
        return ". ".join(map(sentence, texts))

    def close(self) -> None:
        self._worker.process.stop()
        super().close()
        self.options.drop_copy()

    def _take_in(self, progress: dict[str, Any]) -> None:
        if progress.get("loss") is not None:
            self.losses.append(float(progress["loss"]))
            run_icons.show("plot", run_icons.plot(self.losses))
        if progress.get("preview"):
            with contextlib.suppress(OSError, ValueError):  # the worker may have replaced it by the next one
                sample = np.load(progress["preview"], allow_pickle=False)
                run_icons.show("sample", sample.astype(np.float32) / 255)


def start(options: TrainingOptions) -> TrainTask:
    """Begin a run that the interface watches; a timer takes in what it says.

    Raises:
        TexnetError: no backend, or one run is under way.
        WorkerError: the backend cannot be started.
    """
    if running() is not None:
        options.drop_copy()
        raise RequestError(
            "another training is running", expected="one at a time", remedy="wait for it to finish, or cancel it"
        )
    task = TrainTask(options)
    session.start(task)
    if not bpy.app.timers.is_registered(_tick):
        # a run outlives the file that is open
        bpy.app.timers.register(_tick, persistent=True)
    return task


def running() -> TrainTask | None:
    """The run under way, or None."""
    return next((task for task in session.tasks if isinstance(task, TrainTask)), None)


def _tick() -> float | None:
    """Take in what the run says; ends with it."""
    task = running()
    if task is None:
        return None
    try:
        ended = task.poll()
    except Exception as error:  # whatever it is, the task must not stay for ever
        session.show_problem(error)
        ended = True
    if ended:
        session.end(task)
        if task.job.result is not None:
            session.clear_problem()
            session.show_note(task.outcome)
            preview.forget()
            scenes: Any = bpy.data.scenes
            for scene in scenes:
                scene.texnet.choose(str(task.options.output), "STYLE" if task.options.is_style else "TEXTURE")
        elif task.job.cancelled:
            session.show_note(task.outcome)
    session.redraw()
    return None if ended else _TICK_S


def environment() -> dict[str, str]:
    """That of the backend, told where this Blender has its panoramas: styles take views of them for content."""
    folder = bpy.utils.system_resource("DATAFILES", path="studiolights/world")  # type: ignore[attr-defined]
    return ({PANORAMAS_VARIABLE: folder} if folder else {}) | worker_client.backend_environment()


def _python() -> str:
    python = backend_python()
    if not python:
        raise EngineError(
            "training needs PyTorch, which is not set up yet",
            expected="a backend",
            remedy="set it up once in the add-on's preferences",
        )
    return python


def register() -> None:
    """Nothing to do before the first run."""


def unregister() -> None:
    if bpy.app.timers.is_registered(_tick):
        bpy.app.timers.unregister(_tick)

"""Training in the backend: one run at a time, with a plot of its loss and a current sample."""

import contextlib
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import bpy
import bpy.utils.previews
import numpy as np
import numpy.typing as npt

from texnet_core.errors import EngineError, RequestError, TexnetError
from texnet_core.model.artifact import checkpoint_path
from texnet_core.model.families.pyramid import DEFAULT_GENERATOR_SIZE

from . import library, preview, session, worker_client
from .preferences import backend_python, is_online_allowed, preferences
from .request import title_of
from .wording import sentence

_TICK_S = 0.2
_PLOT = (160, 320)  # rows, columns
_CURVE, _GROUND = (0.96, 0.62, 0.20), (0.11, 0.11, 0.11)

Pixels = npt.NDArray[np.float32]

_icons: Any = None


@dataclass(frozen=True)
class TrainingOptions:
    """What a run is to do.

    Attributes:
        exemplar: image file to learn from.
        output: generator to write.
        minutes: budget, 0 for the number of steps below.
        steps: optimizer updates, 0 for the core's default.
        size: training size in texels.
        flatten: take slow changes of brightness out of the exemplar first.
        generator_size: one of the core's names.
        resume: continue the unfinished run of this output.
        is_copy: the exemplar's folder is temporary and goes with the run.
    """

    exemplar: Path
    output: Path
    minutes: float = 0.0
    steps: int = 0
    size: int = 0
    flatten: bool = False
    generator_size: str = DEFAULT_GENERATOR_SIZE
    resume: bool = False
    is_copy: bool = False

    def drop_copy(self) -> None:
        """Remove the exemplar where it is a copy of ours."""
        if self.is_copy:
            shutil.rmtree(self.exemplar.parent, ignore_errors=True)

    def job(self) -> dict[str, Any]:
        """The worker's request for it."""
        chosen = preferences()
        job: dict[str, Any] = {"job": "train", "exemplar": str(self.exemplar), "output": str(self.output)}
        job |= {"name": self.output.stem, "resume": self.resume, "online": is_online_allowed()}
        budget = {"minutes": float(self.minutes)} if self.minutes else {"steps": self.steps} if self.steps else {}
        job |= budget | ({"size": self.size} if self.size else {})
        job |= {"flatten": self.flatten, "generator_size": self.generator_size}
        if chosen.vgg19:
            job["vgg19"] = bpy.path.abspath(chosen.vgg19)
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
        try:
            job = options.job()
            self._worker = worker_client.Worker(_python(), worker_client.backend_environment())
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
    def outcome(self) -> str:
        """What to tell the user once it has learned."""
        texts = (f"{title_of(str(self.options.output))} was added to your library", *self.job.notes)
        return ". ".join(map(sentence, texts))

    def close(self) -> None:
        self._worker.process.stop()
        super().close()
        self.options.drop_copy()

    def _take_in(self, progress: dict[str, Any]) -> None:
        if progress.get("loss") is not None:
            self.losses.append(float(progress["loss"]))
            _set_icon("plot", plot(self.losses))
        if progress.get("preview"):
            with contextlib.suppress(OSError, ValueError):  # the worker may have replaced it by the next one
                sample = np.load(progress["preview"], allow_pickle=False)
                _set_icon("sample", sample.astype(np.float32) / 255)


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


def resumable(output: Path) -> bool:
    """Whether an unfinished run of this output can go on."""
    return checkpoint_path(output).exists()


def output_for(image: bpy.types.Image, name: str) -> Path:
    """The library's file for what is learned from an image; without a name, it is called like the image.

    Raises:
        TexnetError: no name for a file, or no library.
    """
    return library.new_file(name or Path(image.name).stem)


def can_resume(settings: Any) -> bool:
    """Whether the panel's image and name belong to an unfinished run."""
    if settings.exemplar is None:
        return False
    try:
        return resumable(output_for(settings.exemplar, settings.generator_name))
    except TexnetError:
        return False


def icon_of(name: str) -> int:
    """Number of the icon "plot" or "sample", 0 before there is something to show."""
    run = running()
    return int(_icons[name].icon_id) if name in _icons and run is not None and run.losses else 0


def plot(losses: list[float]) -> Pixels:
    """The curve of a loss on a logarithmic scale, (160, 320, 3) in [0, 1], first row on top."""
    rows, columns = _PLOT
    picture = np.empty((rows, columns, 3), np.float32)
    picture[:] = _GROUND
    values = np.log(np.maximum(np.asarray(losses, np.float64), 1e-12))
    values = np.interp(np.linspace(0, len(values) - 1, columns), np.arange(len(values)), values)
    span = float(np.ptp(values)) or 1.0
    heights = np.round((rows - 9) * (values.max() - values) / span).astype(int) + 4
    for column in range(columns):
        top, bottom = sorted((heights[max(0, column - 1)], heights[column]))
        picture[top - 1 : bottom + 2, column] = _CURVE
    return picture


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
                scene.texnet.source_name = str(task.options.output)
        elif task.job.cancelled and resumable(task.options.output):
            session.show_note("Training stopped; Resume continues it with the same settings")
    session.redraw()
    return None if ended else _TICK_S


def _python() -> str:
    python = backend_python()
    if not python:
        raise EngineError(
            "training needs a Python with texnet and torch",
            expected="a backend",
            remedy="set up a backend in the add-on's preferences",
        )
    return python


def _set_icon(name: str, picture: Pixels) -> None:
    if _icons is None:
        return
    icon = _icons[name] if name in _icons else _icons.new(name)
    height, width = picture.shape[:2]
    rgba = np.ones((height, width, 4), np.float32)
    rgba[..., :3] = picture[::-1]
    icon.image_size = (width, height)
    icon.image_pixels_float.foreach_set(rgba.ravel())


def register() -> None:
    global _icons
    _icons = bpy.utils.previews.new()


def unregister() -> None:
    global _icons
    if bpy.app.timers.is_registered(_tick):
        bpy.app.timers.unregister(_tick)
    bpy.utils.previews.remove(_icons)
    _icons = None

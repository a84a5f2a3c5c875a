"""What lives as long as Blender runs and is never saved: tasks under way, the last error, the last note."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import bpy

from texnet_core.errors import Cancelled
from texnet_core.settings import WORKER_PROTOCOL

from . import masks, worker_client
from .preferences import backend_python, preferences
from .request import TextureRequest
from .worker_process import WorkerError

_PANELS = (
    ("NODE_EDITOR", "UI"),
    ("IMAGE_EDITOR", "UI"),
    ("VIEW_3D", "UI"),
    ("PROPERTIES", "WINDOW"),
    ("PREFERENCES", "WINDOW"),
)


@dataclass
class Problem:
    """An error as the panel shows it."""

    message: str
    details: str


# In the order in which they were asked for.
tasks: list["Task"] = []
problem: Problem | None = None
note = ""


class Task:
    """A job of a worker with what the interface says about it."""

    def __init__(self, title: str, job: worker_client.PendingJob) -> None:
        self.title = title
        self._start(job)

    def _start(self, job: worker_client.PendingJob) -> None:
        self.job = job
        self._first: float | None = None  # the fraction when it began to run; a run that goes on has a part behind it
        self._moved: tuple[float, float] | None = None  # when the fraction first rose, and to what

    def poll(self, timeout_s: float = 0.0) -> bool:
        """True once it has ended; see `worker_client.PendingJob.poll`."""
        ended = self.job.poll(timeout_s)
        if self.job.started and self._first is None:
            self._first = self.fraction
        elif self._first is not None and self._moved is None and self.fraction > self._first:
            self._moved = time.monotonic(), self.fraction
        return ended

    def wait(self) -> None:
        """Return once it has ended; for scripts."""
        while not self.poll(0.1):
            pass

    @property
    def fraction(self) -> float:
        return self.job.fraction

    @property
    def is_running(self) -> bool:
        return self._first is not None

    @property
    def seconds_left(self) -> float | None:
        """An estimate from what was done since the fraction first rose, for a run prepares before; None without any."""
        if self._moved is None:
            return None
        since, fraction = self._moved
        done = self.fraction - fraction
        return (time.monotonic() - since) * (1 - self.fraction) / done if done > 0 else None

    @property
    def text(self) -> str:
        """What a progress bar says."""
        if self.job.is_stopping:
            return "Stopping"
        if not self.is_running:
            return "Waiting"
        if self.job.is_preparing:
            return "Preparing"
        left = self.seconds_left
        return f"{100 * self.fraction:.0f}%" + ("" if left is None else f", {_duration(left)} left")

    def cancel(self) -> None:
        self.job.cancel()

    def close(self) -> None:
        self.job.close()


class MakingTask(Task):
    """Pictures under way. Where the backend fails, the bundled worker steps in.

    Attributes:
        note: what the user should know about how they were made.
    """

    def __init__(self, title: str) -> None:
        self.note = ""
        self._on_backend = bool(backend_python()) and preferences().use_backend
        super().__init__(title, self._submit())

    def poll(self, timeout_s: float = 0.0) -> bool:
        try:
            ended = super().poll(timeout_s)
            if self._on_backend:
                check_protocol(self.job.worker)
            return ended
        except WorkerError as error:
            if not (self._on_backend or error.is_bystander):
                raise
            if self.job.is_stopping:
                self.job.ended = {}
                return True
            self.job.close()
            if not error.is_bystander:
                self._say_fallback(error)
            self._start(self._submit())
            return False

    def message(self) -> dict[str, Any]:
        """The worker's request."""
        raise NotImplementedError

    def _submit(self) -> worker_client.PendingJob:
        message = self.message()
        if self._on_backend:
            try:
                return worker_client.backend(backend_python()).submit(message)
            except WorkerError as error:
                self._say_fallback(error)
        # the engine that the zip brings, whatever else is installed where Blender's Python comes from
        return worker_client.bundled().submit(message | {"engine": "onnx"})

    def _say_fallback(self, error: WorkerError) -> None:
        self._on_backend = False
        self.note = f"The backend failed, so the bundled engine was used: {error}"


class SynthesisTask(MakingTask):
    """One texture under way.

    Attributes:
        request: what is made.
    """

    def __init__(self, request: TextureRequest) -> None:
        self._mask = masks.kept(request.mix_mask)  # whose file the worker reads
        self.request = masks.settled(request, self._mask)
        self._message = request.job(masks.file_of(self._mask))
        super().__init__(f"{request.title} {request.size_text}")

    def message(self) -> dict[str, Any]:
        return self._message


def check_protocol(worker: worker_client.Worker) -> None:
    """Raise WorkerError where the backend is of another version than the add-on."""
    if worker.ready and worker.ready.get("protocol") != WORKER_PROTOCOL:
        version = worker.ready.get("version", "of an old version")
        raise WorkerError(
            f"{worker.process.python} has texnet {version}, which does not match the add-on; "
            "run the install command again"
        )


def start(task: "Task") -> None:
    """Let the interface know of a task."""
    tasks.append(task)


def end(task: "Task") -> None:
    """Forget a task and remove its temporary files."""
    if task in tasks:
        tasks.remove(task)
    task.close()


@contextmanager
def finished(task: "Task") -> Iterator[dict[str, Any]]:
    """The result of a task, which is waited for, in a block behind which the task ends; for scripts.

    Raises:
        Cancelled: it was stopped.
    """
    try:
        task.wait()
        if task.job.result is None:
            raise Cancelled
        yield task.job.result
    finally:
        end(task)


def show_problem(error: Exception) -> None:
    """Keep an error for the panel, until the next texture is asked for or until it is dismissed."""
    global problem
    problem = Problem(str(error), getattr(error, "details", "") or str(error))


def clear_problem() -> None:
    global problem, note
    problem, note = None, ""


def show_note(text: str) -> None:
    global note
    note = text


def redraw() -> None:
    """Draw the panels again, and nothing else of the editors that they are in."""
    manager: Any = bpy.context.window_manager
    for window in manager.windows:
        for area in window.screen.areas:
            for region in area.regions:
                if (area.type, region.type) in _PANELS and region.width > 1:  # one that is closed has a single pixel
                    region.tag_redraw()


def stop() -> None:
    """End all workers and tasks: the add-on goes."""
    for task in tasks:
        task.cancel()
    worker_client.stop_all()  # first, for open files cannot be removed everywhere
    for task in list(tasks):
        end(task)


def _duration(seconds: float) -> str:
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {seconds} s" if minutes else f"{seconds} s"

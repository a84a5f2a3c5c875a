"""The workers of this Blender and the jobs that they have: ask, listen, cancel. Knows no bpy.

Two kinds: the bundled worker runs on Blender's Python with what the zip brings; a backend runs on a Python that the
user names, with torch. One of each serves all synthesis of a Blender instance, and every training has a backend of
its own. A worker starts with its first job, and again after a crash.
"""

import importlib.util
import os
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from .worker_process import GRACE_S, WORKER, Message, WorkerError, WorkerProcess

SILENCE_S = 120.0  # a worker says something after every band of rows


class PendingJob:
    """One request to a worker, from its submission until `close`.

    Attributes:
        worker: that has it.
        folder: temporary files of the job, until it is closed.
        progress: the last report, {} before the first.
        notes: what the worker said about the job in sentences, in order.
        started: whether the worker has begun with it.
        result: the worker's result, once it is there.
        ended: the worker's last message about a job that was cancelled, else None.
    """

    def __init__(self, worker: "Worker", number: int, may_be_silent: bool) -> None:
        self.worker, self._number, self._may_be_silent = worker, number, may_be_silent
        self._temporary = tempfile.TemporaryDirectory(prefix="texnet-", ignore_cleanup_errors=True)
        self._cancel_asked_at: float | None = None
        self._is_patient = may_be_silent
        self._error: Message | None = None
        self.folder = Path(self._temporary.name)
        self.progress: Message = {}
        self.notes: list[str] = []
        self.result: Message | None = None
        self.ended: Message | None = None

    @property
    def started(self) -> bool:
        return bool(self.progress)

    @property
    def cancelled(self) -> bool:
        return self.ended is not None

    @property
    def fraction(self) -> float:
        """Share done, 0 to 1."""
        return float(self.progress["done"] / self.progress["total"]) if self.progress.get("total") else 0.0

    @property
    def is_preparing(self) -> bool:
        """Whether the worker reads or measures something before it makes or learns anything."""
        return self.progress.get("stage") == "preparing"

    @property
    def is_stopping(self) -> bool:
        """Whether it was asked to stop and has not ended yet."""
        return self._cancel_asked_at is not None

    def poll(self, timeout_s: float = 0.0) -> bool:
        """Take in what the worker has sent; True once the job has ended.

        Raises:
            WorkerError: the job failed or the worker died; the message is for the user.
        """
        process = self.worker.process
        alive = process.is_alive()
        if not alive:
            process.drain()
        self.worker.pump(timeout_s)
        while not (alive or process.lines.empty()):  # what it has left may hold the result
            self.worker.pump(0)
        if self._error is not None:
            raise WorkerError(str(self._error.get("message")), str(self._error.get("details") or ""))
        if self.result is not None or self.cancelled:
            return True
        if self._is_grace_over():
            self.worker.kill_for_cancel()
            self.ended = {}
            return True
        if not alive:
            raise WorkerError(
                f"the TexNet worker ended unexpectedly ({process.last_words()}); try again",
                process.stderr(),
                is_bystander=self.worker.was_killed_for_cancel,
            )
        if not self._may_be_silent and self.worker.silent_for() > SILENCE_S:
            process.kill()
            raise WorkerError(
                f"the TexNet worker gave no sign of life for {SILENCE_S:.0f} s; try again",
                process.stderr(),
            )
        return False

    def wait(self) -> None:
        """Return once the job has ended; for scripts."""
        while not self.poll(0.1):
            pass

    def receive(self, message: Message) -> None:
        """Take in one message about this job."""
        event = message.get("event")
        if event == "progress":
            self.progress = message
            self.notes += [str(message["note"])] if message.get("note") else []
        elif event == "result":
            self.result = message
        elif event == "cancelled":
            self.ended = message
        else:
            self._error = message

    def cancel(self) -> None:
        """Ask the worker to stop; `poll` kills it if it does not listen.

        A job that may be silent has all the time it needs to save what it has, unless it is asked a second time.
        """
        if self._cancel_asked_at is None:
            self._cancel_asked_at = time.monotonic()
            self.worker.process.send({"cancel": self._number})
        else:
            self._is_patient = False

    def close(self) -> None:
        """Forget the job and remove its temporary files."""
        self.worker.forget(self._number)
        self._temporary.cleanup()

    def _is_grace_over(self) -> bool:
        if self._cancel_asked_at is None or self._is_patient:
            return False
        return time.monotonic() - self._cancel_asked_at > GRACE_S


@dataclass
class StandIn:
    """As much of `PendingJob` as a task needs where no worker has anything to do, or not yet.

    Attributes:
        result: what is there without a worker, or None.
        ended: not None once it was cancelled.
        started: there is nothing to wait for.
    """

    result: Message | None = None
    ended: Message | None = None
    started: bool = True

    @property
    def cancelled(self) -> bool:
        return self.ended is not None

    @property
    def is_stopping(self) -> bool:
        return self.cancelled

    @property
    def is_preparing(self) -> bool:
        return False

    @property
    def fraction(self) -> float:
        return 0.0 if self.result is None else 1.0

    def poll(self, timeout_s: float = 0.0) -> bool:
        return self.result is not None or self.cancelled

    def cancel(self) -> None:
        self.result, self.ended = None, {}

    def close(self) -> None:
        """Nothing is held."""


class Worker:
    """A worker process and its jobs.

    Attributes:
        process: that does the work.
        jobs: number -> job, of those that are not closed.
        ready: what it said of itself when it was started, {} until then.
        was_killed_for_cancel: it did not listen to a cancel.
    """

    def __init__(self, python: str, environment: dict[str, str], arguments: Sequence[str] = WORKER) -> None:
        """Start one; raises WorkerError where that cannot be. For the arguments see `WorkerProcess`."""
        self.process = WorkerProcess(python, environment, arguments)
        self.jobs: dict[int, PendingJob] = {}
        self.ready: Message = {}
        self.was_killed_for_cancel = False
        self._numbers = 0
        self._heard_at = time.monotonic()

    def submit(self, request: Message, *, may_be_silent: bool = False) -> PendingJob:
        """Queue one job.

        Args:
            request: "job" and what it wants, as the worker documents; the id and the folder are added.
            may_be_silent: that it says nothing for minutes does not mean that it hangs.
        """
        self._numbers += 1
        if not self.jobs:
            self._heard_at = time.monotonic()
        job = PendingJob(self, self._numbers, may_be_silent)
        self.process.send({"id": self._numbers, "folder": str(job.folder), **request})
        self.jobs[self._numbers] = job
        return job

    def pump(self, timeout_s: float) -> None:
        """Hand what has arrived to the jobs it is about; waits up to `timeout_s` for the first line."""
        for message in self.process.messages(timeout_s):
            self._heard_at = time.monotonic()
            if message.get("event") == "ready":
                self.ready = message
            number = message.get("id")
            job = self.jobs.get(number) if isinstance(number, int) else None
            if job is not None:
                job.receive(message)

    def forget(self, number: int) -> None:
        self.jobs.pop(number, None)

    def silent_for(self) -> float:
        """Seconds since the last word, or since there was something to do."""
        return time.monotonic() - self._heard_at

    def kill_for_cancel(self) -> None:
        """End a worker that does not listen; its other jobs will learn why."""
        self.was_killed_for_cancel = True
        self.process.kill()


_shared: dict[str, Worker] = {}


def bundled() -> Worker:
    """The worker on Blender's own Python, started if there is none alive."""
    return _living("", sys.executable, bundled_environment)


def backend(python: str) -> Worker:
    """The synthesis worker on the user's Python, started if there is none alive."""
    return _living("backend", python, backend_environment)


def asset_writer(program: str, options: Sequence[str]) -> Worker:
    """The Blender without a window that writes assets, started if there is none alive.

    Args:
        program: Blender itself, or a Python that has it as a module.
        options: before the code that it is to run.
    """
    environment = bundled_environment()
    folders = [str(Path(__file__).parents[1]), *environment["PYTHONPATH"].split(os.pathsep)]
    code = f"import sys; sys.path += {folders!r}; from {Path(__file__).parent.name}.asset_writer import main; main()"
    return _living("assets", program, os.environ.copy, [*options, code])


def dismiss_asset_writer() -> None:
    """Let it end when it has written what it is writing."""
    worker = _shared.pop("assets", None)
    if worker is not None:
        worker.process.dismiss()


def stop_all() -> None:
    """End the workers of this Blender."""
    for worker in _shared.values():
        worker.process.stop()
    _shared.clear()


def bundled_environment() -> dict[str, str]:
    """The worker finds the packages where Blender found them, and nothing of the user's own Python."""
    folders: list[str] = []
    for package in ("texnet_core", "onnxruntime", "safetensors", "numpy"):
        spec = importlib.util.find_spec(package)
        if spec is None or spec.origin is None:
            python = f"Python {sys.version_info[0]}.{sys.version_info[1]}"
            raise WorkerError(
                f"the add-on came without {package} for {python}"
                "; remove the add-on and install the zip for this system and this version of Blender",
            )
        folder = str(Path(spec.origin).parent.parent)
        if folder not in folders:
            folders.append(folder)
    return os.environ | {"PYTHONPATH": os.pathsep.join(folders), "PYTHONNOUSERSITE": "1", "PYTHONIOENCODING": "utf-8"}


def backend_environment() -> dict[str, str]:
    """The user's Python as it is outside Blender, which may set these for its own."""
    kept = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "PYTHONHOME")}
    return kept | {"PYTHONIOENCODING": "utf-8"}


def _living(
    key: str, python: str, environment: Callable[[], dict[str, str]], arguments: Sequence[str] = WORKER
) -> Worker:
    """The shared worker of that kind; the environment is only looked for where one must be started."""
    worker = _shared.get(key)
    if worker is not None and (not worker.process.is_alive() or worker.process.python != python):
        worker.process.stop()
        worker = None
    _shared[key] = worker or Worker(python, environment(), arguments)
    return _shared[key]

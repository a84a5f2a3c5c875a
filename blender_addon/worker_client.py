"""Worker processes, seen from Blender: start, ask, listen, cancel, stop. Knows no bpy.

Two kinds: the bundled worker runs on Blender's Python with what the zip brings; a backend runs on a Python that the
user names, with torch. One of each serves all synthesis of a Blender instance, and every training has a backend of
its own. A worker starts with its first job, and again after a crash.
"""

import contextlib
import importlib.util
import json
import os
import queue
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

Message = dict[str, Any]

_GRACE_S = 3.0
_SILENCE_S = 120.0  # a worker says something after every band of rows
_NICENESS = 5
_STDERR_KEPT = 4000
# Whatever floods the pipe, Blender stays live and its memory flat.
_LINES_AT_ONCE, _LINES_KEPT, _LONGEST_LINE = 200, 1000, 2**16


class WorkerError(Exception):
    """The worker could not be started, died, or reported that the job failed.

    Attributes:
        details: what helps whoever looks for the cause; may have many lines.
        worker_failed: the worker itself is to blame, not the request.
        is_bystander: the worker was ended because another job of its did not listen to a cancel; ask again.
    """

    def __init__(
        self, message: str, details: str = "", *, worker_failed: bool = False, is_bystander: bool = False
    ) -> None:
        super().__init__(message)
        self.details, self.worker_failed, self.is_bystander = details or message, worker_failed, is_bystander


class Job:
    """One request under way.

    Attributes:
        worker: that has it.
        folder: temporary files of the job, until it is closed.
        progress: the last report, {} before the first.
        note: the last sentence worth showing of all reports so far.
        started: whether the worker has begun with it.
        result: the worker's result, once it is there.
        ended: the worker's last message about a job that was cancelled, else None.
    """

    def __init__(self, worker: "WorkerProcess", number: int, may_be_silent: bool) -> None:
        self.worker, self._number, self._may_be_silent = worker, number, may_be_silent
        self._temporary = tempfile.TemporaryDirectory(prefix="texnet-", ignore_cleanup_errors=True)
        self._cancel_asked_at: float | None = None
        self._is_patient = may_be_silent
        self._error: Message | None = None
        self.folder = Path(self._temporary.name)
        self.progress: Message = {}
        self.note = ""
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

    def poll(self, timeout_s: float = 0.0) -> bool:
        """Take in what the worker has sent; True once the job has ended.

        Raises:
            WorkerError: the job failed or the worker died; the message is for the user.
        """
        alive = self.worker.is_alive()
        if not alive:
            self.worker.drain()
        self.worker.pump(timeout_s)
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
                f"found the TexNet worker ended; expected it to answer; try again ({self.worker.last_words()})",
                self.worker.stderr(),
                worker_failed=True,
                is_bystander=self.worker.was_killed_for_cancel,
            )
        if not self._may_be_silent and self.worker.silent_for() > _SILENCE_S:
            self.worker.kill()
            raise WorkerError(
                f"found no sign of life of the TexNet worker for {_SILENCE_S:.0f} s; expected progress; try again",
                self.worker.stderr(),
                worker_failed=True,
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
            self.note = str(message.get("note") or self.note)
        elif event == "result":
            self.result = message
        elif event == "cancelled":
            self.ended = message
        else:
            self._error = message

    @property
    def is_stopping(self) -> bool:
        """Whether it was asked to stop and has not ended yet."""
        return self._cancel_asked_at is not None

    def cancel(self) -> None:
        """Ask the worker to stop; `poll` kills it if it does not listen.

        A job that may be silent has all the time it needs to save what it has, unless it is asked a second time.
        """
        if self._cancel_asked_at is None:
            self._cancel_asked_at = time.monotonic()
            self.worker.send({"cancel": self._number})
        else:
            self._is_patient = False

    def _is_grace_over(self) -> bool:
        if self._cancel_asked_at is None or self._is_patient:
            return False
        return time.monotonic() - self._cancel_asked_at > _GRACE_S

    def close(self) -> None:
        """Forget the job and remove its temporary files."""
        self.worker.forget(self._number)
        self._temporary.cleanup()


class WorkerProcess:
    """A running `texnet_core.worker`."""

    def __init__(self, python: str, environment: dict[str, str]) -> None:
        """Start one.

        Args:
            python: the interpreter.
            environment: all of its environment variables.
        """
        self._numbers = 0
        self._jobs: dict[int, Job] = {}
        self._lines: queue.Queue[str] = queue.Queue(_LINES_KEPT)
        self._heard_at = time.monotonic()
        self._stderr = tempfile.TemporaryFile("w+b")  # noqa: SIM115 - open as long as the worker is
        self.python = python
        self.was_killed_for_cancel = False
        self.ready: Message = {}
        options: Message = {}
        if sys.platform == "win32":  # Ctrl-C in a console is Blender's business alone; nor may a console pop up
            quiet = subprocess.CREATE_NEW_PROCESS_GROUP | subprocess.CREATE_NO_WINDOW
            options["creationflags"] = quiet | subprocess.BELOW_NORMAL_PRIORITY_CLASS
        try:
            self._process = subprocess.Popen(
                # -P: nothing is imported from the current folder
                [python, "-P", "-m", "texnet_core.worker"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._stderr,
                env=environment,
                text=True,
                encoding="utf-8",
                errors="replace",
                **options,
            )
        except OSError as error:
            self._stderr.close()
            raise WorkerError(
                f"found no way to start {python} ({error}); expected a Python; check it in the add-on's Preferences",
                worker_failed=True,
            ) from error
        if hasattr(os, "setpriority"):  # where all cores are busy, the interface goes first
            with contextlib.suppress(OSError):
                os.setpriority(os.PRIO_PROCESS, self._process.pid, _NICENESS)
        assert self._process.stdout is not None
        self._reader = threading.Thread(target=self._read, args=(self._process.stdout,), daemon=True)
        self._reader.start()

    def submit(self, request: Message, *, may_be_silent: bool = False) -> Job:
        """Queue one job.

        Args:
            request: "job" and what it wants, as the worker documents; the id and the folder are added.
            may_be_silent: no word for minutes is no sign of trouble.
        """
        self._numbers += 1
        if not self._jobs:
            self._heard_at = time.monotonic()
        job = Job(self, self._numbers, may_be_silent)
        self.send({"id": self._numbers, "folder": str(job.folder), **request})
        self._jobs[self._numbers] = job
        return job

    def send(self, message: Message) -> None:
        """Write one line; a dead worker is noticed by `Job.poll`."""
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps(message) + "\n")
            self._process.stdin.flush()
        except (OSError, ValueError):  # broken, or closed by `stop`
            pass

    def pump(self, timeout_s: float) -> None:
        """Hand what has arrived to the jobs it is about; waits up to `timeout_s` for the first line."""
        with contextlib.suppress(queue.Empty):
            line = self._lines.get(timeout=timeout_s) if timeout_s else self._lines.get_nowait()
            for _ in range(_LINES_AT_ONCE):
                message = _parse(line)
                if message:
                    self._heard_at = time.monotonic()
                if message.get("event") == "ready":
                    self.ready = message
                number = message.get("id")
                job = self._jobs.get(number) if isinstance(number, int) else None
                if job is not None:
                    job.receive(message)
                line = self._lines.get_nowait()

    def drain(self) -> None:
        """Wait for the last lines of a worker that has ended; they may hold a result."""
        self._reader.join(_GRACE_S)

    def forget(self, number: int) -> None:
        self._jobs.pop(number, None)

    def is_alive(self) -> bool:
        return self._process.poll() is None

    def silent_for(self) -> float:
        """Seconds since the last word, or since there was something to do."""
        return time.monotonic() - self._heard_at

    def stderr(self) -> str:
        """The end of what the worker wrote to stderr."""
        if self._stderr.closed:
            return "it was stopped"
        size = self._stderr.seek(0, os.SEEK_END)
        self._stderr.seek(max(0, size - _STDERR_KEPT))
        return self._stderr.read().decode(errors="replace").strip()

    def last_words(self) -> str:
        """The last line of it, for a message."""
        lines = self.stderr().splitlines()
        return lines[-1] if lines else f"exit code {self._process.poll()}"

    def stop(self) -> None:
        """End the worker politely, then firmly."""
        if self._process.stdin is not None:
            with contextlib.suppress(OSError):
                self._process.stdin.close()
        try:
            self._process.wait(_GRACE_S)
        except subprocess.TimeoutExpired:
            self.kill()
        self._stderr.close()

    def kill_for_cancel(self) -> None:
        """End a worker that does not listen; its other jobs will learn why."""
        self.was_killed_for_cancel = True
        self.kill()

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()

    def _read(self, stream: IO[str]) -> None:
        while line := stream.readline(_LONGEST_LINE):
            self._lines.put(line)


_shared: dict[str, WorkerProcess] = {}


def bundled() -> WorkerProcess:
    """The worker on Blender's own Python, started if there is none alive."""
    return _living("", sys.executable, _bundled_environment)


def backend(python: str) -> WorkerProcess:
    """The synthesis worker on the user's Python, started if there is none alive."""
    return _living("backend", python, backend_environment)


def stop_all() -> None:
    """End the workers of this Blender."""
    for worker in _shared.values():
        worker.stop()
    _shared.clear()


def _living(key: str, python: str, environment: Callable[[], dict[str, str]]) -> WorkerProcess:
    """The shared worker of that kind; the environment is only looked for where one must be started."""
    worker = _shared.get(key)
    if worker is not None and (not worker.is_alive() or worker.python != python):
        worker.stop()
        worker = None
    _shared[key] = worker or WorkerProcess(python, environment())
    return _shared[key]


def _bundled_environment() -> dict[str, str]:
    """The worker finds the packages where Blender found them, and nothing of the user's own Python."""
    folders: list[str] = []
    for package in ("texnet_core", "onnxruntime", "safetensors", "numpy"):
        spec = importlib.util.find_spec(package)
        if spec is None or spec.origin is None:
            raise WorkerError(
                f"found no {package} for Python {sys.version_info[0]}.{sys.version_info[1]}; expected it in the zip"
                "; remove the add-on and install the zip for this system and this version of Blender",
                worker_failed=True,
            )
        folder = str(Path(spec.origin).parent.parent)
        if folder not in folders:
            folders.append(folder)
    return os.environ | {"PYTHONPATH": os.pathsep.join(folders), "PYTHONNOUSERSITE": "1", "PYTHONIOENCODING": "utf-8"}


def backend_environment() -> dict[str, str]:
    """The user's Python as it is outside Blender, which may set these for its own."""
    kept = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "PYTHONHOME")}
    return kept | {"PYTHONIOENCODING": "utf-8"}


def _parse(line: str) -> Message:
    """A message, empty where the line is none: whatever a library prints must do no harm."""
    try:
        message = json.loads(line)
    except (ValueError, RecursionError):
        return {}
    return message if isinstance(message, dict) else {}

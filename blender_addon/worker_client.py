"""The worker process, seen from Blender: start, ask, listen, cancel, stop. Knows no bpy.

One worker serves all jobs of a Blender instance. It starts with the first job, and again after a crash.
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
from pathlib import Path
from typing import IO, Any

Message = dict[str, Any]

_GRACE_S = 3.0
_STDERR_KEPT = 4000


class WorkerError(Exception):
    """The worker could not be started, died, or reported that the job failed."""


class Job:
    """One request under way.

    Attributes:
        done: units finished so far.
        total: units in all, 0 before the first report.
        result: the worker's result, once it is there.
        cancelled: whether it ended by `cancel`.
    """

    def __init__(self, worker: "WorkerProcess", number: int, folder: tempfile.TemporaryDirectory[str]) -> None:
        self._worker, self._number, self._folder = worker, number, folder
        self._cancel_asked_at: float | None = None
        self._error = ""
        self.done = 0.0
        self.total = 0.0
        self.result: Message | None = None
        self.cancelled = False

    def poll(self, timeout_s: float = 0.0) -> bool:
        """Take in what the worker has sent; True once the job has ended.

        Raises:
            WorkerError: the job failed or the worker died; the message is for the user.
        """
        alive = self._worker.is_alive()
        if not alive:
            self._worker.drain()
        self._worker.pump(timeout_s)
        if self._error:
            raise WorkerError(self._error)
        if self.result is not None or self.cancelled:
            return True
        if self._cancel_asked_at is not None and time.monotonic() - self._cancel_asked_at > _GRACE_S:
            self._worker.kill()
            self.cancelled = True
            return True
        if not alive:
            words = self._worker.last_words()
            raise WorkerError(f"found the TexNet worker ended; expected it to answer; generate again ({words})")
        return False

    def receive(self, message: Message) -> None:
        """Take in one message about this job."""
        event = message.get("event")
        if event == "progress":
            self.done, self.total = message["done"], message["total"]
        elif event == "result":
            self.result = message
        elif event == "cancelled":
            self.cancelled = True
        else:
            self._error = str(message.get("message"))

    def cancel(self) -> None:
        """Ask the worker to stop; `poll` kills it if it does not listen."""
        if self._cancel_asked_at is None:
            self._cancel_asked_at = time.monotonic()
            self._worker.send({"cancel": self._number})

    def close(self) -> None:
        """Forget the job and remove its temporary files."""
        self._worker.forget(self._number)
        self._folder.cleanup()


class WorkerProcess:
    """A running `texnet_core.worker`."""

    def __init__(self) -> None:
        self._numbers = 0
        self._jobs: dict[int, Job] = {}
        self._lines: queue.Queue[str] = queue.Queue()
        self._stderr = tempfile.TemporaryFile("w+b")  # noqa: SIM115 - open as long as the worker is
        options: Message = {}
        if sys.platform == "win32":  # Ctrl-C in a console is Blender's business alone
            options["creationflags"] = subprocess.CREATE_NEW_PROCESS_GROUP
        try:
            self._process = subprocess.Popen(
                # -P: nothing is imported from the current folder
                [sys.executable, "-P", "-m", "texnet_core.worker"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._stderr,
                env=_environment(),
                text=True,
                encoding="utf-8",
                **options,
            )
        except OSError as error:
            raise WorkerError(
                f"found no way to start {sys.executable} ({error}); expected Blender's Python; reinstall Blender"
            ) from error
        assert self._process.stdout is not None
        self._reader = threading.Thread(target=self._read, args=(self._process.stdout,), daemon=True)
        self._reader.start()

    def submit(self, source: str, width: int, height: int, seed: int) -> Job:
        """Queue one texture. Its pixels will lie in a temporary folder until the job is closed."""
        self._numbers += 1
        folder = tempfile.TemporaryDirectory(prefix="texnet-", ignore_cleanup_errors=True)
        job = {"id": self._numbers, "job": "synthesize", "source": source, "folder": folder.name}
        self._jobs[self._numbers] = Job(self, self._numbers, folder)
        # the engine that the zip brings, whatever else is installed where Blender's Python comes from
        self.send(job | {"width": width, "height": height, "seed": seed, "engine": "onnx"})
        return self._jobs[self._numbers]

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
            while True:
                message = _parse(line)
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

    def last_words(self) -> str:
        """The last line that the worker wrote to stderr, for a message."""
        if self._stderr.closed:
            return "it was stopped"
        size = self._stderr.seek(0, os.SEEK_END)
        self._stderr.seek(max(0, size - _STDERR_KEPT))
        lines = self._stderr.read().decode(errors="replace").strip().splitlines()
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

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()

    def _read(self, stream: IO[str]) -> None:
        for line in stream:
            self._lines.put(line)


_shared: WorkerProcess | None = None


def shared() -> WorkerProcess:
    """The worker of this Blender, started if there is none alive."""
    global _shared
    if _shared is None or not _shared.is_alive():
        stop_shared()
        _shared = WorkerProcess()
    return _shared


def stop_shared() -> None:
    """End the worker of this Blender, if there is one."""
    global _shared
    if _shared is not None:
        _shared.stop()
    _shared = None


def _environment() -> dict[str, str]:
    """The worker finds the packages where Blender found them, and nothing of the user's own Python."""
    folders: list[str] = []
    for package in ("texnet_core", "onnxruntime", "safetensors", "numpy"):
        spec = importlib.util.find_spec(package)
        if spec is not None and spec.origin is not None:
            folder = str(Path(spec.origin).parent.parent)
            if folder not in folders:
                folders.append(folder)
    return os.environ | {"PYTHONPATH": os.pathsep.join(folders), "PYTHONNOUSERSITE": "1", "PYTHONIOENCODING": "utf-8"}


def _parse(line: str) -> Message:
    """A message, empty where the line is none: whatever a library prints must do no harm."""
    try:
        message = json.loads(line)
    except ValueError:
        return {}
    return message if isinstance(message, dict) else {}

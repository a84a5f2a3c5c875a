"""One `texnet_core.worker` as a process: lines of JSON to it and from it, its end. Knows no bpy and no jobs."""

import contextlib
import json
import os
import queue
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Sequence
from typing import IO, Any

Message = dict[str, Any]

GRACE_S = 3.0  # what a worker that is asked to end may take for it
# -P: nothing is imported from the current folder
WORKER = ("-P", "-m", "texnet_core.worker")
_NICENESS = 5
_STDERR_KEPT = 4000
# Whatever floods the pipe, Blender stays live and its memory flat.
_LINES_AT_ONCE, _LINES_KEPT, _LONGEST_LINE = 200, 1000, 2**16


class WorkerError(Exception):
    """The worker could not be started, died, or reported that the job failed.

    Attributes:
        details: what helps whoever looks for the cause; may have many lines.
        is_bystander: the worker was ended because another job of its did not listen to a cancel; ask again.
    """

    def __init__(self, message: str, details: str = "", *, is_bystander: bool = False) -> None:
        super().__init__(message)
        self.details, self.is_bystander = details or message, is_bystander


class WorkerProcess:
    """A running worker.

    Attributes:
        python: the interpreter that it runs on.
        lines: what it has written and nobody has read yet.
    """

    def __init__(self, python: str, environment: dict[str, str], arguments: Sequence[str] = WORKER) -> None:
        """Start one.

        Args:
            python: the interpreter.
            environment: all of its environment variables.
            arguments: what it is to run, as on a command line.

        Raises:
            WorkerError: it cannot be started.
        """
        self.python = python
        self.lines: queue.Queue[str] = queue.Queue(_LINES_KEPT)
        self._stderr = tempfile.TemporaryFile("w+b")  # noqa: SIM115 - open as long as the worker is
        try:
            self._process = _start([python, *arguments], environment, self._stderr)
        except OSError as error:
            self._stderr.close()
            raise WorkerError(
                f"{python} cannot be started ({error}); check the Python Interpreter in the add-on's preferences",
            ) from error
        if hasattr(os, "setpriority"):  # where all cores are busy, the interface goes first
            with contextlib.suppress(OSError):
                os.setpriority(os.PRIO_PROCESS, self._process.pid, _NICENESS)
        assert self._process.stdout is not None
        self._reader = threading.Thread(target=self._read, args=(self._process.stdout,), daemon=True)
        self._reader.start()

    @property
    def pid(self) -> int:
        return self._process.pid

    def send(self, message: Message) -> None:
        """Write one line; that a worker is dead shows in `is_alive`."""
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps(message) + "\n")
            self._process.stdin.flush()
        except (OSError, ValueError):  # broken, or closed by `stop`
            pass

    def messages(self, timeout_s: float = 0.0) -> Iterator[Message]:
        """Some of what has arrived; waits up to `timeout_s` for the first line."""
        with contextlib.suppress(queue.Empty):
            for number in range(_LINES_AT_ONCE):
                waits = timeout_s > 0 and number == 0
                line = self.lines.get(timeout=timeout_s) if waits else self.lines.get_nowait()
                if message := _parse(line):
                    yield message

    def drain(self) -> None:
        """Wait for the last lines of a worker that has ended; they may hold a result."""
        self._reader.join(GRACE_S)

    def is_alive(self) -> bool:
        return self._process.poll() is None

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

    def dismiss(self) -> None:
        """Let the worker end when it has done what it has to do, without waiting for it."""
        if self._process.stdin is not None:
            with contextlib.suppress(OSError):
                self._process.stdin.close()

    def stop(self) -> None:
        """End the worker politely, then firmly."""
        self.dismiss()
        try:
            self._process.wait(GRACE_S)
        except subprocess.TimeoutExpired:
            self.kill()
        self._stderr.close()

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()

    def _read(self, stream: IO[str]) -> None:
        while line := stream.readline(_LONGEST_LINE):
            self.lines.put(line)


def _start(command: list[str], environment: dict[str, str], stderr: IO[bytes]) -> subprocess.Popen[str]:
    options: dict[str, Any] = {}
    if sys.platform == "win32":  # Ctrl-C in a console is Blender's business alone; nor may a console pop up
        quiet = subprocess.CREATE_NEW_PROCESS_GROUP | subprocess.CREATE_NO_WINDOW
        options["creationflags"] = quiet | subprocess.BELOW_NORMAL_PRIORITY_CLASS
    return subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=stderr,
        env=environment,
        text=True,
        encoding="utf-8",
        errors="replace",
        **options,
    )


def _parse(line: str) -> Message:
    """A message, empty where the line is none: whatever a library prints must do no harm."""
    try:
        message = json.loads(line)
    except (ValueError, RecursionError):
        return {}
    return message if isinstance(message, dict) else {}

"""Trying out a backend: its Python is started and makes a small texture, which takes seconds, in the background."""

import time
from typing import Any

import bpy

from . import backend, session, worker_client
from .worker_process import WorkerError

_TICK_S = 0.25

_running: "Trial | None" = None


class Trial:
    """A backend that is being tried out. `close` ends it at any time."""

    def __init__(self, python: str) -> None:
        self._worker = worker_client.Worker(python, worker_client.backend_environment())
        self._job = self._worker.submit({"job": "probe"}, may_be_silent=True)

    def poll(self, timeout_s: float = 0.0) -> bool:
        """Whether it has ended.

        Raises:
            WorkerError: the backend cannot be used; the message is for the user.
        """
        ended = self._job.poll(timeout_s)
        session.check_protocol(self._worker)
        return ended

    def lines(self) -> tuple[str, ...]:
        """What it can do, for the Preferences."""
        found: Any = self._job.result or {}
        torch = f"torch {found['torch']}" if found.get("torch") else "no torch"
        can = "can train and generate" if found.get("can_train") else "can generate, but not train"
        return (
            f"Python {found['python']}, texnet {found['version']}, {torch}",
            f"{found['device_name']}: 64 x 64 texels in {found['seconds']:.2f} s ({found['engine']}); {can}",
        )

    def close(self) -> None:
        self._job.close()
        self._worker.process.kill()  # a polite end would keep Blender waiting
        self._worker.process.stop()


def try_out(python: str) -> tuple[str, ...]:
    """Try out a backend and return when that is done; for scripts.

    Raises:
        WorkerError: it cannot be used.
    """
    trial = Trial(python)
    try:
        while not trial.poll(0.1):
            pass
        return trial.lines()
    finally:
        trial.close()


def start(python: str) -> None:
    """Try out a backend in the background; the Preferences show how it goes.

    Raises:
        WorkerError: its Python cannot be started.
    """
    global _running
    cancel()
    _running = Trial(python)
    backend.report, backend.tested_since = (), time.monotonic()
    if not bpy.app.timers.is_registered(_tick):
        bpy.app.timers.register(_tick, persistent=True)


def cancel() -> None:
    """End the trial under way."""
    global _running
    if _running is not None:
        _running.close()
    _running, backend.tested_since = None, None
    session.redraw()


def _tick() -> float | None:
    if _running is None:
        return None
    try:
        if _running.poll():
            backend.report = _running.lines()
            cancel()
    except WorkerError as error:
        backend.report = (str(error),)
        cancel()
    session.redraw()
    return _TICK_S if _running is not None else None


def register() -> None:
    """Nothing to do before the first trial."""


def unregister() -> None:
    cancel()
    if bpy.app.timers.is_registered(_tick):
        bpy.app.timers.unregister(_tick)

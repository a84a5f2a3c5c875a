"""Short trainings for tests, and what they are compared by."""

import pickle
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from texnet_core import Cancelled, read_artifact
from texnet_core.progress import Progress

STEPS = 24

Parameters = dict[str, np.ndarray]


def parameters_of(path: Path) -> Parameters:
    return read_artifact(path).parameters


def assert_same_parameters(first: Parameters, second: Parameters) -> None:
    assert first.keys() == second.keys()
    assert all(np.array_equal(first[name], second[name]) for name in first)


def run_killed(script: str, job: Path, *arguments: Any) -> None:
    """Run a script that kills itself; its first argument is a file with what it is to work with, pickled."""
    job.write_bytes(pickle.dumps(arguments))
    ended = subprocess.run([sys.executable, "-c", script, str(job)], capture_output=True, timeout=600)
    assert ended.returncode == -signal.SIGKILL, ended.stderr.decode()


def stop_at(step: int) -> Callable[[Progress], None]:
    """A callback that stops a run after so many steps."""

    def stop(progress: Progress) -> None:
        if progress.step == step and progress.loss is not None:
            raise Cancelled

    return stop


class FakeClock:
    """A clock that stands still until it is moved; `monkeypatch.setattr(clock, "now", FakeClock())` sets it."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds

    def after(self, function: Callable[..., Any], seconds: float) -> Callable[..., Any]:
        """The function, which then takes so long on this clock."""

        def slow(*arguments: Any, **named: Any) -> Any:
            self.seconds += seconds
            return function(*arguments, **named)

        return slow


def tiles(tone: float = 0.4, side: int = 128) -> np.ndarray:
    """16x16 tiles of different gray with dark joints."""
    y, x = np.mgrid[0:side, 0:side]
    tones = 0.5 + tone * (np.random.default_rng(0).random((side // 16, side // 16)) - 0.5)
    gray = np.where((y % 16 < 3) | (x % 16 < 3), 0.1, tones[y // 16, x // 16])
    return np.repeat(gray[..., None], 3, axis=2).astype(np.float32)


def stripes(period: int, side: int = 128) -> np.ndarray:
    columns = (np.arange(side) % period < period / 2).astype(np.float32)
    noise = np.random.default_rng(0).random((side, side, 3), dtype=np.float32)
    return (0.6 * columns[None, :, None] + 0.3 * noise).astype(np.float32)

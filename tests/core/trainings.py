"""Short trainings for tests, and what they are compared by."""

import os
import pickle
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from texnet_core import Artifact, Cancelled, read_artifact
from texnet_core.progress import Progress

STEPS = 24

Parameters = dict[str, np.ndarray]


@contextmanager
def files_up_to(size: int) -> Iterator[None]:
    """A limit on the size of files makes writes fail midway, as a full disk does."""
    resource = pytest.importorskip("resource")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


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


def run_joined(train: Callable[..., Any], job: Path, *arguments: Any) -> None:
    """Run a training in two processes, as torchrun starts them."""
    job.write_bytes(pickle.dumps((train, arguments)))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    shared = os.environ | {"WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port, "OMP_NUM_THREADS": "1"}
    both = [
        subprocess.Popen([sys.executable, "-c", _JOINED, str(job)], env=shared | {"RANK": rank, "LOCAL_RANK": rank})
        for rank in ("0", "1")
    ]
    assert [process.wait(600) for process in both] == [0, 0]


_JOINED = """
import pickle, sys
from pathlib import Path
if __name__ == "__main__":
    train, arguments = pickle.loads(Path(sys.argv[1]).read_bytes())
    train(*arguments)
"""


def assert_like_one(joined: Artifact, one: Artifact, within: float) -> None:
    """That two processes had the losses of one, and nearly its parameters."""
    curves = [[float(word.split(":")[1]) for word in made.training["loss_curve"].split()] for made in (one, joined)]
    assert curves[0] == pytest.approx(curves[1], rel=2e-3) and joined.training["processes"] == 2
    assert all(np.allclose(one.parameters[name], joined.parameters[name], atol=within) for name in one.parameters)


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

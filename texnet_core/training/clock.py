"""The clock that a run's time is taken from."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol


class Timed(Protocol):
    """What counts seconds of training."""

    elapsed_s: float


def now() -> float:
    """Seconds since some moment."""
    return time.monotonic()


@contextmanager
def counted(state: Timed) -> Iterator[None]:
    """Count what is done inside as time of training."""
    start = now()
    yield
    state.elapsed_s += now() - start

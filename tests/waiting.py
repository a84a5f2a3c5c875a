"""Waiting for a state instead of for a time, and never forever."""

import time
from collections.abc import Callable
from typing import TypeVar

State = TypeVar("State")

PATIENCE = 600  # seconds until something counts as hanging, on the busiest machine


def wait_until(condition: Callable[[], State], seconds: float = PATIENCE) -> State:
    """Wait until a condition is true and return its value; fails when that takes too long."""
    deadline = time.monotonic() + seconds
    while not (state := condition()):
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {seconds:g} s in vain")
        time.sleep(0.02)
    return state

"""Entries of a list do not depend on each other: one that fails stops no other."""

from collections.abc import Callable
from typing import TypeVar

from texnet_core.errors import Cancelled, reason

R = TypeVar("R")


def attempted(make: Callable[[], R], failed: Callable[[str], R]) -> R:
    """What `make` returns; where it cannot, `failed` of the one line that says why. Only Cancelled is passed on."""
    try:
        return make()
    except Cancelled:
        raise
    except Exception as error:  # whatever it is, the other entries go on
        return failed(reason(error))

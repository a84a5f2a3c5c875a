"""What became of the entries of a list, which do not depend on each other: one that fails stops no other."""

from collections import Counter
from collections.abc import Callable, Iterable
from typing import Protocol, TypeVar

from texnet_core.errors import Cancelled, reason

R = TypeVar("R")


class Result(Protocol):
    """What became of one entry."""

    @property
    def status(self) -> str:
        """One word; "failed" where there is an error."""
        ...


def attempted(make: Callable[[], R], failed: Callable[[str], R]) -> R:
    """What `make` returns; where it cannot, `failed` of the one line that says why. Only Cancelled is passed on."""
    try:
        return make()
    except Cancelled:
        raise
    except Exception as error:  # whatever it is, the other entries go on
        return failed(reason(error))


def count_statuses(results: Iterable[Result], statuses: Iterable[str]) -> dict[str, int]:
    """How many results have each status."""
    counts = Counter(result.status for result in results)
    return {status: counts[status] for status in statuses}

"""How far the run behind a generator came, as its card tells."""

from collections.abc import Mapping
from typing import Any

_TAKEN = "steps_taken"
_SHORT = 0.5  # of the steps of a run whose budget is in steps; with fewer, surfaces are blurred or run together


def steps_taken(training: Mapping[str, Any]) -> int:
    """Steps of a run, those of its levels of detail among them.

    Args:
        training: the record of the run, as a header has it.
    """
    return sum(taken for name, taken in training.items() if name == _TAKEN or name.endswith(f"_{_TAKEN}"))


def shortfall(training: Mapping[str, Any]) -> str:
    """A clause on a run in minutes that got through far fewer steps than a run in steps has; "" for any other.

    Args:
        training: the record of the run, as a header has it; older ones may lack some of it.
    """
    taken, usual = training.get(_TAKEN), training.get("steps")
    if not training.get("minutes") or not isinstance(taken, int) or not isinstance(usual, int):
        return ""
    return f"stopped after {taken} of {usual} steps" if taken < _SHORT * usual else ""

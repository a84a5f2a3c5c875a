"""How the core tells front ends what it is doing. It reports; it never prints."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True)
class Progress:
    """One report of work under way.

    Attributes:
        stage: what is being done, as a short word for a label ("blocks", "training", ...).
        done: units finished, 0 <= done <= total.
        total: units in all (blocks, steps, or seconds where the budget is time).
        unit: name of one unit, singular; "s" where the budget is time.
        step: optimizer updates taken while training, else None.
        loss: current loss while training, else None.
        note: a sentence worth showing once (a warning or a choice made), else "".
        preview: (h, w, 3) uint8 sample of a generator in training, now and then, else None.
    """

    stage: str
    done: float
    total: float
    unit: str
    step: int | None = None
    loss: float | None = None
    note: str = ""
    preview: npt.NDArray[np.uint8] | None = None


ProgressCallback = Callable[[Progress], None]


def ignore_progress(progress: Progress) -> None:
    """The callback for callers who do not care."""


def ignore_note(note: str) -> None:
    """The same where sentences alone are told."""

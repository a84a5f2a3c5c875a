"""What a run tells: to a callback on its way, and to the artifact at its end."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
from torch import Tensor

from texnet_core.model.budget import shortfall
from texnet_core.pictures.color import quantize
from texnet_core.progress import Progress, ProgressCallback
from texnet_core.settings import TrainSettings, as_record
from texnet_core.training.checkpoint import RunState
from texnet_core.training.curve import curve_text
from texnet_core.training.schedule import Budget

_PREVIEW_EVERY_STEPS = 20
_PREVIEWS = 20  # that a run in steps has at least, however short
_EARLY_PREVIEWS = (5, 10)  # and after the first step of a sitting: whoever waits wants to see


@dataclass(frozen=True)
class Place:
    """Where a run stands in all that is done for one generator, as multiples of its own budget.

    Attributes:
        before: what was done before it.
        whole: all there is to do.
    """

    before: float = 0.0
    whole: float = 1.0


class Reached(Protocol):
    """How far a run is."""

    step: int
    elapsed_s: float


ALONE = Place()


class Reports:
    """Reports of a run's progress, in steps or in seconds as its budget is.

    Args:
        settings: of the run.
        progress: the callback; what it raises goes on to the caller.
        place: of the run among others that follow each other.
        shown: the three channels of samples that previews show.
    """

    def __init__(
        self,
        settings: Budget,
        progress: ProgressCallback,
        place: Place = ALONE,
        shown: Sequence[int] = (0, 1, 2),
    ) -> None:
        self._place, self._shown = place, list(shown)
        self._progress, self._steps, self._seconds = progress, settings.steps, 60 * settings.minutes
        self._every = _PREVIEW_EVERY_STEPS if settings.minutes else _interval(settings.steps)
        self._is_first = True

    def note(self, text: str, state: Reached) -> None:
        """Tell one sentence."""
        self._report(state, note=text)

    def work(self, state: Reached) -> None:
        """Tell that work goes on between two steps."""
        self._report(state)

    def step(self, state: Reached, loss: float, image: Tensor) -> None:
        """Tell of a step: its loss and, now and then, its first sample; `image` is (N, channels, H, W)."""
        shown = self._is_first or state.step in _EARLY_PREVIEWS or state.step % self._every == 0
        self._is_first = False
        self._report(state, loss=loss, preview=to_bytes(image[0, self._shown]) if shown else None)

    def _report(
        self, state: Reached, loss: float | None = None, note: str = "", preview: npt.NDArray[np.uint8] | None = None
    ) -> None:
        timed = self._seconds > 0
        own = self._seconds if timed else self._steps
        before, total = (_whole(share * own, timed=timed) for share in (self._place.before, self._place.whole))
        done = before + (min(state.elapsed_s, self._seconds) if timed else state.step)
        unit, step = ("s" if timed else "step"), state.step + round(self._place.before * self._steps)
        self._progress(Progress("training", done, total, unit, step=step, loss=loss, note=note, preview=preview))


def _whole(amount: float, *, timed: bool) -> float:
    return amount if timed else round(amount)


def _interval(steps: int) -> int:
    return max(1, min(_PREVIEW_EVERY_STEPS, steps // _PREVIEWS))


def run_record(state: RunState, settings: TrainSettings) -> dict[str, Any]:
    """How a run went, for the artifact's record."""
    facts = {
        "steps_taken": state.step,
        "precision": state.precision,
        "loss_curve": curve_text(state.curve, state.restart_step),
    }
    troubles = [*state.warnings, *filter(None, [shortfall(as_record(settings) | facts)])]
    facts |= {f"{name}_at_end": round(weight, 4) for name, weight in state.balance.items()}
    return facts | ({"troubles": "; ".join(troubles)} if troubles else {})


def to_bytes(image: Tensor) -> npt.NDArray[np.uint8]:
    """(3, H, W) to (H, W, 3) uint8; black where a run that diverges makes no numbers."""
    return quantize(image.detach().nan_to_num().permute(1, 2, 0).float().cpu().numpy(), 8)

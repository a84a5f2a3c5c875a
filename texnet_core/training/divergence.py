"""Notices that a run goes wrong: that it leaves the numbers, diverges, collapses to one color, or gets nowhere."""

import math
from dataclasses import dataclass

from torch import Tensor

from texnet_core.training.curve import Curve

_PATIENCE_STEPS = 40
_COLLAPSED = 0.1  # of the exemplar's spread
_DIVERGED = 2.0  # times the lowest smoothed loss, above it
_LEAST = 0.01  # what the lowest one counts for; a reward for diversity brings it near or below zero
_MOST_LOST = 5  # steps in a row without numbers; one is passed over
_STALLED = 0.9  # of the loss in the first tenth of a run, which begins with the right colors
_SMOOTHING = 0.9
_FIRST_STEPS = 60  # in which anything may happen


@dataclass
class DivergenceMonitor:
    """What must be remembered of a run to notice that it goes wrong. It goes into checkpoints as it is.

    Attributes:
        steps: seen so far.
        smoothed: the recent loss.
        lowest: of all smoothed losses.
        bad_steps: how many in a row, up to now, were bad.
        lost_steps: how many in a row, up to now, had no numbers.
    """

    steps: int = 0
    smoothed: float = 0.0
    lowest: float = math.inf
    bad_steps: int = 0
    lost_steps: int = 0

    def check(self, loss: float, gradient: float, spread: float) -> str:
        """Take in a step, and say what is wrong with the run as a clause, or "".

        Args:
            loss: of the step.
            gradient: its norm.
            spread: of the samples; see `relative_spread`.
        """
        if not (math.isfinite(loss) and math.isfinite(gradient)):
            self.lost_steps += 1
            return f"the loss is {loss} and its gradient {gradient}" if self.lost_steps >= _MOST_LOST else ""
        self.lost_steps = 0
        share = _SMOOTHING if self.steps else 0.0
        self.smoothed = share * self.smoothed + (1 - share) * loss
        self.steps += 1
        self.lowest = min(self.lowest, self.smoothed)
        collapsed = spread < _COLLAPSED
        diverged = self.smoothed - self.lowest > _DIVERGED * max(abs(self.lowest), _LEAST)
        self.bad_steps = self.bad_steps + 1 if collapsed or diverged else 0
        if self.steps < _FIRST_STEPS or self.bad_steps < _PATIENCE_STEPS:
            return ""
        return "samples have one flat color" if collapsed else f"the loss grew to {self.smoothed:.3g}"


def relative_spread(image: Tensor, exemplar: Tensor) -> float:
    """How much texels vary, whatever their mean color, as a multiple of what the exemplar's do; (N, C, H, W) each."""
    return float(_spread(image) / _spread(exemplar).clamp_min(1e-6))


def _spread(image: Tensor) -> Tensor:
    """Root mean variance over pictures and channels."""
    return image.var(dim=(2, 3)).mean().sqrt()


def is_stalled(curve: Curve) -> bool:
    """Whether a whole run hardly brought its loss down."""
    tenth = len(curve) // 10
    if tenth < 2:
        return False  # too short to say
    first, last = (sum(loss for _, loss in part) / len(part) for part in (curve[:tenth], curve[-tenth:]))
    return last > first - (1 - _STALLED) * abs(first)  # a reward for diversity can bring losses below zero

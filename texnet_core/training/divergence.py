"""Notices that a run goes wrong: that it leaves the numbers, diverges, collapses to one color, or gets nowhere."""

import math
from dataclasses import dataclass

from texnet_core.training.curve import Curve

_PATIENCE_STEPS = 40
_COLLAPSED = 0.1  # of the exemplar's spread
_DIVERGED = 2.0  # times the lowest smoothed loss, above it
_LEAST = 0.01  # what the lowest one counts for; a reward for diversity brings it near or below zero
_MOST_LOST = 5  # steps in a row without numbers; one is passed over
_STALLED = 0.8  # of the loss in the first tenth of a run
_SMOOTHING = 0.9
_FIRST_STEPS = 60  # in which anything may happen


@dataclass
class Watch:
    """What must be remembered of an attempt to notice trouble. It goes into checkpoints as it is.

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

    def trouble(self, loss: float, gradient: float, spread: float) -> str:
        """Take in a step, and say what is wrong with the run, or "".

        Args:
            loss: of the step.
            gradient: its norm.
            spread: standard deviation of the sample's texels over that of the exemplar's.
        """
        if not (math.isfinite(loss) and math.isfinite(gradient)):
            self.lost_steps += 1
            return f"a loss of {loss} and a gradient of {gradient}" if self.lost_steps >= _MOST_LOST else ""
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
        return "samples of one flat color" if collapsed else f"a loss that grew to {self.smoothed:.3g}"


def is_stalled(curve: Curve) -> bool:
    """Whether a whole run hardly brought its loss down."""
    tenth = len(curve) // 10
    if tenth < 2:
        return False  # too short to say
    first, last = (sum(loss for _, loss in part) / len(part) for part in (curve[:tenth], curve[-tenth:]))
    return last > first - (1 - _STALLED) * abs(first)  # a reward for diversity can bring losses below zero

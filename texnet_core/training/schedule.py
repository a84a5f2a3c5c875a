"""How far a run has come, and what follows from that: learning rate and phase.

A budget is a number of steps or a number of minutes; either way progress is a fraction in [0, 1], and
everything that changes over a run is a function of that fraction.
"""

import math
from typing import Protocol

from texnet_core.descriptor.layers import POOLED_TEXELS
from texnet_core.settings import TrainSettings

WARM_UP_STEPS = 20
WARM_UP_STEPS_AHEAD = 5  # of a run that begins with trained parameters, whose gradients are steady from the start
_FINAL_LR_SHARE = 0.02
_LEAST_WINDOW = 64  # texels


class Sized(Protocol):
    """What says how large samples are."""

    @property
    def size(self) -> int: ...


class Budget(Protocol):
    """What says how long a run is: in steps, or in minutes where these are not 0."""

    @property
    def steps(self) -> int: ...

    @property
    def minutes(self) -> float: ...


def fraction_done(settings: Budget, step: int, elapsed_s: float) -> float:
    """Share of the budget that is spent after `step` steps and `elapsed_s` seconds, 0 to 1."""
    if settings.minutes:
        return min(1.0, elapsed_s / (60 * settings.minutes))
    return min(1.0, step / settings.steps)


def learning_rate(settings: TrainSettings, step: int, fraction: float, *, is_ahead: bool = False) -> float:
    """Warm-up over the first steps, then a cosine down to 2% of the peak.

    Args:
        settings: of the run.
        step: since it began.
        fraction: of the budget that is spent.
        is_ahead: whether the run began with trained parameters.
    """
    return warmed_cosine(settings.lr, step, fraction, WARM_UP_STEPS_AHEAD if is_ahead else WARM_UP_STEPS)


def warmed_cosine(lr: float, step: int, fraction: float, warm_up_steps: int) -> float:
    """The learning rate whose peak is `lr`: warm-up over the first steps, then a cosine down to 2%."""
    warm_up = min(1.0, (step + 1) / warm_up_steps)
    cosine = 0.5 + 0.5 * math.cos(math.pi * fraction)
    return lr * warm_up * (_FINAL_LR_SHARE + (1 - _FINAL_LR_SHARE) * cosine)


def has_half_windows(settings: TrainSettings, fraction: float) -> bool:
    """Whether the run is still in its first part, whose samples have half the size: a quarter of the time each."""
    return fraction < min(settings.half_share, 1 - settings.frozen_share)


def half_window(settings: Sized, cell: int) -> int:
    """Half the side of the samples, where that is whole cells of so many texels and not too small; else 0."""
    half = settings.size // 2
    return half if half >= max(_LEAST_WINDOW, 2 * cell) and half % max(POOLED_TEXELS, cell) == 0 else 0


def window(settings: TrainSettings, fraction: float, cell: int) -> int:
    """Side of the samples of a step: half of it in the first part of a run, where it can be."""
    return (has_half_windows(settings, fraction) and half_window(settings, cell)) or settings.size


def is_frozen_phase(settings: TrainSettings, fraction: float) -> bool:
    """Whether the last part of the run, with frozen statistics, has begun."""
    return fraction >= 1 - settings.frozen_share

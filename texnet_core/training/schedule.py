"""How far a run has come, and what follows from that: learning rate and phase.

A budget is a number of steps or a number of minutes; either way progress is a fraction in [0, 1], and
everything that changes over a run is a function of that fraction.
"""

import math

from texnet_core.settings import TrainSettings

WARM_UP_STEPS = 20
_FINAL_LR_SHARE = 0.02


def fraction_done(settings: TrainSettings, step: int, elapsed_s: float) -> float:
    """Share of the budget that is spent after `step` steps and `elapsed_s` seconds, 0 to 1."""
    if settings.minutes:
        return min(1.0, elapsed_s / (60 * settings.minutes))
    return min(1.0, step / settings.steps)


def learning_rate(settings: TrainSettings, step: int, fraction: float) -> float:
    """Warm-up over the first steps, then a cosine down to 2% of the peak."""
    warm_up = min(1.0, (step + 1) / WARM_UP_STEPS)
    cosine = 0.5 + 0.5 * math.cos(math.pi * fraction)
    return settings.lr * warm_up * (_FINAL_LR_SHARE + (1 - _FINAL_LR_SHARE) * cosine)


def has_half_windows(settings: TrainSettings, fraction: float) -> bool:
    """Whether the run is still in its first part, whose samples have half the size: a quarter of the time each."""
    return fraction < min(settings.half_share, 1 - settings.frozen_share)


def is_frozen_phase(settings: TrainSettings, fraction: float) -> bool:
    """Whether the last part of the run, with frozen statistics, has begun."""
    return fraction >= 1 - settings.frozen_share

"""How far a run has come and what follows from it, and the curve of its losses."""

import itertools

import numpy as np
import pytest

from texnet_core.settings import TrainSettings
from texnet_core.training.curve import curve_text, extend_curve
from texnet_core.training.schedule import fraction_done, is_frozen_phase, learning_rate


def test_the_schedule_warms_up_and_comes_down():
    settings = TrainSettings(steps=100)
    rates = [learning_rate(settings, step, fraction_done(settings, step, 0)) for step in range(100)]
    assert rates[0] < 0.1 * settings.lr < rates[19]
    assert max(rates) <= settings.lr
    assert all(a >= b for a, b in itertools.pairwise(rates[20:]))
    assert rates[-1] < 0.03 * settings.lr
    assert [is_frozen_phase(settings, step / 100) for step in (0, 79, 80, 99)] == [False, False, True, True]


def test_minutes_count_time_and_not_steps():
    settings = TrainSettings(minutes=2)
    assert fraction_done(settings, 10**6, 30) == 0.25
    assert fraction_done(settings, 0, 1000) == 1


@pytest.mark.parametrize("steps", [1, 59, 60, 61, 120, 121, 1000, 4001])
def test_a_curve_of_any_length_is_short_and_holds_the_means(steps):
    losses = np.random.default_rng(0).lognormal(0, 3, steps)
    curve = []
    for loss in losses:
        extend_curve(curve, float(loss))
    assert min(steps, 30) <= len(curve) <= 60 and len(curve_text(curve)) < 1500
    start = 0
    for length, mean in curve:
        assert length <= curve[0][0]
        assert mean == pytest.approx(losses[start : start + length].mean())
        start += length
    assert start == steps and curve_text(curve).split()[-1].startswith(f"{steps}:")

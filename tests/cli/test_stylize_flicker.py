"""The flicker of frames: what changes in the result where nothing changes in the content, in levels of 255."""

import numpy as np
import pytest

from tests.conftest import picture
from texnet_core.stylization import StylizeRequest
from texnet_core.stylization.flicker import Flicker, Sampled

LEVEL = np.float32(1 / 255)


def frame(content, made, alpha=None, **fields):
    height, width = made.shape[:2]
    return Sampled.of(content, made, alpha, StylizeRequest(**({"width": width, "height": height} | fields)))


def flicker(*frames):
    watched = Flicker()
    for one in frames:
        watched.take(one)
    return watched.levels


@pytest.fixture
def still():
    return picture(32, 48) * np.float32(0.8) + np.float32(0.1)


def test_it_is_what_the_result_changes_in_levels(still):
    made = [still + step * LEVEL for step in (0, 3, 3)]
    assert flicker(*(frame(still, one) for one in made)) == pytest.approx(1.5, abs=1e-3)


def test_what_the_content_changes_itself_does_not_count(still):
    grain = np.random.default_rng(0).integers(-2, 3, still.shape).astype(np.float32) * LEVEL
    assert flicker(frame(still, still), frame(still + grain, still + grain)) == 0
    assert flicker(frame(still, still), frame(still + grain, still)) == 0
    twice = flicker(frame(still, still), frame(still + grain, still + 2 * grain))
    assert twice == pytest.approx(np.abs(grain).mean() * 255, rel=1e-3)


def test_what_moves_is_not_looked_at(still):
    moved, made = still.copy(), still.copy()
    moved[:, :24] = 1 - moved[:, :24]
    made[:, :24] = 0
    made[:, 24:] += 5 * LEVEL
    everywhere_still = flicker(frame(still, still), frame(still, still + 5 * LEVEL))
    held = np.abs(moved - still).max(axis=2) <= 8 * LEVEL
    made[held] = still[held] + 5 * LEVEL
    assert flicker(frame(still, still), frame(moved, made)) == pytest.approx(everywhere_still, abs=0.3)


def test_what_is_hidden_is_not_looked_at(still):
    alpha = np.ones((32, 48), np.float32)
    alpha[:16] = 0
    made = still.copy()
    made[:16] += 99 * LEVEL
    assert flicker(frame(still, still, alpha), frame(still, made, alpha)) == 0
    nothing = np.zeros((32, 48), np.float32)
    assert flicker(frame(still, still, nothing), frame(still, made, nothing)) is None


def test_frames_of_other_sizes_or_with_nothing_still_are_not_compared(still):
    assert flicker(frame(still, still)) is None
    assert flicker(frame(still, still), frame(still, still[:16])) is None
    assert flicker(frame(still * 0, still), frame(still * 0 + 1, still)) is None


def test_the_content_is_looked_at_where_the_result_shows_it(still):
    """A window of a result twice as large, and a change in the content outside of that window."""
    changed = still.copy()
    changed[:16] = 1 - changed[:16]
    window = {"width": 96, "height": 64, "region": (0, 32, 96, 32)}
    made = np.full((32, 96, 3), 0.5, np.float32)
    assert flicker(frame(still, made, **window), frame(changed, made + 4 * LEVEL, **window)) == pytest.approx(
        4, abs=1e-3
    )
    above = window | {"region": (0, 0, 96, 32)}
    assert flicker(frame(still * 0, made, **above), frame(still * 0 + 1, made + 4 * LEVEL, **above)) is None


def test_of_large_frames_some_texels_are_looked_at():
    content = np.full((1500, 2000, 3), 0.5, np.float32)
    taken = frame(content, content)
    assert 2**20 / 2.5 < taken.shown.size <= 2**20 and taken.content.shape == taken.made.shape
    assert flicker(taken, frame(content, content + 2 * LEVEL)) == pytest.approx(2, abs=1e-3)

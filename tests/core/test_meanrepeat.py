import numpy as np
import pytest

from texnet_core.noise import NoisePlane
from texnet_core.training.meanrepeat import MeanRepeat

RNG = np.random.default_rng

WIDTH, HEIGHT = 24, 16
WAVES = ((1 / HEIGHT, 0.0), (-0.5 / HEIGHT, 1 / WIDTH))  # of rows in half bond


def wall(top=0, left=0, tone=0.2, size=192):
    """Bricks with a dark joint above and left of each, and a tone for each; (size, size, 3), moved up and left."""
    y, x = np.mgrid[0:size, 0:size] + np.array([top, left])[:, None, None]
    row = y // HEIGHT
    place = x + WIDTH // 2 * row
    tones = 0.5 + tone * (RNG(0).random((64, 64, 1)) - 0.5) * np.array([1.0, 0.8, 0.5])
    brick = tones[row % 64, place // WIDTH % 64]
    return np.where(((y % HEIGHT < 3) | (place % WIDTH < 3))[..., None], 0.1, brick).astype(np.float32)


def plane(seed=5, size=192):
    return NoisePlane(seed, 3, size, size, waves=WAVES, repeat_channels=2)


def test_laid_out_without_tones_it_is_the_pattern_itself_elsewhere():
    laid = MeanRepeat(wall(tone=0), WAVES, 2).laid_out(plane(), 192)
    moves = ((y, x) for y in range(HEIGHT) for x in range(2 * WIDTH))
    misfits = [np.abs(laid - wall(y, x, tone=0)).mean() for y, x in moves]
    assert min(misfits) < 0.02 < 0.1 < np.mean(misfits)  # places are found to one texel


@pytest.mark.parametrize(("top", "left"), [(0, 0), (5, 9), (11, 20)])
def test_repeats_begin_at_joints_so_that_each_brick_has_one_tone(top, left):
    noise = plane()
    laid = MeanRepeat(wall(top, left), WAVES, 2).laid_out(noise, 192)
    values = noise.window(0, 0, 0, 192, 192)[-2:].reshape(2, -1)
    bricks = np.unique(values, axis=1, return_inverse=True)[1].reshape(192, 192)
    face = laid.mean(axis=2) > 0.35
    spread = [laid[(bricks == brick) & face].std(axis=0).max() for brick in range(bricks.max() + 1)]
    assert np.quantile(spread, 0.9) < 0.03  # within a brick
    between = [laid[(bricks == brick) & face].mean() for brick in range(bricks.max() + 1)]
    assert np.std(between) > 0.03


def test_tones_are_distributed_as_in_the_picture():
    picture = wall()
    laid = MeanRepeat(picture, WAVES, 2).laid_out(plane(size=384), 384)
    np.testing.assert_allclose(laid.mean(axis=(0, 1)), picture.mean(axis=(0, 1)), atol=0.01)
    for share in (0.35, 0.5, 0.75, 0.95):
        of_laid, of_picture = (np.quantile(it, share, axis=(0, 1)) for it in (laid, picture))
        np.testing.assert_allclose(of_laid, of_picture, atol=0.02)

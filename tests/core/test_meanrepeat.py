import numpy as np
import pytest

from texnet_core.model.noise import NoisePlane
from texnet_core.patterns.repeats import Stretch, numbered_repeats
from texnet_core.training.meanrepeat import MeanRepeat, origin_of_tiles

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


def mean_of(picture):
    return MeanRepeat(picture, WAVES, origin_of_tiles(picture, WAVES), 2)


@pytest.mark.parametrize("scale", [1, 5])
@pytest.mark.parametrize(("top", "left"), [(0, 0), (5, 9)])
def test_tiles_begin_at_joints_whatever_the_size_of_the_picture(top, left, scale):
    picture = wall(top, left).repeat(scale, axis=0).repeat(scale, axis=1)
    first, second = ((down / scale, across / scale) for down, across in WAVES)
    stretches = (Stretch(0, 0, 192 * scale, None), Stretch(0, 0, 192 * scale, None))
    tiles = numbered_repeats((first, second), origin_of_tiles(picture, (first, second)), *stretches)
    face = picture.mean(axis=2) > 0.2
    for tile in np.unique(tiles[face]):
        assert picture[(tiles == tile) & face].std(axis=0).max() < 0.01


def test_repeats_that_are_alike_or_under_patches_of_light_have_no_tones():
    light = 1 + 0.3 * np.sin(np.arange(192) / 30)[:, None, None]
    noise = 0.05 * RNG(1).random((192, 192, 3))
    assert origin_of_tiles((wall(tone=0) + noise).astype(np.float32), WAVES) is None
    assert origin_of_tiles((wall(tone=0) * light).astype(np.float32), WAVES) is None
    assert origin_of_tiles((wall(tone=0.2) + noise).astype(np.float32), WAVES) is not None


@pytest.mark.parametrize(
    ("width", "height", "bond"), [(25.6, 25.6, 0), (21.3, 32, 0.5), (12.8, 25.6, 0.5), (14.2, 21.3, 1 / 3)]
)
def test_joints_between_texels_are_no_tones(width, height, bond):
    y, x = np.mgrid[0:128, 0:128] + 0.5
    joint = (y % height < 2) | ((x - bond * width * (y // height)) % width < 2)
    picture = np.where(joint, 0.1, 0.5)[..., None] + 0.02 * RNG(0).random((128, 128, 3))
    waves = ((1 / height, 0.0), (-bond / height, 1 / width))
    assert origin_of_tiles(picture.astype(np.float32), waves) is None


@pytest.mark.parametrize("tone", [0, 0.3])
def test_a_figure_within_each_tile_is_no_tone(tone):
    side = 21.3
    y, x = (np.mgrid[0:1024, 0:1024] + 0.5) / 4  # averaged to 256, as a camera would
    tones = 0.5 + tone * (RNG(3).random((20, 20)) - 0.5)
    gray = tones[(y // side).astype(int), (x // side).astype(int)]
    cross = (np.abs(y % side - side / 2) < 2) | (np.abs(x % side - side / 2) < 2)
    gray = np.where((y % side < 2) | (x % side < 2), 0.1, np.where(cross, gray + 0.3, gray))
    gray = gray.reshape(256, 4, 256, 4).mean(axis=(1, 3))
    picture = gray[..., None] + 0.02 * RNG(0).random((256, 256, 3))
    found = origin_of_tiles(picture.astype(np.float32), ((1 / side, 0.0), (0.0, 1 / side)))
    assert (found is not None) == (tone > 0)


def test_tones_that_can_hardly_be_seen_are_none():
    assert origin_of_tiles(wall(tone=0.01), WAVES) is None
    assert origin_of_tiles(wall(tone=0.06), WAVES) is not None


def test_laid_out_without_tones_it_is_the_pattern_itself_elsewhere():
    laid = MeanRepeat(wall(tone=0), WAVES, (123456789, 2**31), 2).laid_out(plane(), 192)
    moves = ((y, x) for y in range(HEIGHT) for x in range(2 * WIDTH))
    misfits = [np.abs(laid - wall(y, x, tone=0)).mean() for y, x in moves]
    assert min(misfits) < 1e-3 < 0.1 < np.mean(misfits)


@pytest.mark.parametrize(("top", "left"), [(0, 0), (5, 9), (11, 20)])
def test_repeats_begin_at_joints_so_that_each_brick_has_one_tone(top, left):
    noise = plane()
    laid = mean_of(wall(top, left)).laid_out(noise, 192)
    values = noise.window(0, 0, 0, 192, 192)[-2:].reshape(2, -1)
    bricks = np.unique(values, axis=1, return_inverse=True)[1].reshape(192, 192)
    face = laid.mean(axis=2) > 0.35
    spread = [laid[(bricks == brick) & face].std(axis=0).max() for brick in range(bricks.max() + 1)]
    assert np.quantile(spread, 0.9) < 0.03  # within a brick
    between = [laid[(bricks == brick) & face].mean() for brick in range(bricks.max() + 1)]
    assert np.std(between) > 0.03


def test_tones_are_distributed_as_in_the_picture():
    picture = wall()
    laid = mean_of(picture).laid_out(plane(size=384), 384)
    np.testing.assert_allclose(laid.mean(axis=(0, 1)), picture.mean(axis=(0, 1)), atol=0.01)
    for share in (0.35, 0.5, 0.75, 0.95):
        of_laid, of_picture = (np.quantile(it, share, axis=(0, 1)) for it in (laid, picture))
        np.testing.assert_allclose(of_laid, of_picture, atol=0.02)

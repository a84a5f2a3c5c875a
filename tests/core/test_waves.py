import numpy as np
import pytest

from texnet_core.patterns.waves import counts_along, find_waves, fitted_side, fitted_waves, rows_first

RNG = np.random.default_rng


def bricks(width: float, height: float, bond: float = 0.5, noise: float = 0.1, side: int = 256) -> np.ndarray:
    """Rows of bricks, each row shifted against the one below by `bond` of a brick; (side, side, 3)."""
    y, x = np.mgrid[0:side, 0:side] + 0.5
    row = np.floor(y / height)
    along, down = (x / width + bond * row) % 1, (y / height) % 1
    joint = (along < 3 / width) | (down < 3 / height)
    gray = np.where(joint, 0.8, 0.4) + noise * RNG(0).standard_normal((side, side))
    return np.clip(gray, 0, 1)[..., None].repeat(3, axis=2).astype(np.float32)


def on_grid(waves, width, height, bond):
    """Phases, in cycles, that the waves have gained from one brick to its neighbors."""
    steps = np.array([(0.0, width), (height, -bond * width)])
    return np.array(waves) @ steps.T


@pytest.mark.parametrize(
    ("width", "height", "bond", "side"),
    [
        (32, 32, 0, 256),
        (50, 24, 0.5, 256),
        (25.6, 25.6, 0, 256),
        (41.3, 30.7, 0, 256),
        (60, 22, 0.33, 256),
        (20, 60, 0, 256),
        (120, 36, 0.5, 512),
        (160, 40, 0.5, 512),
        (160, 32, 0, 512),
    ],
)
def test_a_grid_is_found_to_fractions_of_a_texel(width, height, bond, side):
    waves = find_waves(bricks(width, height, bond, side=side))
    assert len(waves) == 2
    gained = on_grid(waves, width, height, bond)
    np.testing.assert_allclose(gained, np.round(gained), atol=0.03)  # whole cycles: each brick looks alike
    assert abs(abs(np.linalg.det(np.round(gained))) - 1) < 1e-6  # and no two bricks are taken for one


def alternating(side: int = 512) -> np.ndarray:
    """16x20 tiles that are light and dark at random: what repeats is one tile, however unlike its neighbors."""
    tones = RNG(3).choice([0.3, 0.6], (side // 16 + 1, side // 20 + 1))
    y, x = np.mgrid[0:side, 0:side]
    gray = np.where((y % 16 < 2) | (x % 20 < 2), 0.1, tones[y // 16, x // 20])
    return gray[..., None].repeat(3, axis=2).astype(np.float32)


def test_of_tiles_that_differ_each_counts():
    found = np.sort(np.abs(find_waves(alternating())), axis=None)
    np.testing.assert_allclose(found, [0, 0, 1 / 20, 1 / 16], atol=2e-4)


@pytest.mark.parametrize(("width", "height", "bond"), [(50, 24, 0.5), (41.3, 30.7, 0), (60, 20, 1 / 3)])
def test_level_rows_are_level_to_the_last_bit(width, height, bond):
    (down, _), (other, _) = find_waves(bricks(width, height, bond))
    assert any(abs(down * p + other * q) < 1e-15 for p in range(-3, 4) for q in range(4) if p or q)


@pytest.mark.parametrize(("width", "height", "bond"), [(44, 22, 0.5), (54, 22, 1 / 3), (40, 25, 0), (64, 16, 0.5)])
@pytest.mark.parametrize("turned", [False, True])
def test_the_first_wave_counts_the_rows_between_joints_that_run_through(width, height, bond, turned):
    wall = bricks(width, height, bond)
    wall = wall.swapaxes(0, 1) if turned else wall
    first, second = rows_first(find_waves(wall), wall)
    assert counts_along(first) == turned or bond == 0  # a grid without a bond has joints of both kinds
    if bond:
        assert first[turned] * height == pytest.approx(1, rel=0.02) and first[1 - turned] == 0
        assert abs(second[turned] * height) == pytest.approx(bond, rel=0.03)  # not more than half a brick a row
        assert abs(second[1 - turned]) * width == pytest.approx(1, rel=0.02)


def test_a_grid_without_rows_or_columns_keeps_its_waves():
    waves = ((0.031, 0.06), (0.052, -0.027))
    assert rows_first(waves, bricks(40, 20)) == waves


def brickwork(width, height, bond):
    """Its waves: whole at every step of a brick and of a row."""
    return np.linalg.inv([[0, width], [height, -bond * width]]).T


@pytest.mark.parametrize(("width", "height", "bond"), [(44, 22, 0.5), (40, 25, 0), (60, 20, 1 / 3), (80, 40, 0.5)])
@pytest.mark.parametrize("period", [(440, 440), (360, 512), (1000, 600), (2048, 770), (512, None), (None, 512)])
def test_periodic_waves_have_whole_cycles_and_level_rows(width, height, bond, period):
    waves = brickwork(width, height, bond)
    fitted = np.array(fitted_waves(tuple(map(tuple, waves.tolist())), *period))
    for axis, side in enumerate(period):
        cycles, exact = fitted[:, axis], waves[:, axis] * (side or 1)
        assert np.abs(cycles - exact).max() < 1.51 if side else np.array_equal(cycles, exact)
        assert not side or np.array_equal(cycles, np.round(cycles))
    row = np.linalg.solve(
        fitted / [side or 1 for side in period], waves @ [0, width]
    )  # where a brick's end comes to lie
    assert row[0] == pytest.approx(0, abs=1e-9) and row[1] == pytest.approx(width, rel=0.1)


def test_rows_that_rise_go_on_rising():
    waves = ((3 / 512, 40.0 / 512), (40.2 / 512, -3.1 / 512))
    assert fitted_waves(waves, 512, 512) == ((3.0, 40.0), (40.0, -3.0))


def test_stripes_and_no_waves_are_fitted_too():
    assert fitted_waves((), 64, 64) == ()
    assert fitted_waves(((0.0, 0.0478),), 64, 64) == ((0.0, 3.0),)
    assert fitted_waves(((0.01, 0.0478),), None, 64) == ((0.01, 3.0),)


@pytest.mark.parametrize(("period", "angle"), [(20, 0.0), (31.5, np.pi / 2), (24, 0.4), (20, 0.27), (40, np.pi / 4)])
def test_stripes_have_one_wave_across(period, angle):
    y, x = np.mgrid[0:512, 0:512]
    across = np.array([np.cos(angle), np.sin(angle)])
    gray = ((y * across[0] + x * across[1]) / period % 1 < 0.4) + 0.1 * RNG(1).standard_normal((512, 512))
    waves = find_waves(gray[..., None].repeat(3, axis=2))
    assert len(waves) == 1
    found = np.array(waves[0])
    assert np.linalg.norm(found) == pytest.approx(1 / period, rel=0.02)
    assert abs(found @ across) * period == pytest.approx(1, abs=0.02)


def test_noise_of_any_color_and_single_colors_have_no_pattern():
    white = RNG(0).random((256, 256))
    frequencies = np.hypot(np.fft.fftfreq(256)[:, None], np.fft.rfftfreq(256))
    for power in (0.0, 1.0, 2.0):
        spectrum = np.fft.rfft2(white - white.mean()) / np.maximum(frequencies, 1 / 256) ** power
        picture = np.fft.irfft2(spectrum)
        assert find_waves((picture / picture.std())[..., None].repeat(3, axis=2)) == ()
    assert find_waves(np.full((256, 256, 3), 0.4, np.float32)) == ()


@pytest.mark.parametrize("side", [1, 2, 8, 15, 18, 19, 32, 64])
def test_pictures_too_small_for_a_pattern_have_none(side):
    assert find_waves(RNG(0).random((side, 2 * side, 3))) == ()


def test_fewer_than_three_repeats_prove_nothing():
    assert find_waves(bricks(128, 128, 0)) == ()


def test_the_fitted_side_makes_whole_repeats():
    waves = ((0.0, 4.3), (9.1, 0.0))
    side = fitted_side(waves, 256, 256, 32, 1000)
    assert abs(np.log(side / 256)) < np.log(1.16)
    before, after = (np.array([4.3, 9.1]) * 256 / s for s in (256, side))
    assert np.abs(after / np.round(after) - 1).max() < np.abs(before / np.round(before) - 1).max()
    assert fitted_side(((0.0, 16.0),), 256, 256, 32, 1000) == 256
    assert fitted_side(waves, 256, 256, 32, 256) <= 256
    assert fitted_side(waves, 256, 256, 256, 1000) >= 256

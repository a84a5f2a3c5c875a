import numpy as np
import pytest

from texnet_core.lattice import find_waves, fitted_side, fitted_waves

RNG = np.random.default_rng


def bricks(width: float, height: float, bond: float = 0.5, noise: float = 0.1, side: int = 256) -> np.ndarray:
    """Rows of bricks, each row shifted against the one below by `bond` of a brick; (side, side, 3)."""
    y, x = np.mgrid[0:side, 0:side] + 0.5
    row = np.floor(y / height)
    along, down = (x / width + bond * row) % 1, (y / height) % 1
    joint = (along < 3 / width) | (down < 3 / height)
    grey = np.where(joint, 0.8, 0.4) + noise * RNG(0).standard_normal((side, side))
    return np.clip(grey, 0, 1)[..., None].repeat(3, axis=2).astype(np.float32)


def on_grid(waves, width, height, bond):
    """Phases, in cycles, that the waves have gained from one brick to its neighbours."""
    steps = np.array([(0.0, width), (height, -bond * width)])
    return np.array(waves) @ steps.T


@pytest.mark.parametrize(
    ("width", "height", "bond"), [(32, 32, 0), (50, 24, 0.5), (25.6, 25.6, 0), (41.3, 30.7, 0), (60, 22, 0.33)]
)
def test_a_grid_is_found_to_fractions_of_a_texel(width, height, bond):
    waves = find_waves(bricks(width, height, bond))
    assert len(waves) == 2
    gained = on_grid(waves, width, height, bond)
    np.testing.assert_allclose(gained, np.round(gained), atol=0.03)  # whole cycles: each brick looks alike
    assert abs(abs(np.linalg.det(np.round(gained))) - 1) < 1e-6  # and no two bricks are taken for one


@pytest.mark.parametrize(("width", "height", "bond"), [(50, 24, 0.5), (41.3, 30.7, 0)])
def test_level_rows_are_level_to_the_last_bit(width, height, bond):
    waves = find_waves(bricks(width, height, bond))
    rises = [down * p + other * q for (down, _), (other, _) in [waves] for p, q in ((1, 0), (0, 1), (1, 1), (1, -1))]
    assert 0.0 in rises


BONDED = ((-0.0224, 0.0226), (0.0224, 0.0226))  # every other row is shifted by half a brick


@pytest.mark.parametrize("width", [96, 256, 360, 512, 1000, 2048, None])
@pytest.mark.parametrize("height", [96, 256, 360, 512, 1000, 2048, None])
def test_periodic_waves_have_whole_cycles_and_level_rows(height, width):
    fitted = np.array(fitted_waves(BONDED, height, width))
    for axis, period in enumerate((height, width)):
        cycles, exact = fitted[:, axis], np.array(BONDED)[:, axis] * (period or 1)
        assert np.abs(cycles - exact).max() < 1 if period else np.array_equal(cycles, exact)
        assert not period or np.array_equal(cycles, np.round(cycles))
    assert fitted[0, 0] == -fitted[1, 0] and fitted[0, 1] == fitted[1, 1]


def test_each_for_itself_would_tilt_these_rows():
    """Twelve and eleven cycles lie nearest, and the rows would rise by one from side to side."""
    waves = ((-11.58 / 512, 11.4 / 512), (11.42 / 512, 11.4 / 512))
    assert [round(down * 512) for down, _ in waves] == [-12, 11]
    (first, _), (second, _) = fitted_waves(waves, 512, 512)
    assert first == -second


def test_stripes_and_no_waves_are_fitted_too():
    assert fitted_waves((), 64, 64) == ()
    assert fitted_waves(((0.0, 0.0478),), 64, 64) == ((0.0, 3.0),)
    assert fitted_waves(((0.01, 0.0478),), None, 64) == ((0.01, 3.0),)


@pytest.mark.parametrize(("period", "angle"), [(20, 0.0), (31.5, np.pi / 2), (24, 0.4)])
def test_stripes_have_one_wave_across(period, angle):
    y, x = np.mgrid[0:256, 0:256]
    across = np.array([np.cos(angle), np.sin(angle)])
    grey = ((y * across[0] + x * across[1]) / period % 1 < 0.4) + 0.1 * RNG(1).standard_normal((256, 256))
    waves = find_waves(grey[..., None].repeat(3, axis=2))
    assert len(waves) == 1
    found = np.array(waves[0])
    assert np.linalg.norm(found) == pytest.approx(1 / period, rel=0.02)
    assert abs(found @ across) * period == pytest.approx(1, abs=0.02)


def test_noise_of_any_colour_and_single_colours_have_no_pattern():
    white = RNG(0).random((256, 256))
    frequencies = np.hypot(np.fft.fftfreq(256)[:, None], np.fft.rfftfreq(256))
    for power in (0.0, 1.0, 2.0):
        spectrum = np.fft.rfft2(white - white.mean()) / np.maximum(frequencies, 1 / 256) ** power
        picture = np.fft.irfft2(spectrum)
        assert find_waves((picture / picture.std())[..., None].repeat(3, axis=2)) == ()
    assert find_waves(np.full((256, 256, 3), 0.4, np.float32)) == ()


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

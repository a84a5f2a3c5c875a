"""Figures that need no network, on pictures whose answer is known."""

import numpy as np
import pytest

from tests.conftest import picture
from texnet_core.errors import ImageError, RequestError
from texnet_core.evaluation import outliers
from texnet_core.evaluation.color import color_distance, lab
from texnet_core.evaluation.crops import halves, mean_of_pairs, quadrants
from texnet_core.evaluation.memorization import memorization
from texnet_core.evaluation.outliers import around, find_outlier
from texnet_core.evaluation.repetition import highest_peak, repetition
from texnet_core.evaluation.seam import seam_error
from texnet_core.evaluation.spectrum import band_power, spectrum_distance

STUDENT = {2: 4.303, 3: 3.182, 6: 2.447, 10: 2.228, 30: 2.042, 1000: 1.962}


def noise(height=128, width=128, seed=0):
    return np.random.default_rng(seed).random((height, width, 3), dtype=np.float32)


def waves(periods, side=128):
    """Gray stripes across x that tile."""
    x = np.arange(side) * (2 * np.pi * periods / side)
    return np.broadcast_to(0.5 + 0.3 * np.sin(x)[None, :, None], (side, side, 3)).astype(np.float32)


def mosaic(exemplar, block, seed=0):
    """Squares cut from random places of the exemplar."""
    rng = np.random.default_rng(seed)
    result = np.empty_like(exemplar)
    for y in range(0, len(result), block):
        for x in range(0, len(result), block):
            top, left = rng.integers(0, len(result) - block, 2)
            result[y : y + block, x : x + block] = exemplar[top : top + block, left : left + block]
    return result


@pytest.mark.parametrize("freedom", STUDENT)
def test_students_t_is_that_of_the_tables(freedom):
    from texnet_core.evaluation.seam import _student

    assert _student(freedom) == pytest.approx(STUDENT[freedom], rel=0.01)


def test_a_step_across_the_seam_is_found_on_its_axis_only():
    ramp = np.linspace(0, 0.5, 128, dtype=np.float32)[None, :, None]
    seams = seam_error(0.5 * noise() + ramp)
    assert not seams.x.indistinguishable and seams.x.z > 4 and seams.x.ratio > 1.2 and seams.x.percentile == 1
    assert seams.y.indistinguishable
    turned = seam_error((0.5 * noise() + ramp).swapaxes(0, 1))
    assert turned.y == seams.x


def test_a_mirrored_border_is_found_although_it_has_no_step():
    tile = noise()
    tile[:, -1] = tile[:, 0]
    seam = seam_error(tile).x
    assert not seam.indistinguishable and seam.ratio < 0.1 and seam.percentile == 0


def test_of_seamless_pictures_about_one_in_twenty_lies_outside_the_interval():
    alarms = [not seam.indistinguishable for seed in range(200) for seam in _both(seam_error(noise(32, 32, seed), 4))]
    assert 0.02 < np.mean(alarms) < 0.09


def _both(seams):
    return seams.x, seams.y


def test_only_lines_a_whole_number_of_cells_away_are_compared():
    """Where texels come in blocks of 8, lines between blocks differ from lines inside them."""
    blocks = np.kron(noise(32, 32), np.ones((8, 8, 1), np.float32))
    assert seam_error(blocks, 8).indistinguishable
    assert seam_error(blocks).x.z > 1.9
    assert seam_error(blocks, 8).x.lines == 31


def test_rolling_along_the_seam_changes_nothing():
    tile = picture()
    before, after = seam_error(tile).x, seam_error(np.roll(tile, 17, 0)).x
    assert after.wrap == pytest.approx(before.wrap) and after.z == pytest.approx(before.z)


def test_a_picture_without_contrast_has_no_seam():
    seams = seam_error(np.full((64, 64, 3), 0.5, np.float32))
    assert seams.indistinguishable and seams.x.ratio == 1


@pytest.mark.parametrize(("side", "cell"), [(64, 32), (64, 24), (3, 1)])
def test_too_few_lines_are_refused(side, cell):
    with pytest.raises(RequestError, match=f"{side} texels in cells of {cell}"):
        seam_error(noise(side, side), cell)


def test_lab_of_known_colors():
    known = {
        (1, 1, 1): (100, 0, 0),
        (0, 0, 0): (0, 0, 0),
        (1, 0, 0): (53.24, 80.09, 67.20),
        (0, 0, 1): (32.30, 79.19, -107.86),
    }
    found = lab(np.array([list(known)], np.float32))[0]
    np.testing.assert_allclose(found, list(known.values()), atol=0.05)


def test_color_looks_at_colors_and_not_at_their_places():
    tile = picture()
    shuffled = np.random.default_rng(0).permutation(tile.reshape(-1, 3)).reshape(48, 192, 3)
    assert color_distance(tile, shuffled) < 1e-9
    assert color_distance(tile, tile) == 0


def test_a_uniform_shift_of_lightness_measures_its_delta_e():
    dark, light = np.full((8, 8, 3), 0.4, np.float32), np.full((8, 8, 3), 0.5, np.float32)
    assert color_distance(dark, light) == pytest.approx(lab(light)[0, 0, 0] - lab(dark)[0, 0, 0], rel=0.1)


def test_white_noise_has_its_variance_in_every_band():
    tile = noise(256, 256)
    for periodic in (True, False):
        power, counts = band_power(tile, periodic=periodic)
        assert (counts > 0).all()
        np.testing.assert_allclose(power[counts > 400], (lab(tile)[..., 0] / 100).var(), rtol=0.2)


def test_stripes_lie_in_one_octave_and_one_direction():
    for tile, sector in ((waves(12), 0), (waves(12).swapaxes(0, 1), 3)):
        power, _ = band_power(tile, periodic=True)
        assert power.argmax() == 2 * 6 + sector  # 12 / 128 lies between 1/16 and 1/8
        assert power.max() > 0.99 * power.sum()


def test_spectrum_distance_is_zero_to_itself_and_unmoved_by_rolling():
    tile, other = noise(), picture(128, 128)
    assert spectrum_distance(tile, tile, periodic=False) == 0
    rolled = np.roll(tile, (31, 77), (0, 1))
    assert spectrum_distance(rolled, other) == pytest.approx(spectrum_distance(tile, other))


def test_spectrum_sees_blur_that_colors_do_not():
    sharp = noise(256, 256)
    blurred = sum(np.roll(sharp, step, (0, 1)) for step in ((0, 0), (0, 1), (1, 0), (1, 1))) / 4
    assert spectrum_distance(blurred, sharp) > 3 * spectrum_distance(noise(256, 256, 1), sharp)


def test_a_mosaic_of_copies_is_found_and_new_noise_is_not():
    exemplar = noise()
    assert memorization(exemplar, exemplar) == 1
    assert memorization(mosaic(exemplar, 32), exemplar) > 0.7
    assert memorization(noise(seed=1), exemplar) == 0


def test_near_copies_are_found_and_the_share_follows_the_area():
    exemplar, tile = noise(), noise(seed=1)
    tile[:, :64] = np.clip(0.9 * np.roll(exemplar, 20, 0)[:, :64] + 0.02 * noise(seed=2)[:, :64], 0, 1)
    assert memorization(tile, exemplar) == pytest.approx(0.5, abs=0.1)


def test_smooth_and_flat_pictures_are_no_copies():
    assert memorization(picture(seed=1), picture(seed=0)) < 0.1
    assert memorization(np.full((64, 64, 3), 0.5, np.float32), noise()) == 0


def test_a_picture_smaller_than_a_window_is_refused():
    with pytest.raises(RequestError, match="13x20"):
        memorization(noise(20, 13), noise())


def test_a_tile_of_copies_repeats_and_noise_does_not():
    assert repetition(np.tile(noise(64, 64), (2, 2, 1))) == pytest.approx(1)
    assert repetition(noise()) < 0.1
    assert repetition(np.full((64, 64, 3), 0.5, np.float32)) == 0


def test_one_region_seen_twice_is_found_at_its_share_of_the_area():
    tile = noise()
    tile[64:, :64] = tile[:64, 64:]
    assert repetition(tile) == pytest.approx(0.5, abs=0.05)  # a quarter of the tile, met in both directions


def test_rolling_a_tile_does_not_change_its_repetition():
    tile = np.tile(picture(64, 64), (2, 2, 1)) * 0.5 + 0.5 * noise()
    assert repetition(np.roll(tile, (5, 40), (0, 1))) == pytest.approx(repetition(tile))


def test_stripes_repeat_no_more_than_an_exemplar_of_stripes():
    assert repetition(waves(8)) == pytest.approx(1)
    assert repetition(waves(8), waves(8)) == pytest.approx(0, abs=0.02)


def test_a_crop_is_correlated_where_it_overlaps():
    """Against the obvious version, one lag at a time."""
    crop = noise(24, 40)
    light = lab(crop)[..., 0] / 100
    light = light - light.mean()
    slow = {}
    for dy in range(-11, 12):
        for dx in range(-19, 20):
            a = light[max(0, dy) : 24 + min(0, dy), max(0, dx) : 40 + min(0, dx)]
            b = light[max(0, -dy) : 24 + min(0, -dy), max(0, -dx) : 40 + min(0, -dx)]
            slow[dy, dx] = (a * b).mean() / light.var()
    from texnet_core.evaluation.repetition import _overlapping

    fast = _overlapping(light)
    assert all(fast[lag] == pytest.approx(value, abs=1e-9) for lag, value in slow.items())
    assert highest_peak(crop, periodic=False) == pytest.approx(max(v for lag, v in slow.items() if np.hypot(*lag) >= 3))


def blistered(tile, x, y, across=30):
    """A soft dark spot round a place of a tile."""
    rows, columns = (
        (np.arange(side) - middle + side // 2) % side - side // 2
        for side, middle in zip(tile.shape[:2], (y, x), strict=True)
    )
    spot = np.exp(-2 * (rows[:, None] ** 2 + columns[None, :] ** 2) / (across / 2) ** 2)
    return (tile * (1 - spot[..., None])).astype(np.float32)


@pytest.mark.parametrize(("x", "y"), [(40, 88), (2, 126)])
def test_the_outlier_is_the_blister(x, y):
    tile, exemplar = noise(seed=1), noise(seed=2)
    ordinary = find_outlier(tile, exemplar, periodic=True).distance
    found = find_outlier(blistered(tile, x, y), exemplar, periodic=True)
    assert found.distance > 10 * ordinary and 0.5 * ordinary < found.usual < found.distance
    assert 0 <= found.x < 128 and 0 <= found.y < 128
    assert all(abs((a - b + 64) % 128 - 64) <= 8 for a, b in ((found.x, x), (found.y, y)))
    crop = around(blistered(tile, x, y), found, 64)
    assert crop.shape == (64, 64, 3) and crop[28:36, 28:36].mean() < 0.5 * tile.mean()


def test_a_large_exemplar_is_looked_at_in_larger_steps_and_still_known(monkeypatch):
    monkeypatch.setattr(outliers, "_MOST_WINDOWS", 2**13)
    plain = noise(1040, 1040)
    exemplar = blistered(plain, 520, 520, across=60)
    known, unknown = (
        find_outlier(exemplar[456:584, 456:584], all_of_it, periodic=False) for all_of_it in (exemplar, plain)
    )
    assert known.distance < 0.3 * unknown.distance


def test_what_the_exemplar_has_somewhere_is_no_outlier():
    exemplar = blistered(noise(), 60, 60)
    itself = find_outlier(exemplar, exemplar, periodic=False)
    assert itself.distance < 1e-3  # places that are multiples of 8 texels are among the multiples of 4
    plain = find_outlier(exemplar, noise(), periodic=False)
    assert plain.distance > 10


def test_the_outlier_moves_with_the_tile():
    tile, exemplar = blistered(noise(seed=1), 40, 88), noise()
    here, there = (find_outlier(np.roll(tile, shift, (0, 1)), exemplar, periodic=True) for shift in ((0, 0), (64, 16)))
    assert there.distance == pytest.approx(here.distance)
    assert (there.x, there.y) == ((here.x + 16) % 128, (here.y + 64) % 128)


def test_a_flat_place_of_the_right_color_is_an_outlier_where_there_is_grain():
    tile, exemplar = noise(seed=1), noise()
    ordinary = find_outlier(tile, exemplar, periodic=True).distance
    tile[30:60, 30:60] = tile.mean()
    assert find_outlier(tile, exemplar, periodic=True).distance > 3 * ordinary


def test_the_nearest_window_is_the_nearest_of_all(monkeypatch):
    monkeypatch.setattr(outliers, "_BLOCK", (7, 5))
    windows, others = np.random.default_rng(0).random((30, 4)), np.random.default_rng(1).random((23, 4)) * 50
    slow = np.linalg.norm(windows[:, None] - others[None], axis=2).min(1)
    np.testing.assert_allclose(outliers._nearest(windows, others), slow, rtol=1e-9)


def test_the_outlier_distance_has_a_direction():
    plain, spotted = noise(seed=1), blistered(noise(seed=2), 64, 64)
    there, back = find_outlier(spotted, plain, periodic=False), find_outlier(plain, spotted, periodic=False)
    assert there.distance > 5 * back.distance


def test_quadrants_make_up_the_middle_square():
    exemplar = noise(64, 100)
    first, second, third, fourth = quadrants(exemplar, 32)
    joined = np.vstack([np.hstack([first, second]), np.hstack([third, fourth])])
    assert np.array_equal(joined, exemplar[:, 18:82])
    with pytest.raises(ImageError, match="at least 66"):
        quadrants(exemplar, 33)


def test_halves_and_pairs():
    assert [half.shape for half in halves(noise(64, 100))] == [(64, 50, 3), (64, 50, 3)]
    assert [half.shape for half in halves(noise(100, 64))] == [(50, 64, 3), (50, 64, 3)]
    assert mean_of_pairs([0.0, 1.0, 3.0], lambda a, b: abs(a - b)) == 2

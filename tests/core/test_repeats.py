import numpy as np
import pytest

from texnet_core.patterns.repeats import Stretch, repeats, sides_of_repeats
from texnet_core.patterns.waves import fitted_waves

NO_ORIGIN = (0, 0)


def brickwork(width, height, bond):
    """Waves of bricks whose rows are each moved by a share of a brick's width; the first counts rows."""
    return (1 / height, 0.0), (-bond / height, 1 / width)


def names(waves, periods, *, origin=NO_ORIGIN, level=0, corner=(0, 0), shape=None):
    """One number for each repeat, over one whole plane where no window is given."""
    height, width = shape or (periods[0] >> level, periods[1] >> level)
    rows = Stretch(level, corner[0], height, periods[0])
    columns = Stretch(level, corner[1], width, periods[1])
    first, second = repeats(waves, origin, rows, columns)
    return first * 2**32 + second


def same_partition(one, other):
    pairs = np.unique(np.stack([one.ravel(), other.ravel()]), axis=1).shape[1]
    return pairs == len(np.unique(one)) == len(np.unique(other))


@pytest.mark.parametrize("bond", [0, 0.5, 0.25, 1 / 3])
@pytest.mark.parametrize("turned", [False, True])
def test_repeats_of_brickwork_are_its_bricks(bond, turned):
    width, height, rows = 48, 16, 12
    y, x = np.mgrid[0 : rows * height, 0 : 5 * width]
    row = y // height
    bricks = row * 100 + np.round(x - bond * row * width).astype(int) // width % 5
    bricks = bricks.T if turned else bricks
    waves = tuple(wave[::-1] if turned else wave for wave in brickwork(width, height, bond))
    assert same_partition(names(waves, bricks.shape), bricks)


@pytest.mark.parametrize(
    "waves", [brickwork(44, 21, 0.5), ((0.031, 0.06), (0.052, -0.027)), ((0.0, 0.1), (0.07, 0.02))]
)
@pytest.mark.parametrize("periods", [(320, 320), (256, 480)])
def test_there_are_as_many_repeats_as_the_waves_count_and_all_are_equally_large(waves, periods):
    cycles = np.array(fitted_waves(waves, *periods))
    count = round(abs(np.linalg.det(cycles)))
    _, sizes = np.unique(names(waves, periods, origin=(2**31, 12345)), return_counts=True)
    assert len(sizes) == count
    # but for the texels along the outline
    outline = 4 * np.sqrt(periods[0] * periods[1] / count) * 1.5
    assert np.abs(sizes - periods[0] * periods[1] / count).max() < outline


@pytest.mark.parametrize("waves", [brickwork(44, 21, 0.5), ((0.031, 0.06), (0.052, -0.027))])
@pytest.mark.parametrize("level", [0, 2])
def test_a_repeat_has_one_name_wherever_it_is_seen(waves, level):
    periods, origin = (256, 192), (987654321, 4040404040)
    whole = names(waves, periods, origin=origin, level=level)
    height, width = whole.shape
    seen = names(waves, periods, origin=origin, level=level, corner=(-height, 2 * width - 7), shape=(3 * height, width))
    assert np.array_equal(seen, np.tile(np.roll(whole, 7, axis=1), (3, 1)))


@pytest.mark.parametrize("waves", [((0.031, 0.06), (0.052, -0.027)), ((0.47, 0.31), (0.33, -0.49))])
@pytest.mark.parametrize("period", [2**22, 2**28, 2**30])
def test_the_largest_planes_wrap_exactly_too(waves, period):
    here = names(waves, (period, period), corner=(period - 20, 5), shape=(40, 30))
    beyond = names(waves, (period, period), corner=(2 * period - 20, 5 - period), shape=(40, 30))
    assert np.array_equal(here, beyond)
    assert len(np.unique(here)) > 5


@pytest.mark.parametrize(
    ("waves", "sides"), [(brickwork(64, 16, 0.5), (16, 64)), (((0.0, 0.1), (0.05, 0.02)), (10, 20))]
)
def test_a_repeat_spans_its_height_and_its_length(waves, sides):
    assert sides_of_repeats(waves) == pytest.approx(sides, rel=1e-4)


def test_on_an_endless_plane_repeats_have_the_exact_size_and_never_come_again():
    waves = brickwork(40.5, 20.25, 0)
    far = names(waves, (None, None), corner=(10**6, -(10**6)), shape=(400, 800))
    first = names(waves, (None, None), shape=(400, 800))
    assert not np.isin(far, first).any()
    lengths = np.diff(np.flatnonzero(np.diff(first[0])))
    assert set(lengths) == {40, 41} and lengths.mean() == pytest.approx(40.5, abs=0.1)


def test_only_the_axis_with_a_period_repeats():
    waves = brickwork(40, 20, 0.5)
    window = names(waves, (400, None), shape=(800, 300))
    assert np.array_equal(window[:400], window[400:])
    beyond = names(waves, (400, None), corner=(0, 5000), shape=(400, 300))
    assert not np.isin(beyond, window).any()


def test_the_origin_moves_repeats_by_as_much_of_a_cycle():
    waves = ((0.0, 1 / 32), (1 / 16, 0.0))
    moved = names(waves, (128, 128), origin=(2**31, 2**30))
    assert same_partition(moved, np.roll(names(waves, (128, 128)), (-4, -16), (0, 1)))

import numpy as np
import pytest
import torch

from tests.conftest import torch_device
from texnet_core.model.noise import NoisePlane, derive_seed

pytestmark = pytest.mark.device

WAVES = ((0.0, 0.041), (0.1, -0.02))
GRID = {"waves": WAVES, "repeat_channels": 2}


def plane(**changes):
    return NoisePlane(**({"seed": 1, "channels": 3, "height": 256, "width": 192} | changes))


@pytest.mark.parametrize(
    "periods",
    [{}, {"height": None}, {"width": None} | GRID, {"height": None, "width": None}, {"waves": WAVES}, GRID],
)
def test_windows_of_a_plane_agree(periods):
    whole = plane(**periods).window(1, -40, -30, 100, 90)
    rng = np.random.default_rng(0)
    for _ in range(20):
        top, left = rng.integers(0, 60, 2)
        height, width = rng.integers(1, 30, 2)
        part = plane(**periods).window(1, int(top) - 40, int(left) - 30, int(height), int(width))
        assert np.array_equal(part, whole[:, top : top + height, left : left + width])


@pytest.mark.parametrize("level", [0, 3])
@pytest.mark.parametrize("corner", [(0, 0), (-7, 13), (10**6, -(10**6))])
def test_torch_gives_the_same_bits_as_numpy(level, corner):
    for periods in ({}, {"waves": WAVES}, GRID, {"height": None, "width": None} | GRID):
        window = (level, *corner, 33, 47)
        ours = plane(**periods).window(*window)
        theirs = plane(**periods).window_torch(*window, device=torch_device())
        assert theirs.dtype == torch.float32
        assert np.array_equal(ours.view(np.uint32), theirs.cpu().numpy().view(np.uint32))


def test_a_periodic_axis_repeats_and_an_endless_one_does_not():
    endless_rows = plane(height=None)
    window = endless_rows.window(2, 0, 0, 64, 48)
    assert np.array_equal(window, endless_rows.window(2, 0, 48, 64, 48))
    assert not np.array_equal(window, endless_rows.window(2, 64, 0, 64, 48))


def test_a_period_must_hold_whole_cells():
    with pytest.raises(ValueError, match="multiple"):
        plane(height=100).window(3, 0, 0, 4, 4)


def test_values_are_uniform_in_the_half_open_unit_interval():
    values = plane(height=None, width=None).window(0, 0, 0, 1024, 1024)
    assert values.min() >= 0 and values.max() < 1
    for channel in values:
        counts, _ = np.histogram(channel, bins=256, range=(0, 1))
        expected = channel.size / 256
        chi_square = ((counts - expected) ** 2 / expected).sum()
        assert 255 - 5 * np.sqrt(2 * 255) < chi_square < 255 + 5 * np.sqrt(2 * 255)


def test_low_bits_are_uniform_too():
    bits = (plane(height=None, width=None).window(0, 0, 0, 1024, 1024) * 2**24).astype(np.uint32)
    for bit in range(24):
        share = ((bits >> bit) & 1).mean()
        assert abs(share - 0.5) < 5 * 0.5 / np.sqrt(bits.size)


def correlation(a, b):
    return float(np.corrcoef(a.ravel(), b.ravel())[0, 1])


def test_levels_channels_and_seeds_are_independent():
    endless = {"height": None, "width": None}
    fields = [
        channel
        for seed in (0, 1, 2, 2**32 - 1)
        for level in (0, 1, 5)
        for channel in plane(seed=seed, **endless).window(level, 0, 0, 256, 256)
    ]
    bound = 5.5 / np.sqrt(256 * 256)
    for i, a in enumerate(fields):
        for b in fields[:i]:
            assert abs(correlation(a, b)) < bound


def test_neighbors_are_independent_in_every_direction():
    field = plane(height=None, width=None).window(0, 0, 0, 512, 512)[0]
    for dy in range(0, 9):
        for dx in range(-8, 9):
            if (dy, dx) > (0, 0):
                assert abs(correlation(field, np.roll(field, (dy, dx), (0, 1)))) < 5.5 / 512


def test_no_channel_is_a_shifted_copy_of_another():
    """A cross-correlation over all shifts at once would show a peak near 1."""
    a, b, c = (np.fft.fft2(channel - 0.5) for channel in plane(height=None, width=None).window(0, 0, 0, 256, 256))
    power = 256 * 256 / 12
    for x, y in ((a, b), (a, c), (b, c)):
        assert np.abs(np.fft.ifft2(x * np.conj(y))).max() / power < 7 / 256


def test_derived_seeds_differ_for_every_change_of_parts():
    seeds = {derive_seed(a, b, c) for a in range(20) for b in range(20) for c in range(20)}
    assert len(seeds) == 20**3
    assert all(0 <= seed < 2**32 for seed in seeds)


@pytest.mark.parametrize("turn", [0.01, 0.25, 0.5, 0.777, 0.999])
def test_on_a_loop_the_values_stay_uniform_and_independent(turn):
    rest, moved = (NoisePlane(7, 3, phase=t).window(1, -50, 900, 256, 256) for t in (0.0, turn))
    counts = np.histogram(moved, 64, (0, 1))[0]
    expected = moved.size / 64
    assert ((counts - expected) ** 2 / expected).sum() < 63 + 6 * np.sqrt(2 * 63)
    assert 0 <= moved.min() and moved.max() < 1
    for channel in range(3):
        right = np.corrcoef(moved[channel, :, :-1].ravel(), moved[channel, :, 1:].ravel())[0, 1]
        other = np.corrcoef(moved[channel].ravel(), moved[(channel + 1) % 3].ravel())[0, 1]
        assert abs(right) < 0.02 and abs(other) < 0.02
    assert (rest != moved).mean() > 0.99


def test_a_whole_turn_is_no_turn():
    window = (0, 3, 5, 20, 30)
    rest = NoisePlane(7, 2).window(*window)
    for turns in (1.0, 2.0, -3.0):
        assert np.array_equal(NoisePlane(7, 2, phase=turns).window(*window), rest)


def test_a_small_turn_is_a_small_step_for_every_value():
    before, after = (NoisePlane(7, 2, phase=t).window(0, 0, 0, 64, 64) for t in (0.3, 0.31))
    steps = np.abs(after - before)
    assert steps.max() <= 0.0201
    # all move at one speed, but for those that turn around at 0 or 1 in between
    assert (np.abs(steps - 0.02) < 1e-6).mean() > 0.95
    assert 0.4 < (after > before).mean() < 0.6


@pytest.mark.parametrize("turn", [0.2, 0.5, 0.9])
def test_torch_makes_the_same_bits_on_a_loop(turn):
    plane = NoisePlane(123, 3, 64, 96, phase=turn, **GRID)
    window = (1, -3, 11, 20, 30)
    assert np.array_equal(plane.window_torch(*window).numpy(), plane.window(*window))


@pytest.mark.parametrize("level", [0, 2])
def test_waves_are_phases_with_whole_cycles_a_period(level):
    ys, xs = ((np.arange(side >> level) + 0.5) * 2**level for side in (256, 192))
    window = plane(waves=WAVES).window(level, 0, 0, 256 >> level, 192 >> level)[3:]
    offsets = []
    for number, (down, across) in enumerate(WAVES):
        cycles = round(down * 256) / 256 * ys[:, None] + round(across * 192) / 192 * xs
        sine, cosine = 2 * window[2 * number : 2 * number + 2] - 1
        turned = (sine * 1j + cosine) / np.exp(2j * np.pi * cycles)  # what is left is where the origin lies
        np.testing.assert_allclose(turned, turned[0, 0], atol=1e-5)
        offsets.append(np.angle(turned[0, 0]) / (2 * np.pi) % 1)
    assert abs(offsets[0] - offsets[1]) > 1e-3


def test_waves_are_still_where_a_cell_is_longer_than_half_a_cycle():
    levels = [plane(waves=WAVES).window(level, 0, 0, 256 >> level, 192 >> level)[3:] for level in range(5)]
    still = [[bool((window[2 * wave : 2 * wave + 2] == 0.5).all()) for wave in range(2)] for window in levels]
    assert still == [[False, False]] * 3 + [[False, True], [True, True]]


def test_endless_waves_keep_their_frequency():
    window = plane(height=None, width=None, waves=WAVES).window(0, -5000, 3000, 1, 1000)[3:5]
    phases = np.unwrap(np.arctan2(*(2 * window[:, 0].astype(float) - 1)))
    np.testing.assert_allclose(np.diff(phases) / (2 * np.pi), WAVES[0][1], atol=1e-6)


def test_another_seed_moves_the_waves_and_a_loop_does_not():
    rest = plane(waves=WAVES).window(0, 0, 0, 64, 64)[3:]
    assert not np.allclose(plane(waves=WAVES, seed=2).window(0, 0, 0, 64, 64)[3:], rest, atol=0.01)
    assert np.array_equal(plane(waves=WAVES, phase=0.3).window(0, 0, 0, 64, 64)[3:], rest)


def of_repeats(level=0, **changes):
    return plane(**GRID | changes).window(level, 0, 0, 256 >> level, 192 >> level)[-2:]


def test_noise_of_repeats_has_one_value_a_repeat_on_all_levels_that_show_the_waves():
    values = [set(np.unique(of_repeats(level)[0])) for level in range(4)]
    count = round(abs(np.linalg.det([[0, 8], [26, -4]])))  # cycles a period
    assert len(values[0]) == len(values[1]) == count
    assert values[2] <= values[0] and len(values[2]) > count / 2
    assert values[3] == {0.5}


def test_noise_of_repeats_is_uniform_and_its_channels_and_seeds_are_independent():
    first, second = (np.unique(channel) for channel in of_repeats(height=4096, width=4096))
    counts, _ = np.histogram(first, bins=16, range=(0, 1))
    expected = len(first) / 16
    assert 0 <= first[0] and first[-1] < 1 and ((counts - expected) ** 2 / expected).sum() < 15 + 5 * np.sqrt(30)
    assert len(np.intersect1d(first, second)) < 0.01 * len(first)
    channels = of_repeats(height=4096, width=4096)
    assert abs(np.corrcoef(channels.reshape(2, -1))[0, 1]) < 0.1
    assert not np.isin(of_repeats(seed=2), of_repeats()).any()


def test_noise_of_repeats_moves_on_a_loop_in_place():
    rest, moved, round_once = (of_repeats(phase=turn) for turn in (0.0, 0.01, 1.0))
    assert np.array_equal(rest, round_once)
    assert 0 < np.abs(moved - rest).max() <= 0.0201
    assert len(np.unique(moved[0])) == len(np.unique(rest[0]))

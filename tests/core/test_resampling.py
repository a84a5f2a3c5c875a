import numpy as np
import pytest

from texnet_core.synthesis.resampling import lanczos_taps, resample_axis


def resampled(tile, axis, size):
    """A periodic axis brought to another size."""
    period = tile.shape[axis]
    first, weights = lanczos_taps(np.arange(size), period / size)
    margin = weights.shape[1] + period
    repeated = np.take(tile, np.arange(-margin, period + margin), axis, mode="wrap")
    return resample_axis(repeated, axis, first + margin, weights)


def wave(size, periods):
    phase = 2 * np.pi * periods * (np.arange(size) + 0.5) / size
    return np.broadcast_to(np.sin(phase)[:, None, None], (size, 5, 1)).astype(np.float32)


@pytest.mark.parametrize("size", [100, 127, 90, 200, 512, 32])
def test_a_periodic_wave_stays_the_same_wave(size):
    np.testing.assert_allclose(resampled(wave(128, 5), 0, size), wave(size, 5), atol=0.02)


def test_waves_too_fine_for_the_result_vanish():
    assert np.abs(resampled(wave(128, 50), 0, 64)).max() < 0.06


@pytest.mark.parametrize("axis", [0, 1])
def test_a_constant_stays_constant(axis):
    result = resampled(np.full((32, 48, 3), 0.37, np.float32), axis, 29)
    np.testing.assert_allclose(result, 0.37, atol=1e-6)


@pytest.mark.parametrize("step", [0.25, 0.7, 1.3, 4.0])
def test_any_stretch_has_the_bytes_that_it_has_in_a_longer_one(step):
    source = np.random.default_rng(0).random((400, 3, 2), np.float32)
    first, weights = lanczos_taps(np.arange(10, 60), step)
    whole = resample_axis(source, 0, first + 30, weights)
    first, weights = lanczos_taps(np.arange(23, 31), step)
    assert resample_axis(source, 0, first + 30, weights).tobytes() == whole[13:21].tobytes()

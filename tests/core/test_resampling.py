import numpy as np
import pytest

from texnet_core.resampling import resample_periodic


def wave(size, periods):
    phase = 2 * np.pi * periods * (np.arange(size) + 0.5) / size
    return np.broadcast_to(np.sin(phase)[:, None, None], (size, 5, 1)).astype(np.float32)


@pytest.mark.parametrize("size", [100, 127, 90, 200])
def test_a_periodic_wave_stays_the_same_wave(size):
    np.testing.assert_allclose(resample_periodic(wave(128, 5), size, 5), wave(size, 5), atol=0.01)


def test_a_constant_stays_constant():
    result = resample_periodic(np.full((32, 48, 3), 0.37, np.float32), 29, 31)
    np.testing.assert_allclose(result, 0.37, atol=1e-6)


def test_the_edges_are_no_special_place():
    """Rolling by a whole number of source and target texels commutes with resampling."""
    tile = np.random.default_rng(0).random((64, 64, 2), dtype=np.float32)
    rolled = resample_periodic(np.roll(tile, (16, 32), (0, 1)), 60, 50)
    np.testing.assert_allclose(rolled, np.roll(resample_periodic(tile, 60, 50), (15, 25), (0, 1)), atol=1e-5)

"""How large what a picture shows is, in one number."""

import numpy as np

from texnet_core.mapset import FloatArray
from texnet_core.pictures.resizing import resize_exemplar

_SIDE = 512  # texels at which pictures are measured, or fewer
_FEWEST_CYCLES = 2  # along the side; what is larger is light


def median_cycles(image: FloatArray) -> float:
    """How often the median wave of a picture fits along its short side.

    Half of the power of its colors lies in longer waves, the other half in shorter ones. It is some 25 for a wall of
    25 stones, and 80 for gravel.

    Args:
        image: (height, width, 3) in [0, 1], at least 16 texels on the short side; the middle square is measured.
    """
    small = resize_exemplar(image, min(_SIDE, *image.shape[:2]))
    side = min(small.shape[:2])
    top, left = ((length - side) // 2 for length in small.shape[:2])
    square = small[top : top + side, left : left + side].astype(np.float64)
    window = np.hanning(side)[:, None] * np.hanning(side)
    spectrum = np.fft.fft2((square - square.mean((0, 1))) * window[..., None], axes=(0, 1))
    power = np.square(np.abs(spectrum)).sum(2)
    cycles = side * np.hypot(np.fft.fftfreq(side)[:, None], np.fft.fftfreq(side))
    counted = (cycles >= _FEWEST_CYCLES) & (cycles < side / 2)
    order = np.argsort(cycles[counted])
    total = np.cumsum(power[counted][order])
    return float(cycles[counted][order][np.searchsorted(total, total[-1] / 2)])

"""The autocorrelation of a picture's detail: how much it is like itself some texels further on."""

import itertools
import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from texnet_core.mapset import FloatArray, Mask

Doubles = npt.NDArray[np.float64]

LEAST_LAG = 6  # texels; finer repeats are texture, not pattern
_MOST_LAG = 0.35  # of the side: less than three repeats prove nothing
_RING = ((4, 0), (4, 2), (3, 3), (2, 4), (0, 4), (-2, 4), (-3, 3), (-4, 2))  # around a summit: half of the lags
_STRONG = 0.6  # of the highest peak that a repeat must have to span a grid
EVEN = 0.85  # of the highest peak that stripes keep at every lag along them
_LEAST_RISE = 0.1  # of the autocorrelation, from the way to a repeat to the repeat
_DIRECTIONS = 1440  # of stripes that are tried
_REACH = 2  # repeats in every direction that a grid is judged by: old masonry drifts further away
_JOINT = 1.2  # texels of blur


class Peak(NamedTuple):
    """A local maximum, and the lag in texels at which it lies."""

    height: float
    y: int
    x: int


class Autocorrelation:
    """The autocorrelation of an image's detail, 1 at the origin, by lag in texels.

    Args:
        luminance: (height, width).
        mask: (height, width), True where a texel takes part; of others no pair is counted. None: all do.
    """

    def __init__(self, luminance: FloatArray, mask: Mask | None = None) -> None:
        height, width = self.shape = luminance.shape
        window: Doubles = np.hanning(height)[:, None] * np.hanning(width)
        window = window if mask is None else window * mask
        raw = self._lagged_products(detail(luminance) * window)
        overlap = self._lagged_products(window)
        values = raw / np.maximum(overlap, 1e-3 * overlap[0, 0])
        self.values = np.fft.fftshift(values / max(values[0, 0], 1e-12))  # the origin at (height, width)

    def _lagged_products(self, values: Doubles) -> Doubles:
        padded = (2 * self.shape[0], 2 * self.shape[1])
        return np.fft.irfft2(np.abs(np.fft.rfft2(values, padded)) ** 2, padded)

    def peaks(self) -> list[Peak]:
        """The local maxima at lags that count, but for low ones, of each pair of opposite ones one; highest first."""
        reach_y, reach_x = (int(_MOST_LAG * side) for side in self.shape)
        is_peak = np.ones_like(self.values, bool)
        for shift in itertools.product((-1, 0, 1), repeat=2):
            is_peak &= self.values >= np.roll(self.values, shift, (0, 1))
        ys, xs = (places - side for places, side in zip(np.nonzero(is_peak), self.shape, strict=True))
        half = (ys > 0) | ((ys == 0) & (xs > 0))
        counts = half & (ys <= reach_y) & (np.abs(xs) <= reach_x) & (np.hypot(ys, xs) >= LEAST_LAG)
        found = [Peak(self.at(y, x), int(y), int(x)) for y, x in zip(ys[counts], xs[counts], strict=True)]
        highest = sorted(found, reverse=True)
        return [peak for peak in highest if peak.height >= _STRONG * highest[0].height]

    def at(self, y: int, x: int) -> float:
        """The value at a lag."""
        return float(self.values[y + self.shape[0], x + self.shape[1]])

    def score(self, basis: Doubles) -> tuple[float, float]:
        """Of the peaks near the points of a grid, the mean height and the mean drop."""
        near = [self._peak_near(point) for _, point in self._points(basis)]
        if not near:
            return 0.0, 0.0
        return float(np.mean([peak.height for peak in near])), float(np.mean([self.drop(peak) for peak in near]))

    def drop(self, peak: Peak) -> float:
        """How far the autocorrelation falls around a peak, in the direction in which it falls least."""
        around = [self.at(peak.y + y, peak.x + x) + self.at(peak.y - y, peak.x - x) for y, x in _RING]
        return peak.height - max(around) / 2

    def rises_to(self, step: Doubles) -> bool:
        """Whether a lag is a peak of its own and no shoulder of the one at the origin."""
        between = min(self.at(*(round(float(lag)) for lag in step * share)) for share in (0.3, 0.5, 0.7))
        return self._peak_near(step).height > between + _LEAST_RISE

    def across_stripes(self, highest: float) -> Doubles | None:
        """The unit vector across stripes: along them the picture stays itself at every lag."""
        lags = np.arange(LEAST_LAG, int(_MOST_LAG * min(self.shape)))
        angles = np.arange(_DIRECTIONS) * math.pi / _DIRECTIONS
        along = np.stack([np.sin(angles), np.cos(angles)], axis=1)
        places = np.rint(lags[:, None, None] * along).astype(int) + self.shape
        lowest = self.values[places[..., 0], places[..., 1]].min(axis=0)
        best = int(np.argmax(lowest))
        if lowest[best] < EVEN * highest:
            return None
        y, x = along[best]
        return np.array([x, -y])

    def refined(self, basis: Doubles) -> Doubles:
        """The grid that fits its peaks best, to fractions of a texel."""
        for _ in range(3):
            steps, places, weights = [], [], []
            for step, point in self._points(basis):
                height, y, x = self._peak_near(point)
                steps.append(step)
                places.append(self._summit(y, x))
                weights.append(max(height, 0.01))
            scale = np.array(weights)[:, None]
            basis = np.linalg.lstsq(np.array(steps) * scale, np.array(places) * scale, rcond=None)[0]
        return basis

    def _points(self, basis: Doubles) -> list[tuple[tuple[int, int], Doubles]]:
        """Points of a grid that lie near enough to be trusted, of each pair of opposite ones one."""
        reach = [0.45 * side for side in self.shape]
        steps = [(i, j) for i in range(_REACH + 1) for j in range(-_REACH, _REACH + 1) if i or j > 0]
        placed = [(step, np.array(step) @ basis) for step in steps]
        return [(step, point) for step, point in placed if (np.abs(point) <= reach).all()]

    def _peak_near(self, point: Doubles) -> Peak:
        y, x = (round(float(lag)) for lag in point)
        near = itertools.product(range(y - 2, y + 3), range(x - 2, x + 3))
        return max(Peak(self.at(*place), *place) for place in near)

    def _summit(self, y: int, x: int) -> tuple[float, float]:
        """Where the parabola through a peak and its neighbors is highest."""
        here = self.at(y, x)
        return (
            y + _vertex(self.at(y - 1, x), here, self.at(y + 1, x)),
            x + _vertex(self.at(y, x - 1), here, self.at(y, x + 1)),
        )


def _vertex(before: float, here: float, after: float) -> float:
    bend = before - 2 * here + after
    return 0.0 if bend >= 0 else min(0.5, max(-0.5, 0.5 * (before - after) / bend))


def detail(luminance: FloatArray) -> Doubles:
    """What varies faster than a sixth of the picture and slower than a texel or two; mirrored at the borders.

    Joints a texel wide that lie between texels in every other repeat would otherwise hide the repeat.
    """
    height, width = luminance.shape
    mirrored = np.pad(luminance.astype(np.float64), ((0, height), (0, width)), mode="symmetric")
    down, across = np.fft.fftfreq(2 * height)[:, None], np.fft.rfftfreq(2 * width)  # cycles per texel
    lighting = _gaussian(np.hypot(down * height, across * width), 1 / 6)
    band = _gaussian(np.hypot(down, across), _JOINT) - lighting
    return np.fft.irfft2(np.fft.rfft2(mirrored) * band, mirrored.shape)[:height, :width]


def _gaussian(frequencies: Doubles, sigma: float) -> Doubles:
    """What a Gaussian blur leaves of each frequency; sigma is in the unit whose cycles the frequencies count."""
    kept: Doubles = np.exp(-2 * (math.pi * sigma * frequencies) ** 2)
    return kept

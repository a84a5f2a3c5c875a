"""Patterns that repeat on a grid: bricks, tiles, weave. Finds the grid, says it as two waves, fits these to textures.

A wave is (cycles per texel down, cycles per texel across). Where the phases of both waves are whole, one copy of
the pattern begins; they are the reciprocal basis of the grid of repeats. Knows nothing of generators.
"""

import itertools
import math
from functools import lru_cache

import numpy as np

from texnet_core.mapset import FloatArray, Mask
from texnet_core.patterns.autocorrelation import EVEN, LEAST_LAG, Autocorrelation, Doubles, Peak, detail

Wave = tuple[float, float]
Grid = tuple[Wave, Wave]

_LEAST_SIDE = 64  # of an image in texels: in smaller ones noise repeats by chance
_LEAST_SCORE = 0.35  # the autocorrelation at a repeat; irregular surfaces stay below 0.3
_LEAST_GRID_SCORE = 0.25  # its mean at the points of a grid, which must be summits as well
_LEAST_DROP = 0.03  # from a grid's points to what lies around them, on average
_NEAR_BEST = 0.4  # of the steepest summit's drop that others must have to span a grid
_TRUST = 3  # power of the drop that is weighed against the area of a repeat: finer grids win unless they fit worse
_CANDIDATES = 30
_LEAST_SINE = 0.3  # between two repeats that span a grid
_LEVEL = 0.1  # cycles per picture: rows that rise by less are level
_EXACT = 1e-9  # cycles per texel: what numbers that are made level may be off by
_SHIFTS = 3  # rows after which bricks may lie as before
_TILT = 10.0  # how much worse it looks when rows tilt by some percent than when repeats are longer by as much
MOST_STRETCH = 1.15  # of the exemplar's side, so that whole repeats fit


def find_waves(image: FloatArray, mask: Mask | None = None) -> tuple[Wave, ...]:
    """The waves of an image's pattern: two of a grid, one of stripes, none where it does not repeat.

    Args:
        image: (H, W, 3) in [0, 1], showing at least three repeats in both directions.
        mask: (H, W), True where a texel takes part; None where all do.

    Returns:
        Up to two waves in cycles per texel of this image.
    """
    if min(image.shape[:2]) < _LEAST_SIDE:
        return ()
    correlation = Autocorrelation(image.mean(axis=2), mask)
    peaks = correlation.peaks()
    if not peaks or peaks[0].height < _LEAST_SCORE:
        return ()
    across = correlation.across_stripes(peaks[0].height)
    if across is not None:
        waves = _stripes(across, [peak for peak in peaks if correlation.rises_to(np.array(peak[1:], float))])
    else:
        grid = _best_grid(correlation, peaks)
        waves = np.empty((0, 2)) if grid is None else np.linalg.inv(correlation.refined(grid)).T
    return _leveled(waves, image.shape[:2])


def rows_first(waves: Grid, image: FloatArray, mask: Mask | None = None) -> Grid:
    """Other waves of the same grid: one that counts rows or columns, and the one along them that changes least.

    Brickwork's grid has both rows and columns, but joints that run from side to side only along one.

    Args:
        waves: in cycles per texel of the image.
        image: (H, W, 3).
        mask: (H, W), True where a texel takes part; None where all do.

    Returns:
        The waves as they are where the grid has neither.
    """
    contrast = _contrast_of_lines(detail(image.mean(axis=2)), mask)
    steps = [np.array(step) for step in itertools.product(range(-_SHIFTS, _SHIFTS + 1), repeat=2)]
    for axis in (0, 1) if contrast[0] >= contrast[1] else (1, 0):
        for step in steps:
            row = step @ np.array(waves)
            if math.gcd(*step) == 1 and counts_along((row[0], row[1])) == axis and row[axis] > 0:
                others = [other @ np.array(waves) for other in steps if round(np.linalg.det([step, other])) == 1]
                along = min(others, key=lambda wave: abs(float(wave[axis])))
                return (float(row[0]), float(row[1])), (float(along[0]), float(along[1]))
    return waves


def _contrast_of_lines(values: Doubles, mask: Mask | None) -> list[float]:
    """How much rows differ in their mean, and how much columns do."""
    if mask is None:
        return [float(values.mean(axis=1 - axis).std()) for axis in (0, 1)]
    means = ((values * mask).sum(axis=1 - axis) / np.maximum(mask.sum(axis=1 - axis), 1) for axis in (0, 1))
    return [float(each[mask.any(axis=1 - axis)].std()) for axis, each in enumerate(means)]


def counts_along(wave: Wave) -> int | None:
    """The axis along which a wave counts rows (0) or columns (1); None where it does neither."""
    down, across = map(abs, wave)
    return 0 if across < _EXACT < down else 1 if down < _EXACT < across else None


def _best_grid(correlation: Autocorrelation, peaks: list[Peak]) -> Doubles | None:
    """The two steps of the grid that fits best, if any does.

    A joint from side to side makes any step along it look like a repeat: only what drops in all directions is one.
    """
    drops = {peak: correlation.drop(peak) for peak in peaks}
    summits = [peak for peak in peaks if drops[peak] >= _NEAR_BEST * max(drops.values())]
    near = sorted(summits, key=lambda peak: math.hypot(peak.y, peak.x))[:_CANDIDATES]
    pairs = (np.array([first[1:], second[1:]], float) for first, second in itertools.combinations(near, 2))
    grids = [_reduced(pair) for pair in pairs if _is_open(pair)]
    scored = [(*correlation.score(grid), grid) for grid in grids]
    good = [(drop, grid) for height, drop, grid in scored if height >= _LEAST_GRID_SCORE and drop >= _LEAST_DROP]
    return min(good, key=lambda pair: abs(np.linalg.det(pair[1])) / pair[0] ** _TRUST, default=(0.0, None))[1]


def _leveled(waves: Doubles, shape: tuple[int, ...]) -> tuple[Wave, ...]:
    """Waves (wave, axis) with rows and columns that are level but for what cannot be measured made level.

    Else a large texture, which repeats the same small error over and over, would have rows that rise.
    """
    for combination in itertools.product(range(-_SHIFTS, _SHIFTS + 1), repeat=len(waves)):
        if math.gcd(*combination) == 1:
            rises = np.array(combination) @ waves
            small = np.abs(rises) * shape < _LEVEL
            waves = waves - np.outer(combination, np.where(small, rises, 0)) / np.dot(combination, combination)
    return tuple((float(down), float(across)) for down, across in waves)


def _stripes(across: Doubles, peaks: list[Peak]) -> Doubles:
    """The wave of stripes, (1, axis): the nearest of the high peaks across them, made exact by all others."""
    high = [peak for peak in peaks if peak.height >= max(_LEAST_SCORE, EVEN * peaks[0].height)]
    places = np.array([peak[1:] for peak in high], float).reshape(-1, 2)
    lags = np.abs(places @ across)
    if not (lags >= LEAST_LAG).any():
        return np.empty((0, 2))
    wave: Doubles = across / lags[lags >= LEAST_LAG].min()
    for place in places[np.argsort(lags)]:  # from the nearest on, for so far its cycles can be counted
        cycles = place @ wave
        if round(cycles):
            wave *= round(cycles) / cycles
    wave += np.linalg.lstsq(places, np.round(places @ wave) - places @ wave, rcond=None)[0]
    return wave[None]


@lru_cache(maxsize=256)
def fitted_waves(waves: tuple[Wave, ...], height: int | None, width: int | None) -> tuple[Wave, ...]:
    """The waves that a periodic texture has instead: with whole cycles, so that it joins itself.

    Both waves are fitted together: each for itself would leave rows that rise from one side to the other.

    Args:
        waves: as in the exemplar, in cycles per texel.
        height: period in texels, or None for an axis without end, along which nothing changes.
        width: likewise.

    Returns:
        The waves that differ least, in cycles per period; along an axis without end, per texel.
    """
    periods = (height or 1, width or 1)
    exact = np.array(waves).reshape(-1, 2) * periods

    def misfit(cycles: Doubles) -> tuple[float, float]:  # rounded, so that every machine makes the same choice
        return _strain(exact / periods, cycles / periods), round(float(np.abs(cycles - exact).sum()), 9)

    choices = [
        [math.floor(cycles + 0.5) + more for more in (-1, 0, 1)] if ends else [cycles]
        for wave in exact.tolist()
        for cycles, ends in zip(wave, (height, width), strict=True)
    ]
    best = min((np.array(choice).reshape(-1, 2) for choice in itertools.product(*choices)), key=misfit)
    return tuple((float(down), float(across)) for down, across in best)


def _strain(waves: Doubles, fitted: Doubles) -> float:
    """How much a pattern suffers when it gets other waves (wave, axis): 0.01 for repeats that are 1% longer."""
    if not len(waves):
        return 0.0
    if len(waves) == 1:
        return round(float(np.linalg.norm(fitted - waves) / np.linalg.norm(waves)), 9)
    if abs(np.linalg.det(fitted)) < 1e-12:
        return math.inf
    moved = np.linalg.solve(fitted, waves) - np.eye(2)  # of a texel, per texel down and across
    return round(float(np.linalg.norm(moved * [[1, _TILT], [_TILT, 1]])), 9)


def fitted_side(waves: tuple[Wave, ...], side: int, size: int, least: int, most: int) -> int:
    """The exemplar's side near `side` at which the pattern repeats as near as can be a whole number of times.

    Args:
        waves: in cycles per short side of the exemplar.
        side: short side of the exemplar in texels.
        size: side of the periodic sample in texels.
        least: the smallest side that the exemplar may have.
        most: the largest side that it can have.

    Returns:
        A side at most 15% off. A sample has whole cycles, so what does not fit would have to be stretched.
    """

    def misfit(candidate: int) -> float:
        exact = tuple((down / candidate, across / candidate) for down, across in waves)
        strain = _strain(np.array(exact), np.array(fitted_waves(exact, size, size)) / size)
        return strain + 0.05 * abs(math.log(candidate / side))

    candidates = range(max(least, math.ceil(side / MOST_STRETCH)), min(most, math.floor(side * MOST_STRETCH)) + 1)
    return min(candidates, key=misfit)


def _is_open(grid: Doubles) -> bool:
    """Whether two steps point in directions that differ enough to span a grid."""
    return abs(float(np.linalg.det(grid))) >= _LEAST_SINE * float(np.prod(np.linalg.norm(grid, axis=1)))


def _reduced(basis: Doubles) -> Doubles:
    """The shortest two steps that span the same grid (Lagrange's reduction)."""
    short, long = sorted(basis, key=np.linalg.norm)
    while True:
        long = long - round(float(short @ long / (short @ short))) * short
        if long @ long >= short @ short:
            return np.array([short, long])
        short, long = long, short

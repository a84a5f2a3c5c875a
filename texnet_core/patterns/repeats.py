"""Which repeat of a grid each cell of a plane lies in: the brick, the tile. Knows nothing of noise.

A grid says where repeats begin but not what shape they have, for any parallelogram that tiles it would do. Where the
first wave counts rows or columns (`waves.rows_first`), a repeat is the rectangle between two of them and two straight
joints, as bricks are in any bond; else the parallelogram of the two waves.

All arithmetic is in whole numbers: a repeat that lies across the edge of a periodic plane is one repeat.
"""

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from texnet_core.patterns.waves import Grid, counts_along, fitted_waves

Integers = npt.NDArray[np.int64]

_BITS = 32  # of a cycle's fraction
_FRACTION = (1 << _BITS) - 1
_SLANT_BITS = 16


class Stretch(NamedTuple):
    """Cells along one axis.

    Attributes:
        level: a cell spans 2^level texels.
        start: the first cell, any integer.
        cells: how many.
        period: of the axis in texels, or None where it has no end.
    """

    level: int
    start: int
    cells: int
    period: int | None

    def twice_centers(self) -> Integers:
        """Twice the centers of the cells, in texels."""
        return (2 * np.arange(self.start, self.start + self.cells, dtype=np.int64) + 1) << self.level


def _as_it_is(numbers: Integers) -> Any:
    return numbers


def repeats(
    waves: Grid, origin: tuple[int, int], rows: Stretch, columns: Stretch, put: Callable[[Integers], Any] = _as_it_is
) -> tuple[Any, Any]:
    """The repeat that the center of each cell lies in, as two numbers (rows.cells, columns.cells) each.

    Args:
        waves: of the grid, in cycles per texel.
        origin: phase of each wave at the plane's corner, in 2^-32 cycles.
        rows: cells down.
        columns: cells across.
        put: turns the numbers of an axis into what is to be computed with: NumPy's integers, or torch's on a device.

    Returns:
        Equal pairs for cells of one repeat, also where that lies across the edge of a period; int64.
    """
    first, second = _places(waves, origin, rows, columns, put)
    fitted = fitted_waves(waves, rows.period, columns.period)
    moves = [
        (round(fitted[0][axis]), round(fitted[1][axis]))
        for axis, period in enumerate((rows.period, columns.period))
        if period is not None
    ]
    return _folded(first >> _BITS, second >> _BITS, moves)


def numbered_repeats(waves: Grid, origin: tuple[int, int], rows: Stretch, columns: Stretch) -> Integers:
    """The repeats as one number each, from 0 on, not all of which need be there; see `repeats`."""
    first, second = (number - number.min() for number in repeats(waves, origin, rows, columns))
    numbers: Integers = first * (second.max() + 1) + second
    return numbers


def places_in_repeats(waves: Grid, origin: tuple[int, int], rows: Stretch, columns: Stretch) -> npt.NDArray[np.float64]:
    """Where in its repeat the center of each cell lies, (2, rows.cells, columns.cells) in [0, 1); see `repeats`."""
    first, second = _places(waves, origin, rows, columns, _as_it_is)
    fractions: npt.NDArray[np.float64] = np.stack([first & _FRACTION, second & _FRACTION]) / 2**_BITS
    return fractions


def sides_of_repeats(waves: Grid) -> tuple[float, float]:
    """Texels that a repeat spans, across rows and along them; see `repeats`."""
    first, second = waves
    slant = _slant(waves) / 2**_SLANT_BITS
    along = (second[0] - slant * first[0], second[1] - slant * first[1])
    return 1 / math.hypot(*first), 1 / math.hypot(*along)


def _places(
    waves: Grid, origin: tuple[int, int], rows: Stretch, columns: Stretch, put: Callable[[Integers], Any]
) -> tuple[Any, Any]:
    """In 2^-32 of a repeat: the whole part says which one it is, the rest where in it."""
    fitted = fitted_waves(waves, rows.period, columns.period)
    first, second = (
        start + put(_cycles(down, rows))[:, None] + put(_cycles(across, columns))
        for start, (down, across) in zip(origin, fitted, strict=True)
    )
    return first, second - (((first & _FRACTION) * _slant(waves)) >> _SLANT_BITS)


def _slant(waves: Grid) -> int:
    """What the second wave changes on the way through a row, in 2^-16 cycles; 0 where there are no rows."""
    axis = counts_along(waves[0])
    return 0 if axis is None else round(waves[1][axis] / waves[0][axis] * 2**_SLANT_BITS)


def _cycles(frequency: float, cells: Stretch) -> Integers:
    """Cycles of a wave along an axis, in 2^-32; on a period, which has whole ones, each period adds exactly these."""
    twice = cells.twice_centers()
    cycles: Integers
    if cells.period is None:
        cycles = np.floor(twice / 2 * frequency * 2.0**_BITS).astype(np.int64)
    else:
        whole, rest = np.divmod(twice * round(frequency), 2 * cells.period)
        cycles = (whole << _BITS) + (rest << _BITS) // (2 * cells.period)
    return cycles


def _folded(first: Any, second: Any, moves: list[tuple[int, int]]) -> tuple[Any, Any]:
    """One name for each repeat, whichever period it is seen in.

    Args:
        first: first number of each repeat.
        second: second number.
        moves: what both numbers gain from one period to the next, for each axis that has periods.
    """
    pivot, rest = (0, 0), 0
    for move in moves:  # Euclid's algorithm on the first numbers; what is left moves the second alone
        other = move
        while other[0]:
            times = pivot[0] // other[0]
            pivot, other = other, (pivot[0] - times * other[0], pivot[1] - times * other[1])
        rest = math.gcd(rest, other[1])
    if pivot[0]:
        moved = first // pivot[0]
        first = first - moved * pivot[0]
        second = second - (_product(moved, pivot[1], rest) if rest else moved * pivot[1])
    return first, second % rest if rest else second


def _product(numbers: Any, factor: int, modulus: int) -> Any:
    """Numbers times a factor modulo another, in pieces of the factor so small that nothing leaves 63 bits."""
    bits = 62 - modulus.bit_length()
    numbers, factor = numbers % modulus, factor % modulus
    result = numbers * 0
    for shift in reversed(range(0, factor.bit_length(), bits)):
        piece = (factor >> shift) & ((1 << bits) - 1)
        result = ((result << bits) + numbers * piece) % modulus
    return result

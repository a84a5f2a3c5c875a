"""Seam: whether the line where a tile meets itself looks like the lines inside it.

A line is a border between two neighboring columns or rows, and its figure the mean absolute difference across it.
What is asked of the wrap line is not that it equals the mean of the others, which no line does, but that it could
be one of them.
"""

import statistics
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from texnet_core.errors import RequestError
from texnet_core.mapset import FloatArray

_CONFIDENCE = 0.95
_FEWEST_LINES = 3
_ROUNDING = 1e-6  # of the range of values; spreads below are those of float32


@dataclass(frozen=True)
class AxisSeam:
    """The wrap line of one axis among the interior lines that may be compared with it.

    Attributes:
        wrap: mean absolute difference across the wrap line, values in [0, 1].
        interior: mean of the same over the interior lines.
        low: lower end of the interval in which one more line of that kind lies with 95% probability.
        high: its upper end.
        z: distance of the wrap line from the mean in standard deviations of the prediction.
        percentile: share of interior lines whose difference is smaller than the wrap line's, 0 to 1.
        lines: how many interior lines there were.
    """

    wrap: float
    interior: float
    low: float
    high: float
    z: float
    percentile: float
    lines: int

    @property
    def ratio(self) -> float:
        """Wrap over interior: above 1 for a step or an edge, below for a blur or a mirrored border."""
        return self.wrap / max(self.interior, _ROUNDING) if self.wrap != self.interior else 1.0

    @property
    def indistinguishable(self) -> bool:
        """The wrap line lies within the interval, as 19 of 20 interior lines do."""
        return self.low <= self.wrap <= self.high


@dataclass(frozen=True)
class SeamError:
    """Both seams of a tile: `x`, where the right edge meets the left one, and `y`, where the bottom meets the top."""

    x: AxisSeam
    y: AxisSeam

    @property
    def indistinguishable(self) -> bool:
        """Neither seam can be told from the interior; 1 in 10 seamless pictures fails by chance."""
        return self.x.indistinguishable and self.y.indistinguishable


def seam_error(image: FloatArray, cell: int = 1) -> SeamError:
    """Compare the gradients across the wrap with those across interior lines, along both axes.

    The interval is the one for a single new observation, mean +- t s sqrt(1 + 1 / n), with Student's t for the n
    interior lines and s their standard deviation.

    Args:
        image: (H, W, 3) in [0, 1].
        cell: only lines that lie a multiple of this many texels from the wrap are compared with it. Upsampling gives
            lines of different residue different statistics, so pictures of a generator want its coarsest cell.

    Raises:
        RequestError: a side that is no multiple of the cell, or has fewer than 4 of them.

    Source: the prediction interval of a normal variable, in any textbook of statistics.
    """
    for side in image.shape[:2]:
        if side % cell or side // cell <= _FEWEST_LINES:
            least = (_FEWEST_LINES + 1) * cell
            raise RequestError(
                f"a seam cannot be measured over {side} texels in cells of {cell}",
                expected=f"a multiple of {cell}, at least {least}",
                remedy=f"take a multiple of {cell}, at least {least}",
            )
    return SeamError(x=_axis_seam(image, 1, cell), y=_axis_seam(image, 0, cell))


def _axis_seam(image: FloatArray, axis: int, cell: int) -> AxisSeam:
    difference = np.abs(np.roll(image, -1, axis) - image)
    gradients: npt.NDArray[np.float64] = difference.mean(axis=tuple({0, 1, 2} - {axis}), dtype=np.float64)
    *interior, wrap = gradients[cell - 1 :: cell].tolist()
    middle, count = statistics.fmean(interior), len(interior)
    deviation = max(statistics.stdev(interior), _ROUNDING) * (1 + 1 / count) ** 0.5
    reach = _student(count - 1) * deviation
    return AxisSeam(
        wrap=wrap,
        interior=middle,
        low=middle - reach,
        high=middle + reach,
        z=(wrap - middle) / deviation,
        percentile=sum(line < wrap for line in interior) / count,
        lines=count,
    )


def _student(freedom: int) -> float:
    """The two-sided 95% point of Student's t, to 1% from 2 degrees of freedom on.

    Source: Abramowitz and Stegun 1964, 26.7.5.
    """
    x = statistics.NormalDist().inv_cdf((1 + _CONFIDENCE) / 2)
    terms = (
        x,
        (x**3 + x) / 4,
        (5 * x**5 + 16 * x**3 + 3 * x) / 96,
        (3 * x**7 + 19 * x**5 + 17 * x**3 - 15 * x) / 384,
        (79 * x**9 + 776 * x**7 + 1482 * x**5 - 1920 * x**3 - 945 * x) / 92160,
    )
    return float(sum(term / freedom**power for power, term in enumerate(terms)))

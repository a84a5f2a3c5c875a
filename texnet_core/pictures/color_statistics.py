"""Mean and covariance of a picture's colors, and the affine map that gives one picture the colors of another.

Source: matching of colors by an affine map, Gatys et al. 2016, "Preserving Color in Neural Artistic Style Transfer"
(arXiv 1606.05897), section 3. Differs: a little is added to each covariance, so that gray pictures and flat ones have
a map, and one that can be undone.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from texnet_core.errors import RequestError
from texnet_core.mapset import FloatArray

_Matrix = npt.NDArray[np.float64]

MATCHED_RANGE = (-0.5, 1.5)  # to which matched colors are clipped before anything looks at them
_FAINT = 0.02  # of the mean variance, added to all directions
_LEAST_VARIANCE = 1e-4  # about 2.5 levels of 255; what a flat picture has
_DECIMALS = 6


@dataclass(frozen=True)
class ColorSums:
    """What of some texels is needed to tell their mean and covariance.

    Attributes:
        count: of texels.
        total: (3,) of their colors, less 0.5, so that squares keep their digits.
        products: (3, 3) of each two of these.
    """

    count: int
    total: _Matrix
    products: _Matrix

    @classmethod
    def of(cls, part: FloatArray) -> Self:
        """Of texels (..., 3) sRGB in [0, 1]."""
        planes = np.ascontiguousarray(part.reshape(-1, 3).T) - np.float32(0.5)
        planes = planes.astype(np.float64)
        # not by a matrix product: for such shapes it is slower, and its threads fight with those of whoever calls
        products = [[np.einsum("n,n->", first, second) for second in planes] for first in planes]
        return cls(planes.shape[1], planes.sum(axis=1), np.array(products))


@dataclass(frozen=True)
class ColorStatistics:
    """Nine numbers that say which colors a picture has.

    Attributes:
        mean: (3,) of sRGB in [0, 1].
        covariance: (6,) upper triangle, row by row: RR, RG, RB, GG, GB, BB.
    """

    mean: tuple[float, ...]
    covariance: tuple[float, ...]

    @classmethod
    def of(cls, parts: Iterable[FloatArray]) -> Self:
        """Of texels that come in parts, each (..., 3) sRGB in [0, 1].

        Raises:
            RequestError: there are none.
        """
        return cls.of_sums(ColorSums.of(part) for part in parts)

    @classmethod
    def of_sums(cls, parts: "Iterable[ColorSums]") -> Self:
        """The same of parts that were summed up already; in the same order they give the same numbers.

        Raises:
            RequestError: there are no texels.
        """
        count, total, products = 0, np.zeros(3), np.zeros((3, 3))
        for part in parts:
            count, total, products = count + part.count, total + part.total, products + part.products
        if not count:
            raise RequestError("no texel has colors to measure", expected="some", remedy="use a picture with texels")
        mean = total / count
        return cls.from_arrays(mean + 0.5, products / count - np.outer(mean, mean))

    @classmethod
    def from_arrays(cls, mean: npt.NDArray[Any], covariance: npt.NDArray[Any]) -> Self:
        """From (3,) and (3, 3); rounded, so that what a record says is what was used."""
        numbers = [
            [round(float(value), _DECIMALS) for value in part] for part in (mean, covariance[np.triu_indices(3)])
        ]
        return cls(tuple(numbers[0]), tuple(numbers[1]))

    @classmethod
    def from_record(cls, record: Any) -> Self:
        """From {"mean": [3 numbers], "covariance": [6 numbers]}, whoever wrote it.

        Raises:
            RequestError: it is something else, or no covariance.
        """
        try:
            numbers = [tuple(float(value) for value in record[key]) for key in ("mean", "covariance")]
        except (TypeError, KeyError, ValueError):
            numbers = []
        if [len(part) for part in numbers] != [3, 6] or not np.isfinite(np.concatenate(numbers)).all():
            raise _senseless()
        found = cls(*numbers)
        if np.abs(numbers[0]).max() > 2 or np.abs(numbers[1]).max() > 2 or np.linalg.eigvalsh(found.matrix)[0] <= 0:
            raise _senseless()
        return found

    @property
    def matrix(self) -> _Matrix:
        """The covariance, (3, 3), with what keeps it from being singular."""
        matrix = np.zeros((3, 3))
        matrix[np.triu_indices(3)] = self.covariance
        matrix += np.triu(matrix, 1).T
        lifted: _Matrix = matrix + np.eye(3) * (_FAINT * matrix.trace() / 3 + _LEAST_VARIANCE)
        return lifted


@dataclass(frozen=True)
class ColorMap:
    """An affine map of colors.

    Attributes:
        matrix: (3, 3).
        offset: (3,).
    """

    matrix: _Matrix
    offset: _Matrix

    def __call__(self, colors: FloatArray) -> FloatArray:
        """Colors (..., 3); results are not clipped. Each texel has the same bits wherever it lies."""
        matrix, offset = self.matrix.astype(np.float32), self.offset.astype(np.float32)
        result = np.empty_like(colors, np.float32)
        red, green, blue = (colors[..., channel] for channel in range(3))
        # one product a channel, and not a matrix product, whose bits may depend on the shape
        for channel in range(3):
            made = result[..., channel]
            np.multiply(red, matrix[channel, 0], out=made)
            made += green * matrix[channel, 1]
            made += blue * matrix[channel, 2]
            made += offset[channel]
        return result

    @property
    def inverse(self) -> "ColorMap":
        """What undoes it."""
        matrix = np.linalg.inv(self.matrix)
        return ColorMap(matrix, -matrix @ self.offset)


def matching(source: ColorStatistics, target: ColorStatistics) -> ColorMap:
    """The map after which colors with the statistics of `source` have those of `target`."""
    matrix = power(target.matrix, 0.5) @ power(source.matrix, -0.5)
    return ColorMap(matrix, np.array(target.mean) - matrix @ np.array(source.mean))


def power(matrix: _Matrix, exponent: float, least: float = 1e-9) -> _Matrix:
    """A power of a covariance, in which no direction has less variance than that."""
    variances, axes = np.linalg.eigh(matrix)
    result: _Matrix = axes * np.maximum(variances, least) ** exponent @ axes.T
    return result


def _senseless() -> RequestError:
    return RequestError(
        "color statistics are senseless", expected="3 means and 6 covariances", remedy="leave them out to measure anew"
    )

"""Pieces of a picture on a lattice of triangles, blended: what the graph of a collage reads.

Where a texel lies among the triangles follows from whole numbers, so that it is the same one period further on; and
which piece a corner shows is looked up as noise is. So any window has the same bits as within the whole.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from texnet_core.mapset import FloatArray
from texnet_core.model.noise import NoisePlane

if TYPE_CHECKING:
    import torch

REACH = 5.0  # standard deviations that a table spans to both sides
_TALL = math.sqrt(3) / 2  # rows of equal triangles against their sides
_MARGIN = 2  # texels: a corner lies between two, and the texels of its piece too
_HIDDEN = 0.01  # of a piece, beyond the least that any place has
_Indices = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Steps:
    """Corners along one axis: `count` of them over `texels`, and so on in both directions.

    Attributes:
        texels: the period; of an endless axis the length of one step.
        count: steps in it.
        period: after how many steps corners repeat; None where they do not.
    """

    texels: int
    count: int
    period: int | None

    @classmethod
    def fitting(cls, period: int | None, step: float, even: bool) -> "Steps":
        """Steps of about that length: at least two a period, an even number where every other one is shifted."""
        if period is None:
            return cls(max(1, round(step)), 1, None)
        unit = 2 if even else 1
        count = max(2, unit * round(period / step / unit))
        return cls(period, count, count)

    @property
    def length(self) -> float:
        """Of one step, in texels."""
        return self.texels / self.count

    def around(self, start: int, stop: int) -> range:
        """The steps whose corners are near a stretch of texels, those shifted by half a step included."""
        return range(start * self.count // self.texels - 1, -(-stop * self.count // self.texels) + 1)

    def texel(self, halves: int) -> int:
        """The texel in which a corner lies, given in half steps."""
        return halves * self.texels // (2 * self.count)

    def distances(self, start: int, stop: int, halves: int) -> FloatArray:
        """How far the centers of texels lie from a corner, in steps."""
        twice = 2 * np.arange(start, stop, dtype=np.int64) + 1
        steps = (twice * self.count - halves * self.texels).astype(np.float32)
        return np.abs(steps) / np.float32(2 * self.texels)


@dataclass(frozen=True)
class PiecesPlane:
    """The blended pieces of one texture; see `inputs.InputPlane`. There is level 0 alone.

    Attributes:
        picture: (axes, h, w), each axis Gaussian with mean 0 and deviation 1; float16 or float32.
        table: (axes, entries) in [0, 1]: what a number from -`REACH` to `REACH` on a Gaussian axis stands for.
        visible: (n, n), the share of each part of the picture that may be shown.
        cell: texels between corners, as far as the period allows.
        seed: 0 to 2^32 - 1.
        height: period in texels, or None for an endless plane.
        width: likewise.
    """

    picture: npt.NDArray[Any]
    table: FloatArray
    visible: FloatArray
    cell: int
    seed: int
    height: int | None = None
    width: int | None = None

    def window(self, level: int, top: int, left: int, height: int, width: int) -> FloatArray:
        """A window, (axes, height, width) in [0, 1]."""
        if level:
            raise ValueError(f"level {level} of pieces, which have level 0 alone")
        axes = len(self.picture)
        blended = np.zeros((axes, height, width), np.float32)
        squares = np.zeros((height, width), np.float32)
        for rows, columns, weights, piece in self._pieces(top, left, height, width):
            blended[:, rows, columns] += weights * piece
            squares[rows, columns] += weights * weights
        blended *= (1 / np.sqrt(squares)) * np.float32(self._entries / (2 * REACH))
        blended += np.float32(self._entries / 2)
        places = np.clip(blended, 0, self._entries - 1, out=blended).astype(np.intp)
        return np.stack([table.take(place) for table, place in zip(self.table, places, strict=True)])

    def window_torch(
        self, level: int, top: int, left: int, height: int, width: int, device: "torch.device | str" = "cpu"
    ) -> "torch.Tensor":
        """The same window on the device."""
        import torch

        return torch.from_numpy(self.window(level, top, left, height, width)).to(device)

    def _pieces(
        self, top: int, left: int, height: int, width: int
    ) -> Iterator[tuple[slice, slice, FloatArray, npt.NDArray[Any]]]:
        """What overlaps a window: where in it, with which weights, and the part of the picture that is shown there."""
        rows, columns = self._rows.around(top, top + height), self._columns.around(left, left + width)
        places = self._places(rows, columns)
        for row, across in zip(rows, places, strict=True):
            down = _overlap(self._rows, 2 * row, top, height)
            if down is None:
                continue
            for column, (y, x) in zip(columns, across, strict=True):
                halves = 2 * column + (row & 1)
                along = _overlap(self._columns, halves, left, width)
                if along is None:
                    continue
                weights = _weights(
                    self._rows.distances(down.start, down.stop, 2 * row),
                    self._columns.distances(along.start, along.stop, halves),
                )
                source_y, source_x = y - self._rows.texel(2 * row), x - self._columns.texel(halves)
                piece = self.picture[
                    :,
                    down.start + source_y : down.stop + source_y,
                    along.start + source_x : along.stop + source_x,
                ]
                yield _moved(down, -top), _moved(along, -left), weights, piece

    def _places(self, rows: range, columns: range) -> _Indices:
        """The texel of the picture that each corner shows, (rows, columns, 2)."""
        noise = NoisePlane(self.seed, 3, self._rows.period, self._columns.period)
        which, down, across = noise.window(0, rows.start, columns.start, len(rows), len(columns)).astype(np.float64)
        allowed, (first, span) = self._allowed, self._range
        chosen = allowed[(which * len(allowed)).astype(np.int64)]
        shares = (chosen + np.stack((down, across), axis=-1)) / self.visible.shape
        places: _Indices = (first + np.floor(shares * span)).astype(np.int64)
        return places

    @property
    def _entries(self) -> int:
        return self.table.shape[1]

    @cached_property
    def _rows(self) -> Steps:
        return Steps.fitting(self.height, self.cell * _TALL, even=True)

    @cached_property
    def _columns(self) -> Steps:
        return Steps.fitting(self.width, self.cell, even=False)

    @cached_property
    def _reach(self) -> npt.NDArray[np.int64]:
        """Texels that a piece has on each side of its corner, down and across."""
        return np.array([math.ceil(steps.length) + _MARGIN for steps in (self._rows, self._columns)])

    @cached_property
    def _range(self) -> tuple[_Indices, _Indices]:
        """The first texel, down and across, that a corner may show, and how many there are."""
        return self._reach, np.array(self.picture.shape[1:]) - 2 * self._reach

    @cached_property
    def _allowed(self) -> _Indices:
        """Of the places that corners may show, cut into as many parts as `visible`: those whose pieces are seen."""
        (first, span), parts = self._range, self.visible.shape
        rows, columns = (
            _edges(int(first[axis]), int(span[axis]), parts[axis], self.picture.shape[1 + axis]) for axis in (0, 1)
        )
        return _most_visible(self.visible, rows, columns)


def _edges(reach: int, span: int, parts: int, side: int) -> tuple[_Indices, _Indices]:
    """Of a picture cut into parts, the first and the end of those that pieces show: one for each part of their places.

    Args:
        reach: texels of a piece to both sides.
        span: places that its corner may show, from `reach` on.
        parts: of the picture, and of these places.
        side: of the picture in texels.
    """
    numbers = np.arange(parts)
    first = numbers * span // side
    last = -(-((numbers + 1) * span + 2 * reach * parts) // side)
    return first.clip(0, parts - 1), last.clip(1, parts)


def _most_visible(visible: FloatArray, rows: tuple[_Indices, _Indices], columns: tuple[_Indices, _Indices]) -> _Indices:
    """The numbers (n, 2) of the rectangles, between first and last edges, that show most."""
    sums = np.pad(visible.astype(np.float64), ((1, 0), (1, 0))).cumsum(0).cumsum(1)
    (first, last), (left, right) = rows, columns
    seen = sums[last][:, right] - sums[first][:, right] - sums[last][:, left] + sums[first][:, left]
    shares = seen / np.outer(last - first, right - left)
    found: _Indices = np.argwhere(shares >= shares.max() - _HIDDEN)
    return found


def _overlap(steps: Steps, halves: int, start: int, count: int) -> range | None:
    """The texels of a stretch that the piece of a corner reaches."""
    corner, reach = steps.texel(halves), math.ceil(steps.length) + 1
    low, high = max(start, corner - reach), min(start + count, corner + reach + 1)
    return range(low, high) if low < high else None


def _moved(texels: range, by: int) -> slice:
    return slice(texels.start + by, texels.stop + by)


def _weights(down: FloatArray, across: FloatArray) -> FloatArray:
    """Squared barycentric weights of a corner, by distances in steps; 0 beyond its six triangles."""
    farthest = np.maximum(down[:, None], across + (down / 2)[:, None])
    weights = np.maximum(np.float32(1) - farthest, 0)
    weights *= weights
    return weights

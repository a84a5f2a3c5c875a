"""A mask on an input plane, beside noise: which of two textures is shown where.

A cell shows the mean over its texels of the mask, whose texels are joined by straight lines. Means follow from whole
numbers along each axis, so that a cell has the same bits in any window and one period further on.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from texnet_core.mapset import FloatArray
from texnet_core.model.noise import NoisePlane

if TYPE_CHECKING:
    import torch

_Doubles = npt.NDArray[np.float64]


@dataclass(frozen=True)
class MaskPlane:
    """Noise of all levels, and as the last channel a mask; see `inputs.InputPlane`.

    Attributes:
        noise: repeats where the texture does.
        mask: (rows, columns) in [0, 1], stretched over the period of the noise; float16 or float32.
        texels: (down, across) over which it is stretched on an axis without end, where it repeats.
    """

    noise: NoisePlane
    mask: npt.NDArray[Any]
    texels: tuple[int, int]

    @property
    def height(self) -> int | None:
        return self.noise.height

    @property
    def width(self) -> int | None:
        return self.noise.width

    def window(self, level: int, top: int, left: int, height: int, width: int) -> FloatArray:
        """A window, (noise channels + 1, height, width) in [0, 1]."""
        noise = self.noise.window(level, top, left, height, width)
        return np.concatenate((noise, self._shown(level, top, left, height, width)[None]))

    def window_torch(
        self, level: int, top: int, left: int, height: int, width: int, device: "torch.device | str" = "cpu"
    ) -> "torch.Tensor":
        """The same window on the device."""
        import torch

        noise = self.noise.window_torch(level, top, left, height, width, device)
        shown = torch.from_numpy(self._shown(level, top, left, height, width)).to(device)
        return torch.cat((noise, shown[None]))

    def _shown(self, level: int, top: int, left: int, height: int, width: int) -> FloatArray:
        """The means of cells, (height, width)."""
        down, across = self.height or self.texels[0], self.width or self.texels[1]
        rows = self._rows.means(*_places(level, top, height, down, self.mask.shape[0]))
        columns = Line.of(rows.T).means(*_places(level, left, width, across, self.mask.shape[1]))
        return np.ascontiguousarray(columns.T.clip(0, 1), np.float32)

    @cached_property
    def _rows(self) -> "Line":
        return Line.of(self.mask.astype(np.float64))


@dataclass(frozen=True)
class Line:
    """Values along the first axis, which repeat and are joined by straight lines.

    Attributes:
        values: (n + 1, ...), the first once more at the end.
        sums: (n + 1, ...), of all up to each place.
    """

    values: _Doubles
    sums: _Doubles

    @classmethod
    def of(cls, values: _Doubles) -> "Line":
        """That of n values, (n, ...)."""
        closed = np.concatenate((values, values[:1]))
        steps = (closed[:-1] + closed[1:]) / 2
        return cls(closed, np.concatenate((np.zeros_like(values[:1]), steps.cumsum(0))))

    def means(self, starts: _Doubles, stops: _Doubles) -> _Doubles:
        """The mean over each stretch, (stretches, ...), of places counted from the first value on."""
        lengths = (stops - starts).reshape(-1, *(1,) * (self.values.ndim - 1))
        means: _Doubles = (self._sum(stops) - self._sum(starts)) / lengths
        return means

    def _sum(self, places: _Doubles) -> _Doubles:
        """Of all up to places, (places, ...)."""
        turns, whole = np.divmod(np.floor(places).astype(np.int64), len(self.sums) - 1)
        shape = (-1, *(1,) * (self.values.ndim - 1))
        part, turns = (places - np.floor(places)).reshape(shape), turns.reshape(shape)
        first, slope = self.values[whole], self.values[whole + 1] - self.values[whole]
        found: _Doubles = turns * self.sums[-1] + self.sums[whole] + part * (first + part / 2 * slope)
        return found


def _places(level: int, first: int, count: int, texels: int, values: int) -> tuple[_Doubles, _Doubles]:
    """Where cells of a level start and stop, in values that are stretched over so many texels.

    A value lies in the middle of its share of them. Cells that are whole periods apart have the same places.
    """
    starts = (np.arange(first, first + count, dtype=np.int64) << level) % texels
    stops = starts + (1 << level)
    return starts * values / texels - 0.5, stops * values / texels - 0.5

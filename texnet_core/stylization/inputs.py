"""What a stylizer reads: noise, and beside it the picture and the strength, as averages over the cells of each level.

Level l is the average of 2^l x 2^l texels on one absolute grid, made by means of four. Coarse levels are small and are
held; those that would take too much memory are made anew for each window. Either way the bits are the same.
"""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import product
from typing import TYPE_CHECKING

import numpy as np

from texnet_core.mapset import FloatArray
from texnet_core.model.inputs import InputPlane
from texnet_core.synthesis.plane import in_order
from texnet_core.synthesis.resampling import Indices

if TYPE_CHECKING:
    import torch

Base = Callable[[int, int, int, int], FloatArray]  # (top, left, height, width) -> (channels, height, width)

_HELD_BYTES = 72 * 2**20
_TILE_TEXELS, _TILE_COLUMNS = 2**17, 1024
_NOTHING = np.empty((0, 0, 0), np.float32)


@dataclass(frozen=True)
class Stretch:
    """What of an axis is going to be read, in texels.

    Attributes:
        start: first texel, a multiple of the coarsest cell.
        count: texels, likewise.
        period: after which all repeats, likewise, or None.
    """

    start: int
    count: int
    period: int | None

    @classmethod
    def around(cls, start: int, count: int, margin: int, period: int | None, cell: int) -> "Stretch":
        """A stretch with a margin on both sides, or one period where that is less."""
        low = (start - margin) // cell * cell
        high = -(-(start + count + margin) // cell) * cell
        return cls(0, period, period) if period is not None and high - low >= period else cls(low, high - low, period)

    def places(self, level: int, start: int, count: int) -> slice | Indices | None:
        """Where some cells of a level are among those of the stretch; None where they are not."""
        first = start - (self.start >> level)
        if self.period is None:
            inside = first >= 0 and first + count <= self.count >> level
            return slice(first, first + count) if inside else None
        period, held = self.period >> level, self.count >> level
        first %= period
        if first + count <= held:
            return slice(first, first + count)
        places = np.arange(first, first + count) % period
        return places if places.max() < held else None


class PicturePlane:
    """A picture at all levels, on an input plane.

    Attributes:
        height: texels after which it repeats downwards, or None.
        width: likewise to the right.
    """

    def __init__(
        self,
        base: Base,
        channels: int,
        constant: float | None,
        rows: Stretch,
        columns: Stretch,
        levels: int,
        workers: int = 1,
    ):
        """Read all of the stretches once, and hold what of the levels memory allows.

        Args:
            base: windows of level 0, anywhere; each texel has the same bits in all of them.
            channels: of the base.
            constant: a last channel that is the same everywhere, or None.
            rows: that are going to be read fast; others can be had too.
            columns: likewise.
            levels: how many there are.
            workers: threads that read at a time.
        """
        self.height, self.width = rows.period, columns.period
        self._base, self._channels, self._constant = base, channels, constant
        self._rows, self._columns = rows, columns
        self._recent = threading.local()
        self._held: dict[int, FloatArray] = {}
        self._hold(levels, workers)

    def window(self, level: int, top: int, left: int, height: int, width: int) -> FloatArray:
        """See `inputs.InputPlane`."""
        result = np.empty((self._channels + (self._constant is not None), height, width), np.float32)
        result[: self._channels] = self._pooled(level, top, left, height, width)
        if self._constant is not None:
            result[-1] = self._constant
        return result

    def window_torch(
        self, level: int, top: int, left: int, height: int, width: int, device: "torch.device | str" = "cpu"
    ) -> "torch.Tensor":
        """The same as a tensor on the device."""
        import torch

        return torch.from_numpy(self.window(level, top, left, height, width)).to(device)

    def _pooled(self, level: int, top: int, left: int, height: int, width: int) -> FloatArray:
        if level in self._held:
            rows, columns = self._rows.places(level, top, height), self._columns.places(level, left, width)
            if rows is not None and columns is not None:
                return self._held[level][:, rows][:, :, columns]
        if (known := self._known(level, top, left, height, width)) is not None:
            return known
        if level == 0:
            made = self._base(top, left, height, width)
        else:
            made = halved(self._pooled(level - 1, 2 * top, 2 * left, 2 * height, 2 * width))
        self._recent_windows[level] = (top, left, made)
        return made

    def _known(self, level: int, top: int, left: int, height: int, width: int) -> FloatArray | None:
        """A part of what this thread made last: the windows of a block, from coarse to fine, lie within each other."""
        first, second, made = self._recent_windows.get(level, (top + 1, left, _NOTHING))
        if top < first or left < second:
            return None
        part = made[:, top - first : top - first + height, left - second : left - second + width]
        return part if part.shape[1:] == (height, width) else None

    @property
    def _recent_windows(self) -> dict[int, tuple[int, int, FloatArray]]:
        """Level -> top, left and texels of the window that this thread made last."""
        windows: dict[int, tuple[int, int, FloatArray]] = self._recent.__dict__.setdefault("windows", {})
        return windows

    def _hold(self, levels: int, workers: int) -> None:
        texels = self._rows.count * self._columns.count
        finest = next(
            (level for level in range(levels) if 4 * self._channels * texels * 4 // 3 >> 2 * level <= _HELD_BYTES),
            levels - 1,
        )
        for level in range(finest, levels):
            shape = (self._channels, self._rows.count >> level, self._columns.count >> level)
            self._held[level] = np.empty(shape, np.float32)
        cell = 1 << (levels - 1)
        across = min(self._columns.count, max(1, _TILE_COLUMNS // cell) * cell)
        down = max(1, _TILE_TEXELS // across // cell) * cell
        tiles = product(range(0, self._rows.count, down), range(0, self._columns.count, across))
        for _ in in_order((partial(self._hold_tile, *tile, down, across) for tile in tiles), workers):
            pass

    def _hold_tile(self, top: int, left: int, down: int, across: int) -> None:
        height, width = min(down, self._rows.count - top), min(across, self._columns.count - left)
        tile = self._base(self._rows.start + top, self._columns.start + left, height, width)
        for level in range(max(self._held) + 1):
            if level in self._held:
                rows, columns = slice(top >> level, top + height >> level), slice(left >> level, left + width >> level)
                self._held[level][:, rows, columns] = tile
            if level < max(self._held):
                tile = halved(tile)


def halved(planes: FloatArray) -> FloatArray:
    """Means of two by two, (channels, 2 h, 2 w) to (channels, h, w); a mirrored picture has the same, mirrored."""
    sums = planes[:, ::2, ::2] + planes[:, 1::2, ::2]
    sums += planes[:, ::2, 1::2] + planes[:, 1::2, 1::2]
    sums *= np.float32(0.25)
    return sums


@dataclass(frozen=True)
class VariedNoise:
    """Noise that varies more or less: (n - 0.5) * factor + 0.5.

    Source: the factor k of Texture Networks (Ulyanov et al. 2016), figure 5.
    """

    noise: InputPlane
    factor: float

    @property
    def height(self) -> int | None:
        return self.noise.height

    @property
    def width(self) -> int | None:
        return self.noise.width

    def window(self, level: int, top: int, left: int, height: int, width: int) -> FloatArray:
        """See `inputs.InputPlane`."""
        result = self.noise.window(level, top, left, height, width)
        result -= np.float32(0.5)
        result *= np.float32(self.factor)
        result += np.float32(0.5)
        return result

    def window_torch(
        self, level: int, top: int, left: int, height: int, width: int, device: "torch.device | str" = "cpu"
    ) -> "torch.Tensor":
        """The same on a device, where it is made."""
        result = self.noise.window_torch(level, top, left, height, width, device)
        return result.sub_(0.5).mul_(float(np.float32(self.factor))).add_(0.5)


@dataclass(frozen=True)
class SideBySide:
    """The channels of several planes, one after the other; it repeats where all of them do, after as many texels."""

    planes: Sequence[InputPlane]

    @property
    def height(self) -> int | None:
        return _common({plane.height for plane in self.planes})

    @property
    def width(self) -> int | None:
        return _common({plane.width for plane in self.planes})

    def window(self, level: int, top: int, left: int, height: int, width: int) -> FloatArray:
        """See `inputs.InputPlane`."""
        return np.concatenate([plane.window(level, top, left, height, width) for plane in self.planes])

    def window_torch(
        self, level: int, top: int, left: int, height: int, width: int, device: "torch.device | str" = "cpu"
    ) -> "torch.Tensor":
        """The same on a device."""
        import torch

        return torch.cat([plane.window_torch(level, top, left, height, width, device) for plane in self.planes])


def _common(periods: set[int | None]) -> int | None:
    return periods.pop() if len(periods) == 1 else None

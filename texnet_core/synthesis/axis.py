"""How one axis of a texture lies on what the generator makes, and which parts of its blocks a window needs."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Self

import numpy as np

from texnet_core.mapset import FloatArray
from texnet_core.synthesis.resampling import Indices, lanczos_taps

Cut = tuple[int, int, int]


@dataclass(frozen=True)
class Segment:
    """The part of one row or column of blocks that a window uses."""

    block: int  # index on the grid
    within: slice  # of the block
    target: slice  # of the window
    is_part: bool  # whether the block has more

    @property
    def cut(self) -> Cut:
        """What of the plane it is, wherever in the window."""
        return self.block, self.within.start, self.within.stop


@dataclass(frozen=True)
class Axis:
    """How texels of the texture lie on what the generator makes.

    Attributes:
        period: in texels of the texture, or None.
        made: the same period in texels that the generator makes, a multiple of the coarsest cell, or None.
        step: texels made per texel of the texture.
        repeats: whether all that the generator reads repeats at the period, and so what it makes.
    """

    period: int | None
    made: int | None
    step: float
    repeats: bool = True

    @classmethod
    def fitting(cls, period: int | None, native: Callable[[int], float], cell: int) -> Self:
        """The axis with this period or none; `native` says how many texels are made for so many of the texture."""
        if period is None:
            return cls(None, None, native(1))
        made = max(1, round(native(period) / cell)) * cell
        return cls(period, made, made / period)

    def segments(self, start: int, count: int, block: int) -> Iterator[Segment]:
        """Cut a stretch of what the generator makes at the edges of blocks and of periods."""
        at, period = start, self.made if self.repeats else None
        while at < start + count:
            folded = at if period is None else at % period
            index, offset = divmod(folded, block)
            whole = block if period is None else min(block, period - index * block)
            length = min(whole - offset, start + count - at)
            target = slice(at - start, at - start + length)
            yield Segment(index, slice(offset, offset + length), target, length < whole)
            at += length

    def taps(self, start: int, count: int) -> tuple[Indices, FloatArray]:
        """`lanczos_taps` of a stretch of the texture; every period has the very same weights."""
        positions = np.arange(start, start + count, dtype=np.int64)
        if self.period is None or self.made is None:
            return lanczos_taps(positions, self.step)
        turns, positions = np.divmod(positions, self.period)
        first, weights = lanczos_taps(positions, self.step)
        return first + turns * self.made, weights

"""A picture on the endless plane: repeated or mirrored at its edges, resampled where it is to be of another size.

Any window has the same bits as within the whole.
"""

from dataclasses import dataclass

import numpy as np

from texnet_core.mapset import FloatArray
from texnet_core.stylization.stores import Store, as_values
from texnet_core.synthesis.resampling import Indices, lanczos_taps, resample_axis

_Part = tuple[int, int, Indices | None]  # first texel of the picture, how many, and their order where it is another


@dataclass(frozen=True)
class Side:
    """How one axis of a picture lies on an axis of the plane.

    Attributes:
        texels: of the picture.
        repeats_after: texels of the plane after which the picture comes again; None where it is mirrored at its edges.
        step: texels of the picture per texel of the plane.
    """

    texels: int
    repeats_after: int | None
    step: float

    def taps(self, start: int, count: int) -> tuple[Indices, FloatArray | None]:
        """First texels of the picture, extended, behind a stretch of the plane, and their weights; None: one each."""
        positions = np.arange(start, start + count, dtype=np.int64)
        if self.step == 1:
            return positions, None
        if self.repeats_after is None:
            return lanczos_taps(positions, self.step)
        turns, positions = np.divmod(positions, self.repeats_after)
        first, weights = lanczos_taps(positions, self.step)
        return first + turns * self.texels, weights

    def parts(self, start: int, count: int) -> list[_Part]:
        """What of the picture a stretch of the extended picture is made of, part after part."""
        texels = self.texels
        if start >= 0 and start + count <= texels:
            return [(start, count, None)]
        if self.repeats_after is None:
            places = np.arange(start, start + count) % (2 * texels)
            places = np.minimum(places, 2 * texels - 1 - places)
            low = int(places.min())
            return [(low, int(places.max()) - low + 1, places - low)]
        if count >= texels:
            return [(0, texels, np.arange(start, start + count) % texels)]
        start %= texels
        first = min(count, texels - start)
        parts: list[_Part] = [(start, first, None)]
        return parts if first == count else [*parts, (0, count - first, None)]


@dataclass(frozen=True)
class Layer:
    """Windows of an extended picture.

    Attributes:
        store: its texels.
        rows: how its rows lie on the plane.
        columns: likewise.
    """

    store: Store
    rows: Side
    columns: Side

    def window(self, top: int, left: int, height: int, width: int) -> FloatArray:
        """(height, width, channels) in [0, 1], of any place on the plane. It may not be changed."""
        first_rows, row_weights = self.rows.taps(top, height)
        first_columns, column_weights = self.columns.taps(left, width)
        y, x = int(first_rows.min()), int(first_columns.min())
        source = self._extended(y, x, _reach(first_rows, row_weights) - y, _reach(first_columns, column_weights) - x)
        if row_weights is not None:
            source = resample_axis(source, 0, first_rows - y, row_weights)
        if column_weights is not None:
            source = resample_axis(source, 1, first_columns - x, column_weights)
        return source if row_weights is column_weights is None else np.clip(source, 0, 1)

    def _extended(self, top: int, left: int, height: int, width: int) -> FloatArray:
        columns = self.columns.parts(left, width)
        bands = [
            np.concatenate([self._part(row, column) for column in columns], axis=1)
            if len(columns) > 1
            else self._part(row, columns[0])
            for row in self.rows.parts(top, height)
        ]
        return bands[0] if len(bands) == 1 else np.concatenate(bands)

    def _part(self, row: _Part, column: _Part) -> FloatArray:
        part = as_values(self.store.window(row[0], column[0], row[1], column[1]))
        part = part if row[2] is None else part[row[2]]
        return part if column[2] is None else part.take(column[2], 1)


def _reach(first: Indices, weights: FloatArray | None) -> int:
    return int(first.max()) + (1 if weights is None else weights.shape[1])

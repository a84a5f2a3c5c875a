"""A picture made smaller while it is made, so that it is never held whole."""

from typing import Any

import numpy as np
import numpy.typing as npt

from texnet_core.mapset import FloatArray


class Reducer:
    """Takes in a picture band by band and keeps its means over boxes; small pictures stay as they are.

    Args:
        height: rows of the whole picture.
        width: its columns.
        side: longest side of the result at most.
    """

    def __init__(self, height: int, width: int, side: int) -> None:
        longest = max(height, width, side)
        self.shape = max(1, round(height * side / longest)), max(1, round(width * side / longest))
        self._height, self._row = height, 0
        self._columns = _edges(width, self.shape[1])
        self._sums = np.zeros((*self.shape, 1), np.float64)
        self._counts = np.bincount(self._places(0, height), minlength=self.shape[0])[:, None, None]

    def take(self, band: npt.NDArray[Any]) -> None:
        """Take in the next rows, (rows, width, channels)."""
        if self._sums.shape[2] != band.shape[2]:
            self._sums = np.zeros((*self.shape, band.shape[2]), np.float64)
        edges = self._columns
        means = np.add.reduceat(band, edges[:-1], axis=1, dtype=np.float32) / np.diff(edges)[:, None]
        np.add.at(self._sums, self._places(self._row, len(band)), means)
        self._row += len(band)

    def result(self) -> npt.NDArray[np.uint8]:
        """The small picture, (h, w, channels) of levels, once all rows of levels are there."""
        reduced: npt.NDArray[np.uint8] = np.round(self._sums / self._counts).astype(np.uint8)
        return reduced

    def means(self) -> FloatArray:
        """The small picture, (h, w, channels), once all rows are there."""
        return (self._sums / self._counts).astype(np.float32)

    def _places(self, first: int, rows: int) -> npt.NDArray[np.intp]:
        """The row of the result that each of these rows belongs to."""
        return (np.arange(first, first + rows) * self.shape[0]) // self._height


def _edges(length: int, parts: int) -> npt.NDArray[np.intp]:
    """Where each part begins, and the end."""
    return np.searchsorted((np.arange(length) * parts) // length, np.arange(parts + 1))

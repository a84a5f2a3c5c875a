"""Where the texels of a picture are kept while it is painted anew: in memory, or in a file without a name."""

import math
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from texnet_core.atomic import as_output_error
from texnet_core.mapset import FloatArray

Stored = npt.NDArray[Any]  # (height, width, channels): uint8, uint16, or float32 in [0, 1]

_BAND_TEXELS = 2**18
_IN_MEMORY = 2**26  # bytes of a picture that are not worth a file


class Store(Protocol):
    """The texels of a picture, of which windows are read and bands of rows are written."""

    @property
    def shape(self) -> tuple[int, int, int]:
        """Height, width and channels."""
        ...

    @property
    def kind(self) -> "np.dtype[Any]":
        """Of the numbers: uint8, uint16 or float32."""
        ...

    def window(self, top: int, left: int, height: int, width: int) -> Stored:
        """A window inside the picture, which is not to be changed. Several threads may ask."""
        ...

    def write(self, top: int, rows: Stored) -> None:
        """Put whole rows in their place."""
        ...


class ArrayStore:
    """A picture in memory."""

    def __init__(self, array: Stored) -> None:
        self._array = array

    @property
    def shape(self) -> tuple[int, int, int]:
        height, width, channels = self._array.shape
        return height, width, channels

    @property
    def kind(self) -> "np.dtype[Any]":
        return self._array.dtype

    def window(self, top: int, left: int, height: int, width: int) -> Stored:
        return self._array[top : top + height, left : left + width]

    def write(self, top: int, rows: Stored) -> None:
        self._array[top : top + len(rows)] = rows


class FileStore:
    """A picture in a file, row after row. It is read, not mapped: pages of a mapped file count as memory in use."""

    def __init__(self, file: Any, path: Path, shape: tuple[int, int, int], kind: Any) -> None:
        """Over an open file without a buffer; `path` is what an error names."""
        self._file, self._path, self._lock = file, path, threading.Lock()
        self.shape, self.kind = shape, np.dtype(kind)

    def window(self, top: int, left: int, height: int, width: int) -> Stored:
        _, whole, channels = self.shape
        result = np.empty((height, width, channels), self.kind)
        texel = channels * self.kind.itemsize
        with self._lock:
            if width == whole:
                self._read(top * whole * texel, result)
            else:
                for row in range(height):
                    self._read(((top + row) * whole + left) * texel, result[row])
        return result

    def write(self, top: int, rows: Stored) -> None:
        content = np.ascontiguousarray(rows, self.kind).data.cast("B")
        with self._lock, as_output_error(self._path):
            self._file.seek(top * math.prod(self.shape[1:]) * self.kind.itemsize)
            while content:
                content = content[self._file.write(content) :]

    def _read(self, start: int, into: Stored) -> None:
        self._file.seek(start)
        left = into.data.cast("B")
        while left:
            count = self._file.readinto(left)
            if not count:
                raise OSError("the temporary file is shorter than what was written to it")
            left = left[count:]


@contextmanager
def new_store(shape: tuple[int, int, int], kind: Any, output: Path) -> Iterator[Store]:
    """Room for a picture: in memory where it is small, else in a file beside the output, which vanishes at the end.

    Raises:
        OutputError: there is no room.
    """
    kind = np.dtype(kind)
    if math.prod(shape) * kind.itemsize <= _IN_MEMORY:
        yield ArrayStore(np.zeros(shape, kind))
        return
    with as_output_error(output):
        file = tempfile.TemporaryFile(dir=output.parent, prefix=".texnet-", buffering=0)  # noqa: SIM115
    with file:
        yield FileStore(file, output, shape, kind)


def as_values(stored: Stored) -> FloatArray:
    """Stored numbers as float32 in [0, 1]."""
    if stored.dtype == np.float32:
        return stored
    return stored.astype(np.float32) / np.float32(np.iinfo(stored.dtype).max)


def as_stored(values: FloatArray, kind: "np.dtype[Any]") -> Stored:
    """Values in [0, 1] as numbers of a kind; `as_values` gives them back where they come from such."""
    return values if kind == np.float32 else np.rint(values * np.float32(np.iinfo(kind).max)).astype(kind)


def bands_of(shape: tuple[int, ...], multiple: int = 1) -> Iterator[tuple[int, int]]:
    """(top, rows) of bands that are read at once; all but the last have a multiple of so many rows."""
    height, width = shape[:2]
    rows = max(1, _BAND_TEXELS // width // multiple) * multiple
    for top in range(0, height, rows):
        yield top, min(rows, height - top)

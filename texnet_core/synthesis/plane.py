"""The plane that a generator makes of its inputs: endless or periodic, there before it is looked at.

Any window of it can be had, and always with the same bytes: the generator makes blocks of one fixed shape on
one fixed grid, whatever the window, its order among others, or the number of threads. Axes repeat where all inputs
repeat. Where the texture's size is no multiple of the coarsest cell, or its features are to be
scaled, windows of what the generator makes are resampled.
"""

from collections import OrderedDict, deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from itertools import islice
from typing import Any

import numpy as np
import numpy.typing as npt

from texnet_core.engines import Engine
from texnet_core.errors import EngineError, RequestError
from texnet_core.mapset import FloatArray, MapSpec, channels_of, with_unit_normals
from texnet_core.model.families import Constants
from texnet_core.model.header import Header
from texnet_core.model.inputs import InputPlane
from texnet_core.model.look_maps import Derivation
from texnet_core.synthesis.axis import Axis, Cut, Segment
from texnet_core.synthesis.resampling import resample_axis
from texnet_core.synthesis.windows import MAX_WINDOW_TEXELS, sides_of

Convert = Callable[[FloatArray], npt.NDArray[Any]]
Finish = Callable[[FloatArray, int, int], FloatArray]  # (texels in [0, 1], top, left) -> as many; it may change them

_KEPT_BYTES = 256 * 2**20  # of blocks that a neighboring window will want again
_FEW_PIECES = 64  # that are kept where a window repeats them
_CHUNK_ROWS, _CHUNK_COLUMNS = 256, 1024  # resampled, or given derived maps, at once


def unchanged(texels: FloatArray) -> FloatArray:
    """The conversion that is none."""
    return texels


class Plane:
    """Windows of a texture: `plane[y0:y1, x0:x1]` is (y1 - y0, x1 - x0, channels) float32 in [0, 1].

    Coordinates are texels, rows first; negative ones lie above and left of the origin. One thread may use a
    plane at a time; the plane itself uses as many as its engine wants.

    Attributes:
        engine: what makes it.
        header: of the generator.
        maps: what the channels are, in order.
        channels: of all maps together.
    """

    def __init__(
        self,
        engine: Engine,
        inputs: InputPlane,
        rows: Axis,
        columns: Axis,
        blocks_at_once: int = 1,
        finish: Finish | None = None,
        derivation: Derivation | None = None,
    ) -> None:
        """Nothing is made yet.

        Args:
            engine: of the generator.
            inputs: what it reads. Each axis repeats at what the generator makes for a period, or not at all.
            rows: how the texture's rows lie on those that are made.
            columns: likewise.
            blocks_at_once: how many blocks are made at a time.
            finish: what is done to the texels of the texture at their places, each by itself. It repeats as they do.
            derivation: adds maps to those that the generator makes.

        Raises:
            ValueError: the inputs repeat at another period than the axes.
        """
        for axis, period in ((rows, inputs.height), (columns, inputs.width)):
            if period not in (None, axis.made):
                raise ValueError(f"inputs that repeat after {period} texels, for an axis with a period of {axis.made}")
        self.engine, self._inputs, self._blocks_at_once = engine, inputs, blocks_at_once
        self._finish, self._derivation = finish, derivation
        self.header: Header = engine.artifact
        self.maps: tuple[MapSpec, ...] = (*self.header.maps, *(derivation.derived if derivation else ()))
        self.channels = channels_of(self.maps)
        self._rows = replace(rows, repeats=inputs.height is not None)
        self._columns = replace(columns, repeats=inputs.width is not None)
        self._constants: Constants | None = None
        self._period: FloatArray | None = None  # all of it, where that was made at once
        self._kept: OrderedDict[tuple[int, int], FloatArray] = OrderedDict()
        height, width = engine.block_shape
        self._usually_kept = _KEPT_BYTES // (4 * height * width * channels_of(self.header.maps))  # blocks
        self._most_kept = self._usually_kept

    @property
    def step(self) -> float:
        """Texels that the generator makes for one of the texture, along its rows."""
        return self._columns.step

    def __getitem__(self, window: tuple[slice, slice]) -> FloatArray:
        """A window of at most 2^28 texels.

        Raises:
            RequestError: no two slices with both ends and no step, or a window too large or too far out.
            EngineError: the engine failed, memory did not suffice, or the generator's parameters are senseless.
        """
        top, left, height, width = sides_of(window)
        if height * width > MAX_WINDOW_TEXELS:
            raise RequestError(
                f"a window of {width}x{height} is too large to be made at once",
                expected=f"at most {MAX_WINDOW_TEXELS} texels",
                remedy="make it in parts, or write it to a file",
            )
        self._prepare()
        try:
            if self._is_made_as_is() and self._derivation is None:
                return self._finished(self._made(top, left, height, width), top, left)
            return np.concatenate(list(self.bands(top, left, height, width)))
        except MemoryError as error:
            raise too_little_memory(width, height) from error

    def bands(
        self, top: int, left: int, height: int, width: int, convert: Convert = unchanged, *, again: bool = False
    ) -> Generator[npt.NDArray[Any], None, None]:
        """A window of any size from top to bottom, in bands of rows, holding few of them at a time.

        Args:
            top: first row.
            left: first column.
            height: rows.
            width: columns.
            convert: applied to pieces (h, w, channels), float32 in [0, 1], if possible in the threads that make them.
            again: whether the memory of a band may be used again as soon as the next one is asked for.

        Yields:
            (rows, width, channels) of what `convert` returns; the rows add up to `height`.
        """
        self._prepare()
        if self._is_made_as_is() and self._derivation is None:
            return self._bands_of_blocks(top, left, height, width, convert, again)
        return self._bands_of_chunks(top, left, height, width, convert)

    def _prepare(self) -> None:
        """Compute the texture's constants before its first block, and all of it where that is made at once."""
        if self._constants is None:
            self._constants = self.engine.artifact.constants(self._inputs)
            self._period = self.engine.period(self._inputs)

    def _is_made_as_is(self) -> bool:
        return self._rows.step == self._columns.step == 1

    def _bands_of_blocks(
        self, top: int, left: int, height: int, width: int, convert: Convert, again: bool
    ) -> Generator[npt.NDArray[Any], None, None]:
        rows = list(self._rows.segments(top, height, self.engine.block_shape[0]))
        columns = list(self._columns.segments(left, width, self.engine.block_shape[1]))
        # a window longer than a short period meets the same pieces again
        targets: dict[tuple[int, int, int], list[slice]] = {}
        for column in columns:
            targets.setdefault(column.cut, []).append(column.target)
        different = {column.cut: column for column in columns}
        kinds_of_rows = {row.cut: row for row in rows}
        few = len(kinds_of_rows) * len(different) <= _FEW_PIECES
        pieces = in_order(
            (
                partial(self._piece, row, column, convert)
                for row in (kinds_of_rows.values() if few else rows)
                for column in different.values()
            ),
            self._blocks_at_once,
        )
        known: dict[Cut, list[npt.NDArray[Any]]] = {}
        used: npt.NDArray[Any] | None = None
        for row in rows:
            if few and row.cut not in known:
                known[row.cut] = [next(pieces) for _ in different]
            band = _joined(known[row.cut] if few else islice(pieces, len(different)), targets.values(), width, used)
            used = band if again else None
            yield band
            del band

    def _piece(self, row: Segment, column: Segment, convert: Convert) -> npt.NDArray[Any]:
        part = self._block(row.block, column.block)[row.within, column.within]
        height, width = self.engine.block_shape
        top, left = row.block * height + row.within.start, column.block * width + column.within.start
        return convert(self._finished(part, top, left))

    def _finished(self, texels: FloatArray, top: int, left: int) -> FloatArray:
        """Texels of the texture, at their place, as they are to be; they are changed in place."""
        np.clip(with_unit_normals(texels, self.header.maps), 0, 1, out=texels)
        return texels if self._finish is None else self._finish(texels, top, left)

    def _block(self, row: int, column: int) -> FloatArray:
        """A block of the grid, as the generator makes it."""
        height, width = self.engine.block_shape
        assert self._constants is not None
        if self._period is None:
            block = self.engine.block(self._inputs, row * height, column * width, height, width, self._constants)
        else:
            there = np.arange(row * height, (row + 1) * height), np.arange(column * width, (column + 1) * width)
            block = self._period.take(there[0], 0, mode="wrap").take(there[1], 1, mode="wrap")
        if not np.isfinite(block).all():
            raise EngineError(
                "the generator makes values that are not finite", expected="finite numbers", remedy="train it again"
            )
        return block

    def _made(self, top: int, left: int, height: int, width: int, *, overlaps: bool = False) -> FloatArray:
        """A window of what the generator makes, not clipped, in its own coordinates.

        Where it overlaps its neighbors, whole blocks are wanted again too.
        """
        result = np.empty((height, width, channels_of(self.header.maps)), np.float32)
        places: dict[tuple[int, int], list[tuple[Segment, Segment]]] = {}
        for row in self._rows.segments(top, height, self.engine.block_shape[0]):
            for column in self._columns.segments(left, width, self.engine.block_shape[1]):
                places.setdefault((row.block, column.block), []).append((row, column))
        for key, block in self._blocks(places):
            for row, column in places[key]:
                result[row.target, column.target] = block[row.within, column.within]
            if overlaps or any(row.is_part or column.is_part for row, column in places[key]):
                self._keep(key, block)
        return result

    def _blocks(self, keys: Iterable[tuple[int, int]]) -> Iterator[tuple[tuple[int, int], FloatArray]]:
        kept = [(key, self._kept[key]) for key in keys if key in self._kept]
        missing = [key for key in keys if key not in self._kept]
        yield from kept
        yield from zip(
            missing, in_order((partial(self._block, *key) for key in missing), self._blocks_at_once), strict=True
        )

    def _keep(self, key: tuple[int, int], block: FloatArray) -> None:
        """Remember a block of which only a part was used: a neighboring window will want the rest."""
        self._kept[key] = block
        self._kept.move_to_end(key)
        while len(self._kept) > self._most_kept:
            self._kept.popitem(last=False)

    def _bands_of_chunks(
        self, top: int, left: int, height: int, width: int, convert: Convert
    ) -> Generator[npt.NDArray[Any], None, None]:
        rows, columns = self._chunk_shape()
        # what a row of chunks has made is there when the next one begins, and no more than that
        high, wide = self.engine.block_shape
        row = (int(rows * self._rows.step) // high + 3) * (int(width * self._columns.step) // wide + 2)
        self._most_kept = row if height > rows else self._usually_kept
        for y in range(top, top + height, rows):
            high = min(rows, top + height - y)
            chunks = [
                convert(self._chunk(y, x, high, min(columns, left + width - x)))
                for x in range(left, left + width, columns)
            ]
            yield np.concatenate(chunks, axis=1)

    def _chunk(self, top: int, left: int, height: int, width: int) -> FloatArray:
        """Texels of all maps. What is derived follows from one texel more on each side."""
        if self._derivation is None:
            return self._finished(self._resampled(top, left, height, width), top, left)
        window = top - 1, left - 1, height + 2, width + 2
        made = self._made(*window, overlaps=True) if self._is_made_as_is() else self._resampled(*window)
        return self._derivation.of(self._finished(made, top - 1, left - 1))

    def _resampled(self, top: int, left: int, height: int, width: int) -> FloatArray:
        first_rows, row_weights = self._rows.taps(top, height)
        first_columns, column_weights = self._columns.taps(left, width)
        y, x = int(first_rows.min()), int(first_columns.min())
        bottom = int(first_rows.max()) + row_weights.shape[1]
        right = int(first_columns.max()) + column_weights.shape[1]
        source = self._made(y, x, bottom - y, right - x, overlaps=True)
        source = resample_axis(source, 0, first_rows - y, row_weights)
        return resample_axis(source, 1, first_columns - x, column_weights)

    def _chunk_shape(self) -> tuple[int, int]:
        """Rows and columns of a chunk: less where many of the generator's texels make one."""
        return (
            max(16, int(_CHUNK_ROWS / max(1, self._rows.step))),
            max(16, int(_CHUNK_COLUMNS / max(1, self._columns.step))),
        )


def _joined(
    pieces: Iterable[npt.NDArray[Any]],
    targets: Iterable[list[slice]],
    width: int,
    used: npt.NDArray[Any] | None = None,
) -> npt.NDArray[Any]:
    """Pieces side by side, each wherever it belongs, in the memory of a band that is done with, if there is one."""
    band: npt.NDArray[Any] | None = None
    for piece, places in zip(pieces, targets, strict=True):
        if band is None and used is not None and len(used) >= len(piece):
            band = used[: len(piece)]
        if band is None:
            band = np.empty((len(piece), width, *piece.shape[2:]), piece.dtype)
        for place in places:
            band[:, place] = piece
    assert band is not None
    return band


def too_little_memory(width: int, height: int) -> EngineError:
    """The error for a texture that does not fit."""
    return EngineError(
        f"memory does not suffice for {width}x{height}",
        expected="room for 4 bytes a channel and texel, and more",
        remedy="make a smaller texture, or write it to a PNG or TIFF file",
    )


def in_order(tasks: Iterable[Callable[[], Any]], workers: int) -> Iterator[Any]:
    """Results of tasks in their order, made a little ahead by several threads."""
    if workers == 1:
        yield from (task() for task in tasks)
        return
    pending: deque[Future[Any]] = deque()
    with ThreadPoolExecutor(workers, "texnet-block") as pool:
        try:
            for task in tasks:
                pending.append(pool.submit(task))
                if len(pending) > 4 * workers:
                    yield pending.popleft().result()
            while pending:
                yield pending.popleft().result()
        finally:
            for future in pending:
                future.cancel()

"""Pictures from files: large PNG and TIFF files strip by strip, all others as a whole."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from texnet_core.errors import ImageError
from texnet_core.mapset import FloatArray
from texnet_core.pictures.reading import reading, transparent
from texnet_core.pictures.strips import Strips, open_strips
from texnet_core.settings import MAX_SIZE
from texnet_core.stylization.content import Content, as_content, check_same_size, read_content
from texnet_core.stylization.islands import fill_hidden
from texnet_core.stylization.picture import Picture
from texnet_core.stylization.stores import Store, as_stored, as_values, bands_of, new_store

_WORTH_STRIPS = 2**22  # texels
_KINDS: dict[int, Any] = {8: np.uint8, 16: np.uint16, 0: np.float32}  # by depth
_MUCH = 2**26  # texels that take gigabytes when read as a whole


@contextmanager
def open_picture(path: Path, output: Path) -> Iterator[Picture]:
    """A picture whose texels can be had while the block runs.

    Args:
        path: of the picture.
        output: beside which a file for its texels may be made.

    Raises:
        ImageError: as `read_content`; one that is read in strips may have up to 65536 texels a side.
        OutputError: there is no room for the file.
    """
    strips = _strips(path)
    if strips is None:
        yield _read_whole(path)
        return
    with ExitStack() as stack:
        yield _read_strips(path, strips, output, stack)


@contextmanager
def open_strength(path: Path, output: Path, shape: tuple[int, int]) -> Iterator[Store]:
    """A strength map, (h, w, 1), while the block runs: the mean of a picture's colors, times its alpha.

    Args:
        path: of the map.
        output: beside which a file for its texels may be made.
        shape: height and width of the picture.

    Raises:
        ImageError: no picture, or one of another size.
        OutputError: there is no room for the file.
    """
    strips = _strips(path)
    size = None if strips is None else (strips.height, strips.width)
    parts = iter([read_content(path)]) if strips is None else _parts(strips)
    store: Store | None = None
    top = 0
    with ExitStack() as stack:
        while (part := _next(path, parts)) is not None:
            if store is None:
                check_same_size(f"the strength map {path}", size or part.values.shape, shape)
                store = stack.enter_context(new_store((*shape, 1), _KINDS[part.depth], output))
            store.write(top, as_stored(_strength(part), store.kind))
            top += len(part.values)
        assert store is not None
        yield store


def visible_texels(path: Path) -> Iterator[FloatArray]:
    """Colors of all texels of a picture that are not fully transparent, from top to bottom."""
    strips = _strips(path)
    if strips is None:
        yield from _read_whole(path).visible()
        return
    with reading(path):
        for part in _parts(strips):
            yield part.values if part.alpha is None else part.values[part.alpha > 0]


def _strips(path: Path) -> Strips | None:
    """Where it is a picture that is worth it."""
    with reading(path):
        strips = open_strips(path)
    if strips is None or strips.width * strips.height < _WORTH_STRIPS:
        return None
    if max(strips.width, strips.height) > MAX_SIZE:
        raise ImageError(
            f"{path} is too large, with {strips.width}x{strips.height} pixels",
            expected=f"at most {MAX_SIZE} a side",
            remedy="scale it down",
        )
    return strips


def _read_whole(path: Path) -> Picture:
    picture = read_content(path).picture
    if picture.shape[0] * picture.shape[1] >= _MUCH:
        picture.notes.append(
            "it was read as a whole, which takes much memory; PNG and most TIFF files are read in strips"
        )
    return picture


def _parts(strips: Strips) -> Iterator[Content]:
    return (as_content(decoded) for decoded in strips)


def _read_strips(path: Path, strips: Strips, output: Path, stack: ExitStack) -> Picture:
    """Unpack a picture once, to where any window of it can be had."""
    colors: Store | None = None
    alpha: Store | None = None
    notes: list[str] = []
    shape, top = (strips.height, strips.width), 0
    parts = _parts(strips)
    while (part := _next(path, parts)) is not None:
        if colors is None:
            notes = list(part.notes)
            kind = np.uint16 if strips.depth == 16 or notes else np.uint8  # converted colors are no whole 8 bits
            colors = stack.enter_context(new_store((*shape, 3), kind, output))
            if strips.has_alpha:
                alpha = stack.enter_context(new_store((*shape, 1), kind, output))
        colors.write(top, as_stored(part.values, colors.kind))
        if alpha is not None:
            opaque = np.ones(part.values.shape[:2], np.float32)
            alpha.write(top, as_stored(opaque if part.alpha is None else part.alpha, alpha.kind)[..., None])
        top += len(part.values)
    assert colors is not None
    if alpha is not None and not _has_holes(path, alpha):
        alpha = None
    if alpha is not None:
        fill_hidden(colors, alpha, strips.depth)
    return Picture(colors, alpha, strips.depth, notes)


def _next(path: Path, parts: Iterator[Content]) -> Content | None:
    with reading(path):
        return next(parts, None)


def _has_holes(path: Path, alpha: Store) -> bool:
    """Whether anything is not opaque; ImageError where nothing can be seen."""
    least, most = 1.0, 0.0
    for top, rows in bands_of(alpha.shape):
        band = as_values(alpha.window(top, 0, rows, alpha.shape[1]))
        least, most = min(least, float(band.min())), max(most, float(band.max()))
    if most == 0:
        raise transparent(path)
    return least < 1


def _strength(drawn: Content) -> FloatArray:
    values: FloatArray = drawn.values.mean(axis=2, keepdims=True)
    return values if drawn.alpha is None else values * drawn.alpha[..., None]

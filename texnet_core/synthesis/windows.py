"""Which windows of a plane there are: where coordinates end, and what no window is."""

import operator
from numbers import Integral
from typing import Any

from texnet_core.errors import Range, RequestError
from texnet_core.settings import MAX_SIZE

Region = tuple[int, int, int, int]  # x, y, width, height in texels

MAX_WINDOW_TEXELS = 2**28  # what may be asked for at once, as an array
MAX_COORDINATE = 2**28  # so that four times as many texels made, at the smallest scale, have noise of their own


def is_whole(number: Any) -> bool:
    """Whether it is a whole number, and no truth value."""
    return isinstance(number, Integral) and not isinstance(number, bool)


def checked_region(region: Any) -> Region:
    """The region, or RequestError where it is no four whole numbers, empty, too large or too far out."""
    try:
        numbers = tuple(region)
    except TypeError:
        numbers = ()
    if len(numbers) != 4 or not all(map(is_whole, numbers)):
        raise RequestError(
            f"{region!r} is not a region",
            expected="x, y, width, height",
            remedy="give x, y, width, height in whole texels",
        )
    x, y, width, height = (int(number) for number in numbers)
    if min(width, height) < 1:
        raise RequestError(
            f"a region of {width}x{height} is empty",
            expected=Range(1, MAX_SIZE),
            remedy="give a width and a height of at least 1",
        )
    if max(width, height) > MAX_SIZE:
        raise RequestError(
            f"a region of {width}x{height} is too large",
            expected=f"at most {MAX_SIZE} a side",
            remedy=f"make it in parts of at most {MAX_SIZE} a side",
        )
    check_stretch(x, width)
    check_stretch(y, height)
    return x, y, width, height


def check_stretch(start: int, count: int) -> None:
    """Raise RequestError where a side of a window is empty or lies where the plane has no names for its cells."""
    if count < 1:
        raise RequestError(
            f"a window of {count} texels is empty",
            expected=Range(1, None),
            remedy="give both ends, the larger one last",
        )
    if start < -MAX_COORDINATE or start + count > MAX_COORDINATE:
        raise RequestError(
            f"a window from {start} to {start + count} is out of range",
            expected=Range(-MAX_COORDINATE, MAX_COORDINATE),
            remedy="stay nearer to the origin",
        )


def sides_of(window: tuple[slice, slice]) -> tuple[int, int, int, int]:
    """(top, left, height, width) of two slices, rows first.

    Raises:
        RequestError: they are no two slices with both ends and without a step, or such a window is not there.
    """
    parts = window if isinstance(window, tuple) else (window,)
    if len(parts) != 2 or not all(isinstance(part, slice) and part.step in (None, 1) for part in parts):
        raise RequestError(
            "that is no window of a plane",
            expected="plane[y0:y1, x0:x1]",
            remedy="give two slices without a step: plane[y0:y1, x0:x1]",
        )
    stretches = []
    for part in parts:
        try:
            start, stop = operator.index(part.start), operator.index(part.stop)
        except TypeError:
            raise RequestError(
                f"{part.start}:{part.stop} is no window",
                expected="whole numbers",
                remedy="give both ends as whole numbers",
            ) from None
        check_stretch(start, stop - start)
        stretches.append((start, stop - start))
    (top, height), (left, width) = stretches
    return top, left, height, width

"""Masks of exemplars: what is hidden takes part in nothing.

Hidden colors go first, whatever they are: their texels get colors of visible ones, mirrored at the edge between both.
So nothing that comes later can depend on them, and what looks at a texel's surroundings, near the edge, sees more of
the surface there. These texels are then left out of every statistic.
"""

from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from texnet_core.errors import ImageError, Range
from texnet_core.mapset import FloatArray, MapSpec, Mask, with_unit_normals
from texnet_core.pictures.resizing import resize_exemplar, resize_mask
from texnet_core.settings import MIN_EXEMPLAR_SIDE

LEAST_TEXELS = MIN_EXEMPLAR_SIDE**2  # that must take part: as many as the smallest exemplar has

_FADE = 8  # texels over which a picture fades out towards what is hidden
_LEAST_FADED = 0.25  # of what is visible that must be left
_STRAY = 0.5  # beyond 0 to 1, as filters leave it; what strays farther has another scale
T = TypeVar("T", bound=np.generic)
_Integers = npt.NDArray[np.signedinteger[Any]]


def visible_part(
    image: FloatArray, mask: Mask | None, least: int = 0, channels: int = 3
) -> tuple[FloatArray, Mask | None]:
    """The smallest rectangle that holds all that is visible, without a color that is hidden.

    Args:
        image: (height, width, channels) in [0, 1] where it is visible.
        mask: (height, width), True where a texel takes part; None where all do.
        least: texels that each side of the rectangle has, as far as the picture goes.
        channels: of the picture.

    Returns:
        The picture, and its mask, None where all of it is visible.

    Raises:
        ImageError: this is no picture, or the mask is no mask of it or hides all of it.
    """
    check_picture(image, mask, channels)
    if mask is None:
        return image, None
    inside = _bounds(mask, least)
    image, mask = image[inside], mask[inside]
    return (np.ascontiguousarray(image), None) if mask.all() else (_filled(image, mask), np.ascontiguousarray(mask))


def visible_share(mask: Mask | None) -> float:
    """How much of a picture its mask shows."""
    return 1.0 if mask is None else float(mask.mean())


def visible_sides(shape: tuple[int, ...], mask: Mask | None, least: int = 0) -> tuple[int, int]:
    """Height and width of what `visible_part` leaves of a picture of this shape."""
    if mask is None:
        return shape[0], shape[1]
    rows, columns = _bounds(mask, least)
    return rows.stop - rows.start, columns.stop - columns.start


def _kind(value: object) -> str:
    return f"{value.dtype} {value.shape}" if isinstance(value, np.ndarray) else type(value).__name__


def check_picture(image: FloatArray, mask: Mask | None, channels: int = 3) -> None:
    """Raise ImageError for what is no picture, as scripts may give it, for no mask of it, and for one that hides all.

    What is a little out of range does no harm.
    """
    if not isinstance(image, np.ndarray) or image.ndim != 3 or image.shape[2] != channels or image.dtype.kind != "f":
        raise ImageError(
            f"the picture is {_kind(image)}",
            expected=f"floats (height, width, {channels})",
            remedy=f"give floats (height, width, {channels}) from 0 to 1, as read_exemplar does",
        )
    if 0 in image.shape:
        raise ImageError("the picture has no texels", expected="a picture", remedy="give one with texels")
    if mask is not None and not (
        isinstance(mask, np.ndarray) and mask.shape == image.shape[:2] and mask.dtype == np.bool_
    ):
        raise ImageError(
            f"the mask is {_kind(mask)}, and the picture has {image.shape[1]}x{image.shape[0]} texels",
            expected="a truth for each texel",
            remedy="give bool (height, width) of the picture's size",
        )
    if mask is not None and not mask.any():
        raise ImageError(
            "the mask hides all of the picture", expected="True where a texel takes part", remedy="invert the mask"
        )
    colors = image if mask is None else image[mask]
    low, high = (float(colors.min()), float(colors.max())) if colors.size else (0.0, 0.0)
    if not (low >= -_STRAY and high <= 1 + _STRAY):  # as no number is
        raise ImageError(
            f"the picture has values from {low:g} to {high:g}",
            expected=Range(0, 1),
            remedy="scale them to the range from 0 to 1, and hide what is no color with a mask",
        )


def _bounds(mask: Mask, least: int) -> tuple[slice, slice]:
    return _stretch(mask.any(axis=1), least), _stretch(mask.any(axis=0), least)


def _stretch(seen: npt.NDArray[np.bool_], least: int) -> slice:
    """From the first that is seen to the last, and as far on both sides as it takes to be no shorter than `least`."""
    places = np.flatnonzero(seen)
    start, stop = int(places[0]), int(places[-1]) + 1
    length = max(stop - start, min(least, len(seen)))
    start = min(max(0, start - (length - (stop - start)) // 2), len(seen) - length)
    return slice(start, start + length)


def resized(image: FloatArray, mask: Mask | None, size: int) -> tuple[FloatArray, Mask | None]:
    """A picture and its mask at a short side of `size`; see `resize_exemplar`. The mask is None where it hides nothing.

    Raises:
        ImageError: the picture is smaller than `size`.
    """
    small = resize_exemplar(image, size)
    small_mask = None if mask is None else resize_mask(mask, size)
    return small, None if small_mask is None or small_mask.all() else small_mask


def resized_maps(
    image: FloatArray, mask: Mask | None, size: int, maps: tuple[MapSpec, ...]
) -> tuple[FloatArray, Mask | None]:
    """The same for several maps, (height, width, channels), whose normals stay of length one."""
    small, small_mask = resized(image, mask, size)
    return with_unit_normals(small, maps), small_mask


def check_enough(mask: Mask | None) -> None:
    """Raise ImageError where fewer than `LEAST_TEXELS` texels of an exemplar take part."""
    if mask is not None and (left := int(mask.sum())) < LEAST_TEXELS:
        raise too_few(f"{left} of {mask.size} texels", f"at least {LEAST_TEXELS}")


def too_few(left: str, expected: str) -> ImageError:
    """What to raise where too little of an exemplar is visible."""
    found = f"the mask leaves only {left} of the exemplar"
    return ImageError(found, expected=expected, remedy="show more of the surface, or use a larger exemplar size")


def told(exemplar: FloatArray, mask: Mask | None, share: float) -> str:
    """What to tell the user: `share` of the picture is visible, and so many texels are left of the exemplar."""
    texels = exemplar.shape[0] * exemplar.shape[1]
    left = texels if mask is None else int(mask.sum())
    return f"{share:.0%} of the picture takes part: {left} of {texels} texels of the exemplar"


def texels_of(values: npt.NDArray[T], mask: Mask | None) -> npt.NDArray[T]:
    """(height, width, ...) to (texels, 1, ...) of those that take part; all as they are where there is no mask."""
    return values if mask is None else values[mask][:, None]


def faded(mask: Mask) -> FloatArray:
    """Weights in [0, 1] for spectra, (height, width): 0 where hidden, 1 where all is visible for some texels around.

    A hard edge would look like detail. Where hidden texels are everywhere, nothing would be left, and it stays hard.
    """
    around = mask.astype(np.float64)
    for axis in (0, 1):
        around = _box_blurred(around, axis)
    weights = np.where(mask, np.maximum(2 * around - 1, 0), 0)
    return (weights if weights.sum() >= _LEAST_FADED * mask.sum() else mask).astype(np.float32)


def _box_blurred(values: npt.NDArray[np.float64], axis: int) -> npt.NDArray[np.float64]:
    """The mean over `_FADE` texels to both sides; beyond the borders lies more of what is at them."""
    width = [(_FADE + 1, _FADE) if each == axis else (0, 0) for each in range(2)]
    sums = np.pad(values, width, mode="edge").cumsum(axis)
    count, last = 2 * _FADE + 1, sums.shape[axis]
    high, low = np.arange(count, last), np.arange(0, last - count)
    blurred: npt.NDArray[np.float64] = (sums.take(high, axis) - sums.take(low, axis)) / count
    return blurred


def _filled(image: FloatArray, mask: Mask) -> FloatArray:
    """Each hidden texel as the visible one that it mirrors, along its row or its column, in the nearest edge.

    A strip of visible texels that is narrower than what it is to fill is mirrored back and forth.
    """
    height, width = mask.shape
    texels, seen = image.reshape(height * width, -1).copy(), mask.copy()
    while not seen.all():  # a second time where a whole row and a whole column were hidden
        rows, columns = np.nonzero(~seen)
        sources, costs = np.zeros(len(rows), np.int64), np.full(len(rows), np.inf)
        for lines, places, view in ((rows, columns, seen), (columns, rows, seen.T)):
            last = view.shape[1] - 1
            for backward in (False, True):
                if backward:
                    found, cost = _mirrored(view[:, ::-1], lines, last - places)
                    found = last - found
                else:
                    found, cost = _mirrored(view, lines, places)
                nearer = cost < costs
                flat = lines * width + found if view is seen else found * width + lines
                sources[nearer], costs[nearer] = flat[nearer], cost[nearer]
        known = np.isfinite(costs)
        texels[(rows * width + columns)[known]] = texels[sources[known]]
        seen[rows[known], columns[known]] = True
    return texels.reshape(image.shape)


def _mirrored(seen: Mask, lines: _Integers, places: _Integers) -> tuple[_Integers, npt.NDArray[np.float64]]:
    """What hidden texels mirror of the visible ones before them on their lines.

    Args:
        seen: (lines, length).
        lines: of each hidden texel.
        places: of each along its line.

    Returns:
        The places of their images, and how far they had to be sought: infinitely where nothing is visible before them.
    """
    along = np.arange(seen.shape[1], dtype=np.int32)
    edges = np.maximum.accumulate(np.where(seen, along, -1), axis=1)[lines, places]
    gaps = np.maximum.accumulate(np.where(seen, -1, along), axis=1)[lines, edges]
    strips, distances = np.maximum(edges - gaps, 1), places - edges - 1
    turns, inside = np.divmod(distances, strips)
    found = edges - np.where(turns % 2, strips - 1 - inside, inside)
    return found, np.where(edges < 0, np.inf, (1.0 + distances) * (1 + turns))

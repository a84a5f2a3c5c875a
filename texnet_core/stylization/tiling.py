"""Whether a picture tiles: whether its edges meet as well as neighbors inside it do."""

from collections.abc import Sequence

import numpy as np

from texnet_core.mapset import FloatArray
from texnet_core.stylization.picture import Picture
from texnet_core.stylization.request import Wrap
from texnet_core.stylization.stores import as_values

_STRIPS, _STRIP_TEXELS = 16, 16
_LEAST_SIDE = 16
_USUAL, _CHANCE = 0.98, 1.15  # the share of steps inside that are no larger; what chance may add to these
_ONE_LEVEL = 1 / 255
_OF_ONE_COLOR = 4 / 255  # the most spread of such a line, with what JPEG adds
_SEEN = 0.5  # of both edges
_BANDS = 8  # across the axis, whose colors are compared
_FAR = 1.6  # times the most between neighboring bands inside the picture; among those of presets, 1.44 is the most
_SOME_LEVELS = 5 / 255  # by which bands at both edges may always differ


def tiling_axes(picture: Picture) -> Wrap:
    """The axes along which a picture tiles, as far as its texels show it.

    Along an axis it does where the step from the last row or column to the first is like those inside: no larger than
    98% of them, give or take chance, or than one level of 255. The broad bands at both edges must be like neighbors,
    too: sky above and ground below are not, even where the step between them is no harder than the outlines inside.
    Edges of one color tell only where there are such lines inside as well: joints of bricks are, a frame is not. Edges
    that are mostly hidden do not tell. Strips of it are looked at. Of the presets' textures, shifted or not, no axis is
    missed; of 318 axes of photographs, some 12 are taken for tiling.
    """
    axes = "".join(name for name, axis in (("x", 1), ("y", 0)) if _tiles(picture, axis))
    return axes or "none"  # type: ignore[return-value]


def _tiles(picture: Picture, axis: int) -> bool:
    length, breadth = picture.shape[axis], picture.shape[1 - axis]
    if length < _LEAST_SIDE:
        return False
    strips: list[FloatArray] = []
    for number in range(_STRIPS):
        start = max(0, (2 * number + 1) * breadth // (2 * _STRIPS) - _STRIP_TEXELS // 2)
        count = min(_STRIP_TEXELS, breadth - start)
        window = (start, 0, count, length) if axis == 1 else (0, start, length, count)
        values = as_values(picture.colors.window(*window))
        if picture.alpha is not None:
            hidden = picture.alpha.window(*window)[..., 0] == 0
            values = np.where(hidden[..., None], np.float32(np.nan), values)
        strips.append(values if axis == 1 else values.swapaxes(0, 1))
    lines = np.concatenate(strips)
    across = np.abs(lines[:, 0] - lines[:, -1])
    known = np.isfinite(across)
    if known.mean() < _SEEN:
        return False
    if _is_framed(lines):
        return False
    steps = np.abs(np.diff(lines, axis=1))
    counts = np.isfinite(steps).sum(axis=(0, 2))
    inside = np.nansum(steps, axis=(0, 2))[counts > 0] / counts[counts > 0]
    if not len(inside):  # no two texels side by side can be seen
        return False
    if across[known].mean() > max(_CHANCE * float(np.quantile(inside, _USUAL)), _ONE_LEVEL):
        return False
    return _bands_go_on(strips)


def _is_framed(lines: FloatArray) -> bool:
    """Whether both edges are of one color, each, and no line between them is; (breadth, length, 3)."""
    seen = np.isfinite(lines).any(axis=(0, 2))
    varied = np.ones(lines.shape[1], bool)
    varied[seen] = np.nanstd(lines[:, seen], axis=0).max(axis=1) > _OF_ONE_COLOR
    inner = np.flatnonzero(varied)
    if varied[0] or varied[-1]:
        return False
    return not len(inner) or bool(varied[inner[0] : inner[-1]].all())


def _bands_go_on(strips: Sequence[FloatArray]) -> bool:
    """Whether broad bands at the two ends of strips, (breadth, length, 3) each, differ like neighbors inside."""
    bands = np.array([[_mean(part) for part in np.array_split(strip, _BANDS, axis=1)] for strip in strips])
    differences = np.abs(bands - np.roll(bands, 1, axis=1)).transpose(1, 0, 2)
    ends, *inside = (_mean(difference).mean() for difference in differences)
    most = max((difference for difference in inside if np.isfinite(difference)), default=0.0)
    return not ends > max(_FAR * most, _SOME_LEVELS)  # where nothing of one end is seen, neither tells


def _mean(values: FloatArray) -> FloatArray:
    """Of those that are known, over all axes but the last; NaN where none is."""
    axes = tuple(range(values.ndim - 1))
    with np.errstate(invalid="ignore"):
        result: FloatArray = np.nansum(values, axis=axes) / np.isfinite(values).sum(axis=axes)
    return result

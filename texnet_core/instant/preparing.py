"""An exemplar as those who make a generator of it at once want it. Works without Pillow, which Blender lacks."""

import importlib.util
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from texnet_core.errors import Range, RequestError
from texnet_core.mapset import HALF, FloatArray, Mask
from texnet_core.model.real_size import check_size_m, short_side_m
from texnet_core.pictures.masks import told, visible_part, visible_share, visible_sides
from texnet_core.pictures.resizing import check_short_side
from texnet_core.pictures.surface import check_surface, find_warnings, flatten_lighting
from texnet_core.settings import MIN_EXEMPLAR_SIDE, ExemplarSettings
from texnet_core.synthesis.resampling import resized

_ENOUGH = 2**20  # texels that tell what all of a picture is like
_WARNED_SIDE = 1024  # texels of the short side, twice of what warnings look at

Announce = Callable[[str], None]


def prepared(
    image: FloatArray, mask: Mask | None, settings: ExemplarSettings, announce: Announce
) -> tuple[FloatArray, Mask | None]:
    """The part of a picture that is visible, at the size that was asked for, and its mask.

    Args:
        image: (height, width, 3) sRGB in [0, 1].
        mask: (height, width), True where a texel takes part; None where all do.
        settings: how it is taken.
        announce: called with a sentence about whatever the user should know of it.

    Raises:
        RequestError: the size that was asked for is too small.
        ImageError: it is no picture, too small, of one color, or too little of it is visible.
    """
    wanted, whole = settings.exemplar_size, mask
    if 0 < wanted < MIN_EXEMPLAR_SIDE:
        raise RequestError(
            f"exemplar size {wanted} is too small",
            expected=Range(MIN_EXEMPLAR_SIDE, None),
            remedy="use a larger one, or 0 for the picture as it is",
        )
    image, mask = visible_part(image, mask, wanted or MIN_EXEMPLAR_SIDE)
    check_short_side(image, max(wanted, MIN_EXEMPLAR_SIDE))
    image, mask = scaled(image, mask, wanted) if wanted else (image, mask)
    check_surface(*thinned(image, mask))
    if importlib.util.find_spec("PIL"):
        for warning in find_warnings(*_averaged(image, mask), flatten=settings.flatten):
            announce(warning)
    if (share := visible_share(whole)) < 1:
        announce(told(image, mask, share))
    return (flatten_lighting(image, mask), mask) if settings.flatten else (image, mask)


def thinned(image: FloatArray, mask: Mask | None) -> tuple[FloatArray, Mask | None]:
    """About a million texels that stand for all, and their mask: of large pictures one of so many, down and across."""
    step = max(1, math.isqrt(image.shape[0] * image.shape[1] // _ENOUGH))
    return image[::step, ::step], None if mask is None else mask[::step, ::step]


def averaged(values: npt.NDArray[Any], factor: int) -> FloatArray:
    """Means over squares of so many texels; what is left over at the lower and the right border is cut."""
    rows, columns = (side // factor for side in values.shape[:2])
    part = values[: rows * factor, : columns * factor].astype(np.float32, copy=False)
    down = part.reshape(rows, factor, -1).mean(axis=1)  # first, for whole rows are added at once
    means: FloatArray = down.reshape(rows, columns, factor, -1).mean(axis=2)
    return means


def _averaged(image: FloatArray, mask: Mask | None) -> tuple[FloatArray, Mask | None]:
    """The same at a size that shows all that warnings are about."""
    factor = max(1, min(image.shape[:2]) // _WARNED_SIDE)
    if factor == 1:
        return image, mask
    return averaged(image, factor), None if mask is None else averaged(mask, factor)[..., 0] >= HALF


def scaled(image: FloatArray, mask: Mask | None, side: int) -> tuple[FloatArray, Mask | None]:
    """A picture and its mask at a short side of `side` texels; the mask is None where it hides nothing."""
    height, width = image.shape[:2]
    if min(height, width) == side:
        return image, mask
    scale = side / min(height, width)
    target = (max(side, round(width * scale)), max(side, round(height * scale)))
    small = resized(image, *target, "none")
    if mask is None:
        return small, None
    small_mask = resized(mask[..., None].astype(np.float32), *target, "none")[..., 0] >= HALF
    return small, None if small_mask.all() else small_mask


def size_m(shape: tuple[int, ...], mask: Mask | None, settings: ExemplarSettings) -> float | None:
    """Meters along the short side of what is visible of a picture of that shape; None where its width is not known."""
    if not settings.real_width:
        return None
    check_size_m(settings.real_width, "the real width of a picture")
    height, width = visible_sides(shape, mask, settings.exemplar_size or MIN_EXEMPLAR_SIDE)
    return short_side_m(settings.real_width * (width / shape[1]), height, width)

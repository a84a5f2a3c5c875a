"""Crops of the exemplar against each other: how far apart two pictures of the same surface lie.

No distance of a sample from the exemplar need be smaller than this, so it is the reference of every distance.
"""

import itertools
import statistics
from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt

from texnet_core.mapset import FloatArray, Mask
from texnet_core.pictures.resizing import resize_exemplar, resize_mask

Masks = tuple[Mask | None, Mask | None]  # which texels of a picture and of the exemplar take part; None: all do
ALL: Masks = (None, None)

A = TypeVar("A", bound=np.generic)
T = TypeVar("T")

_LEAST_VISIBLE = 0.5  # of a crop


class Crop(NamedTuple):
    """A part of the exemplar, (H, W, 3), and which texels of it take part, (H, W); None: all do."""

    image: FloatArray
    mask: Mask | None = None


def quadrants(exemplar: FloatArray, size: int = 256) -> list[FloatArray]:
    """The four quadrants of the exemplar's middle square, scaled so that each is (size, size, 3).

    Args:
        exemplar: (H, W, 3) in [0, 1], at least twice `size` on the short side.
        size: side of a quadrant in texels.

    Raises:
        ImageError: the exemplar is too small.
    """
    return quarters(resize_exemplar(exemplar, 2 * size), size)


def visible_quadrants(exemplar: FloatArray, mask: Mask | None, size: int) -> list[Crop]:
    """The quadrants of which at least half is visible; none where these are fewer than two. See `quadrants`."""
    images = quadrants(exemplar, size)
    if mask is None:
        return [Crop(image) for image in images]
    masks = quarters(resize_mask(mask, 2 * size), size)
    crops = [Crop(*both) for both in zip(images, masks, strict=True) if both[1].mean() >= _LEAST_VISIBLE]
    return crops if len(crops) > 1 else []


def quarters(square: npt.NDArray[A], size: int) -> list[npt.NDArray[A]]:
    """Four squares of that side around the middle of a picture or of its mask."""
    top, left = ((side - 2 * size) // 2 for side in square.shape[:2])
    return [square[y : y + size, x : x + size] for y in (top, top + size) for x in (left, left + size)]


def middle(exemplar: npt.NDArray[A], side: int) -> npt.NDArray[A]:
    """What is in the middle of the exemplar or of its mask, at most `side` texels a side: as much as a sample shows."""
    top, left = (max(0, length - side) // 2 for length in exemplar.shape[:2])
    return exemplar[top : top + side, left : left + side]


def halves(exemplar: npt.NDArray[A]) -> tuple[npt.NDArray[A], npt.NDArray[A]]:
    """The exemplar, or its mask, cut across its long side into about halves."""
    height, width = exemplar.shape[:2]
    if height >= width:
        return exemplar[: height // 2], exemplar[height // 2 :]
    return exemplar[:, : width // 2], exemplar[:, width // 2 :]


def mean_of_pairs(items: Sequence[T], distance: Callable[[T, T], float]) -> float:
    """The mean over all pairs of two or more, of a distance that is the same both ways."""
    return statistics.fmean(distance(first, second) for first, second in itertools.combinations(items, 2))


def mean_both_ways(items: Sequence[T], distance: Callable[[T, T], float]) -> float:
    """The mean over all pairs of two or more, each taken both ways."""
    return statistics.fmean(distance(first, second) for first, second in itertools.permutations(items, 2))

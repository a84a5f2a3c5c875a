"""Crops of the exemplar against each other: how far apart two pictures of the same surface lie.

No distance of a sample from the exemplar need be smaller than this, so it is the reference of every distance.
"""

import itertools
import statistics
from collections.abc import Callable, Sequence
from typing import TypeVar

from texnet_core.mapset import FloatArray
from texnet_core.pictures.resizing import resize_exemplar

T = TypeVar("T")


def quadrants(exemplar: FloatArray, size: int = 256) -> list[FloatArray]:
    """The four quadrants of the exemplar's middle square, scaled so that each is (size, size, 3).

    Args:
        exemplar: (H, W, 3) in [0, 1], at least twice `size` on the short side.
        size: side of a quadrant in texels.

    Raises:
        ImageError: the exemplar is too small.
    """
    scaled = resize_exemplar(exemplar, 2 * size)
    top, left = ((side - 2 * size) // 2 for side in scaled.shape[:2])
    return [scaled[y : y + size, x : x + size] for y in (top, top + size) for x in (left, left + size)]


def middle(exemplar: FloatArray, side: int) -> FloatArray:
    """What is in the middle of the exemplar, at most (side, side, 3): as much of the surface as a sample shows."""
    top, left = (max(0, length - side) // 2 for length in exemplar.shape[:2])
    return exemplar[top : top + side, left : left + side]


def halves(exemplar: FloatArray) -> tuple[FloatArray, FloatArray]:
    """The exemplar cut across its long side; (H, W, 3) each about half."""
    height, width = exemplar.shape[:2]
    if height >= width:
        return exemplar[: height // 2], exemplar[height // 2 :]
    return exemplar[:, : width // 2], exemplar[:, width // 2 :]


def mean_of_pairs(items: Sequence[T], distance: Callable[[T, T], float]) -> float:
    """The mean over all pairs of two or more, of a distance that is the same both ways."""
    return statistics.fmean(distance(first, second) for first, second in itertools.combinations(items, 2))

"""The repeats of a grid of tiles: their mean, how they differ, and which repeats of a sample should differ how.

Nothing in a texture's statistics says where in the phases of the waves its joints should lie, so that a run puts them
anywhere, and noise that has one value a repeat changes in the middle of a tile, where it is of no use. Therefore it is
found in the exemplar where repeats begin, and a run starts from samples drawn towards its mean repeat in these places.

Source: near-regular textures as a lattice of tiles and what each departs from it by, after Liu et al. 2004,
"Near-Regular Texture Analysis and Manipulation". Differs: the lattice is found without help; departures are principal
components of whole tiles; nothing is copied, for a generator only starts from these.
"""

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from texnet_core.mapset import HALF, FloatArray, Mask
from texnet_core.model.noise import NoisePlane
from texnet_core.patterns.repeats import Stretch, numbered_repeats, places_in_repeats, sides_of_repeats
from texnet_core.patterns.waves import Grid
from texnet_core.pictures.masks import texels_of

Origin = tuple[int, int]

_CYCLE = 2**32
_WHOLE = 0.9  # of the largest repeat's texels: what is cut by the border has other colors
_TONED = 0.5  # of the variance between repeats that may be left between what lies across four of them
_MIDDLE = 0.25  # of a repeat to both sides of its middle
_LEAST_TONE = 2 / 255  # standard deviation of repeats' colors, a channel; less is hardly seen
_STEPS = 24  # of a search along one wave; the second round divides one of the first into as many
_SEARCHED_SIDE = 512  # texels; for larger pictures fewer will do to find where repeats begin


class MeanRepeat:
    """The mean of an image's repeats, and what they differ from it in most: tone, as a rule.

    Args:
        image: (height, width, channels).
        waves: of its grid, in cycles per texel of the image.
        origin: where its repeats begin; see `origin_of_tiles`.
        components: how many principal components of the repeats to keep.
        mask: (height, width), True where a texel takes part; None where all do.

    Attributes:
        tone_variance: of the repeats' mean colors, summed over the channels.
    """

    def __init__(
        self, image: FloatArray, waves: Grid, origin: Origin, components: int, mask: Mask | None = None
    ) -> None:
        self._sides = _sides(waves)
        stretches = _stretches(image)
        cells, count = _cells(places_in_repeats(waves, origin, *stretches), self._sides)
        names = numbered_repeats(waves, origin, *stretches)
        cells, names, image = _visible(mask, cells, names, image)
        mean = _averaged(cells, image, count)
        self._mean = np.where(np.isnan(mean), image.mean(axis=(0, 1)), mean)
        texels = np.bincount(names.ravel())
        whole = np.flatnonzero(texels > _WHOLE * texels.max())
        seen = np.isin(names, whole)
        numbers = np.searchsorted(whole, names[seen])
        each = _averaged(numbers * count + cells[seen], image[seen], len(whole) * count)
        differences = np.nan_to_num(each.reshape(len(whole), count, -1) - self._mean)
        differences -= differences.mean(axis=0)
        spread = differences.mean(axis=1).var(axis=0)
        self.tone_variance = float(np.maximum(spread, _LEAST_TONE**2).sum())
        flat = differences.reshape(len(differences), -1)
        axes = np.linalg.svd(flat, full_matrices=False)[2][:components]
        # signs are the library's choice, and a run may go on with another one
        axes *= np.sign(axes[np.arange(len(axes)), np.abs(axes).argmax(axis=1)])[:, None]
        self._components = axes.reshape(-1, *self._mean.shape)
        self._scores = np.sort(axes @ flat.T, axis=1)

    def laid_out(self, plane: NoisePlane, size: int) -> FloatArray:
        """An image (size, size, channels) of such repeats, where the plane has its own, each of another kind.

        What a repeat has of each component follows from its noise, and is distributed as in the image.
        """
        cells, _ = _cells(plane.places_in_repeats(size, size), self._sides)
        laid = self._mean[cells]
        ranks = (np.arange(self._scores.shape[1]) + 0.5) / self._scores.shape[1]
        noise = plane.window(0, 0, 0, size, size)[-plane.repeat_channels :]
        for values, component, scores in zip(noise, self._components, self._scores, strict=False):
            laid += np.interp(values, ranks, scores)[..., None] * component[cells]
        return laid.astype(np.float32)


def origin_of_tiles(image: FloatArray, waves: Grid, mask: Mask | None = None) -> Origin | None:
    """Where repeats begin, as for `repeats`; None where they have no tones of their own, as tiles do.

    Repeats that do are most unlike each other where they begin at joints. Cut half a repeat further along both waves
    they would be means of four, unless it is patches of light or dirt that lie across many.

    Args:
        image: (height, width, channels).
        waves: of its grid, in cycles per texel of the image.
        mask: (height, width), True where a texel takes part; None where all do.
    """
    level = max(0, math.ceil(math.log2(min(image.shape[:2]) / _SEARCHED_SIDE)))
    small = _halved(image, level)
    small_mask = None if mask is None else _halved(mask[..., None], level)[..., 0] >= HALF
    stretches = _stretches(small, level)
    cells, count = _cells(places_in_repeats(waves, (0, 0), *stretches), _sides(waves, level))
    cells, small = _visible(small_mask, cells, small)
    departures = small - _averaged(cells, small, count)[cells]  # joints are no departures, but tones are

    def spread(origin: Origin) -> float:
        """The variance of the mean departures of repeats."""
        (names,) = _visible(small_mask, numbered_repeats(waves, origin, *stretches))
        means = np.nan_to_num(_averaged(names, departures))
        return float((np.bincount(names.ravel()) @ means**2).mean() / names.size)

    first, second = 0, 0
    for step in (_CYCLE // _STEPS, _CYCLE // _STEPS**2):
        reach = range(-_STEPS // 2 * step, _STEPS // 2 * step, step)
        first, _ = max((((first + move) % _CYCLE, second) for move in reach), key=spread)
        _, second = max(((first, (second + move) % _CYCLE) for move in reach), key=spread)
    across = ((first + _CYCLE // 2) % _CYCLE, (second + _CYCLE // 2) % _CYCLE)
    if spread(across) >= _TONED * spread((first, second)):
        return None
    names = numbered_repeats(waves, (first, second), *stretches)
    names, *places = _visible(small_mask, names, *places_in_repeats(waves, (first, second), *stretches))
    tone = _shared_variance(departures, names, np.stack(places), has_holes=mask is not None)
    return (first, second) if tone > _LEAST_TONE**2 else None


def _shared_variance(
    departures: FloatArray, names: npt.NDArray[np.int64], places: npt.NDArray[np.float64], *, has_holes: bool
) -> float:
    """The covariance, over whole repeats, of the mean departures of the quarters of their middles.

    All of a tile has its tone. Where repeats are no whole texels, some have more of a joint, but not in their middles;
    and if one quarter has more of an edge within the repeat than in other repeats, then others have less.
    """
    texels = np.bincount(names.ravel())
    middle = (np.abs(places - 0.5) < _MIDDLE).all(axis=0)
    quarters = (4 * names + 2 * (places[0] >= 0.5) + (places[1] >= 0.5))[middle]
    means = _averaged(quarters, departures[middle], 4 * len(texels)).reshape(len(texels), 4, -1)
    means = means[texels > _WHOLE * texels.max()]
    if has_holes:  # a quarter may be hidden
        means = means[np.isfinite(means).all(axis=(1, 2))]
        if not len(means):
            return 0.0
    means -= means.mean(axis=0)
    pairs = means.sum(axis=1) ** 2 - (means**2).sum(axis=1)
    return float(np.nan_to_num(pairs).mean() / 12)


def _sides(waves: Grid, level: int = 0) -> tuple[int, int]:
    """How many cells of a level a repeat spans, across rows and along them."""
    first, second = (max(1, round(side / 2**level)) for side in sides_of_repeats(waves))
    return first, second


def _cells(places: npt.NDArray[np.float64], sides: tuple[int, int]) -> tuple[npt.NDArray[np.int64], int]:
    """Places in a repeat as numbers of the cells that it is divided into, and how many of these there are."""
    first, second = ((place * side).astype(np.int64) for place, side in zip(places, sides, strict=True))
    cells: npt.NDArray[np.int64] = first * sides[1] + second
    return cells, math.prod(sides)


def _visible(mask: Mask | None, *parts: npt.NDArray[Any]) -> tuple[npt.NDArray[Any], ...]:
    """Of each (height, width, ...) the texels that take part, (texels, 1, ...); as they are where there is no mask."""
    return tuple(texels_of(part, mask) for part in parts)


def _stretches(image: FloatArray, level: int = 0) -> tuple[Stretch, Stretch]:
    height, width = image.shape[:2]
    return Stretch(level, 0, height, None), Stretch(level, 0, width, None)


def _halved(image: npt.NDArray[Any], times: int) -> FloatArray:
    """The image averaged over squares of 2^times texels; what is left over at the lower and right border is cut."""
    side = 2**times
    height, width = (length // side for length in image.shape[:2])
    squares = image[: height * side, : width * side].reshape(height, side, width, side, -1)
    averaged: FloatArray = squares.mean(axis=(1, 3))
    return averaged


def _averaged(names: npt.NDArray[np.int64], image: FloatArray, least: int = 0) -> npt.NDArray[np.float64]:
    """The mean color of all texels of one name, (names, channels); not a number where there are none.

    Args:
        names: (...), from 0 on.
        image: (..., channels).
        least: number of names.
    """
    flat = names.ravel()
    sums = [np.bincount(flat, band, least) for band in image.reshape(len(flat), -1).T]
    with np.errstate(invalid="ignore"):
        return np.stack(sums, axis=1) / np.bincount(flat, minlength=least)[:, None]

"""The repeats of a grid of tiles: their mean, how they differ, and which repeats of a sample should differ how.

Nothing in a texture's statistics says where in the phases of the waves its joints should lie, so that a run puts them
anywhere, and noise that has one value a repeat changes in the middle of a tile, where it is of no use. Therefore it is
found in the exemplar where repeats begin, and a run starts from samples drawn towards its mean repeat in these places.
"""

import math

import numpy as np
import numpy.typing as npt

from texnet_core.lattice import Wave
from texnet_core.noise import NoisePlane
from texnet_core.repeats import Stretch, numbered_repeats, places_in_repeats

Floats = npt.NDArray[np.float32]
_Grid = tuple[tuple[Wave, Wave], tuple[int, int], Stretch, Stretch]

_CYCLE = 2**32
_WHOLE = 0.9  # of the largest repeat's texels: what is cut by the border has other colours
_TONED = 0.5  # of the variance between repeats that may be left between what lies across four of them
_ROUNDS = 2  # of the search for where repeats begin, along both waves in turn


class MeanRepeat:
    """The mean of a picture's repeats, and what they differ from it in most: tone, as a rule.

    Args:
        picture: (height, width, channels).
        waves: of its grid, in cycles per texel of the picture.
        components: how many principal components of the repeats to keep.

    Attributes:
        tone_variance: of the repeats' mean colours, summed over the channels.
    """

    def __init__(self, picture: Floats, waves: tuple[Wave, Wave], components: int) -> None:
        self._sides = tuple(max(1, round(1 / math.hypot(*wave))) for wave in waves)
        rows, columns = (Stretch(0, 0, side, None) for side in picture.shape[:2])
        grid = (waves, _beginning(picture, waves, rows, columns), rows, columns)
        cells, names = self._cells(places_in_repeats(*grid)), numbered_repeats(*grid)
        count = math.prod(self._sides)
        mean = _averaged(cells, picture, count)
        self._mean = np.where(np.isnan(mean), picture.mean(axis=(0, 1)), mean)
        texels = np.bincount(names.ravel())
        each = _averaged(names * count + cells, picture, len(texels) * count).reshape(len(texels), count, -1)
        differences = np.nan_to_num(each - self._mean)[texels > _WHOLE * texels.max()]
        differences -= differences.mean(axis=0)
        self.tone_variance = float(differences.mean(axis=1).var(axis=0).sum())
        flat = differences.reshape(len(differences), -1)
        axes = np.linalg.svd(flat, full_matrices=False)[2][:components]
        self._components = axes.reshape(-1, *self._mean.shape)
        self._scores = np.sort(axes @ flat.T, axis=1)

    def laid_out(self, plane: NoisePlane, size: int) -> Floats:
        """A picture (size, size, channels) of such repeats, where the plane has its own, each of another kind.

        What a repeat has of each component follows from its noise, and is distributed as in the picture.
        """
        cells = self._cells(plane.places_in_repeats(size, size))
        laid = self._mean[cells]
        ranks = (np.arange(self._scores.shape[1]) + 0.5) / self._scores.shape[1]
        noise = plane.window(0, 0, 0, size, size)[-plane.repeat_channels :]
        for values, component, scores in zip(noise, self._components, self._scores, strict=False):
            laid += np.interp(values, ranks, scores)[..., None] * component[cells]
        return laid.astype(np.float32)

    def _cells(self, places: npt.NDArray[np.float64]) -> npt.NDArray[np.int64]:
        """Places in a repeat as numbers of the cells that it is divided into."""
        first, second = ((place * side).astype(np.int64) for place, side in zip(places, self._sides, strict=True))
        cells: npt.NDArray[np.int64] = first * self._sides[1] + second
        return cells


def has_tones(picture: Floats, waves: tuple[Wave, Wave]) -> bool:
    """Whether repeats have tones of their own, as tiles do, and not patches of light that lie across many.

    Args:
        picture: (height, width, channels).
        waves: of its grid, in cycles per texel of the picture.
    """
    rows, columns = (Stretch(0, 0, side, None) for side in picture.shape[:2])
    first, second = _beginning(picture, waves, rows, columns)
    across = ((first + _CYCLE // 2) % _CYCLE, (second + _CYCLE // 2) % _CYCLE)
    own, shared = (
        float(_whole_repeats(picture, numbered_repeats(waves, origin, rows, columns)).var(axis=0).sum())
        for origin in ((first, second), across)
    )
    return shared < _TONED * own


def _beginning(picture: Floats, waves: tuple[Wave, Wave], rows: Stretch, columns: Stretch) -> tuple[int, int]:
    """The origin, as of `repeats`, with which repeats differ most from each other, and so least in themselves."""

    def difference(origin: tuple[int, int]) -> float:
        return _difference(picture, (waves, origin, rows, columns))

    first, second = (range(0, _CYCLE, _CYCLE // math.ceil(1 / math.hypot(*wave))) for wave in waves)
    origin = (0, 0)
    for _ in range(_ROUNDS):
        origin = max(((start, origin[1]) for start in first), key=difference)
        origin = max(((origin[0], start) for start in second), key=difference)
    return origin


def _difference(picture: Floats, grid: _Grid) -> float:
    """The variance between the mean colours of repeats, each weighing as much as it has texels."""
    names = numbered_repeats(*grid)
    spread = np.nan_to_num(_averaged(names, picture) - picture.mean(axis=(0, 1))) ** 2
    return float((np.bincount(names.ravel()) @ spread).sum())


def _whole_repeats(picture: Floats, names: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """The mean colours of the repeats that no border cuts, (repeats, channels)."""
    texels = np.bincount(names.ravel())
    colours: npt.NDArray[np.float64] = _averaged(names, picture)[texels > _WHOLE * texels.max()]
    return colours


def _averaged(names: npt.NDArray[np.int64], picture: Floats, least: int = 0) -> npt.NDArray[np.float64]:
    """The mean colour of all texels of one name, (names, channels); not a number where there are none."""
    flat = names.ravel()
    sums = [np.bincount(flat, band.ravel(), least) for band in np.moveaxis(picture, 2, 0)]
    with np.errstate(invalid="ignore"):
        return np.stack(sums, axis=1) / np.bincount(flat, minlength=least)[:, None]

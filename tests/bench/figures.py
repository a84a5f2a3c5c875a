"""The figures of the comparison; the one place that knows the functions of `texnet_core.evaluation`.

Distances are divided by the floor: the mean distance between the four 256-quadrants of the exemplar's center square
at 512. A method at 1 differs from the exemplar as parts of the exemplar differ from one another.
"""

from collections.abc import Callable
from statistics import fmean

import numpy as np
import numpy.typing as npt

from tests.bench.methods import SIDE
from texnet_core.evaluation.crops import quadrants
from texnet_core.evaluation.memorization import memorization
from texnet_core.evaluation.repetition import repetition
from texnet_core.evaluation.seam import seam_error
from texnet_core.evaluation.texture_metric import TextureDistance, TextureMetric, crop_floor, diversity, mean_distance
from texnet_core.pictures.resizing import resize_exemplar

DISTANCES = {
    "gram": "relative Gram distance over the floor",
    "wasserstein": "sliced Wasserstein distance over the floor",
    "held out": "the same of layers that no loss looked at",
}
FIGURES = DISTANCES | {
    "seam": "largest |z| of both seams among the lines inside",
    "diversity": "difference between seeds over that between parts of the exemplar",
    "memorisation": "share of windows that are copies of one region",
    "repetition": "highest autocorrelation peak beyond the exemplar's own",
}

Picture = npt.NDArray[np.float32]


def center_square(exemplar: Picture, side: int) -> Picture:
    """The middle of the exemplar, its short side scaled to `side`; (side, side, 3)."""
    scaled = resize_exemplar(exemplar, side)
    top, left = ((length - side) // 2 for length in scaled.shape[:2])
    return np.ascontiguousarray(scaled[top : top + side, left : left + side])


def floor(metric: TextureMetric, exemplar: Picture) -> dict[str, float]:
    """How far the exemplar's four quadrants lie from one another on average."""
    return _means(crop_floor(metric, quadrants(exemplar, SIDE)))


def real(metric: TextureMetric, exemplar: Picture) -> dict[str, float]:
    """How far a picture of the same surface lies from a quadrant: a half of the exemplar that the quadrant is not in.

    A picture that shares the surface and nothing else. Methods that have learned one exemplar with all its
    accidents can have less, so it is no bound. A half, for its maps are nearer in size to those of samples, which lose
    no borders.
    """
    parts = quadrants(exemplar, SIDE)
    found = [metric.features(part, periodic=False) for part in parts]
    distances = []
    for first, second, *others in ((0, 1, 2, 3), (2, 3, 0, 1), (0, 2, 1, 3), (1, 3, 0, 2)):
        along = 1 if second == first + 1 else 0
        half = metric.features(np.concatenate([parts[first], parts[second]], axis=along), periodic=False)
        distances += [metric.texture_distance(half, found[other]) for other in others]
    return _means(mean_distance(distances))


def _means(distance: TextureDistance) -> dict[str, float]:
    """Over the layers."""
    layers = {"gram": distance.gram, "wasserstein": distance.wasserstein, "held out": distance.held_out}
    return {name: fmean(values.values()) for name, values in layers.items()}


class Yardstick:
    """What pictures of one exemplar are held against.

    Args:
        floor: what the function of that name says, whatever the side.
        side: texels of the exemplar's short side at the scale of the pictures.
    """

    def __init__(self, metric: TextureMetric, exemplar: Picture, floor: dict[str, float], side: int = SIDE) -> None:
        self.metric, self.floor = metric, floor
        self.exemplar = center_square(exemplar, side)
        self.features = metric.features(self.exemplar, periodic=False)

    def measure(self, pictures: list[Picture]) -> dict[str, float | None]:
        """Name of a figure -> its mean over the pictures (one a seed), or None where it takes more of them."""
        features = [self.metric.features(picture, periodic=True) for picture in pictures]
        distance = _means(mean_distance([self.metric.texture_distance(found, self.features) for found in features]))
        return {name: value / self.floor[name] for name, value in distance.items()} | {
            "diversity": diversity(features, self.features).share if len(features) > 1 else None,
            "seam": _over(pictures, _largest_z),
            "memorisation": _over(pictures, lambda picture: memorization(picture, self.exemplar)),
            "repetition": _over(pictures, lambda picture: repetition(picture, self.exemplar)),
        }


def _largest_z(picture: Picture) -> float:
    error = seam_error(picture)
    return max(abs(error.x.z), abs(error.y.z))


def _over(pictures: list[Picture], figure: Callable[[Picture], float]) -> float:
    return fmean(figure(picture) for picture in pictures)

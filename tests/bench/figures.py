"""The figures of the comparison; the one place that knows the functions of `texnet_core.evaluation`.

Distances are divided by the floor: the mean distance between the four 256-quadrants of the exemplar's centre square
at 512. A method at 1 differs from the exemplar as parts of the exemplar differ from one another.
"""

import importlib.util
from itertools import permutations
from statistics import fmean

import numpy as np
import numpy.typing as npt

from tests.bench.methods import SIDE
from texnet_core.evaluation.crops import quadrants
from texnet_core.evaluation.judge import Features, Judge
from texnet_core.images import resize_exemplar

FIGURES = {
    "gram": "relative Gram distance over the floor",
    "wasserstein": "sliced Wasserstein distance over the floor",
    "seam": "largest |z| of both seams among the lines inside",
    "diversity": "difference between seeds over that between parts of the exemplar",
    "memorisation": "share of windows that are copies of one region",
    "repetition": "highest autocorrelation peak beyond the exemplar's own",
}

Picture = npt.NDArray[np.float32]


def centre_square(exemplar: Picture, side: int) -> Picture:
    """The middle of the exemplar, its short side scaled to `side`; (side, side, 3)."""
    scaled = resize_exemplar(exemplar, side)
    top, left = ((length - side) // 2 for length in scaled.shape[:2])
    return np.ascontiguousarray(scaled[top : top + side, left : left + side])


def floor(judge: Judge, exemplar: Picture) -> dict[str, float]:
    """How far parts of the exemplar lie from one another: mean over the ordered pairs of its four quadrants."""
    pairs = list(permutations((judge.features(part, periodic=False) for part in quadrants(exemplar, SIDE)), 2))
    return {
        "gram": fmean(fmean(judge.gram_distances(*pair).values()) for pair in pairs),
        "wasserstein": fmean(fmean(judge.wasserstein_distances(*pair).values()) for pair in pairs),
        "difference": fmean(judge.difference(*pair) for pair in pairs),
    }


class Yardstick:
    """What pictures of one exemplar are held against; `floor` is what the function of that name says."""

    def __init__(self, judge: Judge, exemplar: Picture, floor: dict[str, float]) -> None:
        self.judge, self.floor = judge, floor
        self.exemplar = centre_square(exemplar, SIDE)
        self.features = judge.features(self.exemplar, periodic=False)

    def measure(self, pictures: list[Picture]) -> dict[str, float | None]:
        """Name of a figure -> its mean over the pictures (one a seed), or None where it cannot be had."""
        features = [self.judge.features(picture, periodic=True) for picture in pictures]
        gram = fmean(fmean(self.judge.gram_distances(f, self.features).values()) for f in features)
        wasserstein = fmean(fmean(self.judge.wasserstein_distances(f, self.features).values()) for f in features)
        return {
            "gram": gram / self.floor["gram"],
            "wasserstein": wasserstein / self.floor["wasserstein"],
            "diversity": self._diversity(features),
            "seam": _over(pictures, "seam", self._seam),
            "memorisation": _over(pictures, "memorisation", self._memorisation),
            "repetition": _over(pictures, "repetition", self._repetition),
        }

    def _diversity(self, features: list[Features]) -> float | None:
        """Periodic pictures have larger maps, so their mean difference is one a texel like the crops'."""
        if len(features) < 2:
            return None
        return fmean(self.judge.difference(*pair) for pair in permutations(features, 2)) / self.floor["difference"]

    def _seam(self, picture: Picture) -> float:
        from texnet_core.evaluation.seam import seam_error

        error = seam_error(picture)
        return max(abs(error.x.z), abs(error.y.z))

    def _memorisation(self, picture: Picture) -> float:
        from texnet_core.evaluation.memorisation import memorisation

        return memorisation(picture, self.exemplar)

    def _repetition(self, picture: Picture) -> float:
        from texnet_core.evaluation.repetition import repetition

        return repetition(picture, self.exemplar)


def _over(pictures: list[Picture], module: str, figure) -> float | None:
    """The mean of a figure; None where its module is not there."""
    if importlib.util.find_spec(f"texnet_core.evaluation.{module}") is None:
        return None
    return fmean(figure(picture) for picture in pictures)

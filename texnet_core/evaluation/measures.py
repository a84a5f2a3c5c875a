"""From samples and the exemplar to figures, one after the other."""

import statistics
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from typing import TYPE_CHECKING, Self

import numpy as np

from texnet_core.evaluation.color import color_distance
from texnet_core.evaluation.crops import Crop, Masks, halves, mean_both_ways, mean_of_pairs, middle, visible_quadrants
from texnet_core.evaluation.figures import Figure
from texnet_core.evaluation.memorization import memorization
from texnet_core.evaluation.outliers import Outlier, find_outlier
from texnet_core.evaluation.repetition import highest_peak
from texnet_core.evaluation.seam import AxisSeam, seam_error
from texnet_core.evaluation.spectrum import spectrum_distance
from texnet_core.mapset import FloatArray, Mask
from texnet_core.pictures.masks import check_enough, resized
from texnet_core.pictures.surface import flatten_lighting

if TYPE_CHECKING:
    from texnet_core.evaluation.texture_metric import TextureMetric

_GRAY = np.float32(0.5)
NamedFigures = Iterator[tuple[str, Figure]]


@dataclass(frozen=True)
class Reference:
    """What samples are held against.

    Attributes:
        exemplar: as training saw it.
        crops: of the exemplar, as large as a sample; none where it is too small for these.
        mask: which texels of the exemplar take part; None: all do.
    """

    exemplar: FloatArray
    crops: list[Crop]
    mask: Mask | None = None

    @property
    def shown(self) -> FloatArray:
        """The exemplar for people: gray where it takes no part."""
        return self.exemplar if self.mask is None else np.where(self.mask[..., None], self.exemplar, _GRAY)

    @classmethod
    def of(cls, picture: FloatArray, side: int, mask: Mask | None = None, *, flatten: bool) -> Self:
        """The reference of a picture, (H, W, 3), that training saw at a short side of `side` texels.

        Picture and mask are as `masks.visible_part` makes them.

        Raises:
            ImageError: the picture is smaller, or its mask leaves too few texels.
        """
        small, small_mask = resized(picture, mask, side)
        check_enough(small_mask)
        has_crops = min(picture.shape[:2]) >= 2 * side
        crops = visible_quadrants(_even(picture, mask, flatten), mask, side) if has_crops else []
        return cls(_even(small, small_mask, flatten), crops, small_mask)


def _even(image: FloatArray, mask: Mask | None, flatten: bool) -> FloatArray:
    return flatten_lighting(image, mask) if flatten else image


def measure_alone(samples: list[FloatArray], large: FloatArray, cell: int, reference: Reference | None) -> NamedFigures:
    """The figures that need no exemplar; one of them has the exemplar's own as its reference.

    Args:
        samples: one tile a seed, (size, size, 3).
        large: a tile of its own.
        cell: the generator's coarsest, in texels.
        reference: of the exemplar, or None.
    """
    seams = seam_error(large, cell)
    yield "seam_x", _seam_figure(seams.x)
    yield "seam_y", _seam_figure(seams.y)
    own = _own_peak(reference, len(samples[0])) if reference else None
    yield "repetition", _mean_figure([highest_peak(sample, periodic=True) for sample in samples], own)


def _own_peak(reference: Reference, side: int) -> float:
    mask = None if reference.mask is None else middle(reference.mask, side)
    return highest_peak(middle(reference.exemplar, side), mask, periodic=False)


def measure_against(reference: Reference, samples: list[FloatArray]) -> NamedFigures:
    """The figures that need the exemplar and no network."""
    exemplar, crops, masks = reference.exemplar, reference.crops, (None, reference.mask)
    floor = _floor(crops, color_distance)
    yield "colour", _mean_figure([color_distance(sample, exemplar, masks) for sample in samples], floor)
    floor = _floor(crops, partial(spectrum_distance, periodic=False))
    yield "spectrum", _mean_figure([spectrum_distance(sample, exemplar, masks) for sample in samples], floor)
    shares = [share for sample in samples if (share := memorization(sample, exemplar, masks)) is not None]
    if shares:
        first, second = (None, None) if reference.mask is None else halves(reference.mask)
        yield "memorisation", _mean_figure(shares, memorization(*halves(exemplar), (first, second)))


def _floor(crops: list[Crop], distance: Callable[[FloatArray, FloatArray, Masks], float]) -> float | None:
    """How far crops are from each other."""
    return mean_of_pairs(crops, lambda a, b: distance(a.image, b.image, (a.mask, b.mask))) if crops else None


def measure_texture(
    metric: "TextureMetric", reference: Reference, samples: list[FloatArray], report: Callable[[], None]
) -> NamedFigures:
    """The figures that VGG-19 takes; `report` is called before each picture that it sees."""
    from texnet_core.evaluation.texture_metric import crop_floor, diversity, mean_distance, shows_enough

    wanted = metric.features(reference.exemplar, reference.mask, periodic=False)
    features = []
    for sample in samples:
        report()
        features.append(metric.features(sample, periodic=True))
    report()
    distance = mean_distance([metric.texture_distance(found, wanted) for found in features])
    crops = [crop for crop in reference.crops if shows_enough(crop.mask)]
    floor = crop_floor(metric, crops) if len(crops) > 1 else None
    yield "texture_gram", _layers_figure(distance.gram, floor.gram if floor else None)
    yield "texture_wasserstein", _layers_figure(distance.wasserstein, floor.wasserstein if floor else None)
    yield "texture_held_out", _layers_figure(distance.held_out, floor.held_out if floor else None)
    difference = diversity(features, wanted)
    yield "diversity", Figure(difference.share, reference=1.0, parts=asdict(difference))


def outlier_figure(outlier: Outlier, crops: list[Crop]) -> Figure:
    """The figure of an outlier. Its reference is how far those of crops are from other crops, taken both ways."""

    def distance(crop: Crop, others: Crop) -> float:
        found = find_outlier(crop.image, others.image, (crop.mask, others.mask), periodic=False)
        assert found is not None  # at least half of a crop is visible
        return found.distance

    floor = mean_both_ways(crops, distance) if crops else None
    parts = {"x": outlier.x, "y": outlier.y, "1 place in 1000": outlier.usual}
    return Figure(outlier.distance, floor, parts=parts)


def _seam_figure(seam: AxisSeam) -> Figure:
    """The gradients as multiples of the interior's mean."""
    unit = max(seam.interior, 1e-9)
    record = {"z": seam.z, "percentile": seam.percentile, "lines": float(seam.lines), "interior": seam.interior}
    return Figure(seam.ratio, interval=(seam.low / unit, seam.high / unit), parts=record)


def _mean_figure(values: Sequence[float], reference: float | None) -> Figure:
    return Figure(statistics.fmean(values), reference, parts={f"seed {seed}": v for seed, v in enumerate(values)})


def _layers_figure(layers: dict[str, float], floor: dict[str, float] | None) -> Figure:
    reference = None if floor is None else statistics.fmean(floor.values())
    return Figure(statistics.fmean(layers.values()), reference, parts=layers)

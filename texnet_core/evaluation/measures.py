"""From samples and the exemplar to figures, one after the other."""

import statistics
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Self

from texnet_core.evaluation.color import color_distance
from texnet_core.evaluation.crops import halves, mean_of_pairs, middle, quadrants
from texnet_core.evaluation.figures import Figure
from texnet_core.evaluation.memorization import memorization
from texnet_core.evaluation.outliers import Outlier, find_outlier
from texnet_core.evaluation.repetition import highest_peak
from texnet_core.evaluation.seam import AxisSeam, seam_error
from texnet_core.evaluation.spectrum import spectrum_distance
from texnet_core.mapset import FloatArray
from texnet_core.pictures.resizing import resize_exemplar
from texnet_core.pictures.surface import flatten_lighting

if TYPE_CHECKING:
    from texnet_core.evaluation.texture_metric import TextureMetric

NamedFigures = Iterator[tuple[str, Figure]]


@dataclass(frozen=True)
class Reference:
    """What samples are held against.

    Attributes:
        exemplar: as training saw it.
        crops: of the exemplar, as large as a sample; none where it is too small for these.
    """

    exemplar: FloatArray
    crops: list[FloatArray]

    @classmethod
    def of(cls, picture: FloatArray, side: int, *, flatten: bool) -> Self:
        """The reference of a picture, (H, W, 3), that training saw at a short side of `side` texels."""
        crops = quadrants(_even(picture, flatten), side) if min(picture.shape[:2]) >= 2 * side else []
        return cls(_even(resize_exemplar(picture, side), flatten), crops)


def _even(image: FloatArray, flatten: bool) -> FloatArray:
    return flatten_lighting(image) if flatten else image


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
    own = highest_peak(middle(reference.exemplar, len(samples[0])), periodic=False) if reference else None
    yield "repetition", _mean_figure([highest_peak(sample, periodic=True) for sample in samples], own)


def measure_against(reference: Reference, samples: list[FloatArray]) -> NamedFigures:
    """The figures that need the exemplar and no network."""
    exemplar, crops = reference.exemplar, reference.crops
    floor = mean_of_pairs(crops, color_distance) if crops else None
    yield "colour", _mean_figure([color_distance(sample, exemplar) for sample in samples], floor)
    floor = mean_of_pairs(crops, lambda a, b: spectrum_distance(a, b, periodic=False)) if crops else None
    yield "spectrum", _mean_figure([spectrum_distance(sample, exemplar) for sample in samples], floor)
    shares = [memorization(sample, exemplar) for sample in samples]
    yield "memorisation", _mean_figure(shares, memorization(*halves(exemplar)))


def measure_texture(
    metric: "TextureMetric", reference: Reference, samples: list[FloatArray], report: Callable[[], None]
) -> NamedFigures:
    """The figures that VGG-19 takes; `report` is called before each picture that it sees."""
    from texnet_core.evaluation.texture_metric import crop_floor, diversity, mean_distance

    wanted = metric.features(reference.exemplar, periodic=False)
    features = []
    for sample in samples:
        report()
        features.append(metric.features(sample, periodic=True))
    report()
    distance = mean_distance([metric.texture_distance(found, wanted) for found in features])
    floor = crop_floor(metric, reference.crops) if reference.crops else None
    yield "texture_gram", _layers_figure(distance.gram, floor.gram if floor else None)
    yield "texture_wasserstein", _layers_figure(distance.wasserstein, floor.wasserstein if floor else None)
    yield "texture_held_out", _layers_figure(distance.held_out, floor.held_out if floor else None)
    difference = diversity(features, wanted)
    yield "diversity", Figure(difference.share, reference=1.0, parts=asdict(difference))


def outlier_figure(outlier: Outlier, crops: list[FloatArray]) -> Figure:
    """The figure of an outlier. Its reference is how far those of crops are from other crops, taken both ways."""

    def distance(crop: FloatArray, others: FloatArray) -> float:
        return find_outlier(crop, others, periodic=False).distance

    floor = mean_of_pairs(crops, lambda a, b: (distance(a, b) + distance(b, a)) / 2) if crops else None
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

"""A generator beside its exemplar at the exemplar's own resolution, octave by octave.

A generator is trained on its exemplar at a small size and may be sharp there, and soft beside the picture itself. So
both are looked at with the texels of the picture, then at half and at a quarter of its resolution, in windows of one
size. At each octave the reference is how far apart four places of the exemplar are in such windows.
"""

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from texnet_core.engines import Engine
from texnet_core.evaluation.crops import mean_both_ways, mean_of_pairs, middle, quarters
from texnet_core.evaluation.figures import Figure
from texnet_core.evaluation.measures import NamedFigures
from texnet_core.evaluation.spectrum import blurred_share, grain_distance, mesh_strength, spectrum_distance
from texnet_core.mapset import FloatArray, Mask, shown_colors
from texnet_core.pictures.resizing import resize_exemplar
from texnet_core.pictures.surface import flatten_lighting
from texnet_core.synthesis.request import TextureRequest
from texnet_core.synthesis.textures import synthesize

if TYPE_CHECKING:
    from texnet_core.evaluation.texture_metric import TextureDistance, TextureFeatures, TextureMetric

WINDOW = 256  # texels a side
MOST_SIDE = 1024  # of the exemplar that are looked at
MOST_SCALE = 4.0  # that a texture can have
OCTAVES = {"detail_1": 1, "detail_2": 2, "detail_4": 4}  # figure -> texels of the exemplar along one of its own
_OF_LIGHT = {"detail_mesh": mesh_strength, "detail_grain": grain_distance, "detail_blurred": blurred_share}


@dataclass(frozen=True)
class Detail:
    """What is compared.

    Attributes:
        exemplar: the middle of the exemplar at its own resolution, (side, side, 3) sRGB in [0, 1].
        sample: as much of a texture, of as many texels.
    """

    exemplar: FloatArray
    sample: FloatArray


def look(engine: Engine, exemplar: FloatArray, mask: Mask | None = None) -> Detail | str:
    """Exemplar and texture at the exemplar's own resolution, or why they are not compared there.

    Args:
        engine: of a generator of textures.
        exemplar: (H, W, 3) sRGB in [0, 1], the picture that it was trained from.
        mask: (H, W), which texels of it take part; None: all do.
    """
    if mask is not None and not mask.all():
        return "parts of the exemplar are hidden"
    texels = engine.artifact.texels_per_exemplar
    side = min(*exemplar.shape[:2], MOST_SIDE, int(texels * MOST_SCALE))
    if side < 2 * WINDOW:
        return f"at {side} texels the exemplar has no four windows of {WINDOW}"
    seen = middle(resize_exemplar(exemplar, side), side)
    if engine.artifact.training.get("flatten") is True:
        seen = flatten_lighting(seen, None)
    request = TextureRequest(width=side, height=side, scale=side / texels)
    made = synthesize(engine.artifact, request, engine=engine)
    return Detail(seen, shown_colors(made, engine.artifact.maps).astype(np.float32))


def measure_detail(metric: "TextureMetric | None", detail: Detail, report: Callable[[], None]) -> NamedFigures:
    """The figures of detail; `report` is called before each octave.

    Octaves at which not even one window fits are left out, and without a metric all of them are.
    """
    if metric is not None:
        yield from _measure_octaves(metric, detail, report)
    quadrants = quarters(detail.exemplar, len(detail.exemplar) // 2)
    yield "detail_spectrum", _spectrum(detail, quadrants)
    for name, measure in _OF_LIGHT.items():
        yield name, Figure(measure(detail.sample, detail.exemplar), mean_both_ways(quadrants, measure))


def _measure_octaves(metric: "TextureMetric", detail: Detail, report: Callable[[], None]) -> NamedFigures:
    reference: float | None = None
    for name, factor in OCTAVES.items():
        side = len(detail.exemplar) // factor
        if side < WINDOW:
            break
        report()
        wanted, found = (_features(metric, resize_exemplar(image, side)) for image in (detail.exemplar, detail.sample))
        if len(wanted) > 1:  # else one window shows all, and the octave before has the nearest reference
            reference = _mean([metric.texture_distance(*pair) for pair in itertools.permutations(wanted, 2)])[0]
        distances = [metric.texture_distance(one, other) for one in found for other in wanted]
        value, parts = _mean(distances)
        yield name, Figure(value, reference, parts=parts)


def _features(metric: "TextureMetric", image: FloatArray) -> "list[TextureFeatures]":
    return [metric.features(window, periodic=False) for window in windows(image)]


def windows(image: FloatArray) -> list[FloatArray]:
    """The middles of the four quadrants of a square picture; where they do not fit side by side, its own middle."""
    half, many = len(image) // 2, len(image) >= 2 * WINDOW
    starts = [(half - WINDOW) // 2, half + (half - WINDOW) // 2] if many else [(len(image) - WINDOW) // 2]
    return [np.ascontiguousarray(image[y : y + WINDOW, x : x + WINDOW]) for y in starts for x in starts]


def _mean(distances: "list[TextureDistance]") -> tuple[float, dict[str, float]]:
    """Mean distance in held-out layers, and the means of all three kinds."""
    kinds = {
        kind: float(np.mean([[*getattr(distance, kind).values()] for distance in distances]))
        for kind in ("gram", "wasserstein", "held_out")
    }
    return kinds["held_out"], kinds


def _spectrum(detail: Detail, quadrants: list[FloatArray]) -> Figure:
    floor = mean_of_pairs(quadrants, lambda one, other: spectrum_distance(one, other, periodic=False))
    return Figure(spectrum_distance(detail.sample, detail.exemplar), floor)

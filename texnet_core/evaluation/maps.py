"""How well the maps of a set go together, and each of them beside its exemplar.

A crack is dark, deep and rough at the same texel. Three figures say whether it is in a sample too: neighborhoods of all
channels at once, correlations between maps, and normals against the slopes of the height. The reference of the first
two is how far quadrants of the exemplar are from each other.
"""

import statistics
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from texnet_core.evaluation.crops import mean_both_ways, mean_of_pairs, quarters
from texnet_core.evaluation.figures import Figure, map_figure
from texnet_core.evaluation.measures import NamedFigures
from texnet_core.mapset import FloatArray, MapSpec, shown_map, split_channels
from texnet_core.pictures.color import LUMINANCE

if TYPE_CHECKING:
    from texnet_core.evaluation.texture_metric import TextureMetric

_FACTORS = (1, 2, 4)  # by which maps are made smaller
_DIRECTIONS, _PLACES, _SEED = 128, 8192, 25012
_LEAST_DEVIATION = 0.01  # of a channel; below that its noise says nothing
_FAINT = 1e-3  # of the mean variance of neighborhoods
_LEAST_SIDE = 172  # texels that VGG-19 needs
_Doubles = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Sets:
    """What is compared.

    Attributes:
        exemplar: (H, W, channels) in [0, 1], as training saw it as a whole.
        samples: one tile a seed, (size, size, channels).
        maps: what the channels are.
        relief: from height 0 to 1, as a share of the exemplar's short side.
    """

    exemplar: FloatArray
    samples: list[FloatArray]
    maps: tuple[MapSpec, ...]
    relief: float = 0.0


def measure_maps(sets: Sets, metric: "TextureMetric | str", report: Callable[[], None]) -> NamedFigures:
    """The figures of a set of several maps.

    Args:
        sets: exemplar and samples.
        metric: VGG-19, or why it is missing; then so are the figures of single maps.
        report: called before each map.
    """
    exemplar, samples, maps = sets.exemplar, sets.samples, sets.maps
    side = min(exemplar.shape[:2]) // 2
    quadrants = quarters(exemplar, side)
    together = Together(exemplar, maps)
    distances = [together.distance(sample) for sample in samples]
    yield "maps_together", Figure(statistics.fmean(distances), together.mean_between(quadrants))
    yield "maps_correlation", _correlation_figure(samples, exemplar, quadrants, maps)
    if agreement := slope_agreement(exemplar, maps):
        found = [slope_agreement(sample, maps, periodic=True) or 0.0 for sample in samples]
        yield "maps_slopes", Figure(statistics.fmean(found), agreement)
    if not isinstance(metric, str):
        yield from _single_maps(sets, metric, report)


class Together:
    """Neighborhoods of all channels of an exemplar: a whitened sliced Wasserstein distance to those of samples.

    Args:
        exemplar: (H, W, channels).
        maps: what the channels are.
    """

    def __init__(self, exemplar: FloatArray, maps: tuple[MapSpec, ...]) -> None:
        self._maps, flat = maps, exemplar.reshape(-1, exemplar.shape[2])
        self._mean, self._deviation = flat.mean(0), np.maximum(flat.std(0), _LEAST_DEVIATION)
        rng = np.random.default_rng(_SEED)
        self._views, self._wanted = [], []
        for texels in self._neighborhoods(exemplar, periodic=False):
            variances, axes = np.linalg.eigh(np.cov(texels.T.astype(np.float64)))
            white = axes / np.sqrt(variances + _FAINT * variances.mean()) @ axes.T
            directions = rng.standard_normal((texels.shape[1], _DIRECTIONS))
            view = (white @ (directions / np.linalg.norm(directions, axis=0))).astype(np.float32)
            self._views.append(view)
            self._wanted.append(_sorted(texels @ view))

    def distance(self, sample: FloatArray, *, periodic: bool = True) -> float:
        """Mean over the factors, in standard deviations along whitened directions."""
        found = self._neighborhoods(sample, periodic=periodic)
        return statistics.fmean(
            float(np.sqrt(np.square(_sorted(texels @ view) - wanted).mean()))
            for texels, view, wanted in zip(found, self._views, self._wanted, strict=True)
        )

    def mean_between(self, parts: Sequence[FloatArray]) -> float:
        """How far parts of the exemplar are from each other, both ways."""
        return mean_both_ways(parts, lambda part, wanted: Together(wanted, self._maps).distance(part, periodic=False))

    def _neighborhoods(self, stack: FloatArray, *, periodic: bool) -> Iterator[FloatArray]:
        """(places, 9 channels) for each factor."""
        standard = (stack - self._mean) / self._deviation
        for factor in _FACTORS:
            small = _smaller(standard, factor)
            small = np.pad(small, ((1, 1), (1, 1), (0, 0)), mode="wrap") if periodic else small
            windows = np.lib.stride_tricks.sliding_window_view(small, (3, 3), axis=(0, 1))  # type: ignore[call-overload]
            texels = windows.reshape(-1, 9 * stack.shape[2])
            some = np.linspace(0, len(texels) - 1, min(_PLACES, len(texels))).astype(np.int64)
            yield texels[some]


def correlations(stack: FloatArray, maps: tuple[MapSpec, ...]) -> _Doubles:
    """Correlations between channels of different maps, at each factor; of colors the luminance takes part.

    Pairs of which one hardly varies are 0.
    """
    parts: dict[str, FloatArray] = split_channels(stack, maps)  # type: ignore[assignment]
    channels, owners = [], []
    for number, spec in enumerate(maps):
        part = parts[spec.name]
        part = (part @ LUMINANCE)[..., None] if spec.role == "color" and spec.channels == 3 else part
        channels.append(part[..., :2] if spec.role == "normal" else part)
        owners += [number] * channels[-1].shape[2]
    values = np.concatenate(channels, axis=2)
    differ = np.not_equal.outer(owners, owners)
    return np.stack([_correlation(_smaller(values, factor))[differ] for factor in _FACTORS])


def slope_agreement(stack: FloatArray, maps: tuple[MapSpec, ...], *, periodic: bool = False) -> float | None:
    """The correlation between slopes that normals show and those of the height, -1 to 1; None without both."""
    parts: dict[str, FloatArray] = split_channels(stack, maps)  # type: ignore[assignment]
    if not {"normal", "height"} <= parts.keys():
        return None
    normals, height = 2 * parts["normal"] - 1, parts["height"][..., 0]
    up = np.maximum(normals[..., 2], 0.05)
    shown = np.stack([-normals[..., 0] / up, normals[..., 1] / up], axis=2)  # across, and down the rows
    if periodic:
        across = (np.roll(height, -1, 1) - np.roll(height, 1, 1)) / 2
        down = (np.roll(height, -1, 0) - np.roll(height, 1, 0)) / 2
    else:
        down, across = np.gradient(height)
    found = np.stack([across, down], axis=2)
    if shown.std() < _LEAST_DEVIATION / 10 or found.std() == 0:
        return None
    return float((shown * found).mean() / np.sqrt((shown**2).mean() * (found**2).mean()))


def _correlation_figure(
    samples: Sequence[FloatArray], exemplar: FloatArray, quadrants: list[FloatArray], maps: tuple[MapSpec, ...]
) -> Figure:
    wanted = correlations(exemplar, maps)
    away = [float(np.abs(correlations(sample, maps) - wanted).mean()) for sample in samples]
    own = [correlations(part, maps) for part in quadrants]
    floor = mean_of_pairs(own, lambda one, other: float(np.abs(one - other).mean()))
    return Figure(statistics.fmean(away), floor)


def _single_maps(sets: Sets, metric: "TextureMetric", report: Callable[[], None]) -> NamedFigures:
    """Held-out layers of every map but the one that is shown, which has figures of its own."""
    from texnet_core.evaluation.texture_metric import crop_floor, mean_distance

    exemplar, maps = sets.exemplar, sets.maps
    side = min(exemplar.shape[:2]) // 2
    parts, made = split_channels(exemplar, maps), [split_channels(sample, maps) for sample in sets.samples]
    for spec in maps:
        wanted_picture = _as_picture(parts[spec.name])
        if spec == shown_map(maps) or wanted_picture.std(axis=(0, 1)).max() < _LEAST_DEVIATION:
            continue
        report()
        wanted = metric.features(wanted_picture, periodic=False)
        found = [metric.features(_as_picture(each[spec.name]), periodic=True) for each in made]
        held_out = mean_distance([metric.texture_distance(each, wanted) for each in found]).held_out
        floor = None
        if side >= _LEAST_SIDE:
            floor = statistics.fmean(crop_floor(metric, quarters(wanted_picture, side)).held_out.values())
        yield map_figure(spec.name), Figure(statistics.fmean(held_out.values()), floor, parts=held_out)


def _as_picture(part: npt.NDArray[np.generic]) -> FloatArray:
    return np.ascontiguousarray(np.repeat(part, 3, axis=2) if part.shape[2] == 1 else part, np.float32)


def _smaller(stack: FloatArray, factor: int) -> FloatArray:
    height, width = (side // factor for side in stack.shape[:2])
    squares = stack[: height * factor, : width * factor].reshape(height, factor, width, factor, -1)
    averaged: FloatArray = squares.mean(axis=(1, 3))
    return averaged


def _correlation(values: FloatArray) -> _Doubles:
    flat = values.reshape(-1, values.shape[2]).astype(np.float64)
    flat = flat - flat.mean(0)
    deviations = flat.std(0)
    plain = deviations < _LEAST_DEVIATION / 4  # smaller copies vary less
    scaled = flat / np.where(plain, np.inf, deviations)
    matrix: _Doubles = scaled.T @ scaled / len(scaled)
    return matrix


def _sorted(projections: FloatArray) -> FloatArray:
    """(places, directions) -> (1024, directions): the quantile function along each."""
    ordered = np.sort(projections, axis=0)
    some = np.linspace(0, len(ordered) - 1, 1024)
    low = np.floor(some).astype(np.int64)
    high = np.minimum(low + 1, len(ordered) - 1)
    share = (some - low).astype(np.float32)[:, None]
    quantiles: FloatArray = ordered[low] * (1 - share) + ordered[high] * share
    return quantiles

"""All figures of one generator, and the pictures that they were measured on.

What cannot be measured is missing with its reason; nothing is ever guessed in its place.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from texnet_core.engines import Engine, open_engine
from texnet_core.errors import ImageError, Range, one_line
from texnet_core.evaluation.detail import WINDOW, Detail, look, measure_detail
from texnet_core.evaluation.figures import DETAIL_FIGURES, FIGURES, KINDS, TOGETHER_FIGURES, Figure
from texnet_core.evaluation.losscurve import KEY, Curve, read_loss_curve
from texnet_core.evaluation.maps import Sets, measure_maps
from texnet_core.evaluation.measures import (
    NamedFigures,
    Reference,
    measure_against,
    measure_alone,
    measure_texture,
    outlier_figure,
)
from texnet_core.evaluation.outliers import Outlier, find_outlier
from texnet_core.evaluation.sizes import asked_side, sample_size, training_size, whole_side
from texnet_core.evaluation.weights import NO_WEIGHTS, usable_weights
from texnet_core.mapset import (
    ALBEDO,
    FloatArray,
    MapSpec,
    Mask,
    channels_of,
    is_picture,
    shown_channels,
    with_unit_normals,
)
from texnet_core.model.artifact import Artifact, Header
from texnet_core.model.detail import detail_levels
from texnet_core.pictures.masks import resized_maps, told, visible_part
from texnet_core.pictures.reading import texels_digest
from texnet_core.pictures.resizing import reduce_tile
from texnet_core.pictures.surface import flattened_maps
from texnet_core.progress import Progress, ProgressCallback, ignore_progress
from texnet_core.settings import DescriptorSettings, EvaluationSettings
from texnet_core.synthesis.request import TextureRequest
from texnet_core.synthesis.textures import check_is_texture, synthesize

if TYPE_CHECKING:
    from texnet_core.evaluation.texture_metric import TextureMetric

LARGE_SIDE = 1024  # texels a side of the sample whose seams are measured
_IN_ONE_PIECE = ("memorisation", "oddest")  # figures that look at whole patches and windows of the exemplar
_DEFAULTS = EvaluationSettings()
_DESCRIPTOR = DescriptorSettings()
_TOO_LITTLE = "the mask leaves too little of the exemplar"
_NO_EXEMPLAR = "no exemplar was given"


@dataclass(frozen=True)
class Evaluation:
    """What is known of a generator's quality.

    Attributes:
        samples: one tile for each seed from 0 on, (size, size, 3) in [0, 1], at the exemplar's size or nearly so.
        large: a tile of 1024 texels a side, of seed 0.
        exemplar: as training saw it, gray where it took no part, or None.
        figures: name -> figure, in the order of `FIGURES`.
        missing: name -> why there is no such figure or curve.
        loss_curve: (step, loss) pairs, or ().
        losses: setting -> weight of each loss that the run minimized, as the artifact tells.
        notes: what else the reader of the figures must know, a sentence without a full stop each.
        detail: the exemplar and as much of a texture at the exemplar's own resolution, where that was asked for.
        sets: all maps of exemplar and samples, where there are several and they are compared.
        outlier: the place of `large` that is least like the exemplar, or None without one.
    """

    samples: list[FloatArray]
    large: FloatArray
    exemplar: FloatArray | None
    figures: dict[str, Figure]
    missing: dict[str, str]
    loss_curve: Curve
    losses: dict[str, float]
    notes: list[str]
    outlier: Outlier | None = None
    detail: Detail | None = None
    sets: Sets | None = None

    @property
    def reasons(self) -> list[str]:
        """Why figures are missing, each reason once."""
        return list(dict.fromkeys(self.missing[name] for name in KINDS if name in self.missing))


def evaluate(
    artifact: Artifact,
    exemplar: FloatArray | None = None,
    settings: EvaluationSettings = _DEFAULTS,
    descriptor: DescriptorSettings = _DESCRIPTOR,
    *,
    mask: Mask | None = None,
    maps: tuple[MapSpec, ...] = (ALBEDO,),
    progress: ProgressCallback = ignore_progress,
) -> Evaluation:
    """Measure a generator.

    Args:
        artifact: the generator; of several maps, most figures are of the first that is a color, else the first of all.
        exemplar: (H, W, channels) in [0, 1], the picture or the maps that it was trained from, or None.
        settings: what to look at.
        descriptor: where VGG-19's weights lie. Nothing is downloaded.
        mask: (H, W), True where a texel of the exemplar takes part; others have no influence whatever. None: all do.
        maps: what the exemplar's channels are. Where they are those of the generator, their agreement is measured too.
        progress: called after every sample and figure; raising Cancelled from it stops the work.

    Raises:
        RequestError: it is a style.
        ArtifactError: it does not tell a sensible training size.
        ImageError: the exemplar is smaller than the training size, or its mask leaves too few texels.
        WeightsError: the weights that were named cannot be used.
        EngineError: no engine, or senseless parameters.
    """
    settings.check()
    descriptor.check()
    check_is_texture(artifact)
    size = training_size(artifact)
    stack = None if exemplar is None or is_picture(maps) else _stack(exemplar, mask, maps, artifact)
    if exemplar is not None and not is_picture(maps):
        exemplar = np.ascontiguousarray(exemplar[..., shown_channels(maps)])
    reference = None if exemplar is None else _reference(exemplar, mask, artifact)
    seen = (reference.exemplar, reference.mask) if stack is None and reference is not None else stack
    named = bool(descriptor.vgg19)  # weights that were named must do, even where none are needed
    opened = open_metric(descriptor, size) if reference or named else _NO_EXEMPLAR
    metric = _usable(opened, reference)
    pictures: list[FloatArray] = []
    figures: dict[str, Figure] = {}
    is_set = stack is not None and len(maps) > 1 and _names(maps) == _names(artifact.maps)
    wanted = [*FIGURES, *(DETAIL_FIGURES if settings.detail else ()), *(TOGETHER_FIGURES if is_set else ())]
    total = settings.seeds + 1 + len(wanted)

    def report() -> None:
        progress(Progress("evaluating", len(pictures) + len(figures), total, "part"))

    report()
    engine = open_engine(artifact)
    tile = sample_size(artifact)
    stacks: list[FloatArray] = []
    for side, seed in ((LARGE_SIDE, 0), *((tile, seed) for seed in range(settings.seeds))):
        made = _sample(engine, side, seed)
        pictures.append(np.ascontiguousarray(made[..., shown_channels(artifact.maps)]))
        stacks += [made] if is_set and side == tile else []
        report()
    large, *samples = pictures
    outlier = find_outlier(large, reference.exemplar, (None, reference.mask), periodic=True) if reference else None
    if reference and outlier:
        figures["oddest"] = outlier_figure(outlier, reference.crops)
        report()
    for name, figure in _measure(samples, large, artifact.graph.cell_texels, reference, metric, report):
        figures[name] = figure
        report()
    detail = (_NO_EXEMPLAR if exemplar is None else look(engine, exemplar, mask)) if settings.detail else None
    if isinstance(detail, Detail):
        for name, figure in measure_detail(None if isinstance(metric, str) else metric, detail, report):
            figures[name] = figure
            report()
    sets = None
    if is_set and stack is not None and stack[1] is None:
        sets = Sets(stack[0], stacks[-settings.seeds :], maps, artifact.relief)
        for name, figure in measure_maps(sets, metric, report):
            figures[name] = figure
            report()
    curve = read_loss_curve(artifact.training)
    return Evaluation(
        samples=samples,
        large=large,
        exemplar=reference.shown if reference else None,
        figures={name: figures[name] for name in KINDS if name in figures},
        missing=_missing(figures, metric, curve, artifact, reference)
        | (_missing_detail(figures, metric, detail) if settings.detail else {}),
        loss_curve=curve,
        losses=_losses(artifact.training),
        notes=_notes(artifact, seen, mask),
        outlier=outlier,
        detail=detail if isinstance(detail, Detail) else None,
        sets=sets,
    )


def _missing_detail(
    figures: Mapping[str, Figure], metric: "TextureMetric | str", detail: Detail | str | None
) -> dict[str, str]:
    small = f"the exemplar has no window of {WINDOW} texels there"
    reason = detail if isinstance(detail, str) else metric if isinstance(metric, str) else small
    return {name: reason for name in DETAIL_FIGURES if name not in figures}


def _usable(opened: "TextureMetric | str", reference: Reference | None) -> "TextureMetric | str":
    """The metric, or why there is none for this reference."""
    if reference is None:
        return _NO_EXEMPLAR
    if isinstance(opened, str) or reference.mask is None:
        return opened
    from texnet_core.evaluation.texture_metric import shows_enough

    return opened if shows_enough(reference.mask) else f"{_TOO_LITTLE} for VGG-19"


def _stack(
    exemplar: FloatArray, mask: Mask | None, maps: tuple[MapSpec, ...], artifact: Artifact
) -> tuple[FloatArray, Mask | None]:
    """All maps of the exemplar as training saw them as a whole, and their mask."""
    picture, mask = visible_part(exemplar, mask, asked_side(artifact), channels_of(maps))
    side = whole_side(artifact)
    small, small_mask = resized_maps(_large_enough(picture, side), mask, side, maps)
    if artifact.training.get("flatten") is True:
        small = flattened_maps(small, small_mask, maps)
    return small, small_mask


def _names(maps: tuple[MapSpec, ...]) -> list[str]:
    return [spec.name for spec in maps]


def _reference(exemplar: FloatArray, mask: Mask | None, artifact: Artifact) -> Reference:
    size, flatten = whole_side(artifact), artifact.training.get("flatten") is True
    picture, mask = visible_part(exemplar, mask, asked_side(artifact))
    return Reference.of(_large_enough(picture, size), size, mask, flatten=flatten)


def _large_enough(image: FloatArray, size: int) -> FloatArray:
    height, width = image.shape[:2]
    if min(height, width) < size:
        raise ImageError(
            f"the exemplar is {width}x{height}, smaller than in training",
            expected=Range(size, None),
            remedy="give the picture that the generator was trained from",
        )
    return image


def _measure(
    samples: list[FloatArray],
    large: FloatArray,
    cell: int,
    reference: Reference | None,
    metric: "TextureMetric | str",
    report: Callable[[], None],
) -> NamedFigures:
    yield from measure_alone(samples, large, cell, reference)
    if reference:
        yield from measure_against(reference, samples)
        if not isinstance(metric, str):
            yield from measure_texture(metric, reference, samples, report)


def _sample(engine: Engine, side: int, seed: int) -> FloatArray:
    """A tile, (side, side, channels) in [0, 1]."""
    factor = 1 << detail_levels(engine.artifact)  # the exemplar was learned as a whole with fewer texels
    request = TextureRequest(width=side * factor, height=side * factor, seed=seed)
    maps = synthesize(engine.artifact, request, engine=engine)
    made = np.concatenate([maps[spec.name] for spec in engine.artifact.maps], axis=2)
    return with_unit_normals(reduce_tile(made, factor), engine.artifact.maps)


def open_metric(descriptor: DescriptorSettings, size: int) -> "TextureMetric | str":
    """VGG-19 as a metric of textures of `size` texels a side, or why there is none."""
    weights = usable_weights(descriptor)
    if isinstance(weights, str) and weights != NO_WEIGHTS:
        return weights
    from texnet_core.descriptor.vgg19 import VGG19
    from texnet_core.evaluation.texture_metric import TextureMetric

    if size < (least := VGG19.smallest_side("valid")):
        return f"VGG-19 needs pictures of {least} texels, and the training size is {size}"
    return weights if isinstance(weights, str) else TextureMetric(weights)


def _missing(
    figures: Mapping[str, Figure],
    metric: "TextureMetric | str",
    curve: Curve,
    artifact: Artifact,
    reference: Reference | None,
) -> dict[str, str]:
    reason = metric if isinstance(metric, str) else ""
    missing = {name: reason for name in FIGURES if name not in figures}
    if reference:
        missing |= {name: f"{_TOO_LITTLE} in one piece" for name in _IN_ONE_PIECE if name in missing}
    if not curve:
        missing[KEY] = "the recorded one makes no sense" if KEY in artifact.training else "the run recorded none"
    return missing


def _notes(artifact: Artifact, seen: tuple[FloatArray, Mask | None] | None, mask: Mask | None) -> list[str]:
    notes = []
    if warnings := artifact.training.get("troubles"):
        notes.append(f"its run had warnings: {one_line(str(warnings))}")
    if seen is not None:
        notes += notes_on_picture("generator", artifact, seen, mask)
    return notes


def notes_on_picture(what: str, header: Header, seen: tuple[FloatArray, Mask | None], mask: Mask | None) -> list[str]:
    """What to know of the picture that a generator is said to be trained from.

    Args:
        what: the word for the generator.
        header: its own.
        seen: the picture and its mask as training saw them.
        mask: as it was given.
    """
    notes = []
    learned_from = header.provenance.exemplar_sha256
    if learned_from and texels_digest(*seen) != learned_from:
        notes.append(
            f"the {what} was trained from another picture than this one, or from this one edited or recompressed"
        )
    if mask is not None and not mask.all():
        notes.append(told(*seen, float(mask.mean())))
    return notes


def _losses(training: Mapping[str, Any]) -> dict[str, float]:
    """The settings of a run that weigh a loss, where they are above 0. The record may come from anybody."""
    transport = {"patch transport": 1.0} if training.get("descriptor") == "patches" else {}
    weights = {
        name: float(weight)
        for name, weight in training.items()
        if re.fullmatch("[a-z_]{1,40}_weight", name) and isinstance(weight, int | float) and weight > 0
    }
    if not training.get("repeat_channels"):
        weights.pop("tone_weight", None)  # there were no tiles to weigh
    return transport | weights

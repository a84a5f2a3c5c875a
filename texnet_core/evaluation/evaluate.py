"""All figures of one generator, and the pictures that they were measured on.

What cannot be measured is missing with its reason; nothing is ever guessed in its place.
"""

import os
import re
import statistics
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from texnet_core.engines import Engine, open_engine
from texnet_core.errors import ArtifactError, ImageError, RequestError, WeightsError, one_line
from texnet_core.evaluation.color import Picture, color_distance
from texnet_core.evaluation.crops import halves, mean_of_pairs, middle, quadrants
from texnet_core.evaluation.figures import FIGURES, Figure
from texnet_core.evaluation.losscurve import KEY, Curve, read_loss_curve
from texnet_core.evaluation.memorization import memorization
from texnet_core.evaluation.outliers import OddPlace, oddest_place
from texnet_core.evaluation.repetition import highest_peak
from texnet_core.evaluation.seam import AxisSeam, seam_error
from texnet_core.evaluation.spectrum import spectrum_distance
from texnet_core.mapset import shown_colors
from texnet_core.model.artifact import Artifact
from texnet_core.pictures.reading import texels_digest
from texnet_core.pictures.resizing import resize_exemplar
from texnet_core.pictures.surface import flatten_lighting
from texnet_core.progress import Progress, ProgressCallback, ignore_progress
from texnet_core.settings import DescriptorSettings, EvaluationSettings, TrainSettings
from texnet_core.synthesis.request import TextureRequest
from texnet_core.synthesis.textures import synthesize

if TYPE_CHECKING:
    from texnet_core.evaluation.texture_metric import Judge

_LARGE = 1024  # texels a side of the sample whose seams are judged
_SIZES = range(28, 2400)  # that an exemplar can have had: 32 to 2048, and what fits a pattern to a sample
_DEFAULTS = EvaluationSettings()
_DESCRIPTOR = DescriptorSettings()
_NO_EXEMPLAR = "no exemplar was given"

_Figures = Iterator[tuple[str, Figure]]


@dataclass(frozen=True)
class Evaluation:
    """What is known of a generator's quality.

    Attributes:
        samples: one tile for each seed from 0 on, (size, size, 3) in [0, 1], at the exemplar's size or nearly so.
        large: a tile of 1024 texels a side, of seed 0.
        exemplar: as training saw it, or None.
        figures: name -> figure, in the order of `FIGURES`.
        missing: name -> why there is no such figure or curve.
        loss_curve: (step, loss) pairs, or ().
        losses: setting -> weight of each loss that the run minimized, as the artifact tells.
        notes: what else the reader of the figures must know, a sentence without a full stop each.
        odd: the place of `large` that is least like the exemplar, or None without one.
    """

    samples: list[Picture]
    large: Picture
    exemplar: Picture | None
    figures: dict[str, Figure]
    missing: dict[str, str]
    loss_curve: Curve
    losses: dict[str, float]
    notes: list[str]
    odd: OddPlace | None = None

    @property
    def reasons(self) -> list[str]:
        """Why figures are missing, each reason once."""
        return list(dict.fromkeys(self.missing[name] for name in FIGURES if name in self.missing))


def evaluate(
    artifact: Artifact,
    exemplar: Picture | None = None,
    settings: EvaluationSettings = _DEFAULTS,
    descriptor: DescriptorSettings = _DESCRIPTOR,
    *,
    progress: ProgressCallback = ignore_progress,
) -> Evaluation:
    """Measure a generator.

    Args:
        artifact: the generator; of several maps, the one that `shown_map` names is judged.
        exemplar: (H, W, 3) sRGB in [0, 1], the picture that it was trained from, or None.
        settings: what to look at.
        descriptor: where VGG-19's weights lie. Nothing is downloaded.
        progress: called after every sample and figure; raising Cancelled from it stops the work.

    Raises:
        ArtifactError: it does not tell a sensible training size.
        ImageError: the exemplar is smaller than the training size.
        WeightsError: the weights that were named cannot be used.
        EngineError: no engine, or senseless parameters.
    """
    settings.check()
    descriptor.check()
    size = _training_size(artifact)
    flatten = artifact.training.get("flatten") is True
    exemplars = None if exemplar is None else _Exemplar.of(_large_enough(exemplar, size), size, flatten)
    named = bool(descriptor.vgg19)  # weights that were named must do, even where none are needed
    opened = _open_judge(descriptor, size) if exemplars or named else _NO_EXEMPLAR
    judge = opened if exemplars else _NO_EXEMPLAR
    pictures: list[Picture] = []
    figures: dict[str, Figure] = {}
    total = settings.seeds + 1 + len(FIGURES)

    def report() -> None:
        progress(Progress("evaluating", len(pictures) + len(figures), total, "part"))

    report()
    engine = open_engine(artifact)
    tile = _sample_size(artifact)
    for side, seed in ((_LARGE, 0), *((tile, seed) for seed in range(settings.seeds))):
        pictures.append(_sample(engine, side, seed))
        report()
    large, *samples = pictures
    odd = None
    if exemplars:
        odd = oddest_place(large, exemplars.seen, periodic=True)
        figures["oddest"] = _odd_figure(odd, exemplars.crops)
        report()
    for name, figure in _measure(samples, large, artifact.graph.cell_texels, exemplars, judge, report):
        figures[name] = figure
        report()
    curve = read_loss_curve(artifact.training)
    return Evaluation(
        samples=samples,
        large=large,
        exemplar=exemplars.seen if exemplars else None,
        figures={name: figures[name] for name in FIGURES if name in figures},
        missing=_missing(figures, judge, curve, artifact),
        loss_curve=curve,
        losses=_losses(artifact.training),
        notes=_notes(artifact, exemplars),
        odd=odd,
    )


@dataclass(frozen=True)
class _Exemplar:
    """The exemplar as training saw it, and crops of it as large as a sample: none where it is too small for these."""

    seen: Picture
    crops: list[Picture]

    @classmethod
    def of(cls, picture: Picture, size: int, flatten: bool) -> "_Exemplar":
        even = flatten_lighting if flatten else _as_it_is
        crops = quadrants(even(picture), size) if min(picture.shape[:2]) >= 2 * size else []
        return cls(even(resize_exemplar(picture, size)), crops)


def _large_enough(picture: Picture, size: int) -> Picture:
    height, width = picture.shape[:2]
    if min(height, width) < size:
        raise ImageError(
            f"an exemplar of {width}x{height}",
            expected=f"at least {size} on the short side, as in training",
            remedy="give the picture that the generator was trained from",
        )
    return picture


def _as_it_is(picture: Picture) -> Picture:
    return picture


def _measure(
    samples: list[Picture],
    large: Picture,
    cell: int,
    exemplar: _Exemplar | None,
    judge: "Judge | str",
    report: Callable[[], None],
) -> _Figures:
    seams = seam_error(large, cell)
    yield "seam_x", _seam_figure(seams.x)
    yield "seam_y", _seam_figure(seams.y)
    own_peak = highest_peak(middle(exemplar.seen, len(samples[0])), periodic=False) if exemplar else None
    yield "repetition", _mean_figure([highest_peak(sample, periodic=True) for sample in samples], own_peak)
    if exemplar:
        yield from _beside_exemplar(samples, exemplar)
        if not isinstance(judge, str):
            yield from _through_vgg19(samples, exemplar, judge, report)


def _beside_exemplar(samples: list[Picture], exemplar: _Exemplar) -> _Figures:
    seen, crops = exemplar.seen, exemplar.crops
    floor = mean_of_pairs(crops, color_distance) if crops else None
    yield "colour", _mean_figure([color_distance(sample, seen) for sample in samples], floor)
    floor = mean_of_pairs(crops, lambda a, b: spectrum_distance(a, b, periodic=False)) if crops else None
    yield "spectrum", _mean_figure([spectrum_distance(sample, seen) for sample in samples], floor)
    yield "memorisation", _mean_figure([memorization(sample, seen) for sample in samples], memorization(*halves(seen)))


def _through_vgg19(samples: list[Picture], exemplar: _Exemplar, judge: "Judge", report: Callable[[], None]) -> _Figures:
    from texnet_core.evaluation.texture_metric import crop_floor, diversity, mean_distance

    wanted = judge.features(exemplar.seen, periodic=False)
    features = []
    for sample in samples:
        report()  # no figure yet, but a chance to stop
        features.append(judge.features(sample, periodic=True))
    report()
    distance = mean_distance([judge.texture_distance(found, wanted) for found in features])
    floor = crop_floor(judge, exemplar.crops) if exemplar.crops else None
    yield "texture_gram", _layers_figure(distance.gram, floor.gram if floor else None)
    yield "texture_wasserstein", _layers_figure(distance.wasserstein, floor.wasserstein if floor else None)
    yield "texture_held_out", _layers_figure(distance.held_out, floor.held_out if floor else None)
    difference = diversity(features, wanted)
    yield "diversity", Figure(difference.share, reference=1.0, parts=asdict(difference))


def _odd_figure(odd: OddPlace, crops: list[Picture]) -> Figure:
    def oddness(crop: Picture, others: Picture) -> float:
        return oddest_place(crop, others, periodic=False).oddness

    floor = mean_of_pairs(crops, lambda a, b: (oddness(a, b) + oddness(b, a)) / 2) if crops else None
    return Figure(odd.oddness, floor, parts={"x": odd.x, "y": odd.y, "1 place in 1000": odd.usual})


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


def _training_size(artifact: Artifact) -> int:
    size = artifact.texels_per_exemplar
    if size not in _SIZES:
        raise ArtifactError(
            f"a generator of {size} texels per exemplar",
            expected=f"{_SIZES.start} to {_SIZES.stop - 1}",
            remedy="train it again",
        )
    return size


def _sample_size(artifact: Artifact) -> int:
    """The size that samples had in training, to which a pattern was fitted; else the exemplar's, in whole cells.

    Sizes that are no whole cells would be resampled, which blurs what is judged.
    """
    cell, size = artifact.graph.cell_texels, artifact.training.get("size")
    if isinstance(size, int) and _is_training_size(size) and size % cell == 0:
        return size
    return max(1, round(artifact.texels_per_exemplar / cell)) * cell


def _is_training_size(size: int) -> bool:
    """Whether samples can have had that size in training; the record may come from anybody."""
    try:
        TrainSettings(size=size).check()
    except RequestError:
        return False
    return True


def _sample(engine: Engine, side: int, seed: int) -> Picture:
    made = synthesize(engine.artifact, TextureRequest(width=side, height=side, seed=seed), engine=engine)
    colors: Picture = shown_colors(made, engine.artifact.maps).astype(np.float32, copy=False)
    return colors


def _open_judge(descriptor: DescriptorSettings, size: int) -> "Judge | str":
    """The judge, or why there is none."""
    try:
        from texnet_core.descriptor.vgg19 import smallest_side
        from texnet_core.descriptor.weights import PATH_VARIABLE, find_vgg19, load_vgg19
        from texnet_core.evaluation.texture_metric import Judge
    except (ImportError, OSError):
        return "torch, which VGG-19 needs, is missing or broken in this Python"
    file, weights = find_vgg19(descriptor.vgg19), None
    if file is not None:
        try:
            weights = load_vgg19(descriptor.vgg19, descriptor.vgg19_input)
        except WeightsError as error:
            if descriptor.vgg19:  # those that were named must do
                raise
            found = error.found.replace(str(file), file.name)  # reports are shown to others
            remedy = f"correct or unset ${PATH_VARIABLE}" if os.environ.get(PATH_VARIABLE) else "delete that file"
            return f"VGG-19's weights cannot be used: found {found}; {remedy}"
    if size < (least := smallest_side("valid")):
        return f"VGG-19 needs pictures of {least} texels, and the training size is {size}"
    if weights is None:
        return "no weights of VGG-19 were found; vgg19 or $TEXNET_VGG19 can name them"
    return Judge(weights)


def _missing(figures: Mapping[str, Figure], judge: "Judge | str", curve: Curve, artifact: Artifact) -> dict[str, str]:
    reason = judge if isinstance(judge, str) else ""
    missing = {name: reason for name in FIGURES if name not in figures}
    if not curve:
        missing[KEY] = "the recorded one makes no sense" if KEY in artifact.training else "the run recorded none"
    return missing


def _notes(artifact: Artifact, exemplar: _Exemplar | None) -> list[str]:
    notes = []
    if troubles := artifact.training.get("troubles"):
        notes.append(f"its run had troubles: {one_line(str(troubles))}")
    learned_from = artifact.provenance.exemplar_sha256
    if exemplar and learned_from and texels_digest(exemplar.seen) != learned_from:
        notes.append(
            "the generator was trained from another picture than this one, or from this one edited or recompressed"
        )
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

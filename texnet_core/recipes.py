"""Generators from a list of recipes, one after the other: what is there and right stays, what is begun goes on.

No record is kept beside the files: a generator's card says which settings and which exemplar it came from, and a
checkpoint beside it that its training was stopped. Whatever ends a run, the same request goes on.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from texnet_core.artefact import SUFFIX, Artefact, Header, checkpoint_path, read_artefact, write_artefact
from texnet_core.atomic import as_output_error
from texnet_core.descriptor.vgg19 import smallest_side
from texnet_core.descriptor.weights import load_vgg19
from texnet_core.errors import Cancelled, WeightsError, reason
from texnet_core.evaluation.colour import Picture
from texnet_core.evaluation.judge import Features, Judge, mean
from texnet_core.images import read_exemplar, resize_exemplar, texels_digest
from texnet_core.progress import Progress, ProgressCallback, ignore_progress
from texnet_core.recipelist import Outcome, Recipe, Status
from texnet_core.settings import DescriptorSettings
from texnet_core.synthesis import synthesize
from texnet_core.training import TrainRequest, train

_SEEDS = (1, 2)  # of the samples that are judged


def run_recipes(
    recipes: list[Recipe], exemplars: Path, output: Path, *, progress: ProgressCallback = ignore_progress
) -> list[Outcome]:
    """Train what is missing or was made from other settings or another exemplar.

    A generator is trained again where its file is older than a change of its recipe. Where only facts about the
    exemplar changed, the card alone is written anew. A recipe that fails does not stop the others.

    Args:
        recipes: from `read_recipes`.
        exemplars: folder below which the pictures lie.
        output: folder for the generators and, while they are made, their checkpoints.
        progress: called after every step; raising Cancelled from it saves a checkpoint and stops.

    Returns:
        An outcome for each recipe, in order.

    Raises:
        Cancelled: the callback asked to stop.
        OutputError: there can be no such folder.
        WeightsError: there are no weights of VGG-19, which no recipe can do without.
    """
    with as_output_error(output):
        output.mkdir(parents=True, exist_ok=True)
    return list(_outcomes(recipes, exemplars, output, progress))


def _outcomes(recipes: list[Recipe], exemplars: Path, output: Path, progress: ProgressCallback) -> Iterator[Outcome]:
    for number, recipe in enumerate(recipes, 1):
        report = partial(_report_as, f"{recipe.name} ({number} of {len(recipes)})", progress)
        try:
            outcome = Outcome(recipe.name, _make(recipe, exemplars, output, report))
        except (Cancelled, WeightsError):
            raise
        except Exception as error:  # whatever it is, the other recipes go on
            outcome = Outcome(recipe.name, "failed", reason(error))
        said = ": ".join(filter(None, (outcome.status, outcome.error)))
        progress(Progress("recipes", number, len(recipes), "recipe", note=f"{recipe.name}: {said}"))
        yield outcome


def _report_as(stage: str, progress: ProgressCallback, part: Progress) -> None:
    progress(replace(part, stage=stage))


def _make(recipe: Recipe, exemplars: Path, output: Path, report: ProgressCallback) -> Status:
    path = output / f"{recipe.name}{SUFFIX}"
    image, notes = read_exemplar(exemplars / recipe.exemplar)
    for note in notes:
        report(Progress("", 0, 1, "step", note=f"{recipe.exemplar}: {note}"))
    exemplar = resize_exemplar(image, recipe.settings["train"].size)
    artefact = read_artefact(path) if path.exists() else None
    status: Status = "kept"
    if artefact is None or not recipe.made(artefact, texels_digest(exemplar)):
        request = TrainRequest(**recipe.settings, provenance=recipe.provenance)
        artefact = train(image, path, request, resume=checkpoint_path(path).exists(), progress=report)
        status = "trained"
    complete = _completed(artefact, recipe, exemplar)
    if _facts(complete) != _facts(artefact):
        write_artefact(path, complete)
        status = "completed" if status == "kept" else status
    return status


def _facts(card: Header) -> tuple[Any, ...]:
    """What a recipe decides of a card beyond the training."""
    return card.provenance, card.size_m, card.quality


def _completed(artefact: Artefact, recipe: Recipe, exemplar: Picture) -> Artefact:
    """The artefact with all that a recipe says of its exemplar, and with figures."""
    made_by = artefact.provenance
    provenance = replace(recipe.provenance, exemplar_sha256=made_by.exemplar_sha256, command=made_by.command)
    quality = artefact.quality
    if "relative_gram" not in quality:
        quality = quality | _figures(artefact, exemplar, recipe.settings["descriptor"])
    return replace(artefact, provenance=provenance, size_m=recipe.size_m, quality=quality)


def _figures(artefact: Artefact, exemplar: Picture, descriptor: DescriptorSettings) -> dict[str, float]:
    """Mean distances of two samples from the exemplar; beside them, those of the exemplar's halves from each other.

    Nothing for an exemplar that is too small for VGG-19 without padding.
    """
    size = min(exemplar.shape[:2])
    if size < smallest_side("valid"):
        return {}
    judge = Judge(load_vgg19(descriptor.vgg19, descriptor.vgg19_input))
    wanted = judge.features(exemplar, periodic=False)
    samples = (_sample(artefact, size, seed) for seed in _SEEDS)
    pairs = [(judge.features(sample, periodic=True), wanted) for sample in samples]
    halves = [_halves(wanted, axis) for axis in (2, 3)]
    return {
        "relative_gram": _mean(judge.gram_distances, pairs),
        "relative_gram_between_halves": _mean(judge.gram_distances, halves),
        "sliced_wasserstein": _mean(judge.wasserstein_distances, pairs),
        "sliced_wasserstein_between_halves": _mean(judge.wasserstein_distances, halves),
    }


def _sample(artefact: Artefact, size: int, seed: int) -> Picture:
    albedo: Picture = np.asarray(synthesize(artefact, (size, size), seed, engine="onnx")["albedo"], np.float32)
    return albedo


def _halves(features: Features, axis: int) -> tuple[Features, Features]:
    """Both halves of every layer, of equal size: what lies in the middle of an odd number is left out."""
    first, second = {}, {}
    for layer, maps in features.items():
        side = maps.shape[axis]
        first[layer] = maps.narrow(axis, 0, side // 2)
        second[layer] = maps.narrow(axis, side - side // 2, side // 2)
    return first, second


def _mean(distances: Callable[[Features, Features], dict[str, float]], pairs: list[tuple[Features, Features]]) -> float:
    return round(sum(mean(distances(*pair)) for pair in pairs) / len(pairs), 4)

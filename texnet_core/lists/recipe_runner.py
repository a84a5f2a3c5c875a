"""Generators from a list of recipes, one after the other: what is there and right stays, what is begun goes on.

No record is kept beside the files: a generator's card says which settings and which exemplar it came from, and a
checkpoint beside it that its training was stopped. Whatever ends a run, the same request goes on.
"""

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from texnet_core.atomic import make_folder
from texnet_core.errors import NoImageError, OtherRunError
from texnet_core.evaluation.evaluate import evaluate
from texnet_core.evaluation.figures import FIGURES
from texnet_core.lists.recipes import Recipe, RecipeResult, RecipeStatus
from texnet_core.lists.results import attempted
from texnet_core.materials import read_surface
from texnet_core.model.artifact import SUFFIX, Artifact, Header, checkpoint_path, read_artifact, write_artifact
from texnet_core.model.look import guess_look
from texnet_core.pictures.masks import visible_sides
from texnet_core.pictures.reading import Picture, texels_digest
from texnet_core.progress import Progress, ProgressCallback, ignore_progress
from texnet_core.settings import DescriptorSettings, EvaluationSettings, TrainSettings
from texnet_core.start_settings import StartSettings
from texnet_core.training import TrainRequest, train
from texnet_core.training.preparation import prepare_exemplar
from texnet_core.training.resolution import with_side

_SEEDS = 2  # samples that are measured
_OF_THE_RUN = ("validation_loss", "seconds")  # of a card's figures, those that training wrote


def run_recipes(
    recipes: list[Recipe], exemplars: Path, output: Path, *, progress: ProgressCallback = ignore_progress
) -> list[RecipeResult]:
    """Train what is missing or was made from other settings or another exemplar.

    A generator is trained again where its file is older than a change of its recipe. Where only facts about the
    exemplar changed, the card alone is written anew. A recipe that fails does not stop the others.

    Args:
        recipes: from `read_recipes`.
        exemplars: folder below which the pictures lie.
        output: folder for the generators and, while they are made, their checkpoints.
        progress: called after every step; raising Cancelled from it saves a checkpoint and stops.

    Returns:
        A result for each recipe, in order.

    Raises:
        Cancelled: the callback asked to stop.
        ImageError: there is no folder of exemplars.
        OutputError: there can be no such folder for the generators.
    """
    if not exemplars.is_dir():
        raise NoImageError(f"there is no folder of exemplars {exemplars}", expected="a folder", remedy="check the path")
    make_folder(output)
    return list(_results(recipes, exemplars, output, progress))


def _results(
    recipes: list[Recipe], exemplars: Path, output: Path, progress: ProgressCallback
) -> Iterator[RecipeResult]:
    for number, recipe in enumerate(recipes, 1):
        report = partial(_report_as, f"{recipe.name} ({number} of {len(recipes)})", progress)
        result = attempted(
            partial(_made, recipe, exemplars, output, report), partial(RecipeResult, recipe.name, "failed")
        )
        said = ": ".join(filter(None, (result.status, result.error)))
        progress(Progress("recipes", number, len(recipes), "recipe", note=f"{recipe.name}: {said}"))
        yield result


def _report_as(stage: str, progress: ProgressCallback, part: Progress) -> None:
    progress(replace(part, stage=stage))


def _made(recipe: Recipe, exemplars: Path, output: Path, report: ProgressCallback) -> RecipeResult:
    path = output / f"{recipe.name}{SUFFIX}"
    mask = exemplars / recipe.mask if recipe.mask else None
    picture = read_surface(exemplars / recipe.exemplar, mask=mask, maps=recipe.maps)
    for note in picture.notes:
        report(Progress("", 0, 1, "step", note=f"{recipe.exemplar}: {note}"))
    settings = recipe.settings
    artifact = read_artifact(path) if path.exists() else None
    train_settings = _as_learned(settings["train"], picture, artifact)
    given = (train_settings, settings["descriptor"], _say_nothing, picture.mask)
    exemplar = prepare_exemplar(picture.image, *given, maps=picture.maps)
    status: RecipeStatus = "kept"
    digest = texels_digest(exemplar.image, exemplar.mask)
    if artifact is None or artifact.maps != picture.maps or not recipe.made(artifact, digest):
        artifact = _trained(picture, path, _request(recipe, exemplars), report)
        status = "trained"
    complete = _completed(artifact, recipe, picture, report)
    complete = replace(complete, look=guess_look(exemplar.colors, exemplar.mask).changed(recipe.look))
    if _facts(complete) != _facts(artifact):
        write_artifact(path, complete)
        status = "completed" if status == "kept" else status
    return RecipeResult(recipe.name, status)


def _as_learned(settings: TrainSettings, picture: Picture, card: Header | None) -> TrainSettings:
    """The settings with the side at which the exemplar was learned as a whole, or else would be."""
    side = card.training.get("exemplar_size") if card is not None else None
    if settings.exemplar_size or card is None or not isinstance(side, int):
        return with_side(settings, min(visible_sides(picture.image.shape, picture.mask, settings.size)))[0]
    return replace(settings, exemplar_size=min(side, *picture.image.shape[:2]))


def _request(recipe: Recipe, exemplars: Path) -> TrainRequest:
    """What trains a recipe; a file that it begins as lies where its exemplar lies."""
    request = TrainRequest(**recipe.settings, provenance=recipe.provenance)
    if not request.begin.start.endswith(SUFFIX):
        return request
    return replace(request, begin=StartSettings(str(exemplars / request.begin.start)))


def _trained(picture: Picture, path: Path, request: TrainRequest, report: ProgressCallback) -> Artifact:
    """Go on from a checkpoint of this very run; one of another is of no use any more."""
    checkpoint = checkpoint_path(path)
    learn = partial(train, picture.image, path, request, maps=picture.maps, relief=picture.relief)
    learn = partial(learn, mask=picture.mask, progress=report)
    try:
        return learn(resume=checkpoint.exists())
    except OtherRunError:
        checkpoint.unlink()
        return learn()


def _facts(card: Header) -> tuple[Any, ...]:
    """What a recipe decides of a card beyond the training."""
    return card.provenance, card.size_m, card.look, card.quality


def _say_nothing(text: str) -> None:
    """What is told of an exemplar is told when it is trained from."""


def _completed(artifact: Artifact, recipe: Recipe, picture: Picture, report: ProgressCallback) -> Artifact:
    """The artifact with all that a recipe says of its exemplar, and with figures; what it has of these it keeps."""
    made_by = artifact.provenance
    provenance = replace(recipe.provenance, exemplar_sha256=made_by.exemplar_sha256, command=made_by.command)
    quality = {name: artifact.quality[name] for name in _OF_THE_RUN if name in artifact.quality}
    measured = {name: value for name, value in artifact.quality.items() if name not in quality}
    if not FIGURES.keys() <= measured.keys():
        measured |= _figures(artifact, picture, recipe.settings["descriptor"], report)
    return replace(artifact, provenance=provenance, size_m=_size_m(recipe, picture), quality=quality | measured)


def _size_m(recipe: Recipe, picture: Picture) -> float | None:
    """Meters along the short side of what is learned from, which a mask may make smaller than the picture."""
    if recipe.size_m is None:
        return None
    sides = picture.image.shape[:2]
    visible = visible_sides(sides, picture.mask, recipe.settings["train"].exemplar_side)
    return recipe.size_m * (min(visible) / min(sides))


def _figures(
    artifact: Artifact, picture: Picture, descriptor: DescriptorSettings, report: ProgressCallback
) -> dict[str, float]:
    """The figures of `texnet eval` as flat numbers: NAME, and NAME_reference or the ends of its interval."""
    settings = EvaluationSettings(seeds=_SEEDS)
    evaluation = evaluate(artifact, picture.image, settings, descriptor, mask=picture.mask, maps=picture.maps)
    for why in evaluation.reasons:
        report(Progress("", 0, 1, "step", note=f"not all figures could be taken: {why}"))
    flat: dict[str, float] = {}
    for name, figure in evaluation.figures.items():
        flat[name] = figure.value
        if figure.interval is not None:
            flat[f"{name}_low"], flat[f"{name}_high"] = figure.interval
        if figure.reference is not None:
            flat[f"{name}_reference"] = figure.reference
    return {name: round(value, 4) for name, value in flat.items()}

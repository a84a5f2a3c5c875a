"""Generators from a list of recipes: what is there and right stays, what is begun goes on.

No record is kept beside the files: a generator's card says which settings and which exemplar it came from, and a
checkpoint beside it that its training was stopped. Whatever ends a run, the same request goes on.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from texnet_core.atomic import make_folder
from texnet_core.derivation import with_derived_maps
from texnet_core.descriptor.weights import INPUT_VARIABLE, find_vgg19
from texnet_core.errors import NoImageError, OtherRunError, RequestError
from texnet_core.evaluation.evaluate import evaluate
from texnet_core.evaluation.figures import FIGURES
from texnet_core.lists.pools import Here, Place, Pool, Shared
from texnet_core.lists.recipes import Recipe, RecipeResult, RecipeStatus
from texnet_core.materials import is_material, read_surface
from texnet_core.model.artifact import SUFFIX, Artifact, Header, checkpoint_path, read_artifact, write_artifact
from texnet_core.model.look import guess_look
from texnet_core.pictures.masks import visible_sides
from texnet_core.pictures.reading import Picture, read_exemplar, texels_digest
from texnet_core.progress import Progress, ProgressCallback, ignore_progress
from texnet_core.settings import DescriptorSettings, EvaluationSettings, TrainSettings
from texnet_core.start_settings import StartSettings
from texnet_core.training import TrainRequest, train
from texnet_core.training.preparation import prepare_exemplar
from texnet_core.training.resolution import with_side

_FILES = (SUFFIX, ".safetensors", ".pth", ".pt")  # what a start or weights are read from, where they are no names
_CPUS = 4  # of a training beside others; more hardly make it faster
_SEEDS = 2  # samples that are measured
_OF_THE_RUN = ("validation_loss", "seconds")  # of a card's figures, those that training wrote


def run_recipes(
    recipes: list[Recipe],
    exemplars: Path,
    output: Path,
    *,
    pool: Pool | None = None,
    progress: ProgressCallback = ignore_progress,
) -> list[RecipeResult]:
    """Train what is missing or was made from other settings or another exemplar.

    A generator is trained again where its file is older than a change of its recipe. Where only facts about the
    exemplar changed, the card alone is written anew. A recipe that fails does not stop the others.

    Args:
        recipes: from `read_recipes`.
        exemplars: folder below which the pictures lie.
        output: folder for the generators and, while they are made, their checkpoints.
        pool: where they are trained; one after the other in this thread without it. `ray_pool.RayPool` is another.
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
    work = _Trainings(recipes, exemplars, output, progress, at_once=pool is not None)
    (pool or Here()).run(work)
    return [result for result in work.results if result is not None]


class _Trainings:
    """The recipes as work for a pool; see `pools.Work`."""

    def __init__(
        self, recipes: list[Recipe], exemplars: Path, output: Path, progress: ProgressCallback, *, at_once: bool
    ) -> None:
        self._recipes, self._exemplars, self._output = recipes, exemplars, output
        self._progress, self._at_once = progress, at_once
        self._done = [0.0] * len(recipes)
        self.results: list[RecipeResult | None] = [None] * len(recipes)

    def __len__(self) -> int:
        return len(self._recipes)

    def plan(self, number: int) -> "_Training":
        return _Training(self._recipes[number], self._exemplars, self._output)

    def hear(self, number: int, part: Progress) -> None:
        recipe = self._recipes[number]
        if not self._at_once:
            self._progress(replace(part, stage=f"{recipe.name} ({number + 1} of {len(self)})"))
            return
        self._done[number] = max(self._done[number], min(0.99, part.done / part.total))
        self._tell(f"{recipe.name}: {part.note}" if part.note else "")

    def done(self, number: int, outcome: RecipeResult) -> None:
        self.results[number] = outcome
        self._done[number] = 1.0
        said = ": ".join(filter(None, (outcome.status, outcome.error)))
        if not self._at_once:
            self._done = [1.0] * (number + 1) + [0.0] * (len(self) - number - 1)
        self._tell(f"{outcome.name}: {said}")

    def failed(self, number: int, error: str) -> None:
        self.done(number, RecipeResult(self._recipes[number].name, "failed", error))

    def _tell(self, note: str) -> None:
        self._progress(Progress("recipes", sum(self._done), len(self), "recipe", note=note))


@dataclass(frozen=True)
class _Training:
    """One recipe; see `pools.Task`."""

    recipe: Recipe
    exemplars: Path
    output: Path

    @property
    def device(self) -> str:
        return str(self.recipe.settings["train"].device)

    @property
    def cpus(self) -> int:
        return _CPUS

    @property
    def reads(self) -> Sequence[Path]:
        request, recipe = _request(self.recipe, self.exemplars), self.recipe
        named = [recipe.exemplar, *filter(None, [recipe.mask])]
        others = [Path(name) for name in (request.begin.start, request.descriptor.vgg19) if name.endswith(_FILES)]
        return [*(self.exemplars / name for name in named), *others, *self.writes, *self.keeps]

    @property
    def writes(self) -> Sequence[Path]:
        return [self.output / f"{self.recipe.name}{SUFFIX}"]

    @property
    def keeps(self) -> Sequence[Path]:
        return [checkpoint_path(path) for path in self.writes]

    def portable(self, shared: Shared, device: str) -> "_Training":
        """The same for another machine, with the weights of this one where it has any."""
        settings = dict(self.recipe.settings)
        settings["train"] = replace(settings["train"], device=device)
        descriptor = settings["descriptor"]
        if descriptor.descriptor == "vgg19" and (weights := find_vgg19(descriptor.vgg19)):
            convention = descriptor.vgg19_input or os.environ.get(INPUT_VARIABLE, "")
            settings["descriptor"] = replace(descriptor, vgg19=str(weights.absolute()), vgg19_input=convention)
        return replace(self, recipe=replace(self.recipe, settings=settings, look=dict(self.recipe.look)))

    def run(self, place: Place, shared: Shared, report: ProgressCallback) -> RecipeResult:
        """Train it, or go on, or see that there is nothing to do."""
        for path in self.reads:
            place.read(path)
        make_folder(place.at(self.output))
        recipe = self.recipe
        if descriptor := recipe.settings["descriptor"].vgg19:
            here = replace(recipe.settings["descriptor"], vgg19=str(place.at(Path(descriptor))))
            recipe = replace(recipe, settings={**recipe.settings, "descriptor": here})
        return _made(recipe, place.at(self.exemplars), place.at(self.output), report)


def _made(recipe: Recipe, exemplars: Path, output: Path, report: ProgressCallback) -> RecipeResult:
    path = output / f"{recipe.name}{SUFFIX}"
    picture = _read(recipe, exemplars)
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


def _read(recipe: Recipe, exemplars: Path) -> Picture:
    exemplar, mask = exemplars / recipe.exemplar, exemplars / recipe.mask if recipe.mask else None
    if not recipe.material:
        return read_surface(exemplar, mask=mask, maps=recipe.maps)
    if is_material(exemplar):
        raise RequestError(
            f"{recipe.exemplar} has maps of its own, and material = true guesses those of a picture",
            expected="one picture",
            remedy="leave material out, or name one picture",
        )
    return with_derived_maps(read_exemplar(exemplar, mask), recipe.maps)


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

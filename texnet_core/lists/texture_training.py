"""The training of a texture or a material, as a recipe has it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Self

from texnet_core.derivation import with_derived_maps
from texnet_core.errors import RequestError
from texnet_core.evaluation.evaluate import evaluate
from texnet_core.evaluation.figures import FIGURES
from texnet_core.lists.pools import Shared
from texnet_core.lists.recipe_values import RecipeStatus
from texnet_core.lists.texture_recipes import TextureRecipe
from texnet_core.lists.training_task import Training, completed, described, file_in, tell, train_or_go_on
from texnet_core.materials import is_material, read_surface
from texnet_core.model.artifact import Artifact, Header
from texnet_core.model.detail import detail_levels
from texnet_core.model.look import guess_look
from texnet_core.pictures.masks import visible_sides
from texnet_core.pictures.reading import Picture, read_exemplar, texels_digest
from texnet_core.progress import ProgressCallback, ignore_note
from texnet_core.settings import DescriptorSettings, EvaluationSettings, TrainSettings
from texnet_core.start_settings import StartSettings
from texnet_core.training import TrainRequest, train
from texnet_core.training.preparation import prepare_exemplar
from texnet_core.training.resolution import with_side

_SEEDS = 2  # samples that are measured
_OF_THE_RUN = ("validation_loss", "seconds")  # of a card's figures, those that training wrote


@dataclass(frozen=True)
class TextureTraining(Training):
    """See `Training`."""

    recipe: TextureRecipe

    def places(self) -> Sequence[str]:
        return [self.recipe.exemplar, self.recipe.mask, file_in(self.recipe.settings["begin"].start)]

    def portable(self, shared: Shared, device: str) -> Self:
        moved = super().portable(shared, device)
        return replace(moved, recipe=replace(moved.recipe, look=dict(self.recipe.look)))

    def make(self, artifact: Artifact | None, report: ProgressCallback) -> RecipeStatus:
        recipe, settings = self.recipe, self.recipe.settings
        picture = _read(recipe, self.exemplars)
        for note in picture.notes:
            tell(report, f"{recipe.exemplar}: {note}")
        train_settings, detail_side = _as_learned(settings["train"], picture, artifact)
        given = (train_settings, settings["descriptor"], ignore_note, picture.mask)
        exemplar = prepare_exemplar(picture.image, *given, detail_side=detail_side, maps=picture.maps)
        status: RecipeStatus = "kept"
        digest = texels_digest(exemplar.image, exemplar.mask)
        if artifact is None or artifact.maps != picture.maps or not recipe.made(artifact, digest):
            artifact, status = self._trained(picture, report), "trained"
        complete = _completed(artifact, recipe, picture, report)
        complete = replace(complete, look=guess_look(exemplar.colors, exemplar.mask).changed(recipe.look))
        return completed(self.path, status, artifact, complete)

    def _trained(self, picture: Picture, report: ProgressCallback) -> Artifact:
        begin = StartSettings(self.started(self.recipe.settings["begin"].start))
        request = TrainRequest(**{**self.recipe.settings, "begin": begin}, provenance=self.recipe.provenance)
        learn = partial(train, picture.image, self.path, request, maps=picture.maps, relief=picture.relief)
        return train_or_go_on(self.path, partial(learn, mask=picture.mask, progress=report))


def _read(recipe: TextureRecipe, exemplars: Path) -> Picture:
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


def _as_learned(settings: TrainSettings, picture: Picture, card: Header | None) -> tuple[TrainSettings, int]:
    """The settings with the side at which the exemplar was learned as a whole, or else would be.

    Beside them the largest side at which detail was learned; 0 where none was.
    """
    fitting, detail_side = with_side(settings, min(visible_sides(picture.image.shape, picture.mask, settings.size)))
    if card is None:
        return fitting, detail_side
    if not detail_levels(card):
        detail_side = 0
    side = card.training.get("exemplar_size")
    if settings.exemplar_size or not isinstance(side, int):
        return fitting, detail_side
    return replace(settings, exemplar_size=min(side, *picture.image.shape[:2])), detail_side


def _completed(artifact: Artifact, recipe: TextureRecipe, picture: Picture, report: ProgressCallback) -> Artifact:
    """The artifact with all that a recipe says of its exemplar, and with figures; what it has of these it keeps."""
    quality = {name: artifact.quality[name] for name in _OF_THE_RUN if name in artifact.quality}
    measured = {name: value for name, value in artifact.quality.items() if name not in quality}
    if not FIGURES.keys() <= measured.keys():
        measured |= _figures(artifact, picture, recipe.settings["descriptor"], report)
    artifact = described(artifact, recipe.provenance)
    return replace(artifact, size_m=_size_m(recipe, picture), quality=quality | measured)


def _size_m(recipe: TextureRecipe, picture: Picture) -> float | None:
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
        tell(report, f"not all figures could be taken: {why}")
    flat: dict[str, float] = {}
    for name, figure in evaluation.figures.items():
        flat[name] = figure.value
        if figure.interval is not None:
            flat[f"{name}_low"], flat[f"{name}_high"] = figure.interval
        if figure.reference is not None:
            flat[f"{name}_reference"] = figure.reference
    return {name: round(value, 4) for name, value in flat.items()}

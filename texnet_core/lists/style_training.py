"""The training of a style, as a recipe has it."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from texnet_core.lists.recipe_values import RecipeStatus
from texnet_core.lists.style_recipes import StyleRecipe
from texnet_core.lists.training_task import Training, completed, described, file_in, tell, train_or_go_on
from texnet_core.model.artifact import Artifact, read_artifact
from texnet_core.pictures.reading import read_exemplar
from texnet_core.presets import find_style
from texnet_core.progress import ProgressCallback
from texnet_core.training.styles import StyleRequest, came_from, read_content, train_style


@dataclass(frozen=True)
class StyleTraining(Training):
    """See `Training`."""

    recipe: StyleRecipe

    def places(self) -> Sequence[str]:
        recipe = self.recipe
        return [recipe.exemplar, recipe.mask, recipe.content, file_in(recipe.start)]

    def make(self, artifact: Artifact | None, report: ProgressCallback) -> RecipeStatus:
        recipe = self.recipe
        request = StyleRequest(**recipe.settings, provenance=recipe.provenance)
        mask = self.exemplars / recipe.mask if recipe.mask else None
        picture = read_exemplar(self.exemplars / recipe.exemplar, mask)
        content = None
        if recipe.content:
            content = read_content(self.exemplars / recipe.content, request, partial(tell, report))
        start = read_artifact(find_style(self.started(recipe.start))) if recipe.start else None
        facts: dict[str, Any] = {"content": content, "mask": picture.mask, "start": start}
        status: RecipeStatus = "kept"
        if artifact is None or not came_from(artifact, picture.image, request, **facts):
            learn = partial(train_style, picture.image, self.path, request, **facts, progress=report)
            artifact, status = train_or_go_on(self.path, learn), "trained"
        return completed(self.path, status, artifact, described(artifact, recipe.provenance))

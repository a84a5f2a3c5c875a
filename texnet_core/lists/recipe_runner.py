"""Generators from a list of recipes: what is there and right stays, what is begun goes on.

No record is kept beside the files: a generator's card says which settings and which exemplar it came from, and a
checkpoint beside it that its training was stopped. Whatever ends a run, the same request goes on.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from texnet_core.errors import NoImageError
from texnet_core.lists.network_recipes import NetworkRecipe
from texnet_core.lists.network_training import NetworkTraining
from texnet_core.lists.pools import Here, Pool
from texnet_core.lists.recipes import Recipe, RecipeResult
from texnet_core.lists.style_recipes import StyleRecipe
from texnet_core.lists.style_training import StyleTraining
from texnet_core.lists.texture_recipes import TextureRecipe
from texnet_core.lists.texture_training import TextureTraining
from texnet_core.lists.training_task import Training
from texnet_core.paths import check_is_no_file
from texnet_core.progress import Progress, ProgressCallback, ignore_progress

TRAININGS: dict[type, type[Training]] = {
    TextureRecipe: TextureTraining,
    StyleRecipe: StyleTraining,
    NetworkRecipe: NetworkTraining,
}


def run_recipes(
    recipes: Sequence[Recipe],
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
        RequestError: the output is a file.
        OutputError: there can be no such folder for the generators.
    """
    if not exemplars.is_dir():
        raise NoImageError(f"there is no folder of exemplars {exemplars}", expected="a folder", remedy="check the path")
    check_is_no_file(output)
    work = _Trainings(recipes, exemplars, output, progress, at_once=pool is not None)
    (pool or Here()).run(work)
    return [result for result in work.results if result is not None]


class _Trainings:
    """The recipes as work for a pool; see `pools.Work`."""

    def __init__(
        self, recipes: Sequence[Recipe], exemplars: Path, output: Path, progress: ProgressCallback, *, at_once: bool
    ) -> None:
        self._recipes, self._exemplars, self._output = recipes, exemplars, output
        self._progress, self._at_once = progress, at_once
        self._done = [0.0] * len(recipes)
        self.results: list[RecipeResult | None] = [None] * len(recipes)

    def __len__(self) -> int:
        return len(self._recipes)

    def plan(self, number: int) -> Training:
        recipe = self._recipes[number]
        return TRAININGS[type(recipe)](recipe, self._exemplars, self._output)

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

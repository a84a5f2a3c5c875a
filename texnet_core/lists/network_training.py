"""The training of a network of many textures, as a recipe has it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType
from typing import Any

from texnet_core.adaptive.conditional_request import InstantRequest, TexturesRequest
from texnet_core.adaptive.conditional_training import train_conditional, train_textures
from texnet_core.adaptive.request import AdaptiveRequest
from texnet_core.adaptive.sources import Request, came_from
from texnet_core.adaptive.training import train_adaptive
from texnet_core.lists.network_recipes import NetworkRecipe
from texnet_core.lists.recipe_values import RecipeStatus
from texnet_core.lists.training_task import Training, completed, described, file_in, train_or_go_on
from texnet_core.model.artifact import Artifact
from texnet_core.progress import ProgressCallback
from texnet_core.settings import changed

_LEARN: MappingProxyType[str, Callable[..., Artifact]] = MappingProxyType(
    {"many": train_textures, "instant": train_conditional, "train": train_adaptive}
)


@dataclass(frozen=True)
class NetworkTraining(Training):
    """See `Training`."""

    recipe: NetworkRecipe

    def places(self) -> Sequence[str]:
        start = getattr(self.recipe.settings["train"], "start", "")
        return [self.recipe.exemplar, file_in(start)]

    def make(self, artifact: Artifact | None, report: ProgressCallback) -> RecipeStatus:
        recipe = self.recipe
        source, request = self.exemplars / recipe.exemplar, self.request()
        status: RecipeStatus = "kept"
        if artifact is None or not came_from(artifact, source, request):
            learn = partial(_LEARN[recipe.command], source, self.path, request, progress=report)
            artifact, status = train_or_go_on(self.path, learn), "trained"
        return completed(self.path, status, artifact, described(artifact, recipe.provenance))

    def request(self) -> Request:
        """What trains it."""
        settings, provenance = self.recipe.settings, self.recipe.provenance
        network, train = settings["network"], settings["train"]
        if self.recipe.command == "train":
            weights = settings["descriptor"]
            return AdaptiveRequest(network, train, weights.vgg19, provenance, weights.vgg19_input)
        train = changed(train, {"start": self.started(train.start)})
        made: Any = TexturesRequest if self.recipe.command == "many" else InstantRequest
        request: Request = made(network, train, provenance)
        return request

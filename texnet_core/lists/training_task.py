"""One recipe as a task for a pool; see `pools.Task`. What a kind of recipe does of its own is in its subclass."""

import os
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self

from texnet_core.atomic import make_folder
from texnet_core.descriptor.weights import INPUT_VARIABLE, find_vgg19
from texnet_core.errors import OtherRunError
from texnet_core.lists.pools import Place, Shared
from texnet_core.lists.recipe_values import RecipeStatus, is_file
from texnet_core.lists.recipes import RecipeResult
from texnet_core.model.artifact import (
    SUFFIX,
    Artifact,
    Provenance,
    checkpoint_path,
    read_artifact,
    write_artifact,
)
from texnet_core.progress import Progress, ProgressCallback

_WEIGHTS = (".safetensors", ".pth", ".pt")  # what they are read from, where they are no name
_CPUS = 4  # of a training beside others; more hardly make it faster


@dataclass(frozen=True)
class Training(ABC):
    """A recipe, the folder of exemplars, and the folder for what it makes."""

    recipe: Any
    exemplars: Path
    output: Path

    @property
    def path(self) -> Path:
        """The file that it makes."""
        return self.output / f"{self.recipe.name}{SUFFIX}"

    @property
    def device(self) -> str:
        return str(self.recipe.settings["train"].device)

    @property
    def cpus(self) -> int:
        return _CPUS

    @property
    def reads(self) -> Sequence[Path]:
        named = [self.exemplars / place for place in self.places() if place]
        weights = Path(self.recipe.settings["descriptor"].vgg19)
        return [*named, *([weights] if weights.suffix in _WEIGHTS else []), *self.writes, *self.keeps]

    @property
    def writes(self) -> Sequence[Path]:
        return [self.path]

    @property
    def keeps(self) -> Sequence[Path]:
        return [checkpoint_path(self.path)]

    def portable(self, shared: Shared, device: str) -> Self:
        """The same for another machine, with the weights of this one where it has any."""
        train, descriptor = (self.recipe.settings[part] for part in ("train", "descriptor"))
        if descriptor.descriptor == "vgg19" and (weights := find_vgg19(descriptor.vgg19)):
            convention = descriptor.vgg19_input or os.environ.get(INPUT_VARIABLE, "")
            descriptor = replace(descriptor, vgg19=str(weights.absolute()), vgg19_input=convention)
        return self._with(train=replace(train, device=device), descriptor=descriptor)

    def run(self, place: Place, shared: Shared, report: ProgressCallback) -> RecipeResult:
        """Train it, or go on, or see that there is nothing to do."""
        for path in self.reads:
            place.read(path)
        make_folder(place.at(self.output))
        here = replace(self, exemplars=place.at(self.exemplars), output=place.at(self.output))
        descriptor = self.recipe.settings["descriptor"]
        if descriptor.vgg19:
            here = here._with(descriptor=replace(descriptor, vgg19=str(place.at(Path(descriptor.vgg19)))))
        artifact = read_artifact(here.path) if here.path.exists() else None
        return RecipeResult(self.recipe.name, here.make(artifact, report))

    def started(self, start: str) -> str:
        """What a run begins with: a name, or a file that lies where the exemplars lie."""
        return str(self.exemplars / start) if is_file(start) else start

    @abstractmethod
    def places(self) -> Sequence[str]:
        """What it needs below the folder of exemplars; "" counts for nothing."""

    @abstractmethod
    def make(self, artifact: Artifact | None, report: ProgressCallback) -> RecipeStatus:
        """Bring the file up to date.

        Args:
            artifact: what is there, or None.
            report: called after every step.
        """

    def _with(self, **parts: Any) -> Self:
        """The same with other settings, which can be pickled."""
        return replace(self, recipe=replace(self.recipe, settings={**self.recipe.settings, **parts}))


def file_in(start: str) -> str:
    """The file that a run begins with, below the folder of exemplars; "" where that is a name."""
    return start if is_file(start) else ""


def tell(report: ProgressCallback, note: str) -> None:
    """Tell one sentence beside the steps."""
    report(Progress("", 0, 1, "step", note=note))


def train_or_go_on(path: Path, learn: Callable[..., Artifact]) -> Artifact:
    """Go on from a checkpoint of this very run; one of another is of no use any more."""
    checkpoint = checkpoint_path(path)
    try:
        return learn(resume=checkpoint.exists())
    except OtherRunError:
        checkpoint.unlink()
        return learn()


def described(artifact: Artifact, provenance: Provenance) -> Artifact:
    """The artifact with what a recipe says of its exemplar; what made it stays."""
    made_by = artifact.provenance
    known = replace(provenance, exemplar_sha256=made_by.exemplar_sha256, command=made_by.command)
    return replace(artifact, provenance=known)


def completed(path: Path, status: RecipeStatus, before: Artifact, complete: Artifact) -> RecipeStatus:
    """Write the card anew where facts in it have changed."""
    if _facts(complete) == _facts(before):
        return status
    write_artifact(path, complete)
    return "completed" if status == "kept" else status


def _facts(card: Artifact) -> tuple[Any, ...]:
    """What a recipe decides of a card beyond the training."""
    return card.provenance, card.size_m, card.look, card.quality

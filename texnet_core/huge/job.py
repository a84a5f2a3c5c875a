"""A plane that is to be written, in a form that travels, and who makes its pieces."""

import importlib.metadata
import platform
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from texnet_core.engines import available_cores
from texnet_core.huge.recipe import Recipe, opened
from texnet_core.huge.target import Target


def versions() -> dict[str, str]:
    """What all that work on a plane must have in common."""
    return {
        "TexNet": importlib.metadata.version("texnet"),
        "Python": ".".join(platform.python_version_tuple()[:2]),
    }


@dataclass(frozen=True)
class Job:
    """A plane and its place.

    Attributes:
        recipe: of the plane.
        target: what it is written to.
        folder: where its pieces are put until all are there.
        versions: of whoever asks for it.
    """

    recipe: Recipe
    target: Target
    folder: Path
    versions: dict[str, str] = field(default_factory=versions)


class Workers(Protocol):
    """Who makes the pieces of a plane."""

    def make(self, job: Job, numbers: Sequence[int]) -> Iterator[int | None]:
        """Make pieces; the number of each when it is there, and None now and then while there is nothing to tell.

        Raises:
            TexnetError: one could not be made; it says where.
        """
        ...


class ThisProcess:
    """Makes one piece after the other, with as many threads as the engine wants."""

    def make(self, job: Job, numbers: Sequence[int]) -> Iterator[int | None]:
        threads = job.recipe.request.threads or available_cores()
        for number in numbers:
            job.target.write(job.folder, opened(job.recipe, threads), number)
            yield number

"""What the loop asks of a plan, and what it gives it in the end."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from texnet_core.descriptor.choice import Weights
from texnet_core.mapset import MapSpec
from texnet_core.model.artifact import Artifact
from texnet_core.model.graph import Graph
from texnet_core.model.training_form import Generator
from texnet_core.settings import TrainSettings
from texnet_core.training.objective import RunObjective
from texnet_core.training.reports import Place
from texnet_core.training.samples import Samples
from texnet_core.training.tiles import Tiles


@dataclass(frozen=True)
class Learned:
    """What a run came to.

    Attributes:
        parameters: of the inference form of its graph.
        preview_png: a sample.
        record: how it went.
        quality: figures measured at its end.
    """

    parameters: Mapping[str, npt.NDArray[np.float32]]
    preview_png: bytes
    record: dict[str, Any]
    quality: dict[str, float]


class RunPlan(Protocol):
    """What the loop asks of a plan, be it of a texture, of its detail or of a style."""

    @property
    def train(self) -> TrainSettings:
        """Settings of the loop."""
        ...

    @property
    def device(self) -> torch.device:
        """Where the run computes."""
        ...

    @property
    def weights(self) -> Weights | None:
        """Of the network whose layers are compared, or None where patches are."""
        ...

    @property
    def tiles(self) -> Tiles | None:
        """Which samples should have, or None."""
        ...

    @property
    def graph(self) -> Graph:
        """What is trained."""
        ...

    @property
    def place(self) -> Place:
        """Where in all that is done for one generator this run stands."""
        ...

    @property
    def maps(self) -> tuple[MapSpec, ...]:
        """What the channels of samples are."""
        ...

    @property
    def is_gray(self) -> bool:
        """Whether samples have no colors: then their first three channels are the same."""
        ...

    @property
    def colors(self) -> Tensor:
        """Texels whose mean and spread samples are to have, (1, channels, ..., ...)."""
        ...

    def window(self, fraction: float) -> int:
        """Side of the samples of a step."""
        ...

    def half_window(self) -> int:
        """Half the side of the samples, where that is possible; else 0."""
        ...

    def batch(self, *, frozen: bool) -> int:
        """How many samples a step has."""
        ...

    def finish(self, generator: Generator, objective: RunObjective, balance: dict[str, float]) -> None:
        """Change the best generator of the run, where more is to be settled; `balance` is told what it came to."""
        ...

    def samples(self) -> Samples:
        """What draws this run's samples."""
        ...

    @property
    def is_ahead(self) -> bool:
        """Whether the run begins with a generator that is trained: it warms up sooner and need not get much better."""
        ...

    def begin(self, generator: Generator, *, again: bool) -> None:
        """Change a new generator's random parameters; those of a start only if the run does not start again."""
        ...

    def objective(self, precision: str, balance: dict[str, float]) -> RunObjective:
        """What this run minimizes; weights that it changes on its way are kept in `balance`."""
        ...

    def record(self) -> dict[str, Any]:
        """The settings that make a run what it is."""
        ...

    def fingerprint(self) -> dict[str, Any]:
        """What must be equal for a checkpoint to be of this run."""
        ...

    def kept(self) -> dict[str, Tensor]:
        """What a checkpoint keeps so that the plan can be made again."""
        ...

    def artifact(self, learned: Learned) -> Artifact:
        """The generator, with its card."""
        ...

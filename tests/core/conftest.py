"""A short training, and one of it that is complete, for all tests that compare others with it; a worker."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.conftest import picture
from texnet_core import Artifact, PyramidSettings
from texnet_core.progress import Progress
from texnet_core.settings import DescriptorSettings, LossSettings, TrainSettings
from texnet_core.start_settings import COLD_START, StartSettings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.core.workers import Thread
    from texnet_core.training import TrainRequest


@pytest.fixture(scope="session")
def request_(random_vgg19_file: Path) -> "TrainRequest":
    """A run of seconds: small windows, random descriptor."""
    from tests.core.trainings import STEPS
    from texnet_core.training import TrainRequest

    return TrainRequest(
        generator=PyramidSettings(levels=3, channels=4),
        descriptor=DescriptorSettings(vgg19=str(random_vgg19_file), padding="zero"),
        loss=LossSettings(directions=8, positions=256),
        train=TrainSettings(size=32, exemplar_size=32, steps=STEPS, precision="f32"),
        begin=StartSettings(COLD_START),
    )


@pytest.fixture
def cheap_objective(monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs learn a color, anew in each step, in no time: for tests of all that is not their loss."""
    import torch

    from texnet_core.training.objective import Losses, Objective

    def ask(
        self: Objective, image: torch.Tensor, seeds: list[int], loss_seed: int, *, finishing: bool, whole: bool = False
    ) -> Losses:
        color = torch.rand(3, generator=torch.Generator().manual_seed(loss_seed))
        loss = (image - color[:, None, None]).square().mean()
        return Losses(loss, loss)

    monkeypatch.setattr(Objective, "__call__", ask)


@dataclass(frozen=True)
class CompleteRun:
    artifact: Artifact
    reports: list[Progress]


@pytest.fixture(scope="session")
def complete_run(request_: "TrainRequest", tmp_path_factory: pytest.TempPathFactory) -> CompleteRun:
    """What `request_` makes of `picture()`, in one go."""
    from texnet_core.training import train

    reports: list[Progress] = []
    path = tmp_path_factory.mktemp("complete") / "run.texnet"
    return CompleteRun(train(picture(), path, request_, progress=reports.append), reports)


@pytest.fixture
def inside() -> "Iterator[Thread]":
    """A worker in this process."""
    from tests.core.workers import Thread

    conversation = Thread()
    yield conversation
    conversation.close()

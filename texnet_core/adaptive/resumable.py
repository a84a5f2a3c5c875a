"""A run that can be stopped after any step and goes on as if it had not been: what all networks that adapt share.

Every draw of a step follows from (seed, step), so a resumed run on a CPU ends with the same parameters as one that was
never stopped.
"""

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

import torch
from torch import Tensor, nn

from texnet_core.adaptive import checkpoint as kept
from texnet_core.adaptive.checkpoint import AdaptiveState, Kind, Stateful
from texnet_core.adaptive.processes import Processes
from texnet_core.errors import TrainingError
from texnet_core.model.noise import derive_seed
from texnet_core.progress import ProgressCallback
from texnet_core.settings import as_record
from texnet_core.training import clock
from texnet_core.training.curve import curve_text, extend_curve
from texnet_core.training.reports import Reports
from texnet_core.training.schedule import fraction_done

SAVE_EVERY_S = 30.0


class Loop(Protocol):
    """What every run's settings say."""

    @property
    def steps(self) -> int: ...

    @property
    def minutes(self) -> float: ...

    @property
    def batch(self) -> int: ...

    @property
    def lr(self) -> float: ...

    @property
    def seed(self) -> int: ...


class ResumableRun(ABC):
    """One run, from its checkpoint or its beginning to its end.

    Args:
        settings: of the loop.
        kind: of the run.
        fingerprint: what must be the same when it goes on, beside the settings; "pictures" is a digest of these.
        network: what is learned.
        optimizer: of it.
        processes: who trains together.
        checkpoint: where the run is kept until it is complete.
        progress: called after every step; what it raises ends the run, whose checkpoint is saved before.
    """

    def __init__(
        self,
        settings: Loop,
        kind: Kind,
        fingerprint: Mapping[str, Any],
        network: nn.Module,
        optimizer: Stateful,
        processes: Processes,
        checkpoint: Path,
        progress: ProgressCallback,
    ) -> None:
        self.checkpoint, self.state = checkpoint, AdaptiveState()
        self._loop, self._kind, self._learned, self._moving = settings, kind, network, optimizer
        self._processes, self._mine = processes, processes.share(settings.batch)
        self._fingerprint = as_record(settings) | dict(fingerprint)
        self._reports = Reports(settings, progress)
        self._saved_at = clock.now()

    def resume(self) -> None:
        """Take up the checkpoint if there is one; the budget may be another than before.

        Raises:
            OtherRunError: it belongs to another run.
            TrainingError: it is damaged.
        """
        if not self.checkpoint.exists():
            self.note(f"there is no checkpoint {self.checkpoint}: starting from the beginning")
            return
        self.state = kept.load(self.checkpoint, self._kind, self._fingerprint, self._learned, self._moving)

    def to_the_end(self) -> None:
        """Train until the budget is spent.

        Raises:
            TrainingError: the loss is no number any more.
        """
        self.save()  # claims the name from the first step on
        while self.fraction() < 1:
            with clock.counted(self.state):
                shown, loss = self._step()
                self.state.step += 1
                extend_curve(self.state.curve, loss)
            self.state.elapsed_s = self._processes.of_the_first(self.state.elapsed_s)
            self._after_step(shown, loss)
        self.save()

    def save(self) -> None:
        """Write the checkpoint."""
        if self._processes.is_first:
            kept.save(self.checkpoint, self._kind, self._fingerprint, self.state, self._learned, self._moving)
        self._saved_at = clock.now()

    def note(self, text: str) -> None:
        """Tell the callback one sentence."""
        self._reports.note(text, self.state)

    def record(self) -> dict[str, Any]:
        """Settings and course of the run, for the record."""
        facts = {
            "steps_taken": self.state.step,
            "loss_curve": curve_text(self.state.curve),
            "processes": self._processes.count,
        }
        return as_record(self._loop) | facts

    @property
    def pictures_sha256(self) -> str:
        """Of all that is learned."""
        return str(self._fingerprint["pictures"])

    def seed(self, use: int, *place: int) -> int:
        """The seed for one use of randomness in this run, such as that of a step."""
        return derive_seed(use, self._loop.seed, *place)

    def fraction(self) -> float:
        """Share of the budget that is spent."""
        return fraction_done(self._loop, self.state.step, self.state.elapsed_s)

    @abstractmethod
    def _step(self) -> tuple[Tensor, float]:
        """Move the parameters once; returns what to show of it, (1, 3, H, W), and the loss over all processes."""

    def _mean_loss(self, loss: Tensor) -> float:
        """The mean over all processes.

        Raises:
            TrainingError: it is no number any more.
        """
        mean = float(self._processes.mean(loss.detach()))
        if not math.isfinite(mean):
            raise TrainingError(
                f"the loss is {mean} at step {self.state.step}",
                expected="a run that gets better",
                remedy=f"delete {self.checkpoint} and start again with a lower learning rate than {self._loop.lr}",
            )
        return mean

    def _after_step(self, shown: Tensor, loss: float) -> None:
        if clock.now() - self._saved_at > SAVE_EVERY_S:
            self.save()
        try:
            self._reports.step(self.state, loss, shown)
        except BaseException:  # Cancelled, or whatever else the callback could not bear: the step is whole
            self.save()
            raise


def beside(sample: Tensor, exemplar: Tensor) -> Tensor:
    """(1, 3, H, W) of both to (3, side, 2 side)."""
    side = min(*sample.shape[2:], *exemplar.shape[2:])
    parts = [picture[0, :, :side, :side].detach().cpu() for picture in (sample, exemplar)]
    return torch.cat(parts, dim=2)

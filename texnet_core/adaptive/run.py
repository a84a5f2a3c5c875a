"""The training loop of a network that adapts: draw pictures and noise, make textures, compare, step.

Targets are the pictures themselves: nothing is labeled. Every draw of a step follows from (seed, step), so a resumed
run on a CPU ends with the same parameters as one that was never stopped. There is no frozen phase as in runs of
textures: norms are over each picture, and what is global is measured when the network is adapted.
"""

import math
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from texnet_core.adaptive import checkpoint as kept
from texnet_core.adaptive.checkpoint import AdaptiveState
from texnet_core.adaptive.network import CHANNELS, Made, PseudoOptimizer
from texnet_core.adaptive.pictures import Crops, Pictures, to_tensor
from texnet_core.adaptive.processes import Processes
from texnet_core.adaptive.request import AdaptiveRequest
from texnet_core.errors import TrainingError
from texnet_core.model.noise import NoisePlane, derive_seed
from texnet_core.progress import ProgressCallback
from texnet_core.settings import as_record
from texnet_core.training import clock
from texnet_core.training.curve import curve_text, extend_curve
from texnet_core.training.reports import Reports
from texnet_core.training.schedule import fraction_done

SAVE_EVERY_S = 30.0
_BETAS = (0.5, 0.999)
_PICTURE, _NOISE, _VALIDATION = 0, 1, 2  # what a seed is for
_VALIDATED = 8  # pictures at most


class AdaptiveRun:
    """One run, from its checkpoint or its beginning to a network.

    Args:
        request: the settings.
        pictures: what is learned from.
        given: the parameters that are not learned.
        processes: who trains together.
        checkpoint: where the run is kept until it is complete.
        progress: called after every step; what it raises ends the run, whose checkpoint is saved before.
    """

    def __init__(
        self,
        request: AdaptiveRequest,
        pictures: Pictures,
        given: dict[str, Tensor],
        processes: Processes,
        checkpoint: Path,
        progress: ProgressCallback,
    ) -> None:
        self.settings, self.checkpoint = request.train, checkpoint
        self._request, self._pictures, self._processes = request, pictures, processes
        self._mine = processes.share(self.settings.batch)
        self._reports = Reports(self.settings, progress)
        self.state = AdaptiveState()
        torch.manual_seed(self.settings.seed)
        network = PseudoOptimizer(request.network, given, stop_gradients=self.settings.stop_gradients)
        self.network = network.to(processes.device)
        self._joined = processes.wrapped(self.network)
        self._optimizer = torch.optim.Adam(self.network.parameters(), self.settings.lr, betas=_BETAS)
        self._crops = Crops(pictures, self.settings.crop, self._measured)
        self._fingerprint = as_record(request.network) | as_record(self.settings) | {"pictures": pictures.sha256()}
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
        self.state = kept.load(self.checkpoint, self._fingerprint, self.network, self._optimizer)

    def to_the_end(self) -> None:
        """Train until the budget is spent.

        Raises:
            TrainingError: the loss is no number any more.
        """
        self.save()  # claims the name from the first step on
        while self._fraction() < 1:
            with clock.counted(self.state):
                made, loss = self._step()
                self.state.step += 1
                extend_curve(self.state.curve, loss)
            self.state.elapsed_s = self._processes.of_the_first(self.state.elapsed_s)
            self._after_step(made, loss)
        self.save()

    def save(self) -> None:
        """Write the checkpoint."""
        if self._processes.is_first:
            kept.save(self.checkpoint, self._fingerprint, self.state, self.network, self._optimizer)
        self._saved_at = clock.now()

    def note(self, text: str) -> None:
        """Tell the callback one sentence."""
        self._reports.note(text, self.state)

    def record(self) -> dict[str, Any]:
        """Settings and course of the run, for the record."""
        facts = {
            "pictures": len(self._pictures.images),
            "steps_taken": self.state.step,
            "loss_curve": curve_text(self.state.curve),
            "processes": self._processes.count,
        }
        return as_record(self.settings) | facts

    @torch.no_grad()
    def validation_loss(self) -> float:
        """The loss behind the last stage, over some of the pictures and with noise of its own."""
        count = min(_VALIDATED, len(self._pictures.images))
        losses = []
        for index in range(count):
            crop = self._pictures.crop(index * len(self._pictures.images) // count, 0, self.settings.crop)
            made = self.network(self._noise([self._seed(_VALIDATION, index)]), self._measured(to_tensor(crop)))
            losses.append(float(made.losses[0, -1]))
        return sum(losses) / count

    @torch.no_grad()
    def portrait(self) -> Tensor:
        """A sample beside the picture that it is of, (3, side, 2 side)."""
        crop = to_tensor(self._pictures.crop(0, 0, self.settings.crop))
        made = self.network(self._noise([0]), self._measured(crop))
        return _beside(made.images[-1], crop)

    def _step(self) -> tuple[Made, float]:
        seeds = [self._seed(_PICTURE, self.state.step, index) for index in self._mine]
        noise = self._noise([self._seed(_NOISE, self.state.step, index) for index in self._mine])
        made: Made = self._joined(noise, self._crops.targets(seeds))
        losses = made.losses[:, -1:] if self.settings.objectives == "last" else made.losses
        self._optimizer.zero_grad()
        losses.mean().backward()  # type: ignore[no-untyped-call]
        loss = float(self._processes.mean(losses.detach().mean()))
        if not math.isfinite(loss):
            raise TrainingError(
                f"the loss is {loss} at step {self.state.step}",
                expected="a run that gets better",
                remedy=f"delete {self.checkpoint} and start again with a lower learning rate than {self.settings.lr}",
            )
        for group in self._optimizer.param_groups:
            group["lr"] = self._rate()
        self._optimizer.step()
        return made, loss

    def _rate(self) -> float:
        """The learning rate: level, then down to nothing in a straight line."""
        begun = self.settings.decay_from
        left = 1.0 if begun == 1 else min(1.0, (1 - self._fraction()) / (1 - begun))
        return self.settings.lr * left

    def _after_step(self, made: Made, loss: float) -> None:
        if clock.now() - self._saved_at > SAVE_EVERY_S:
            self.save()
        try:
            self._reports.step(self.state, loss, self._shown(made))
        except BaseException:  # Cancelled, or whatever else the callback could not bear: the step is whole
            self.save()
            raise

    def _shown(self, made: Made) -> Tensor:
        place = self._crops.place(self._seed(_PICTURE, self.state.step - 1, self._mine[0]))
        return _beside(made.images[-1][:1], to_tensor(self._pictures.crop(*place, self.settings.crop)))[None]

    def _measured(self, crop: Tensor) -> dict[str, Tensor]:
        return dict(self.network.targets_of(crop.to(self._processes.device)))

    def _noise(self, seeds: list[int]) -> Tensor:
        side, device = self.settings.size, self._processes.device
        planes = [NoisePlane(seed, CHANNELS, side, side) for seed in seeds]
        return torch.stack([plane.window_torch(0, 0, 0, side, side, device) for plane in planes])

    def _seed(self, use: int, *place: int) -> int:
        return derive_seed(use, self.settings.seed, *place)

    def _fraction(self) -> float:
        return fraction_done(self.settings, self.state.step, self.state.elapsed_s)


def _beside(sample: Tensor, exemplar: Tensor) -> Tensor:
    """(1, 3, H, W) of both to (3, side, 2 side)."""
    side = min(*sample.shape[2:], *exemplar.shape[2:])
    parts = [picture[0, :, :side, :side].detach().cpu() for picture in (sample, exemplar)]
    return torch.cat(parts, dim=2)

"""The training loop of a Pseudo Optimizer: draw pictures and noise, make textures, compare, step.

Targets are the pictures themselves: nothing is labeled. There is no frozen phase as in runs of textures: norms are over
each picture, and what is global is measured when the network is adapted.
"""

from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from texnet_core.adaptive.checkpoint import Kind
from texnet_core.adaptive.network import CHANNELS, Made, PseudoOptimizer
from texnet_core.adaptive.pictures import Crops, Pictures, to_tensor
from texnet_core.adaptive.processes import Processes
from texnet_core.adaptive.request import AdaptiveRequest
from texnet_core.adaptive.resumable import ResumableRun, beside
from texnet_core.adaptive.settings import AdaptiveTrainSettings
from texnet_core.model.families.pseudo_optimizer import PseudoOptimizerSettings
from texnet_core.model.noise import NoisePlane
from texnet_core.progress import ProgressCallback
from texnet_core.settings import as_record

_KIND = Kind("adaptive", (PseudoOptimizerSettings, AdaptiveTrainSettings))
_BETAS = (0.5, 0.999)
_PICTURE, _NOISE, _VALIDATION = 0, 1, 2  # what a seed is for
_VALIDATED = 8  # pictures at most


class AdaptiveRun(ResumableRun):
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
        self.settings, self._pictures = request.train, pictures
        torch.manual_seed(self.settings.seed)
        network = PseudoOptimizer(request.network, given, stop_gradients=self.settings.stop_gradients)
        self.network = network.to(processes.device)
        self._joined = processes.wrapped(self.network)
        self._optimizer = torch.optim.Adam(self.network.parameters(), self.settings.lr, betas=_BETAS)
        self._crops = Crops(pictures, self.settings.crop, self._measured)
        fingerprint = as_record(request.network) | {"pictures": pictures.sha256()}
        super().__init__(
            self.settings, _KIND, fingerprint, self.network, self._optimizer, processes, checkpoint, progress
        )

    def record(self) -> dict[str, Any]:
        return {"pictures": len(self._pictures.images)} | super().record()

    @torch.no_grad()
    def validation_loss(self) -> float:
        """The loss behind the last stage, over some of the pictures and with noise of its own."""
        count = min(_VALIDATED, len(self._pictures.images))
        losses = []
        for index in range(count):
            crop = self._pictures.crop(index * len(self._pictures.images) // count, 0, self.settings.crop)
            made = self.network(self._noise([self.seed(_VALIDATION, index)]), self._measured(to_tensor(crop)))
            losses.append(float(made.losses[0, -1]))
        return sum(losses) / count

    @torch.no_grad()
    def portrait(self) -> Tensor:
        """A sample beside the picture that it is of, (3, side, 2 side)."""
        crop = to_tensor(self._pictures.crop(0, 0, self.settings.crop))
        made = self.network(self._noise([0]), self._measured(crop))
        return beside(made.images[-1], crop)

    def _step(self) -> tuple[Tensor, float]:
        seeds = [self.seed(_PICTURE, self.state.step, index) for index in self._mine]
        noise = self._noise([self.seed(_NOISE, self.state.step, index) for index in self._mine])
        made: Made = self._joined(noise, self._crops.targets(seeds))
        losses = made.losses[:, -1:] if self.settings.objectives == "last" else made.losses
        self._optimizer.zero_grad()
        losses.mean().backward()  # type: ignore[no-untyped-call]
        loss = self._mean_loss(losses.mean())
        for group in self._optimizer.param_groups:
            group["lr"] = self._rate()
        self._optimizer.step()
        return self._shown(made, seeds[0]), loss

    def _rate(self) -> float:
        """The learning rate: level, then down to nothing in a straight line."""
        begun = self.settings.decay_from
        left = 1.0 if begun == 1 else min(1.0, (1 - self.fraction()) / (1 - begun))
        return self.settings.lr * left

    def _shown(self, made: Made, seed: int) -> Tensor:
        crop = self._pictures.crop(*self._crops.place(seed), self.settings.crop)
        return beside(made.images[-1][:1], to_tensor(crop))[None]

    def _measured(self, crop: Tensor) -> dict[str, Tensor]:
        return dict(self.network.targets_of(crop.to(self._processes.device)))

    def _noise(self, seeds: list[int]) -> Tensor:
        side, device = self.settings.size, self._processes.device
        planes = [NoisePlane(seed, CHANNELS, side, side) for seed in seeds]
        return torch.stack([plane.window_torch(0, 0, 0, side, side, device) for plane in planes])

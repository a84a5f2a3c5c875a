"""The training loop of a conditional pyramid: draw textures and noise, make samples, compare, step."""

from typing import Any, Protocol

import torch
from torch import Tensor

from texnet_core.adaptive.checkpoint import Kind
from texnet_core.adaptive.conditional_exemplars import Exemplar
from texnet_core.adaptive.conditional_network import ConditionalNetwork
from texnet_core.adaptive.conditional_objective import ConditionalObjective
from texnet_core.adaptive.conditional_optimizer import ConditionalOptimizer
from texnet_core.adaptive.conditional_settings import InstantTrainSettings, TexturesTrainSettings
from texnet_core.adaptive.joint_sitting import Sitting
from texnet_core.adaptive.pictures import to_tensor
from texnet_core.adaptive.resumable import ResumableRun, beside
from texnet_core.model.families.conditional import PredictingSettings, TexturesSettings
from texnet_core.model.training_form import periodic_inputs
from texnet_core.settings import as_record
from texnet_core.training.schedule import half_window, warmed_cosine

Settings = InstantTrainSettings | TexturesTrainSettings

_KINDS: dict[type, Kind] = {
    InstantTrainSettings: Kind("instant", (PredictingSettings, InstantTrainSettings)),
    TexturesTrainSettings: Kind("textures", (TexturesSettings, TexturesTrainSettings)),
}
_DRAWN, _NOISE, _LOSS, _CODE, _VALIDATION_NOISE, _VALIDATION_LOSS = range(6)  # what a seed is for
# of all but kernels: codes that are learned bear more than what predicts them
_PACES: dict[type, float] = {InstantTrainSettings: 0.05, TexturesTrainSettings: 0.2}
_WARM_UP_STEPS = 100
_HALF_SHARE = 0.6  # of a run, with twice the samples of half the size: less noise in half the time


class Subjects(Protocol):
    """The textures that a run learns."""

    samples: int  # of a texture, at least, that are compared at once

    def drawn(self, place: int, seed: int, step: int, fraction: float) -> Exemplar:
        """A texture for a step.

        Args:
            place: of it among all that the run has drawn.
            seed: of it.
            step: that is to be taken.
            fraction: of the budget that is spent.
        """
        ...

    def judged(self) -> list[Exemplar]:
        """Some textures by which the run is judged."""
        ...

    def record(self) -> dict[str, Any]:
        """What is to be known of them."""
        ...

    def sha256(self) -> str:
        """Of all pictures."""
        ...


class ConditionalRun(ResumableRun):
    """One run, from its checkpoint or its beginning to a network.

    Args:
        settings: of the loop.
        network: as it begins.
        subjects: what is learned.
        objective: what is minimized.
        here: where the run of this process may begin.
    """

    def __init__(
        self,
        settings: Settings,
        network: ConditionalNetwork,
        subjects: Subjects,
        objective: ConditionalObjective,
        here: Sitting,
    ) -> None:
        self.settings, self.network = settings, network
        self._subjects, self._objective = subjects, objective
        self._optimizer = ConditionalOptimizer(network.banks(), network.rest(), _PACES[type(settings)])
        fingerprint = as_record(network.design.settings) | {"pictures": subjects.sha256()}
        kind, where = _KINDS[type(settings)], (here.processes, here.checkpoint, here.progress)
        super().__init__(settings, kind, fingerprint, network, self._optimizer, *where)

    def record(self) -> dict[str, Any]:
        return super().record() | self._subjects.record()

    @torch.no_grad()
    def validation_loss(self) -> float:
        """The mean distance of textures that the run is judged by, with noise of its own and at twice the size."""
        losses = []
        for number, exemplar in enumerate(self._subjects.judged()):
            image = self._made(exemplar, [self.seed(_VALIDATION_NOISE, number)], 2 * self.settings.size)
            losses.append(self._objective.judged(image, exemplar, self.seed(_VALIDATION_LOSS, number)))
        return sum(losses) / len(losses)

    @torch.no_grad()
    def pairs(self, most: int) -> list[Tensor]:
        """One sample of each of some textures beside its exemplar, (3, side, 2 side)."""
        exemplars = self._subjects.judged()[:most]
        return [beside(self._made(each, [0], self.settings.size), to_tensor(each.image)) for each in exemplars]

    def _step(self) -> tuple[Tensor, float]:
        window, count = self._window()
        self._optimizer.forget()
        losses, shown = [], torch.zeros(0)
        for index in self._mine:
            exemplar, place = self._drawn(index), (self.state.step, index)
            rng = torch.Generator().manual_seed(self.seed(_CODE, *place))
            image = self._made(exemplar, [self.seed(_NOISE, *place, number) for number in range(count)], window, rng)
            found = self._objective(image, exemplar, self.seed(_LOSS, *place))
            (found.total / len(self._mine)).backward()  # type: ignore[no-untyped-call]
            losses.append(found.texture.detach())
            shown = shown if len(losses) > 1 else beside(image[:1], to_tensor(exemplar.image))[None]
        loss = self._mean_loss(torch.stack(losses).mean())
        self._processes.average_gradients(self._optimizer.parameters)
        self._optimizer.step(warmed_cosine(self.settings.lr, self.state.step, self.fraction(), _WARM_UP_STEPS))
        return shown, loss

    def _drawn(self, index: int) -> Exemplar:
        step = self.state.step
        place = step * self.settings.batch + index
        return self._subjects.drawn(place, self.seed(_DRAWN, step, index), step, self.fraction())

    def _window(self) -> tuple[int, int]:
        """Side and number of the samples of a texture."""
        half = half_window(self.settings, self.network.graph.cell_texels) if self.fraction() < _HALF_SHARE else 0
        return half or self.settings.size, 2 if half else self._subjects.samples

    def _made(self, exemplar: Exemplar, seeds: list[int], side: int, rng: torch.Generator | None = None) -> Tensor:
        made: Tensor = self.network(
            exemplar, periodic_inputs(self.network.design, seeds, side, self._processes.device), rng
        )
        return made

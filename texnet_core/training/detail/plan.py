"""What is settled before the first step at which a level of detail learns."""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import torch
from torch import Tensor

from texnet_core.descriptor.choice import Weights, network_of
from texnet_core.descriptor.precision import DTYPES
from texnet_core.engines import Engine, open_engine
from texnet_core.losses import Sample
from texnet_core.losses.spectrum import SpectrumLoss
from texnet_core.mapset import FloatArray, MapSpec, Mask
from texnet_core.model.artifact import Artifact, to_bytes
from texnet_core.model.design import Design
from texnet_core.model.families.pyramid import PyramidSettings, name_under_detail
from texnet_core.model.graph import Graph
from texnet_core.model.training_form import Generator
from texnet_core.pictures.masks import resized_maps
from texnet_core.settings import TrainSettings
from texnet_core.training.comparison import least_side, make_descriptor
from texnet_core.training.detail.exemplar import see_large_exemplar
from texnet_core.training.detail.objective import PAIRED_LAYERS, DetailObjective
from texnet_core.training.detail.samples import DetailSamples
from texnet_core.training.exemplar_loss import exemplar_loss
from texnet_core.training.fine_loss import FineLoss
from texnet_core.training.objective import RunObjective
from texnet_core.training.paces import held_channels, map_shares, output_paces
from texnet_core.training.plan import DETAIL_SHARE, Plan
from texnet_core.training.reports import Place
from texnet_core.training.run_plan import Learned
from texnet_core.training.samples import Stream
from texnet_core.training.schedule import has_half_windows

OCTAVE = "octave"  # what a checkpoint calls the number of its level
COARSER = "coarser"  # what a checkpoint calls the generator to which a level is added

_FIRST_WINDOW, _LATER_WINDOW = 5 / 8, 7 / 8  # of the size of a sample
_KEPT_RECORD = ("steps_taken", "loss_curve", "troubles")
_FEATURES_SHARE = 0.3  # of what torch gives a level's own features in the output at first


@dataclass(frozen=True)
class DetailPlan:
    """What a level of detail is trained with; see `training.run_plan.RunPlan`.

    Attributes:
        base: the plan of the run that made the generator without detail.
        coarser: the generator to which the level is added.
        octave: number of the level: 1 has twice the texels of the generator without detail along each side.
    """

    base: Plan
    coarser: Artifact
    octave: int
    tiles: None = None
    is_ahead: bool = False

    @property
    def train(self) -> TrainSettings:
        """Settings of the loop, with this level's part of the budget."""
        train = self.base.train
        return replace(train, steps=max(1, round(train.steps * DETAIL_SHARE)), minutes=train.minutes * DETAIL_SHARE)

    @property
    def place(self) -> Place:
        """Behind the base and the levels before; as multiples of this run."""
        runs = (1 + DETAIL_SHARE * (self.octave - 1), self.base.runs)
        return Place(*(run / DETAIL_SHARE for run in runs))

    @property
    def device(self) -> torch.device:
        """Where the run computes."""
        return self.base.device

    @property
    def weights(self) -> Weights | None:
        """Of the network whose layers are compared, or None where patches are."""
        return self.base.weights

    @property
    def settings(self) -> PyramidSettings:
        """Of the generator with this level."""
        return replace(self.base.request.generator, detail_levels=self.octave)

    @property
    def design(self) -> Design:
        """Of the generator with this level."""
        waves = tuple((down / 2, across / 2) for down, across in self.coarser.waves)
        return Design(self.settings, self.base.design.channels, waves)

    @property
    def graph(self) -> Graph:
        """Of the level alone."""
        return self.samples().graph

    @property
    def maps(self) -> tuple[MapSpec, ...]:
        """What the channels of samples are."""
        return self.base.maps

    @property
    def is_gray(self) -> bool:
        """Whether the exemplar has no colors."""
        return self.base.is_gray

    @property
    def colors(self) -> Tensor:
        """The exemplar's texels that take part, without detail."""
        return self.base.colors

    def window(self, fraction: float) -> int:
        """Side of the windows of a step."""
        share = _FIRST_WINDOW if has_half_windows(self.train, fraction) else _LATER_WINDOW
        descriptor = self.base.request.descriptor
        wanted = max(least_side(descriptor), share * self.train.size)
        return min(2 * round(wanted / 2 + 0.5), self.samples().most_window)

    def half_window(self) -> int:
        """There are no samples of whole periods."""
        return 0

    def batch(self, *, frozen: bool) -> int:
        """How many samples a step has; there are as many windows of the exemplar beside them."""
        return self.train.batch

    @torch.no_grad()
    def begin(self, generator: Generator, *, again: bool) -> None:
        """Begin with the coarser picture, smoothly enlarged, and a little of what the level makes."""
        output = generator.convolution_of(generator.graph.output.name)
        features = output.in_channels - output.out_channels
        output.weight.mul_(_FEATURES_SHARE)
        if (paces := output_paces(self.colors, self.maps)) is not None:
            output.weight.mul_(paces.to(output.weight)[:, None, None, None])
        output.weight[:, features:] = 0
        middle = output.kernel_size[0] // 2
        for channel in range(output.out_channels):
            output.weight[channel, features + channel, middle, middle] = 1
        assert output.bias is not None
        output.bias.zero_()

    def finish(self, generator: Generator, objective: RunObjective, balance: dict[str, float]) -> None:
        """Nothing is left to be settled."""

    def samples(self) -> DetailSamples:
        """What draws this run's windows."""
        return self._samples

    @cached_property
    def _samples(self) -> DetailSamples:
        small, large = self._pictures[0][0], self._pictures[1][0]
        seed = self.base.request.train.seed + self.octave
        return DetailSamples(self.design, self._engine, small, large, seed, self.device)

    @cached_property
    def _engine(self) -> Engine:
        return open_engine(self.coarser, "torch", str(self.device), "f32")

    @cached_property
    def _pictures(self) -> tuple[tuple[FloatArray, Mask | None], tuple[FloatArray, Mask | None]]:
        """The exemplar with the texels of the coarser generator, and with twice as many, each with its mask."""
        exemplar = self.base.exemplar
        large, mask = resized_maps(
            exemplar.detailed, exemplar.detailed_mask, exemplar.side << self.octave, exemplar.maps
        )
        height, width = (2 * (length // 2) for length in large.shape[:2])
        large, mask = np.ascontiguousarray(large[:height, :width]), None if mask is None else mask[:height, :width]
        return resized_maps(large, mask, min(height, width) // 2, exemplar.maps), (large, mask)

    def objective(self, precision: str, balance: dict[str, float]) -> DetailObjective:
        """What this run minimizes; the descriptor's convolutions are "f32" or "bf16"."""
        request, weights = self.base.request, self.weights
        large, mask = self._pictures[1]
        image = torch.from_numpy(large).permute(2, 0, 1)[None].to(self.device)
        sides = self.window(0.0), min(large.shape[:2])
        settings = replace(request.descriptor, octaves=1)  # what is larger is the coarser generator's
        descriptor = make_descriptor(settings, weights, *sides, DTYPES[precision]).to(self.device)
        seen = None if mask is None else torch.from_numpy(mask).to(self.device)
        seed = self._samples.seed(Stream.EXEMPLAR)

        def see(picture: Tensor) -> Sample:
            return see_large_exemplar(descriptor, picture, seen, seed)

        losses = replace(request.loss, shifted_gram_weight=0.0, autocorrelation_weight=0.0)  # they ask for places
        with torch.no_grad():
            texture = exemplar_loss(descriptor, image, self.base.maps, losses, see, seen, self.train.seed)
        paired = None
        if weights is not None:
            paired = network_of(request.descriptor, weights, DTYPES[precision])(PAIRED_LAYERS).to(self.device)
        shares = map_shares(self.maps).to(image)
        spectrum = SpectrumLoss(image, seen, (self.window(fraction) for fraction in (0.0, 1.0)), shares)
        views = self.base.views
        fine = FineLoss(image, seen, self.maps, views)
        hold = held_channels(self.colors, self.maps)
        return DetailObjective(texture, spectrum, fine, losses, self._samples, paired, views, self.maps, hold)

    def record(self) -> dict[str, Any]:
        """The settings that make a run what it is."""
        return self.base.record()

    def fingerprint(self) -> dict[str, Any]:
        """What must be equal for a checkpoint to be of this run."""
        return self.base.fingerprint() | {OCTAVE: self.octave}

    def kept(self) -> dict[str, Tensor]:
        """The generator to which the level is added."""
        return {COARSER: torch.frombuffer(bytearray(to_bytes(self.coarser)), dtype=torch.uint8)}

    def artifact(self, learned: Learned) -> Artifact:
        """The generator with this level."""
        coarser = self.coarser
        below = {name_under_detail(name): array for name, array in coarser.parameters.items()}
        record = {f"detail{self.octave}_{key}": learned.record[key] for key in _KEPT_RECORD if key in learned.record}
        quality = {
            f"detail{self.octave}_validation_loss": learned.quality["validation_loss"],
            "seconds": round(coarser.quality["seconds"] + learned.quality["seconds"], 1),
        }
        return replace(
            coarser,
            settings=self.settings,
            waves=self.design.waves,
            texels_per_exemplar=2 * coarser.texels_per_exemplar,
            parameters=below | dict(learned.parameters),
            preview_png=learned.preview_png,
            training=coarser.training | record,
            quality=coarser.quality | quality,
        )

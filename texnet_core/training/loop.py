"""The training loop: draw seeds, generate, describe, compare, step; calibrate, freeze, average, finish.

Every random draw of a step follows from (run seed, step), so a checkpoint needs no generator states and a
resumed run on the same CPU ends with the same parameters as one that was never stopped.
"""

import copy
import math
import time
from collections.abc import Iterator
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.optim.swa_utils import AveragedModel

from texnet_core.descriptor.precision import DTYPES, choose_precision
from texnet_core.descriptor.vgg19 import POOLED_TEXELS
from texnet_core.engines.torch_engine import TorchEngine
from texnet_core.errors import TrainingError
from texnet_core.losses import TextureLoss, range_penalty
from texnet_core.mapset import ALBEDO
from texnet_core.model.artifact import Artifact, rounded
from texnet_core.model.noise import derive_seed
from texnet_core.model.training_form import Generator, fold, periodic_noise
from texnet_core.pictures.color import quantize
from texnet_core.pictures.encoders import encode_thumbnail
from texnet_core.pictures.reading import texels_digest
from texnet_core.progress import Progress, ProgressCallback
from texnet_core.settings import as_record
from texnet_core.training.checkpoint import RunState, load_checkpoint, save_checkpoint, unreadable
from texnet_core.training.comparison import (
    Descriptor,
    make_descriptor,
    make_loss,
    settle_descriptor,
)
from texnet_core.training.curve import curve_text, extend_curve
from texnet_core.training.divergence import Watch, is_stalled
from texnet_core.training.optimizer import Optimizer
from texnet_core.training.preparation import prepare_exemplar
from texnet_core.training.request import TrainRequest
from texnet_core.training.schedule import fraction_done, has_half_windows, is_frozen_phase, learning_rate
from texnet_core.training.tiles import Tiles

_CHECKPOINT_EVERY_S = 30.0
_VALIDATE_EVERY_STEPS = 20
_PREVIEW_EVERY_STEPS = 20
_CALIBRATION_FIELDS = 6
_REPEAT_CHANNELS = 2  # where tiles have tones of their own
_LAYING_STEPS = 40  # before an attempt on such tiles
_LAYING_SHARE = 0.1  # of a budget in minutes that these may take at most
_GRADIENT_CLIP = 5.0
_LEAST_WINDOW = 64  # texels
_MOST_ATTEMPTS = 3
_LR_OF_NEXT_ATTEMPT = 0.3
_LEAST_OF_NEXT_ATTEMPT = 0.2  # of the budget; with less, an attempt would not learn the surface
_PREVIEW_SIDE = 256  # of the sample that becomes a card's thumbnail
MAPS = (ALBEDO,)

# First part of every derived seed, so that no two uses of randomness share a stream.
_NOISE, _LOSS, _VALIDATION_NOISE, _VALIDATION_LOSS, _CALIBRATION, _LAYING = range(6)


class Run:
    """One run, from its checkpoint or its beginning to a generator; `train` says in which order to use it."""

    def __init__(
        self,
        exemplar: npt.NDArray[np.float32],
        request: TrainRequest,
        checkpoint: Path,
        online: bool,
        progress: ProgressCallback,
    ) -> None:
        self.settings = request.train
        self.checkpoint, self.progress = checkpoint, progress
        self.device = torch.device(TorchEngine.choose_device(self.settings.device))
        self.state = RunState("f32")
        self.prepared = prepare_exemplar(exemplar, self.settings, request.descriptor, self.note)
        self.exemplar = torch.from_numpy(self.prepared.picture).permute(2, 0, 1)[None].to(self.device)
        parts = (request.descriptor, request.loss, request.train)
        descriptor, self.weights = settle_descriptor(*parts, online=online, announce=self.note)
        tiles = self.prepared.tiles
        generator = replace(
            request.generator, waves=len(self.prepared.waves), repeat_channels=_REPEAT_CHANNELS if tiles else 0
        )
        self._tiles = Tiles(self.prepared.picture, *tiles, generator, self.device) if tiles else None
        self.request = replace(request, descriptor=descriptor, generator=generator)
        if self.weights is not None:
            self.state.precision = choose_precision(self.settings.precision, self.device)
        self._begin_attempt()
        # what must be equal for a checkpoint to fit
        self._fingerprint = {
            "exemplar": texels_digest(self.prepared.picture),
            "weights of VGG-19": self.weights.sha256() if self.weights is not None else "",
        } | self._settings_of_run()
        self._saved_at = time.monotonic()

    def _begin_attempt(self) -> None:
        """A new generator, each time from other parameters."""
        torch.manual_seed(self.settings.seed + self.state.attempt)
        mean_color = self.exemplar.mean((0, 2, 3)).cpu()
        # contiguous, not channels-last, in which CPUs are slow to find the gradients of so few channels
        self.generator = Generator(self.request.generator, mean_color).to(self.device)
        self.optimizer = Optimizer(self.generator)
        self._average: AveragedModel | None = None

    def resume(self) -> None:
        """Take up the checkpoint if there is one, with the precision that the run began with."""
        if not self.checkpoint.exists():
            self._report(note=f"no checkpoint {self.checkpoint}: starting from the beginning")
            return
        self.state = load_checkpoint(self.checkpoint, self._fingerprint, self.generator, self.optimizer)
        if self.state.frozen:
            try:
                self._begin_average(self.state.average)
            except RuntimeError as error:  # its tensors do not fit
                raise unreadable(self.checkpoint) from error
        wanted = self.settings.precision
        if wanted not in ("auto", self.state.precision):
            raise TrainingError(
                f"precision {wanted} for a run that began with {self.state.precision}",
                expected="the same",
                remedy="leave the precision out",
            )

    def to_the_end(self) -> None:
        """Train until the budget is spent."""
        descriptor = self._descriptor()
        loss = make_loss(descriptor, self.exemplar, self.request.loss)
        self.save()  # claims the name from the first step on
        while self._fraction() < 1 and not self.state.ended:
            if self.state.step == self.state.attempt_step:
                self._lay_tiles()  # nothing is saved before the first step is taken, or it would be done twice
            self._step(descriptor, loss)
        if is_stalled(self.state.curve):
            self._trouble("the loss hardly went down", "look at the texture before you use it, or train longer")
        if not self.state.frozen:
            self._freeze()
        self._validate(descriptor, loss)
        self.save()  # what is stopped while ceilings are measured comes back to here
        self.generator.load_state_dict(self.state.best_parameters)
        self.generator.set_ceilings(self._calibration_fields())

    def artifact(self) -> Artifact:
        """What the run has learned."""
        return Artifact(
            settings=self.request.generator,
            maps=MAPS,
            parameters=rounded({name: tensor.numpy() for name, tensor in fold(self.generator).items()}),
            preview_png=encode_thumbnail(self._sample(min(self.settings.size, _PREVIEW_SIDE))),
            texels_per_exemplar=self.prepared.side,
            waves=self.prepared.waves,
            training=self._record(),
            quality={"validation_loss": self.state.best_loss, "seconds": round(self.state.elapsed_s, 1)},
            provenance=replace(self.request.provenance, exemplar_sha256=texels_digest(self.prepared.picture)),
        )

    def save(self) -> None:
        save_checkpoint(self.checkpoint, self._fingerprint, self.state, self.generator, self.optimizer)
        self._saved_at = time.monotonic()

    def _step(self, descriptor: Descriptor, loss: TextureLoss) -> None:
        start = time.monotonic()
        state, seed = self.state, self.settings.seed
        fraction = self._attempt_fraction()
        if is_frozen_phase(self.settings, fraction) and not state.frozen:
            self._freeze()
        self.generator.train(not state.frozen)
        lr = learning_rate(self.settings, state.step - state.attempt_step, fraction)
        seeds = [derive_seed(_NOISE, seed, state.step, index) for index in range(self.settings.batch)]
        image = self._image(seeds, self._window(fraction))
        features = descriptor(image, periodic=True)
        value = loss(features, derive_seed(_LOSS, seed, state.step), finishing=state.frozen)
        total = value + self._tone(image, seeds) + self.request.loss.range_weight * range_penalty(image)
        self.generator.zero_grad()
        total.backward()
        norm = float(torch.nn.utils.clip_grad_norm_(self.generator.parameters(), _GRADIENT_CLIP))
        spread = float(_spread(image.detach()) / _spread(self.exemplar).clamp_min(1e-6))
        trouble = state.watch.trouble(float(total.detach()), norm, spread)
        if math.isfinite(norm) and not trouble:
            self.optimizer.step(lr * _LR_OF_NEXT_ATTEMPT**state.attempt)
            if self._average is not None:
                self._average.update_parameters(self.generator)
        state.elapsed_s += time.monotonic() - start
        if trouble:
            self._start_again(trouble)
            return
        self._after_update(descriptor, loss, image, float(value.detach()))

    def _lay_tiles(self) -> None:
        """Draw a new generator's samples towards plain tiles, in the places that their noise has for them."""
        if self._tiles is None:
            return
        start, size = time.monotonic(), self._half_window() or self.settings.size
        share = _LR_OF_NEXT_ATTEMPT**self.state.attempt
        optimizer = Optimizer(self.generator)
        self.generator.train()
        for step in range(_LAYING_STEPS):
            if time.monotonic() - start > _LAYING_SHARE * 60 * (self.settings.minutes or math.inf):
                break
            seeds = [derive_seed(_LAYING, self.settings.seed, step, index) for index in range(self.settings.batch)]
            misfit = self._tiles.misfit(self._image(seeds, size), seeds)
            self.generator.zero_grad()
            misfit.backward()  # type: ignore[no-untyped-call]
            if math.isfinite(float(torch.nn.utils.clip_grad_norm_(self.generator.parameters(), _GRADIENT_CLIP))):
                optimizer.step(share * learning_rate(self.settings, step, 0.0))
            self._report()
        self.state.elapsed_s += time.monotonic() - start

    def _tone(self, image: Tensor, seeds: list[int]) -> Tensor:
        """The weighted loss on the tones of tiles; 0 where there are none."""
        weight = self.request.loss.tone_weight
        return weight * self._tiles.tone_loss(image, seeds) if self._tiles and weight else image.new_zeros(())

    def _after_update(self, descriptor: Descriptor, loss: TextureLoss, image: Tensor, value: float) -> None:
        start = time.monotonic()
        state = self.state
        state.step += 1
        if math.isfinite(value):
            extend_curve(state.curve, value)
        if state.frozen and state.step % _VALIDATE_EVERY_STEPS == 0:
            self._validate(descriptor, loss)
        state.elapsed_s += time.monotonic() - start
        self._after_step(image, value)

    def _image(self, seeds: list[int], size: int) -> Tensor:
        """Samples of one period, (N, 3, size, size) float32, through convolutions in the run's number format."""
        noise = self._noise(seeds, size)
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.state.precision == "bf16"):
            image: Tensor = self.generator(noise)
        return image.float()

    def _noise(self, seeds: list[int], size: int) -> list[Tensor]:
        return periodic_noise(self.request.generator, seeds, size, self.device, self.prepared.waves)

    def _window(self, fraction: float) -> int:
        """Side of the samples: half of it in the first part of a run with VGG-19, where it can be."""
        halved = self.weights is not None and has_half_windows(self.settings, fraction)
        return (halved and self._half_window()) or self.settings.size

    def _half_window(self) -> int:
        """Half the side of the samples, where that is whole cells and not too small; else 0."""
        half = self.settings.size // 2
        cell = self.request.generator.cell_texels
        fits = half >= max(_LEAST_WINDOW, 2 * cell) and half % max(POOLED_TEXELS, cell) == 0
        return half if fits else 0

    def _start_again(self, trouble: str) -> None:
        """Begin the next attempt, with what is left of the budget and a lower rate; or end with what is good already.

        Raises:
            TrainingError: this was the last one, or too little of the budget is left for another.
        """
        state, fraction = self.state, self._fraction()
        found = f"{trouble} at step {state.step}"
        if state.best_parameters:
            state.ended = True
            self._trouble(found, "ending here, with the best generator so far")
            return
        if state.attempt == _MOST_ATTEMPTS - 1 or fraction > 1 - _LEAST_OF_NEXT_ATTEMPT:
            raise TrainingError(
                found,
                expected="a run that gets better",
                remedy=f"delete {self.checkpoint} and start again with a lower learning rate than {self.settings.lr} "
                "or with precision f32",
            )
        self.state = RunState(
            state.precision,
            step=state.step,
            elapsed_s=state.elapsed_s,
            attempt=state.attempt + 1,
            attempt_step=state.step,
            attempt_fraction=fraction,
            troubles=state.troubles,
        )
        self._begin_attempt()
        self._trouble(found, "starting again with a lower learning rate")

    def _trouble(self, found: str, remedy: str) -> None:
        """Tell it now, and the card later."""
        told = f"{found}: {remedy}"
        if told not in self.state.troubles:  # a run that is taken up again at its end finds again that it stalled
            self.state.troubles.append(told)
        self.save()  # whoever is told may stop here
        self.note(told)

    def _after_step(self, image: Tensor, loss: float) -> None:
        if time.monotonic() - self._saved_at > _CHECKPOINT_EVERY_S:
            self.save()
        preview = _to_bytes(image[0]) if self.state.step % _PREVIEW_EVERY_STEPS == 0 else None
        try:
            self._report(loss=loss, preview=preview)
        except BaseException:  # Cancelled, or whatever else the callback could not bear: the step is whole
            self.save()
            raise

    def _freeze(self) -> None:
        """Recompute the statistics of all batch norms over large fields, then keep them as they are.

        Statistics of small single batches are what made samples of published texture networks depend on
        their batch and size.
        """
        norms = self.generator.norms()
        for norm in norms:
            norm.reset_running_stats()
            norm.momentum = None  # a cumulative average
        self.generator.train()
        with torch.no_grad():
            for noise in self._calibration_fields():
                self.generator(noise)
        self.generator.eval()
        self.state.frozen = True
        self.state.watch = Watch()  # the last part may compare more than the first
        self._begin_average()

    def _calibration_fields(self) -> Iterator[list[Tensor]]:
        for index in range(_CALIBRATION_FIELDS):
            seed = derive_seed(_CALIBRATION, self.settings.seed, index)
            yield self._noise([seed], 2 * self.settings.size)

    def _begin_average(self, so_far: dict[str, Any] | None = None) -> None:
        """From now on average the parameters of all steps, the later the heavier.

        A step sees one sample along random directions, so parameters jitter around where they should be.

        Source: polynomial-decay averaging of Shamir & Zhang 2013, "Stochastic Gradient Descent for Non-smooth
        Optimization", section 4.
        """
        self._average = AveragedModel(self.generator, avg_fn=_averaged)
        if so_far is not None:
            self._average.load_state_dict(so_far)
        self.state.average = self._average.state_dict()  # which goes on to hold what the average does

    def _validate(self, descriptor: Descriptor, loss: TextureLoss) -> None:
        """Measure the average on noise and directions that stay the same all run, and keep the best.

        Raises:
            TrainingError: it is no number, and nothing good was kept before.
        """
        assert self._average is not None
        generator = self._average.module.eval()
        seeds = [derive_seed(_VALIDATION_NOISE, self.settings.seed, index) for index in range(2)]
        with torch.no_grad():
            image = generator(self._noise(seeds, self.settings.size))  # in float32, as engines compute
            features = descriptor(image.clamp(0, 1), periodic=True)
            texture = loss(features, derive_seed(_VALIDATION_LOSS, self.settings.seed), finishing=True)
            value = float(texture + self._tone(image, seeds))
        if not math.isfinite(value) and not self.state.best_parameters:
            raise TrainingError(
                f"a validation loss of {value} at step {self.state.step}",
                expected="a finite number",
                remedy=f"delete {self.checkpoint} and start again with precision f32",
            )
        if value < self.state.best_loss:
            self.state.best_loss = value
            self.state.best_parameters = copy.deepcopy(generator.state_dict())

    def _sample(self, size: int) -> npt.NDArray[np.uint8]:
        with torch.no_grad():
            image = self.generator(self._noise([0], size))
        return _to_bytes(image[0])

    def _descriptor(self) -> Descriptor:
        sides, precision = (self.settings.size, self.prepared.side), DTYPES[self.state.precision]
        return make_descriptor(self.request.descriptor, self.weights, *sides, precision).to(self.device)

    def _fraction(self) -> float:
        return fraction_done(self.settings, self.state.step, self.state.elapsed_s)

    def _attempt_fraction(self) -> float:
        """Share of what this attempt has of the budget."""
        begun = self.state.attempt_fraction
        return (self._fraction() - begun) / (1 - begun)

    def _settings_of_run(self) -> dict[str, Any]:
        """The settings that make a run what it is; where the weights lie and where it runs do not."""
        parts = (self.request.generator, self.request.descriptor, self.request.loss, self.request.train)
        flat = {
            key: getattr(part, spec.name)
            for part in parts
            for key, spec in zip(as_record(part), fields(part), strict=True)
            if spec.name not in ("vgg19", "device", "precision")
            and spec.metadata["descriptor"] in (None, self.request.descriptor.descriptor)
        }
        return flat if self.weights is None else flat | {"vgg19_input": self.weights.convention}

    def _record(self) -> dict[str, Any]:
        """How the run went, for the artifact."""
        state = self.state
        curve = curve_text(state.curve, state.attempt_step)
        facts = {"steps_taken": state.step, "precision": state.precision, "loss_curve": curve}
        troubles = {"troubles": "; ".join(state.troubles)} if state.troubles else {}
        return self._settings_of_run() | facts | troubles

    def note(self, text: str) -> None:
        """Tell the callback one sentence."""
        self._report(note=text)

    def _report(self, loss: float | None = None, note: str = "", preview: npt.NDArray[np.uint8] | None = None) -> None:
        timed = bool(self.settings.minutes)
        done = min(self.state.elapsed_s, 60 * self.settings.minutes) if timed else self.state.step
        total = 60 * self.settings.minutes if timed else self.settings.steps
        unit, step = "s" if timed else "step", self.state.step
        self.progress(Progress("training", done, total, unit, step=step, loss=loss, note=note, preview=preview))


def _averaged(average: Tensor, parameter: Tensor, steps: Tensor | int) -> Tensor:
    """What the average of so many steps' values becomes with one more; the k-th weighs k (k + 1)."""
    return average + (parameter - average) * 3 / (steps + 3)


def _spread(image: Tensor) -> Tensor:
    """How much texels of a picture vary, whatever its mean color: root mean variance over pictures and channels."""
    return image.var(dim=(2, 3)).mean().sqrt()


def _to_bytes(image: Tensor) -> npt.NDArray[np.uint8]:
    """(3, H, W) to (H, W, 3) uint8."""
    return quantize(image.detach().permute(1, 2, 0).float().cpu().numpy(), 8)

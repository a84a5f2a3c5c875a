"""The training loop: draw seeds, generate, describe, compare, step; calibrate, freeze, average, finish.

Every random draw of a step follows from (run seed, step), so a checkpoint needs no generator states and a
resumed run on the same CPU ends with the same parameters as one that was never stopped.
"""

import math
from collections.abc import Iterator
from pathlib import Path

import torch
from torch import Tensor
from torch.optim.swa_utils import AveragedModel

from texnet_core.descriptor.precision import choose_precision
from texnet_core.errors import TrainingError
from texnet_core.mapset import shown_channels
from texnet_core.model.artifact import Artifact, rounded
from texnet_core.model.training_form import Generator, fold
from texnet_core.pictures.encoders import encode_thumbnail
from texnet_core.progress import ProgressCallback
from texnet_core.training import clock, finishing
from texnet_core.training.checkpoint import RunState, load_checkpoint, save_checkpoint, unreadable
from texnet_core.training.curve import extend_curve
from texnet_core.training.divergence import DivergenceMonitor, is_stalled, relative_spread
from texnet_core.training.objective import RunObjective
from texnet_core.training.optimizer import Optimizer, clip_gradients
from texnet_core.training.paces import output_paces
from texnet_core.training.reports import Reports, run_record, to_bytes
from texnet_core.training.restarts import fraction_since_restart, lr_share, restarted
from texnet_core.training.run_plan import Learned, RunPlan
from texnet_core.training.samples import Stream
from texnet_core.training.schedule import fraction_done, is_frozen_phase, learning_rate
from texnet_core.training.tile_start import start_with_tiles

SAVE_EVERY_S = 30.0
_PREVIEW_SIDE = 256  # of the sample that becomes a card's thumbnail


class Run:
    """One run, from its checkpoint or its beginning to a generator; `train` says in which order to use it.

    Args:
        plan: what is settled.
        checkpoint: where the run is kept until it is complete.
        progress: called after every step; what it raises ends the run, whose checkpoint is saved before.
    """

    def __init__(self, plan: RunPlan, checkpoint: Path, progress: ProgressCallback) -> None:
        self.plan, self.settings, self.checkpoint = plan, plan.train, checkpoint
        self._reports = Reports(self.settings, progress, plan.place, shown_channels(plan.maps))
        self._samples = plan.samples()
        self._fingerprint = plan.fingerprint()
        has_network = plan.weights is not None
        self.state = RunState(choose_precision(self.settings.precision, plan.device) if has_network else "f32")
        self._begin()
        self._saved_at = clock.now()

    def _begin(self) -> None:
        """A new generator; for each restart one of other parameters, which are random then."""
        plan = self.plan
        torch.manual_seed(self.settings.seed + self.state.restart)
        # contiguous, not channels-last, in which CPUs are slow to find the gradients of so few channels
        self.generator = Generator(plan.graph, is_gray=plan.is_gray).to(plan.device)
        plan.begin(self.generator, again=self.state.restart > 0)
        self.optimizer = Optimizer(self.generator, output_paces(plan.colors, plan.maps))
        self._average: AveragedModel | None = None

    def resume(self) -> None:
        """Take up the checkpoint if there is one, with the precision that the run began with.

        The budget may be another than before: a run that was at its end goes on where there is more.

        Raises:
            OtherRunError: it belongs to another run.
            TrainingError: it is damaged, or its run began with another precision.
        """
        if not self.checkpoint.exists():
            self.note(f"there is no checkpoint {self.checkpoint}: starting from the beginning")
            return
        self.state = load_checkpoint(self.checkpoint, self._fingerprint, self.generator, self.optimizer)
        fraction = self._fraction()
        self.state.restart_fraction = min(self.state.restart_fraction, fraction)
        if not is_frozen_phase(self.settings, fraction_since_restart(self.state, fraction)):
            self.state.thaw()
        if self.state.ended:
            self.note("the run ended early, with the best generator so far; a larger budget goes on from there")
        if self.state.frozen:
            try:
                self._begin_average(resumed=True)
            except RuntimeError as error:  # its tensors do not fit
                raise unreadable(self.checkpoint) from error
        wanted = self.settings.precision
        if wanted not in ("auto", self.state.precision):
            raise TrainingError(
                f"the run began with {self.state.precision} and cannot go on with precision {wanted}",
                expected=self.state.precision,
                remedy="leave the precision out",
            )

    def to_the_end(self) -> None:
        """Train until the budget is spent.

        Raises:
            TrainingError: the run does not get better.
        """
        objective = self.plan.objective(self.state.precision, self.state.balance)
        validation = finishing.Validation(objective, self._samples, self.plan.window(1.0))
        self.save()  # claims the name from the first step on
        while self._fraction() < 1 and not self.state.ended:
            if self.state.step == self.state.restart_step:
                self._start_with_tiles()  # nothing is saved before the first step is taken, or it would be done twice
            self._step(objective, validation)
        if not self._is_ahead and is_stalled(self.state.curve):
            self._warn("the loss hardly went down", "look at the texture before you use it, or train longer")
        if not self.state.frozen:
            self._freeze()
        self._validate(validation)
        self.save()  # what is stopped while activation clamps are measured comes back to here
        self.generator.load_state_dict(self.state.best_parameters)
        self.plan.finish(self.generator, objective, self.state.balance)
        self.generator.set_clamps(self._calibration_fields())

    def artifact(self) -> Artifact:
        """What the run has learned."""
        return self.plan.artifact(
            Learned(
                parameters=rounded({name: tensor.numpy() for name, tensor in fold(self.generator).items()}),
                preview_png=encode_thumbnail(to_bytes(self._portrait()[shown_channels(self.plan.maps)])),
                record=run_record(self.state, self.settings),
                quality={"validation_loss": self.state.best_loss, "seconds": round(self.state.elapsed_s, 1)},
            )
        )

    def save(self) -> None:
        """Write the checkpoint."""
        save_checkpoint(
            self.checkpoint, self._fingerprint, self.state, self.generator, self.optimizer, self.plan.kept()
        )
        self._saved_at = clock.now()

    def note(self, text: str) -> None:
        """Tell the callback one sentence."""
        self._reports.note(text, self.state)

    @property
    def _is_ahead(self) -> bool:
        """Whether what is trained began as a trained generator; what starts again begins with random parameters."""
        return self.plan.is_ahead and not self.state.restart

    def _start_with_tiles(self) -> None:
        state = self.state
        with clock.counted(state):
            start_with_tiles(self.generator, self.plan, self._samples, state, lambda: self._reports.work(state))

    def _step(self, objective: RunObjective, validation: finishing.Validation) -> None:
        state = self.state
        with clock.counted(state):
            image, loss, warning = self._update(objective)
            if not warning:
                state.step += 1
                if math.isfinite(loss):
                    extend_curve(state.curve, loss)
                if state.frozen and state.step % finishing.VALIDATE_EVERY_STEPS == 0:
                    self._validate(validation)
        if warning:
            self._recover(warning)
        else:
            self._after_step(image, loss)

    def _update(self, objective: RunObjective) -> tuple[Tensor, float, str]:
        """Move the parameters once; returns the samples, their texture loss, and what is wrong with the run or ""."""
        state = self.state
        fraction = fraction_since_restart(state, self._fraction())
        if is_frozen_phase(self.settings, fraction) and not state.frozen:
            self._freeze()
        self.generator.train(not state.frozen)
        seeds = self._samples.seeds(Stream.NOISE, state.step, count=self.plan.batch(frozen=state.frozen))
        image = self._samples.draw(self.generator, seeds, self.plan.window(fraction), state.precision)
        loss_seed = self._samples.seed(Stream.LOSS, state.step)
        losses = objective(image, seeds, loss_seed, finishing=state.frozen)
        self.generator.zero_grad()
        losses.total.backward()  # type: ignore[no-untyped-call]
        norm = clip_gradients(self.generator)
        spread = relative_spread(image.detach(), self.plan.colors)
        warning = state.monitor.check(float(losses.total.detach()), norm, spread)
        if math.isfinite(norm) and not warning:
            step = state.step - state.restart_step
            lr = learning_rate(self.settings, step, fraction, is_ahead=self._is_ahead)
            self.optimizer.step(lr * lr_share(state.restart))
            if self._average is not None:
                self._average.update_parameters(self.generator)
        return image, float(losses.texture.detach()), warning

    def _after_step(self, image: Tensor, loss: float) -> None:
        if clock.now() - self._saved_at > SAVE_EVERY_S:
            self.save()
        try:
            self._reports.step(self.state, loss, image)
        except BaseException:  # Cancelled, or whatever else the callback could not bear: the step is whole
            self.save()
            raise

    def _recover(self, warning: str) -> None:
        """Start again, or end with what is good already."""
        found = f"{warning} at step {self.state.step}"
        if self.state.best_parameters:
            self.state.ended = True
            self._warn(found, "ending here, with the best generator so far")
            return
        next_state = restarted(self.state, self._fraction())
        if next_state is None:
            raise self._failure(found)
        self.state = next_state
        self._begin()
        self._warn(found, "starting again with a lower learning rate")

    def _warn(self, found: str, remedy: str) -> None:
        """Tell it now, and the card later."""
        told = f"{found}: {remedy}"
        if told not in self.state.warnings:  # a run that is taken up again at its end finds again that it stalled
            self.state.warnings.append(told)
        self.save()  # whoever is told may stop here
        self.note(told)

    def _freeze(self) -> None:
        finishing.freeze_statistics(self.generator, self._calibration_fields())
        self.state.frozen = True
        self.state.monitor = DivergenceMonitor()  # the last part may compare more than the first
        self._begin_average()

    def _begin_average(self, *, resumed: bool = False) -> None:
        self._average = finishing.begin_average(self.generator, self.state.average if resumed else None)
        self.state.average = self._average.state_dict()  # which goes on to hold what the average does

    def _validate(self, validation: finishing.Validation) -> None:
        assert self._average is not None
        average = self._average.module
        loss = validation.loss(average)
        if not math.isfinite(loss) and not self.state.best_parameters:
            raise self._failure(f"the validation loss is {loss} at step {self.state.step}")
        finishing.keep_best(self.state, average, loss)

    def _failure(self, found: str) -> TrainingError:
        """What to raise where there is nothing good to end with."""
        again = f"start again with a lower learning rate than {self.settings.lr} or with precision f32"
        return TrainingError(found, expected="a run that gets better", remedy=f"delete {self.checkpoint} and {again}")

    def _calibration_fields(self) -> Iterator[dict[str, Tensor]]:
        return self._samples.calibration_fields(2 * self.settings.size)

    @torch.no_grad()
    def _portrait(self) -> Tensor:
        """A sample for the card, (channels, size, size)."""
        return self._samples.portrait(self.generator, min(self.settings.size, _PREVIEW_SIDE))

    def _fraction(self) -> float:
        return fraction_done(self.settings, self.state.step, self.state.elapsed_s)

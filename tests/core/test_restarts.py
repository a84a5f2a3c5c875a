"""Runs that go wrong: they start again, end with the best so far, or say why they cannot."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch.optim.swa_utils import AveragedModel

from tests.conftest import picture
from tests.core.trainings import STEPS, tiles
from texnet_core import Cancelled
from texnet_core.errors import TrainingError
from texnet_core.losses import TextureLoss
from texnet_core.training import finishing, loop, train
from texnet_core.training.checkpoint import RunState
from texnet_core.training.divergence import DivergenceMonitor, relative_spread
from texnet_core.training.finishing import Validation, later_heavier
from texnet_core.training.optimizer import Optimizer
from texnet_core.training.restarts import fraction_since_restart, restarted

NAN = float("nan")


@pytest.fixture
def lost(monkeypatch):
    """A function that is asked in each step, with the monitor as it is, whether the step has no numbers."""
    check, asked = DivergenceMonitor.check, [lambda monitor: False]

    def poisoned(self, loss, gradient, spread):
        return check(self, NAN if asked[-1](self) else loss, gradient, spread)

    monkeypatch.setattr(DivergenceMonitor, "check", poisoned)
    return asked.append


@pytest.fixture
def optimizers(monkeypatch):
    """All optimizers that runs make, each with its generator, the kernel that it found there, and its rates."""
    made = []

    class Recorded(Optimizer):
        def __init__(self, generator, paces=None):
            super().__init__(generator, paces)
            self.generator, self.rates = generator, []
            self.first_kernel = next(generator.parameters()).detach().clone()
            made.append(self)

        def step(self, lr):
            super().step(lr)
            self.rates.append(lr)

    monkeypatch.setattr(loop, "Optimizer", Recorded)
    return made


@pytest.mark.usefixtures("cheap_objective")
def test_a_run_that_goes_wrong_starts_again_with_a_lower_rate(request_, tmp_path, lost, optimizers):
    """Poison some steps; the run must leave them behind, say so, and spend its budget; one alone is let pass."""
    lost(
        lambda monitor: len(optimizers) == 1 and (monitor.steps == 7 or (monitor.steps == 3 and not monitor.lost_steps))
    )
    notes, steps = [], []
    artifact = train(
        picture(),
        tmp_path / "a.texnet",
        request_,
        progress=lambda p: (notes.append(p.note), steps.append(p.step)),
    )
    first, second = optimizers
    assert sum("starting again" in note and "step 12" in note for note in notes) == 1
    assert artifact.training["steps_taken"] == STEPS and steps[-1] == STEPS
    assert "step 12: starting again" in artifact.training["troubles"]
    assert second.rates[0] == pytest.approx(0.3 * first.rates[0])  # it warms up anew, to less
    assert not torch.equal(first.first_kernel, second.first_kernel)
    assert artifact.training["loss_curve"].startswith("13:") and f" {STEPS}:" in artifact.training["loss_curve"]


@pytest.mark.usefixtures("cheap_objective")
def test_no_restart_begins_with_too_little_of_the_budget_to_learn_anything(request_, tmp_path, lost):
    lost(lambda monitor: monitor.steps >= STEPS - 6)
    request_ = replace(request_, train=replace(request_.train, frozen_share=0.0))
    with pytest.raises(TrainingError, match="lower learning rate"):
        train(picture(), tmp_path / "a.texnet", request_)
    assert not (tmp_path / "a.texnet").exists()


def test_restarts_share_what_is_left_of_the_budget():
    state = RunState("f32", step=30, elapsed_s=5.0, warnings=["it went wrong"])
    second = restarted(state, 0.4)
    assert (second.restart, second.restart_step, second.step, second.elapsed_s) == (1, 30, 30, 5.0)
    assert second.warnings == ["it went wrong"]
    assert [fraction_since_restart(second, part) for part in (0.4, 0.7, 1.0)] == pytest.approx([0, 0.5, 1])
    assert restarted(state, 0.85) is None  # too little is left
    assert restarted(restarted(second, 0.5), 0.6) is None  # too often


@pytest.mark.usefixtures("cheap_objective")
def test_a_run_that_breaks_when_frozen_ends_with_the_best_so_far(request_, tmp_path, monkeypatch, optimizers):
    monkeypatch.setattr(finishing, "VALIDATE_EVERY_STEPS", 2)
    notes = []

    def break_it(progress):
        notes.append(progress.note)
        if progress.step == 14 and progress.loss is not None:
            for parameter in optimizers[0].generator.parameters():
                parameter.data *= 1e30

    request_ = replace(request_, train=replace(request_.train, steps=22, frozen_share=0.5))
    artifact = train(picture(), tmp_path / "out.texnet", request_, progress=break_it)
    assert 14 < artifact.training["steps_taken"] < 22
    assert any("ending here, with the best generator so far" in note for note in notes)
    assert "ending here" in artifact.training["troubles"]
    assert 0 < artifact.quality["validation_loss"] < 100
    assert all(np.isfinite(values).all() for values in artifact.parameters.values())


@pytest.mark.usefixtures("cheap_objective")
def test_a_run_that_has_ended_stays_ended(request_, tmp_path, monkeypatch, lost):
    """Stopped where it says so and taken up again, it writes what it had, once told."""
    monkeypatch.setattr(finishing, "VALIDATE_EVERY_STEPS", 2)
    now = {"lost": False}
    lost(lambda monitor: now["lost"])

    def stop_at_the_end(part):
        now["lost"] = part.step >= 14
        if "ending here" in part.note:
            raise Cancelled

    request_ = replace(request_, train=replace(request_.train, steps=22, frozen_share=0.5))
    with pytest.raises(Cancelled):
        train(picture(), tmp_path / "out.texnet", request_, progress=stop_at_the_end)
    now["lost"] = False
    artifact = train(picture(), tmp_path / "out.texnet", request_, resume=True)
    assert artifact.training["steps_taken"] < 22
    assert artifact.training["troubles"].count("ending here") == 1
    assert 0 < artifact.quality["validation_loss"] < 100
    assert all(np.isfinite(values).all() for values in artifact.parameters.values())


@pytest.mark.parametrize("in_steps", [True, False], ids=["in the steps", "in the validation"])
def test_nan_is_caught_and_explained(request_, tmp_path, monkeypatch, in_steps):
    loss = TextureLoss.__call__

    def poisoned(self, sample, seed, **phase):
        return loss(self, sample, seed, **phase) * (NAN if torch.is_grad_enabled() == in_steps else 1)

    monkeypatch.setattr(TextureLoss, "__call__", poisoned)
    request_ = replace(request_, train=replace(request_.train, steps=10 + 10 * in_steps))
    with pytest.raises(TrainingError, match=r"nan.*step \d+.*lower learning rate"):
        train(picture(), tmp_path / "out.texnet", request_)
    assert [path.name for path in tmp_path.iterdir()] == ["out.texnet.checkpoint"]


def test_a_flat_sample_has_no_spread_whatever_its_color():
    flat = torch.tensor([0.9, 0.5, 0.1])[None, :, None, None].expand(2, 3, 8, 8)
    noise = torch.rand(1, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    assert relative_spread(flat, noise) < 1e-5
    assert relative_spread(0.5 * noise + 0.2, noise) == pytest.approx(0.5)


def test_a_monitor_sees_collapse_divergence_and_nothing_in_a_good_run():
    def first_warning(losses, spread=1.0):
        monitor = DivergenceMonitor()
        said = (monitor.check(loss, 1.0, spread) for loss in losses)
        return next((text for text in said if text), "")

    good = [1 / (1 + step / 30) + 0.05 * (step % 3) for step in range(600)]
    assert first_warning(good) == ""
    assert "color" in first_warning(good, spread=0.02)
    assert "grew" in first_warning([*good, *[2.0] * 100])
    assert first_warning([*good, *[2.0] * 10, *good[300:]]) == ""  # a bad moment is none
    assert first_warning([1.0, NAN, 1.0]) == ""
    assert "nan" in first_warning([1.0, *[NAN] * 5])
    monitor = DivergenceMonitor(lost_steps=5)  # as a checkpoint brings it back
    assert "nan" in monitor.check(NAN, 1.0, 1.0)
    rewarded = [loss - 0.6 for loss in good]  # a reward for diversity brings losses below zero
    assert first_warning(rewarded) == "" and "grew" in first_warning([*rewarded, *[2.0] * 100])


@pytest.mark.parametrize("exemplar", [picture(), tiles()], ids=["picture", "tiles"])
def test_a_run_that_gets_nowhere_says_so(request_, tmp_path, exemplar):
    notes = []
    request_ = replace(request_, train=replace(request_.train, steps=20, lr=1e-6))
    artifact = train(exemplar, tmp_path / "a.texnet", request_, progress=lambda p: notes.append(p.note))
    assert any("hardly went down" in note for note in notes)
    assert "hardly went down" in artifact.training["troubles"]


def test_a_run_that_gets_somewhere_has_no_warnings(request_, complete_run, tmp_path):
    """Not even on tiles, whose places are learned before the first step."""
    artifact = train(tiles(), tmp_path / "a.texnet", replace(request_, train=replace(request_.train, steps=40)))
    assert "troubles" not in artifact.training and "troubles" not in complete_run.artifact.training


def test_later_steps_weigh_more_in_the_average():
    values, module = torch.rand(30), torch.nn.Linear(1, 1, bias=False)
    average = AveragedModel(module, avg_fn=later_heavier)
    for value in values:
        torch.nn.init.constant_(module.weight, float(value))
        average.update_parameters(module)
    weights = torch.tensor([k * (k + 1) for k in range(1, 31)])
    assert average.module.weight.item() == pytest.approx(float((weights * values).sum() / weights.sum()), rel=1e-5)


@pytest.mark.usefixtures("cheap_objective")
def test_what_a_run_writes_is_the_average_of_its_last_part(request_, tmp_path, monkeypatch, optimizers):
    monkeypatch.setattr(finishing, "VALIDATE_EVERY_STEPS", 10**6)
    seen = []

    def record(progress):
        if progress.loss is not None:
            seen.append(optimizers[0].generator.convolution_of("output").bias.detach().clone())

    settings = replace(request_.train, steps=20, frozen_share=0.6, lr=0.05)
    artifact = train(picture(), tmp_path / "out.texnet", replace(request_, train=settings), progress=record)
    frozen = torch.stack(seen[8:])
    weights = torch.tensor([k * (k + 1.0) for k in range(1, 13)])[:, None]
    expected = (weights * frozen).sum(0) / weights.sum()
    np.testing.assert_allclose(artifact.parameters["output.bias"], expected.numpy(), rtol=1.01 * 2**-11)  # of float16
    assert not torch.equal(expected.half(), seen[-1].half())


@pytest.mark.usefixtures("cheap_objective")
def test_the_best_parameters_are_kept(request_, tmp_path, monkeypatch):
    """Whatever becomes of the run after its best validation: what measured best is what it must write."""
    values, measured = iter([0.5, 0.1, 0.7, 0.9]), []

    def loss(self, generator):
        measured.append(generator.convolution_of("output").bias.detach().clone())
        return next(values)

    monkeypatch.setattr(Validation, "loss", loss)
    monkeypatch.setattr(finishing, "VALIDATE_EVERY_STEPS", 2)
    settings = replace(request_.train, steps=10, frozen_share=0.6)
    artifact = train(picture(), tmp_path / "out.texnet", replace(request_, train=settings))
    assert artifact.quality["validation_loss"] == 0.1
    np.testing.assert_array_equal(artifact.parameters["output.bias"], measured[1].half().numpy())

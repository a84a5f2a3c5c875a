import itertools
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from torch.optim.swa_utils import AveragedModel

from tests.conftest import picture, texture
from texnet_core import Cancelled, GeneratorSettings, read_artifact
from texnet_core.descriptor.weights import METADATA_KEY
from texnet_core.errors import ImageError, OtherRunError, OutputError, RequestError, TrainingError, WeightsError
from texnet_core.model.artifact import checkpoint_path, rounded, without_clamps
from texnet_core.model.graph import NO_CLAMP
from texnet_core.model.training_form import Generator
from texnet_core.pictures.resizing import resize_exemplar
from texnet_core.pictures.surface import flatten_lighting
from texnet_core.settings import DescriptorSettings, LossSettings, TrainSettings
from texnet_core.training import TrainRequest, loop, train
from texnet_core.training.curve import curve_text, extend_curve
from texnet_core.training.divergence import Watch
from texnet_core.training.meanrepeat import MeanRepeat, origin_of_tiles
from texnet_core.training.preparation import prepare_exemplar
from texnet_core.training.schedule import fraction_done, is_frozen_phase, learning_rate

STEPS = 24


@pytest.fixture
def request_(random_vgg19_file):
    """A run of seconds: small windows, random descriptor."""
    return TrainRequest(
        generator=GeneratorSettings(levels=3, channels=4),
        descriptor=DescriptorSettings(vgg19=str(random_vgg19_file), padding="zero"),
        loss=LossSettings(directions=8, positions=256),
        train=TrainSettings(size=32, steps=STEPS, precision="f32"),
    )


def parameters_of(path):
    return read_artifact(path).parameters


def assert_same_parameters(first, second):
    assert first.keys() == second.keys()
    assert all(np.array_equal(first[name], second[name]) for name in first)


def test_a_run_learns_and_writes_what_it_learned(request_, tmp_path):
    path = tmp_path / "out.texnet"
    request_ = replace(request_, train=replace(request_.train, steps=120))
    losses = []
    train(picture(), path, request_, progress=lambda p: losses.append(p.loss))
    losses = [loss for loss in losses if loss is not None]
    assert len(losses) == 120
    assert np.mean(losses[-10:]) < 0.6 * np.mean(losses[:5])
    artifact = read_artifact(path)
    assert artifact.settings == request_.generator
    assert all(np.array_equal(rounded(artifact.parameters)[name], it) for name, it in artifact.parameters.items())
    assert artifact.preview_png and artifact.quality["validation_loss"] > 0
    made = texture(artifact, 64, 64, 1)
    np.testing.assert_allclose(made.mean((0, 1)), picture().mean((0, 1)), atol=0.15)
    assert [file.name for file in tmp_path.iterdir()] == ["out.texnet"]


def test_equal_requests_give_equal_parameters_and_other_seeds_do_not(request_, tmp_path):
    for name, request in (
        ("a", request_),
        ("b", request_),
        ("c", replace(request_, train=replace(request_.train, seed=1))),
    ):
        train(picture(), tmp_path / f"{name}.texnet", request)
    a, b, c = (parameters_of(tmp_path / f"{name}.texnet") for name in "abc")
    assert_same_parameters(a, b)
    assert any(not np.array_equal(a[name], c[name]) for name in a)


@pytest.mark.parametrize("stop_at", [7, 21, 24])
def test_a_cancelled_run_resumes_to_the_same_parameters(request_, tmp_path, stop_at):
    """Once in the phase with batch statistics, once in the frozen one, once when all steps are taken."""
    whole, broken = tmp_path / "whole.texnet", tmp_path / "broken.texnet"
    train(picture(), whole, request_)

    def stop(progress):
        if progress.done == stop_at:
            raise Cancelled

    with pytest.raises(Cancelled):
        train(picture(), broken, request_, progress=stop)
    assert not broken.exists() and checkpoint_path(broken).exists()
    done = []
    train(picture(), broken, request_, resume=True, progress=lambda p: done.append(p.done))
    assert done[:1] == ([stop_at + 1] if stop_at < STEPS else [])
    assert_same_parameters(parameters_of(whole), parameters_of(broken))
    assert not checkpoint_path(broken).exists()


def test_what_a_run_writes_has_clamps_measured_over_all_fields(request_, tmp_path, monkeypatch):
    of_all = Generator.set_clamps
    artifact = train(picture(), tmp_path / "all.texnet", request_)
    bounds = without_clamps(artifact.graph)
    assert bounds and all(artifact.parameters[name].max() < NO_CLAMP for name in bounds)
    monkeypatch.setattr(Generator, "set_clamps", lambda self, fields: of_all(self, list(fields)[:1]))
    fewer = train(picture(), tmp_path / "one.texnet", request_)
    for name, values in artifact.parameters.items():
        assert np.array_equal(values, fewer.parameters[name]) == (name not in bounds)


def test_all_losses_over_several_octaves_resume_to_the_same_parameters(request_, tmp_path):
    every = {name: 0.1 for name in vars(request_.loss) if name.endswith("_weight")}
    request_ = replace(
        request_,
        descriptor=replace(request_.descriptor, octaves=3),
        loss=replace(request_.loss, **every),
        train=replace(request_.train, steps=10, batch=2),
    )
    whole, broken = tmp_path / "whole.texnet", tmp_path / "broken.texnet"
    artifact = train(picture(96, 120), whole, request_)
    assert artifact.training["octaves"] == 3 and artifact.training["histogram_weight"] == 0.1

    def stop(progress):
        if progress.done == 4:
            raise Cancelled

    with pytest.raises(Cancelled):
        train(picture(96, 120), broken, request_, progress=stop)
    train(picture(96, 120), broken, request_, resume=True)
    assert_same_parameters(parameters_of(whole), parameters_of(broken))


_KILLED = """
import os, pickle, signal, sys
from pathlib import Path
from texnet_core.training import loop, train
request, exemplar, path = pickle.loads(Path(sys.argv[1]).read_bytes())
loop._CHECKPOINT_EVERY_S = 0.0
def die(progress):
    if progress.done == 17:
        os.kill(os.getpid(), signal.SIGKILL)
train(exemplar, Path(path), request, progress=die)
"""


@pytest.mark.skipif(os.name == "nt", reason="SIGKILL is POSIX")
def test_a_killed_run_resumes_to_the_same_parameters(request_, tmp_path):
    import pickle

    whole, killed = tmp_path / "whole.texnet", tmp_path / "killed.texnet"
    train(picture(), whole, request_)
    job = tmp_path / "job"
    job.write_bytes(pickle.dumps((request_, picture(), str(killed))))
    ended = subprocess.run([sys.executable, "-c", _KILLED, str(job)], capture_output=True, timeout=120)
    assert ended.returncode == -signal.SIGKILL, ended.stderr.decode()
    assert not killed.exists()
    train(picture(), killed, request_, resume=True)
    assert_same_parameters(parameters_of(whole), parameters_of(killed))


def test_an_unfinished_run_is_not_overwritten_by_accident(request_, tmp_path):
    path = tmp_path / "out.texnet"
    checkpoint_path(path).write_bytes(b"something")
    with pytest.raises(TrainingError, match="resume"):
        train(picture(), path, request_)
    assert checkpoint_path(path).read_bytes() == b"something"


def test_resume_leaves_what_is_complete_alone(request_, tmp_path):
    path = tmp_path / "out.texnet"
    path.write_bytes(b"learned in hours")
    with pytest.raises(TrainingError, match="no unfinished run"):
        train(picture(), path, request_, resume=True)
    assert path.read_bytes() == b"learned in hours" and not checkpoint_path(path).exists()
    (tmp_path / "folder.texnet").mkdir()
    with pytest.raises(OutputError, match="no file stands there"):
        train(picture(), tmp_path / "folder.texnet", request_, resume=True)


def test_resume_refuses_another_run_and_damage(request_, tmp_path):
    path = tmp_path / "out.texnet"
    tensors = load_file(request_.descriptor.vgg19)
    other_weights = str(tmp_path / "other.safetensors")
    save_file(
        tensors | {"features.0.bias": tensors["features.0.bias"] + 1},
        other_weights,
        metadata={METADATA_KEY: "torchvision"},
    )

    def stop(progress):
        if progress.done == 3:
            raise Cancelled

    with pytest.raises(Cancelled):
        train(picture(), path, request_, progress=stop)
    for other, exemplar, says in (
        (replace(request_, train=replace(request_.train, lr=0.002)), picture(), "other lr"),
        (replace(request_, generator=GeneratorSettings(levels=2)), picture(), "levels"),
        (request_, picture(seed=4), "other exemplar"),
        (replace(request_, train=replace(request_.train, precision="bf16")), picture(), "began with f32"),
        (replace(request_, descriptor=replace(request_.descriptor, vgg19=other_weights)), picture(), "other weights"),
    ):
        with pytest.raises(TrainingError, match=says):
            train(exemplar, path, other, resume=True)
    good = checkpoint_path(path).read_bytes()
    content = torch.load(checkpoint_path(path), weights_only=True)
    torch.save(content | {"version": 1}, checkpoint_path(path))
    with pytest.raises(OtherRunError, match="another version of TexNet"):
        train(picture(), path, request_, resume=True)
    checkpoint_path(path).write_bytes(good[: len(good) // 2])
    with pytest.raises(TrainingError, match="cannot be read"):
        train(picture(), path, request_, resume=True)
    without_average = content["state"] | {"frozen": True, "average": {}}
    for key, value in (
        ("fingerprint", []),
        ("generator", {}),
        ("state", {"steps": 1}),
        ("state", without_average),
        ("optimizer", None),
    ):
        torch.save(content | {key: value}, checkpoint_path(path))
        with pytest.raises(TrainingError, match="cannot be read"):
            train(picture(), path, request_, resume=True)


def test_resume_without_a_checkpoint_begins_and_says_so(request_, tmp_path):
    notes = []
    request_ = replace(request_, train=replace(request_.train, steps=10))
    train(picture(), tmp_path / "out.texnet", request_, resume=True, progress=lambda p: notes.append(p.note))
    assert any("starting from the beginning" in note for note in notes)


def test_a_budget_in_minutes_ends_with_the_first_step_that_spends_it(request_, tmp_path):
    request_ = replace(request_, train=replace(request_.train, minutes=0.03))
    reports = []
    artifact = train(picture(), tmp_path / "out.texnet", request_, progress=reports.append)
    assert {report.unit for report in reports} == {"s"}
    reports = [report for report in reports if report.loss is not None]
    assert reports[-1].done == pytest.approx(1.8) and all(report.done < 1.8 for report in reports[:-1])
    assert artifact.training["steps_taken"] == reports[-1].step > 0


def test_the_first_part_of_a_run_has_half_windows(request_, tmp_path, monkeypatch):
    sides = []
    forward = loop.Generator.forward

    def spy(self, noise):
        if torch.is_grad_enabled():
            sides.append(noise[0].shape[2])
        return forward(self, noise)

    monkeypatch.setattr(loop.Generator, "forward", spy)
    larger = replace(request_, train=replace(request_.train, size=128, exemplar_size=64, steps=20, half_share=0.5))
    train(picture(), tmp_path / "a.texnet", larger)
    assert sides == [64] * 10 + [128] * 10
    sides.clear()
    train(picture(), tmp_path / "b.texnet", replace(request_, train=replace(request_.train, steps=10)))
    assert sides == [32] * 10  # half of it would be too small


def stripes(period, side=128):
    columns = (np.arange(side) % period < period / 2).astype(np.float32)
    noise = np.random.default_rng(0).random((side, side, 3), dtype=np.float32)
    return (0.6 * columns[None, :, None] + 0.3 * noise).astype(np.float32)


def test_a_pattern_is_found_told_and_fitted(request_, tmp_path):
    notes = []
    request_ = replace(request_, train=replace(request_.train, size=64, steps=10))
    artifact = train(stripes(15), tmp_path / "a.texnet", request_, progress=lambda p: notes.append(p.note))
    assert any("stripes that repeat 9 times" in note for note in notes)
    ((down, across),) = artifact.waves
    assert artifact.settings.waves == 1 and abs(down) < 1e-3
    assert abs(across) * 32 == pytest.approx(round(abs(across) * 32), abs=0.1)  # whole repeats in half a sample
    assert abs(across) * artifact.texels_per_exemplar == pytest.approx(128 / 15, rel=0.02)
    off = replace(request_, train=replace(request_.train, pattern="off"))
    plain = train(stripes(15), tmp_path / "b.texnet", off)
    assert plain.waves == () and plain.texels_per_exemplar == 64


def tiles(tone=0.4, side=128):
    """16x16 tiles of different gray with dark joints."""
    y, x = np.mgrid[0:side, 0:side]
    tones = 0.5 + tone * (np.random.default_rng(0).random((side // 16, side // 16)) - 0.5)
    gray = np.where((y % 16 < 3) | (x % 16 < 3), 0.1, tones[y // 16, x // 16])
    return np.repeat(gray[..., None], 3, axis=2).astype(np.float32)


def test_a_grid_whose_repeats_are_alike_gets_no_tones(request_):
    def toned(picture):
        prepared = prepare_exemplar(picture, replace(request_.train, size=64), request_.descriptor, notes.append)
        return len(prepared.waves), prepared.tiles is not None

    notes = []
    light = 1 + 0.5 * np.sin(np.arange(128) / 20)[:, None]  # patches of light lie across many repeats
    noise = 0.05 * np.random.default_rng(1).random((128, 128, 3))
    assert toned(tiles()) == (2, True)
    assert "tiles that differ in tone" in notes[-1]
    notes.clear()
    assert toned((tiles(tone=0) + noise).astype(np.float32)) == (2, False)
    assert toned((tiles(tone=0) * light[..., None]).astype(np.float32)) == (2, False)
    assert notes and "tone" not in " ".join(notes)


def test_a_run_on_a_grid_begins_with_its_repeats_in_their_places(request_, tmp_path):
    shown = []
    request_ = replace(
        request_, generator=GeneratorSettings(levels=3), train=replace(request_.train, size=64, steps=20, lr=0.01)
    )
    artifact = train(tiles(), tmp_path / "a.texnet", request_, progress=lambda p: shown.append(p.step))
    assert artifact.settings.waves == 2 and artifact.settings.repeat_channels == 2
    assert shown.count(0) > 20  # it can be cancelled meanwhile
    plane = artifact.design.input_plane(3, 64, 64)
    exemplar = resize_exemplar(tiles(), artifact.texels_per_exemplar)
    laid = MeanRepeat(exemplar, artifact.waves, origin_of_tiles(exemplar, artifact.waves), 2).laid_out(plane, 64)
    made = texture(artifact, 64, 64, 3)
    assert np.corrcoef(made.ravel(), laid.ravel())[0, 1] > 0.8


def test_the_kept_generator_is_chosen_by_the_tones_of_tiles_too(request_, tmp_path):
    """Of two generators that have learned nothing, and are equal: samples whose tiles are all alike cost about 1."""
    request_ = replace(request_, train=replace(request_.train, size=64, steps=20, lr=1e-6))
    with_tones = train(tiles(), tmp_path / "a.texnet", request_)
    without = train(tiles(), tmp_path / "b.texnet", replace(request_, loss=replace(request_.loss, tone_weight=0.0)))
    assert with_tones.quality["validation_loss"] > without.quality["validation_loss"] + 0.9


def test_beginning_with_tiles_takes_a_small_part_of_a_budget_in_minutes(request_, tmp_path, monkeypatch):
    """A clock on which each generator's pass takes a second: of half a minute, tiles may take 3."""
    seconds = itertools.count()
    original = loop.Run._image
    now = [0.0]

    def image(run, seeds, size):
        now[0] = float(next(seconds))
        return original(run, seeds, size)

    monkeypatch.setattr(loop.Run, "_image", image)
    monkeypatch.setattr(loop.time, "monotonic", lambda: now[0])
    shown = []
    request_ = replace(request_, train=replace(request_.train, size=64, minutes=0.5))
    artifact = train(tiles(), tmp_path / "a.texnet", request_, progress=lambda p: shown.append(p.step))
    assert 2 < shown.count(0) < 8
    assert artifact.quality["seconds"] == pytest.approx(30, abs=2)  # these are counted


@pytest.mark.parametrize("stop", [(4, 6), (7, 0)])
def test_a_run_on_a_grid_that_started_again_resumes_to_the_same_parameters(request_, tmp_path, monkeypatch, stop):
    """Stopped in the middle of laying tiles for the second attempt, and after."""
    step = loop.Run._step

    def with_trouble(run, *args):
        if run.state.attempt == 0 and run.state.step == 4:
            return run._start_again("trouble")
        return step(run, *args)

    monkeypatch.setattr(loop.Run, "_step", with_trouble)
    monkeypatch.setattr(loop, "_LAYING_STEPS", 6)
    whole, broken = tmp_path / "whole.texnet", tmp_path / "broken.texnet"
    request_ = replace(request_, train=replace(request_.train, size=64, steps=14))
    reports = []
    train(tiles(), whole, request_, progress=lambda p: reports.append(p.step))
    assert reports.count(0) > 6 and reports.count(4) > 6  # tiles are laid for both attempts
    at = reports.index(stop[0]) + stop[1] // 2
    count = itertools.count()

    def halt(progress):
        if next(count) == at:
            raise Cancelled

    with pytest.raises(Cancelled):
        train(tiles(), broken, request_, progress=halt)
    train(tiles(), broken, request_, resume=True)
    assert_same_parameters(parameters_of(whole), parameters_of(broken))


@pytest.mark.parametrize("stop_at", [0, 4])
def test_a_run_on_a_grid_resumes_to_the_same_parameters(request_, tmp_path, stop_at):
    whole, broken = tmp_path / "whole.texnet", tmp_path / "broken.texnet"
    request_ = replace(request_, train=replace(request_.train, size=64, steps=10))
    train(tiles(), whole, request_)
    reports = itertools.count()

    def stop(progress):
        if progress.step == stop_at and next(reports) == 5 * (stop_at == 0):
            raise Cancelled

    with pytest.raises(Cancelled):
        train(tiles(), broken, request_, progress=stop)
    train(tiles(), broken, request_, resume=True)
    assert_same_parameters(parameters_of(whole), parameters_of(broken))


def test_of_a_pattern_too_fine_for_the_scale_what_is_coarse_enough_is_kept(request_):
    rows = np.arange(128)[:, None] % 16 < 8
    columns = np.arange(128) % 8 < 4
    grid = np.repeat((0.4 * rows + 0.4 * columns)[..., None], 3, axis=2).astype(np.float32)
    fine, coarse = (
        prepare_exemplar(grid, replace(request_.train, exemplar_size=side), request_.descriptor, lambda note: None)
        for side in (96, 48)
    )
    assert len(fine.waves) == 2
    ((down, across),) = coarse.waves
    assert across == 0 and down * coarse.side == pytest.approx(8, rel=0.02)


@pytest.mark.parametrize(("side", "color"), [(96, (51, 102, 153)), (512, (200, 100, 50))])
def test_one_color_is_no_surface(request_, tmp_path, side, color):
    """Also a large one, whose standard deviation in float32 is not small."""
    flat = np.full((side, side, 3), np.array(color) / 255, np.float32)
    with pytest.raises(ImageError, match="one color"):
        train(flat, tmp_path / "flat.texnet", request_)
    assert not list(tmp_path.iterdir())


def test_a_run_that_goes_wrong_starts_again_with_a_lower_rate(request_, tmp_path, monkeypatch):
    """Poison some steps; the run must leave them behind, say so, and spend its budget; one alone is let pass."""
    begun, rates, kernels = [], {0: [], 1: []}, []
    trouble, begin, move = Watch.trouble, loop.Run._begin_attempt, loop.Optimizer.step

    def poisoned(self, loss, gradient, spread):
        lost = begun == [0] and (self.steps == 7 or (self.steps == 3 and not self.lost_steps))
        return trouble(self, float("nan") if lost else loss, gradient, spread)

    def counted(self):
        begin(self)
        begun.append(self.state.attempt)
        kernels.append(self.generator.output.weight.detach().clone())

    def recorded(self, lr):
        rates[begun[-1]].append(lr)
        move(self, lr)

    monkeypatch.setattr(Watch, "trouble", poisoned)
    monkeypatch.setattr(loop.Run, "_begin_attempt", counted)
    monkeypatch.setattr(loop.Optimizer, "step", recorded)
    notes, steps = [], []
    artifact = train(
        picture(),
        tmp_path / "a.texnet",
        request_,
        progress=lambda p: (notes.append(p.note), steps.append(p.step)),
    )
    assert begun == [0, 1] and sum("starting again" in note and "step 12" in note for note in notes) == 1
    assert artifact.training["steps_taken"] == STEPS and steps[-1] == STEPS
    assert "step 12: starting again" in artifact.training["troubles"]
    assert rates[1][0] == pytest.approx(0.3 * rates[0][0])  # it warms up anew, to less
    assert not torch.equal(*kernels)
    assert artifact.training["loss_curve"].startswith("13:") and f" {STEPS}:" in artifact.training["loss_curve"]


def test_no_attempt_begins_with_too_little_of_the_budget_to_learn_anything(request_, tmp_path, monkeypatch):
    trouble = Watch.trouble

    def poisoned(self, loss, gradient, spread):
        return trouble(self, float("nan") if self.steps >= STEPS - 6 else loss, gradient, spread)

    monkeypatch.setattr(Watch, "trouble", poisoned)
    request_ = replace(request_, train=replace(request_.train, frozen_share=0.0))
    with pytest.raises(TrainingError, match="lower learning rate"):
        train(picture(), tmp_path / "a.texnet", request_)
    assert not (tmp_path / "a.texnet").exists()


def test_trouble_at_the_end_keeps_the_best_so_far(request_, tmp_path, monkeypatch):
    trouble = Watch.trouble
    monkeypatch.setattr(loop, "_VALIDATE_EVERY_STEPS", 2)

    def poisoned(self, loss, gradient, spread):
        return trouble(self, float("nan") if spoilt else loss, gradient, spread)

    spoilt, notes = [], []

    def watch(progress):
        notes.append(progress.note)
        if progress.step == 50:
            spoilt.append(True)

    monkeypatch.setattr(Watch, "trouble", poisoned)
    longer = replace(request_, train=replace(request_.train, steps=60))
    artifact = train(picture(), tmp_path / "a.texnet", longer, progress=watch)
    assert any("best generator so far" in note for note in notes)
    assert 50 < artifact.training["steps_taken"] < 60 and np.isfinite(artifact.quality["validation_loss"])


def test_a_flat_sample_has_no_spread_whatever_its_color():
    flat = torch.tensor([0.9, 0.5, 0.1])[None, :, None, None].expand(2, 3, 8, 8)
    assert float(loop._spread(flat)) < 1e-6
    assert float(loop._spread(torch.rand(1, 3, 64, 64))) == pytest.approx((1 / 12) ** 0.5, rel=0.05)


def test_a_watch_sees_collapse_divergence_and_nothing_in_a_good_run():
    def first_trouble(losses, spread=1.0):
        watch = Watch()
        said = (watch.trouble(loss, 1.0, spread) for loss in losses)
        return next((text for text in said if text), "")

    good = [1 / (1 + step / 30) + 0.05 * (step % 3) for step in range(600)]
    assert first_trouble(good) == ""
    assert "colour" in first_trouble(good, spread=0.02)
    assert "grew" in first_trouble([*good, *[2.0] * 100])
    assert first_trouble([*good, *[2.0] * 10, *good[300:]]) == ""  # a bad moment is none
    assert first_trouble([1.0, float("nan"), 1.0]) == ""
    assert "nan" in first_trouble([1.0, *[float("nan")] * 5])
    watch = Watch(lost_steps=5)  # as a checkpoint brings it back
    assert "nan" in watch.trouble(float("nan"), 1.0, 1.0)
    rewarded = [loss - 0.6 for loss in good]  # a reward for diversity brings losses below zero
    assert first_trouble(rewarded) == "" and "grew" in first_trouble([*rewarded, *[2.0] * 100])


@pytest.mark.parametrize("lr", [1e-6, 0.01])
@pytest.mark.parametrize("exemplar", [picture(), tiles()], ids=["picture", "tiles"])
def test_a_run_that_gets_nowhere_says_so(request_, tmp_path, exemplar, lr):
    notes = []
    request_ = replace(request_, train=replace(request_.train, steps=60, lr=lr))
    artifact = train(exemplar, tmp_path / "a.texnet", request_, progress=lambda p: notes.append(p.note))
    assert any("hardly went down" in note for note in notes) == (lr < 1e-3)
    assert ("hardly went down" in artifact.training.get("troubles", "")) == (lr < 1e-3)


def test_statistics_are_frozen_in_the_last_part_only(request_, tmp_path, monkeypatch):
    modes = []
    forward = loop.Generator.forward

    def spy(self, noise):
        if torch.is_grad_enabled():
            modes.append(self.training)
        return forward(self, noise)

    monkeypatch.setattr(loop.Generator, "forward", spy)
    train(
        picture(),
        tmp_path / "out.texnet",
        replace(request_, train=replace(request_.train, steps=20, frozen_share=0.25)),
    )
    assert modes == [True] * 15 + [False] * 5


def test_later_steps_weigh_more_in_the_average():
    values, module = torch.rand(30), torch.nn.Linear(1, 1, bias=False)
    average = AveragedModel(module, avg_fn=loop._averaged)
    for value in values:
        torch.nn.init.constant_(module.weight, float(value))
        average.update_parameters(module)
    weights = torch.tensor([k * (k + 1) for k in range(1, 31)])
    assert average.module.weight.item() == pytest.approx(float((weights * values).sum() / weights.sum()), rel=1e-5)


def test_what_a_run_writes_is_the_average_of_its_last_part(request_, tmp_path, monkeypatch):
    seen = []
    monkeypatch.setattr(loop, "_VALIDATE_EVERY_STEPS", 10**6)
    step = loop.Optimizer.step

    def recording(self, lr):
        step(self, lr)
        seen.append(self._adam.param_groups[0]["params"][-1].detach().clone())  # output.bias

    monkeypatch.setattr(loop.Optimizer, "step", recording)
    settings = replace(request_.train, steps=30, frozen_share=0.6, lr=0.05)
    artifact = train(picture(), tmp_path / "out.texnet", replace(request_, train=settings))
    frozen = torch.stack(seen[12:])
    weights = torch.tensor([k * (k + 1.0) for k in range(1, 19)])[:, None]
    expected = (weights * frozen).sum(0) / weights.sum()
    np.testing.assert_allclose(artifact.parameters["output.bias"], expected.numpy(), rtol=1.01 * 2**-11)  # of float16
    assert not torch.equal(expected.half(), seen[-1].half())


def test_the_time_of_the_updates_counts(request_, tmp_path, monkeypatch):
    step = loop.Optimizer.step
    monkeypatch.setattr(loop.Optimizer, "step", lambda self, lr: (time.sleep(0.2), step(self, lr)))
    request_ = replace(request_, train=replace(request_.train, steps=10))
    assert train(picture(), tmp_path / "out.texnet", request_).quality["seconds"] >= 2


def test_the_best_parameters_are_kept(request_, tmp_path, monkeypatch):
    """Let the run blow up after its first validation: what it measured best is what it must write."""
    values = iter([0.5, 0.1, 0.7, 0.9])
    kept = []

    def validate(self, descriptor, loss):
        value = next(values)
        if value < self.state.best_loss:
            self.state.best_loss = value
            self.state.best_parameters = {k: v.clone() for k, v in self.generator.state_dict().items()}
            kept.append(self.generator.output.bias.detach().clone())

    monkeypatch.setattr(loop.Run, "_validate", validate)
    monkeypatch.setattr(loop, "_VALIDATE_EVERY_STEPS", 2)
    artifact = train(picture(), tmp_path / "out.texnet", replace(request_, train=replace(request_.train, steps=30)))
    assert artifact.quality["validation_loss"] == 0.1
    np.testing.assert_array_equal(artifact.parameters["output.bias"], kept[-1].half().numpy())


def test_nan_is_caught_and_explained(request_, tmp_path):
    def poison(self, features, seed, **phase):
        total = sum(f.sum() for f in features.values())
        return total * float("nan")

    path = tmp_path / "out.texnet"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(loop.TextureLoss, "forward", poison)
        with pytest.raises(TrainingError, match=r"nan.*step \d+.*lower learning rate"):
            train(picture(), path, request_)
    assert list(tmp_path.iterdir()) == [checkpoint_path(path)]


def test_a_run_that_breaks_when_frozen_ends_with_the_best_so_far(request_, tmp_path, monkeypatch):
    monkeypatch.setattr(loop, "_VALIDATE_EVERY_STEPS", 2)
    step, notes, steps = loop.Optimizer.step, [], iter(range(1, 41))

    def breaking(self, lr):
        step(self, lr)
        if next(steps) == 30:
            for parameter in self._kernels:
                parameter.data *= 1e30

    monkeypatch.setattr(loop.Optimizer, "step", breaking)
    request_ = replace(request_, train=replace(request_.train, steps=40, frozen_share=0.5))
    artifact = train(picture(), tmp_path / "out.texnet", request_, progress=lambda part: notes.append(part.note))
    assert any("ending here, with the best generator so far" in note for note in notes)
    assert "ending here" in artifact.training["troubles"]
    assert 0 < artifact.quality["validation_loss"] < 100
    assert all(np.isfinite(values).all() for values in artifact.parameters.values())


def test_a_run_that_has_ended_stays_ended(request_, tmp_path, monkeypatch):
    """Stopped where it says so and taken up again, it writes what it had, once told."""
    monkeypatch.setattr(loop, "_VALIDATE_EVERY_STEPS", 2)
    trouble = Watch.trouble
    lost = {"now": False}

    def poisoned(self, loss, gradient, spread):
        return trouble(self, float("nan") if lost["now"] else loss, gradient, spread)

    def stop_at_the_end(part):
        lost["now"] = part.step >= 24
        if "ending here" in part.note:
            raise Cancelled

    monkeypatch.setattr(Watch, "trouble", poisoned)
    request_ = replace(request_, train=replace(request_.train, steps=40, frozen_share=0.5))
    with pytest.raises(Cancelled):
        train(picture(), tmp_path / "out.texnet", request_, progress=stop_at_the_end)
    lost["now"] = False
    artifact = train(picture(), tmp_path / "out.texnet", request_, resume=True)
    assert artifact.training["steps_taken"] < 40
    assert artifact.training["troubles"].count("ending here") == 1
    assert 0 < artifact.quality["validation_loss"] < 100
    assert all(np.isfinite(values).all() for values in artifact.parameters.values())


def test_nan_in_a_validation_is_caught_too(request_, tmp_path):
    forward = loop.TextureLoss.forward

    def poison(self, features, seed, **phase):
        return forward(self, features, seed, **phase) * (1 if torch.is_grad_enabled() else float("nan"))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(loop.TextureLoss, "forward", poison)
        with pytest.raises(TrainingError, match="nan"):
            train(picture(), tmp_path / "out.texnet", request_)


def test_an_error_in_the_callback_costs_no_step(request_, tmp_path):
    path = tmp_path / "out.texnet"

    def fail(progress):
        if progress.step == 9:
            raise OSError("the viewer is gone")

    with pytest.raises(OSError, match="viewer"):
        train(picture(), path, request_, progress=fail)
    steps = []
    train(picture(), path, request_, resume=True, progress=lambda p: steps.append(p.step))
    assert steps[0] == 10


def test_a_second_run_to_the_same_output_is_refused_while_the_first_one_runs(request_, tmp_path):
    path = tmp_path / "out.texnet"

    def intrude(progress):
        if progress.step == 2:
            with pytest.raises(TrainingError, match="unfinished run"):
                train(picture(), path, request_)

    train(picture(), path, request_, progress=intrude)


def test_the_exemplar_has_a_size_of_its_own(request_, tmp_path):
    """A larger or a smaller one than the samples: it is what a texel of the output stands for."""
    for side in (0, 64, 32):
        request = replace(request_, train=replace(request_.train, size=48, exemplar_size=side, steps=10))
        artifact = train(picture(), tmp_path / f"{side}.texnet", request)
        assert artifact.texels_per_exemplar == (side or 48)
        assert artifact.training["exemplar_size"] == side and artifact.training["size"] == 48
    refused = replace(request_, train=replace(request_.train, exemplar_size=97))
    with pytest.raises(ImageError, match="at least 97"):
        train(picture(), tmp_path / "refused.texnet", refused)


def test_training_on_a_flattened_exemplar_is_training_with_flatten(request_, tmp_path):
    flat = replace(request_, train=replace(request_.train, flatten=True))
    first = train(flatten_lighting(resize_exemplar(picture(), 32)), tmp_path / "a.texnet", request_)
    second = train(picture(), tmp_path / "b.texnet", flat)
    assert_same_parameters(first.parameters, second.parameters)
    assert first.provenance.exemplar_sha256 == second.provenance.exemplar_sha256


def test_troubles_of_the_exemplar_are_told_before_the_first_step(request_, tmp_path):
    reports = []
    framed = np.ones((192, 192, 3), np.float32)
    framed[20:-20, 20:-20] = picture(152, 152)
    request_ = replace(request_, train=replace(request_.train, steps=10))
    train(framed, tmp_path / "out.texnet", request_, progress=reports.append)
    (at,) = [index for index, report in enumerate(reports) if "border" in report.note]
    assert reports[at].step == 0 and all(report.loss is None for report in reports[: at + 1])


def test_the_loss_curve_is_that_of_the_reports_and_survives_a_stop(request_, tmp_path):
    whole, broken = tmp_path / "whole.texnet", tmp_path / "broken.texnet"
    losses = {}

    def note(progress):
        if progress.loss is not None:
            losses[progress.step] = progress.loss

    train(picture(), whole, request_, progress=note)
    curve = read_artifact(whole).training["loss_curve"]
    assert [word.split(":")[0] for word in curve.split()] == [str(step) for step in losses]
    assert [float(word.split(":")[1]) for word in curve.split()] == pytest.approx(list(losses.values()), rel=1e-3)

    def stop(progress):
        if progress.step == 7:
            raise Cancelled

    with pytest.raises(Cancelled):
        train(picture(), broken, request_, progress=stop)
    train(picture(), broken, request_, resume=True)
    assert read_artifact(broken).training["loss_curve"] == curve


@pytest.mark.parametrize("steps", [1, 59, 60, 61, 120, 121, 1000, 4001])
def test_a_curve_of_any_length_is_short_and_holds_the_means(steps):
    losses = np.random.default_rng(0).lognormal(0, 3, steps)
    curve = []
    for loss in losses:
        extend_curve(curve, float(loss))
    assert min(steps, 30) <= len(curve) <= 60 and len(curve_text(curve)) < 1500
    start = 0
    for length, mean in curve:
        assert length <= curve[0][0]
        assert mean == pytest.approx(losses[start : start + length].mean())
        start += length
    assert start == steps and curve_text(curve).split()[-1].startswith(f"{steps}:")


def test_previews_come_on_the_way(request_, tmp_path):
    previews = []
    train(picture(), tmp_path / "out.texnet", request_, progress=lambda p: previews.append(p.preview))
    shown = [preview for preview in previews if preview is not None]
    assert shown and all(preview.shape == (32, 32, 3) and preview.dtype == np.uint8 for preview in shown)


def test_bad_requests_are_refused_before_any_work(request_, tmp_path):
    path = tmp_path / "out.texnet"

    def with_(part, **changes):
        return replace(request_, **{part: replace(getattr(request_, part), **changes)})

    for request, error, says in (
        (with_("train", size=34), RequestError, "multiple of 4"),
        (with_("train", size=36), RequestError, "multiple of 16 for VGG-19"),
        (with_("generator", levels=6), RequestError, "size 32; expected at least 64 with 6 levels"),
        (with_("train", exemplar_size=12), RequestError, "exemplar_size 12"),
        (with_("train", steps=0), RequestError, "steps"),
        (with_("train", lr=float("nan")), RequestError, "finite"),
        (with_("train", device="quantum"), Exception, "device"),
        (with_("train", flatten=1), RequestError, "true or false"),
        (with_("descriptor", padding="valid", vgg19="not even looked for"), RequestError, "at least 172"),
        (
            replace(with_("train", size=192, exemplar_size=171), descriptor=DescriptorSettings(vgg19="no matter")),
            RequestError,
            "exemplar_size 171; expected at least 172",
        ),
        (with_("descriptor", vgg19=str(tmp_path / "none")), WeightsError, "none"),
        (with_("loss", sliced_wasserstein_weight=0.0), RequestError, "no loss"),
        (with_("loss", diversity_weight=1.0), RequestError, "batch 1 with a diversity_weight"),
        (with_("descriptor", octaves=5), RequestError, "octaves 5"),
        (with_("train", size=128), ImageError, "at least 128"),
        (with_("generator", waves=1), RequestError, "waves 1"),
        (with_("generator", repeat_channels=1), RequestError, "repeat_channels 1"),
        (with_("provenance", author="x" * 501), RequestError, "501 characters for author"),
        (with_("provenance", exemplar="x" * 501), RequestError, "501 characters for the exemplar's name"),
    ):
        with pytest.raises(error, match=says):
            train(picture(), path, request)
    for output in (tmp_path / "missing" / "out.texnet", tmp_path / ("x" * 240 + ".texnet")):
        with pytest.raises(OutputError):
            train(picture(), output, request_)
    assert list(tmp_path.iterdir()) == []


def test_the_schedule_warms_up_and_comes_down():
    settings = TrainSettings(steps=100)
    rates = [learning_rate(settings, step, fraction_done(settings, step, 0)) for step in range(100)]
    assert rates[0] < 0.1 * settings.lr < rates[19]
    assert max(rates) <= settings.lr
    assert all(a >= b for a, b in itertools.pairwise(rates[20:]))
    assert rates[-1] < 0.03 * settings.lr
    assert [is_frozen_phase(settings, step / 100) for step in (0, 79, 80, 99)] == [False, False, True, True]


def test_minutes_count_time_and_not_steps():
    settings = TrainSettings(minutes=2)
    assert fraction_done(settings, 10**6, 30) == 0.25
    assert fraction_done(settings, 0, 1000) == 1


def test_a_torch_without_muon_is_refused_at_once(request_, tmp_path, monkeypatch):
    monkeypatch.delattr(torch.optim, "Muon")
    with pytest.raises(TrainingError, match=r"torch .*expected 2\.9 or newer.*texnet\[train\]"):
        train(picture(), tmp_path / "out.texnet", request_)
    assert list(tmp_path.iterdir()) == []

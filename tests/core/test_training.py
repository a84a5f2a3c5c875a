"""Training: what a run learns and writes, and what it is refused for."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from tests.conftest import picture, texture
from tests.core.trainings import STEPS, FakeClock, assert_same_parameters, files_up_to, stop_at, stripes
from texnet_core import Cancelled, read_artifact
from texnet_core.errors import ImageError, OutputError, RequestError, WeightsError
from texnet_core.model.artifact import checkpoint_path, rounded, without_clamps, write_artifact
from texnet_core.model.budget import shortfall
from texnet_core.model.graph import NO_CLAMP
from texnet_core.model.look import guess_look
from texnet_core.model.training_form import Generator
from texnet_core.pictures.resizing import resize_exemplar
from texnet_core.pictures.surface import flatten_lighting
from texnet_core.settings import DescriptorSettings
from texnet_core.training import clock, train
from texnet_core.training.optimizer import Optimizer
from texnet_core.training.preparation import prepare_exemplar


def test_a_run_learns_and_writes_what_it_learned(request_, tmp_path):
    path = tmp_path / "out.texnet"
    request_ = replace(request_, train=replace(request_.train, steps=60))
    losses = []
    train(picture(), path, request_, progress=lambda p: losses.append(p.loss))
    losses = [loss for loss in losses if loss is not None]
    assert len(losses) == 60
    assert np.mean(losses[-10:]) < 0.6 * np.mean(losses[:5])
    artifact = read_artifact(path)
    prepared = prepare_exemplar(picture(), request_.train, request_.descriptor, announce=lambda text: None)
    assert artifact.settings == request_.generator
    assert all(np.array_equal(rounded(artifact.parameters)[name], it) for name, it in artifact.parameters.items())
    assert artifact.look == guess_look(prepared.image)
    assert artifact.preview_png and artifact.quality["validation_loss"] > 0
    made = texture(artifact, 64, 64, 1)
    # a network of random parameters hardly minds colors
    np.testing.assert_allclose(made.mean((0, 1)), picture().mean((0, 1)), atol=0.2)
    assert [file.name for file in tmp_path.iterdir()] == ["out.texnet"]


def nearly_gray(image):
    """Three channels of one gray, but for what JPEG makes of them."""
    gray = image.mean(axis=2, keepdims=True)
    noise = np.random.default_rng(0).integers(-1, 2, image.shape) / 255
    return np.clip(gray + noise, 0, 1).astype(np.float32)


def test_a_gray_exemplar_gives_gray_textures(request_, tmp_path):
    artifact = train(nearly_gray(picture()), tmp_path / "out.texnet", request_)
    made = texture(artifact, 64, 64, 1)
    assert np.ptp(made, axis=2).max() < 1e-6 and made.std() > 0.01
    sides = artifact.parameters["output.weight"]
    assert (sides == sides[:1]).all()


def test_a_stopped_run_of_a_gray_exemplar_goes_on_as_if_never_stopped(request_, tmp_path):
    gray = nearly_gray(picture())
    whole = train(gray, tmp_path / "whole.texnet", request_).parameters
    with pytest.raises(Cancelled):
        train(gray, tmp_path / "cut.texnet", request_, progress=stop_at(STEPS // 2))
    assert_same_parameters(whole, train(gray, tmp_path / "cut.texnet", request_, resume=True).parameters)


def test_what_a_run_writes_has_clamps_measured_over_all_fields(request_, complete_run, tmp_path, monkeypatch):
    of_all, artifact = Generator.set_clamps, complete_run.artifact
    bounds = without_clamps(artifact.graph)
    assert bounds and all(artifact.parameters[name].max() < NO_CLAMP for name in bounds)
    monkeypatch.setattr(Generator, "set_clamps", lambda self, fields: of_all(self, list(fields)[:1]))
    fewer = train(picture(), tmp_path / "one.texnet", request_)
    for name, values in artifact.parameters.items():
        assert np.array_equal(values, fewer.parameters[name]) == (name not in bounds)


@pytest.mark.usefixtures("cheap_objective")
def test_a_budget_in_minutes_ends_with_the_first_step_that_spends_it(request_, tmp_path, monkeypatch):
    """On a clock on which every update takes 0.2 seconds: of 1.8 seconds, 9 steps."""
    fake = FakeClock()
    monkeypatch.setattr(clock, "now", fake)
    monkeypatch.setattr(Optimizer, "step", fake.after(Optimizer.step, 0.2))
    request_ = replace(request_, train=replace(request_.train, minutes=0.03))
    reports = []
    artifact = train(picture(), tmp_path / "out.texnet", request_, progress=reports.append)
    assert {report.unit for report in reports} == {"s"}
    done = [report.done for report in reports if report.loss is not None]
    assert done == pytest.approx([0.2 * step for step in range(1, 10)])
    assert artifact.training["steps_taken"] == 9 and artifact.quality["seconds"] == 1.8


@pytest.mark.usefixtures("cheap_objective")
def test_a_run_that_was_far_too_short_says_so_and_goes_on_with_another_budget(request_, tmp_path, monkeypatch):
    """On a clock on which every update takes 0.2 seconds: 9 steps of 24, and with more time 18."""
    fake = FakeClock()
    monkeypatch.setattr(clock, "now", fake)
    monkeypatch.setattr(Optimizer, "step", fake.after(Optimizer.step, 0.2))
    output, reports = tmp_path / "out.texnet", []

    def run(minutes, **more):
        budget = replace(request_, train=replace(request_.train, minutes=minutes))
        return train(picture(), output, budget, progress=reports.append, **more)

    artifact = run(0.03)
    assert shortfall(artifact.training) == f"stopped after 9 of {STEPS} steps"
    assert shortfall(artifact.training) in artifact.training["troubles"]
    assert any("stopped after 9" in report.note for report in reports)
    assert output.exists() and checkpoint_path(output).exists()
    stated = artifact.look.changed({"bump": -0.5})
    write_artifact(output, replace(artifact, size_m=1.5, look=stated))

    reports.clear()
    artifact = run(0.06, resume=True)
    assert (artifact.size_m, artifact.look) == (1.5, stated), "what was said of the sketch meanwhile stays"
    assert artifact.training["steps_taken"] == 18 and "troubles" not in artifact.training
    assert reports[0].done == pytest.approx(2.0) and not any(report.note for report in reports)
    assert np.isfinite(artifact.quality["validation_loss"]) and not checkpoint_path(output).exists()


@pytest.mark.usefixtures("cheap_objective")
def test_a_stopped_run_may_go_on_with_fewer_steps(request_, tmp_path):
    output = tmp_path / "out.texnet"
    with pytest.raises(Cancelled):
        train(picture(), output, request_, progress=stop_at(15))
    artifact = train(picture(), output, replace(request_, train=replace(request_.train, steps=12)), resume=True)
    assert artifact.training["steps_taken"] == 15 and "troubles" not in artifact.training


@pytest.fixture
def passes(monkeypatch):
    """Of every pass of a generator in a step: side of the samples, and whether statistics are the batch's."""
    seen, forward = [], Generator.forward

    def spy(self, inputs):
        if torch.is_grad_enabled():
            seen.append((max(part.shape[2] for part in inputs.values()), self.training))
        return forward(self, inputs)

    monkeypatch.setattr(Generator, "forward", spy)
    return seen


@pytest.mark.usefixtures("cheap_objective")
def test_the_first_part_of_a_run_has_half_windows(request_, tmp_path, passes):
    larger = replace(request_, train=replace(request_.train, size=128, exemplar_size=64, steps=10, half_share=0.5))
    train(picture(), tmp_path / "a.texnet", larger)
    assert [side for side, _ in passes] == [64] * 5 + [128] * 5
    passes.clear()
    train(picture(), tmp_path / "b.texnet", replace(request_, train=replace(request_.train, steps=10)))
    assert [side for side, _ in passes] == [32] * 10  # half of it would be too small


@pytest.mark.usefixtures("cheap_objective")
def test_statistics_are_frozen_in_the_last_part_only(request_, tmp_path, passes):
    settings = replace(request_.train, steps=12, frozen_share=0.25)
    train(picture(), tmp_path / "out.texnet", replace(request_, train=settings))
    assert [training for _, training in passes] == [True] * 9 + [False] * 3


@pytest.mark.usefixtures("cheap_objective")
def test_a_pattern_is_found_told_and_fitted(request_, tmp_path):
    notes = []
    request_ = replace(request_, train=replace(request_.train, size=64, exemplar_size=64, steps=10))
    artifact = train(stripes(15), tmp_path / "a.texnet", request_, progress=lambda p: notes.append(p.note))
    assert any("stripes that repeat 9 times" in note for note in notes)
    ((down, across),) = artifact.waves
    assert artifact.settings.waves == 1 and abs(down) < 1e-3
    assert abs(across) * 32 == pytest.approx(round(abs(across) * 32), abs=0.1)  # whole repeats in half a sample
    assert abs(across) * artifact.texels_per_exemplar == pytest.approx(128 / 15, rel=0.02)
    off = replace(request_, train=replace(request_.train, pattern="off"))
    plain = train(stripes(15), tmp_path / "b.texnet", off)
    assert plain.waves == () and plain.texels_per_exemplar == 64


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


@pytest.mark.usefixtures("cheap_objective")
def test_the_exemplar_has_a_size_of_its_own(request_, tmp_path):
    """A larger or a smaller one than the samples: it is what a texel of the output stands for."""
    for side in (64, 32):
        request = replace(request_, train=replace(request_.train, size=48, exemplar_size=side, steps=10))
        artifact = train(picture(), tmp_path / f"{side}.texnet", request)
        assert artifact.texels_per_exemplar == side
        assert artifact.training["exemplar_size"] == side and artifact.training["size"] == 48
    refused = replace(request_, train=replace(request_.train, exemplar_size=97))
    with pytest.raises(ImageError, match="96x96"):
        train(picture(), tmp_path / "refused.texnet", refused)


@pytest.mark.usefixtures("cheap_objective")
def test_training_on_a_flattened_exemplar_is_training_with_flatten(request_, tmp_path):
    request_ = replace(request_, train=replace(request_.train, steps=10))
    flat = replace(request_, train=replace(request_.train, flatten=True))
    first = train(flatten_lighting(resize_exemplar(picture(), 32)), tmp_path / "a.texnet", request_)
    second = train(picture(), tmp_path / "b.texnet", flat)
    assert_same_parameters(first.parameters, second.parameters)
    assert first.provenance.exemplar_sha256 == second.provenance.exemplar_sha256


@pytest.mark.usefixtures("cheap_objective")
def test_warnings_of_the_exemplar_are_told_before_the_first_step(request_, tmp_path):
    reports = []
    framed = np.ones((192, 192, 3), np.float32)
    framed[20:-20, 20:-20] = picture(152, 152)
    request_ = replace(request_, train=replace(request_.train, steps=10))
    train(framed, tmp_path / "out.texnet", request_, progress=reports.append)
    (at,) = [index for index, report in enumerate(reports) if "border" in report.note]
    assert reports[at].step == 0 and all(report.loss is None for report in reports[: at + 1])


def test_the_loss_curve_is_that_of_the_reports(complete_run):
    losses = {report.step: report.loss for report in complete_run.reports if report.loss is not None}
    words = [word.split(":") for word in complete_run.artifact.training["loss_curve"].split()]
    assert [step for step, _ in words] == [str(step) for step in losses]
    assert [float(loss) for _, loss in words] == pytest.approx(list(losses.values()), rel=1e-3)


def test_previews_come_on_the_way(complete_run):
    shown = [report.preview for report in complete_run.reports if report.preview is not None]
    shown_at = [report.step for report in complete_run.reports if report.preview is not None]
    assert shown_at[0] == 1, "whoever waits wants to see the first step"
    assert all(preview.shape == (32, 32, 3) and preview.dtype == np.uint8 for preview in shown)


def test_bad_requests_are_refused_before_any_work(request_, tmp_path):
    path = tmp_path / "out.texnet"

    def with_(part, **changes):
        return replace(request_, **{part: replace(getattr(request_, part), **changes)})

    for request, error, says in (
        (with_("train", size=34), RequestError, "multiple of 4"),
        (with_("train", size=36), RequestError, "not a multiple of 16, as VGG-19 needs"),
        (with_("generator", levels=6), RequestError, r"size 32 is too small for 6 levels \(at least 64\)"),
        (with_("train", exemplar_size=12), RequestError, "exemplar size 12"),
        (with_("train", steps=0), RequestError, "steps"),
        (with_("train", lr=float("nan")), RequestError, "lr nan"),
        (with_("train", device="quantum"), Exception, "device"),
        (with_("train", flatten=1), RequestError, "true or false"),
        (with_("descriptor", padding="valid", vgg19="not even looked for"), RequestError, "at least 172"),
        (
            replace(with_("train", size=192, exemplar_size=171), descriptor=DescriptorSettings(vgg19="no matter")),
            RequestError,
            r"exemplar size 171 is too small .*\(at least 172\)",
        ),
        (with_("descriptor", vgg19=str(tmp_path / "none")), WeightsError, "none"),
        (with_("loss", sliced_wasserstein_weight=0.0), RequestError, "no loss compares"),
        (with_("loss", diversity_weight=1.0), RequestError, "at least 2 samples a step, and batch is 1"),
        (with_("descriptor", octaves=5), RequestError, "octaves 5"),
        (with_("train", size=128, exemplar_size=128), ImageError, "96x96"),
        (with_("generator", waves=1), RequestError, "waves 1 cannot be chosen"),
        (with_("generator", repeat_channels=1), RequestError, "noise of repeats goes with two waves"),
        (with_("provenance", author="x" * 501), RequestError, "501 characters for author"),
        (with_("provenance", exemplar="x" * 501), RequestError, "501 characters for the exemplar's name"),
    ):
        with pytest.raises(error, match=says):
            train(picture(), path, request)
    with pytest.raises(RequestError, match="relief nan"):
        train(picture(), path, request_, relief=float("nan"))
    with pytest.raises(ImageError, match="no texels"):
        train(picture()[:0], path, request_)
    for output in (tmp_path / "missing" / "out.texnet", tmp_path / ("x" * 240 + ".texnet")):
        with pytest.raises(OutputError):
            train(picture(), output, request_)
    assert list(tmp_path.iterdir()) == []


def test_a_disk_that_is_full_is_told_by_the_name_of_the_file(request_, tmp_path):
    with files_up_to(2000), pytest.raises(OutputError, match=r"out\.texnet\.checkpoint cannot be written") as error:
        train(picture(), tmp_path / "out.texnet", request_)
    assert "\n" not in str(error.value) and list(tmp_path.iterdir()) == []

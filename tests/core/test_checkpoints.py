"""Runs that stop and go on: with the same parameters as in one go, and only as the same run."""

import itertools
import os
from dataclasses import replace

import pytest
import torch
from safetensors.torch import load_file, save_file

from tests.conftest import picture
from tests.core.trainings import STEPS, assert_same_parameters, parameters_of, run_killed, stop_at, tiles
from texnet_core import Cancelled, PyramidSettings, read_artifact
from texnet_core.descriptor.weights import METADATA_KEY
from texnet_core.errors import OtherRunError, OutputError, TrainingError
from texnet_core.model.artifact import checkpoint_path
from texnet_core.training import tile_start, train
from texnet_core.training.divergence import DivergenceMonitor


@pytest.mark.parametrize("stop", [7, 21, 24])
def test_a_cancelled_run_resumes_to_the_same_parameters(request_, complete_run, tmp_path, stop):
    """Once in the phase with batch statistics, once in the frozen one, once when all steps are taken."""
    path = tmp_path / "broken.texnet"
    with pytest.raises(Cancelled):
        train(picture(), path, request_, progress=stop_at(stop))
    assert not path.exists() and checkpoint_path(path).exists()
    done = []
    train(picture(), path, request_, resume=True, progress=lambda p: done.append(p.done))
    assert done[:1] == ([stop + 1] if stop < STEPS else [])
    assert_same_parameters(complete_run.artifact.parameters, parameters_of(path))
    assert read_artifact(path).training["loss_curve"] == complete_run.artifact.training["loss_curve"]
    assert not checkpoint_path(path).exists()


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
    with pytest.raises(Cancelled):
        train(picture(96, 120), broken, request_, progress=stop_at(4))
    train(picture(96, 120), broken, request_, resume=True)
    assert_same_parameters(parameters_of(whole), parameters_of(broken))


_KILLED = """
import os, pickle, signal, sys
from pathlib import Path
from texnet_core.training import loop, train
request, exemplar, path = pickle.loads(Path(sys.argv[1]).read_bytes())
loop.SAVE_EVERY_S = 0.0
def die(progress):
    if progress.done == 17:
        os.kill(os.getpid(), signal.SIGKILL)
train(exemplar, Path(path), request, progress=die)
"""


@pytest.mark.skipif(os.name == "nt", reason="SIGKILL is POSIX")
def test_a_killed_run_resumes_to_the_same_parameters(request_, complete_run, tmp_path):
    killed = tmp_path / "killed.texnet"
    run_killed(_KILLED, tmp_path / "job", request_, picture(), str(killed))
    assert not killed.exists()
    train(picture(), killed, request_, resume=True)
    assert_same_parameters(complete_run.artifact.parameters, parameters_of(killed))


def halt_at(report):
    """A callback that stops a run at its so-manyth report."""
    count = itertools.count()

    def halt(progress):
        if next(count) == report:
            raise Cancelled

    return halt


@pytest.mark.usefixtures("cheap_objective")
def test_a_run_on_a_grid_resumes_to_the_same_parameters(request_, tmp_path, monkeypatch):
    """Stopped while its tiles are laid and behind that."""
    monkeypatch.setattr(tile_start, "STEPS", 8)
    request_ = replace(request_, train=replace(request_.train, size=64, exemplar_size=64, steps=10))
    steps = []
    whole = train(tiles(), tmp_path / "whole.texnet", request_, progress=lambda p: steps.append(p.step))
    for name, report in ("early", steps.index(0) + 6), ("late", steps.index(4)):
        path = tmp_path / f"{name}.texnet"
        with pytest.raises(Cancelled):
            train(tiles(), path, request_, progress=halt_at(report))
        assert_same_parameters(whole.parameters, train(tiles(), path, request_, resume=True).parameters)


@pytest.mark.usefixtures("cheap_objective")
def test_a_run_on_a_grid_that_started_again_resumes_to_the_same_parameters(request_, tmp_path, monkeypatch):
    """Stopped while its tiles are laid again and behind that."""
    monkeypatch.setattr(tile_start, "STEPS", 6)
    check, bad = DivergenceMonitor.check, []

    def wrong_once(self, *step):
        return bad.pop() if bad and self.steps == 4 else check(self, *step)

    monkeypatch.setattr(DivergenceMonitor, "check", wrong_once)
    request_ = replace(request_, train=replace(request_.train, size=64, exemplar_size=64, steps=12))
    steps = []
    bad.append("bad luck")
    whole = train(tiles(), tmp_path / "whole.texnet", request_, progress=lambda p: steps.append(p.step))
    assert steps.count(0) > 6 and steps.count(4) > 6  # tiles are laid for the restart too
    for name, report in ("early", steps.index(4) + 4), ("late", steps.index(7)):
        path = tmp_path / f"{name}.texnet"
        bad.append("bad luck")
        with pytest.raises(Cancelled):
            train(tiles(), path, request_, progress=halt_at(report))
        assert_same_parameters(whole.parameters, train(tiles(), path, request_, resume=True).parameters)


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
    with pytest.raises(OutputError):
        train(picture(), tmp_path / "folder.texnet", request_, resume=True)


@pytest.fixture(scope="module")
def unfinished(request_, tmp_path_factory):
    """The bytes of the checkpoint of a run that was stopped at its third step."""
    path = tmp_path_factory.mktemp("unfinished") / "out.texnet"
    with pytest.raises(Cancelled):
        train(picture(), path, request_, progress=stop_at(3))
    return checkpoint_path(path).read_bytes()


@pytest.fixture
def stopped(unfinished, tmp_path):
    """An output whose run was stopped, with its checkpoint."""
    path = tmp_path / "out.texnet"
    checkpoint_path(path).write_bytes(unfinished)
    return path


def test_resume_refuses_another_run(request_, stopped, tmp_path):
    tensors = load_file(request_.descriptor.vgg19)
    other_weights = str(tmp_path / "other.safetensors")
    save_file(
        tensors | {"features.0.bias": tensors["features.0.bias"] + 1},
        other_weights,
        metadata={METADATA_KEY: "torchvision"},
    )
    for other, exemplar, says in (
        (replace(request_, train=replace(request_.train, lr=0.002)), picture(), "other lr"),
        (replace(request_, generator=PyramidSettings(levels=2)), picture(), "levels"),
        (request_, picture(seed=4), "other exemplar"),
        (replace(request_, train=replace(request_.train, precision="bf16")), picture(), "began with f32"),
        (replace(request_, descriptor=replace(request_.descriptor, vgg19=other_weights)), picture(), "other weights"),
    ):
        with pytest.raises(TrainingError, match=says):
            train(exemplar, stopped, other, resume=True)


def test_resume_refuses_another_version_and_damage(request_, stopped, unfinished):
    checkpoint = checkpoint_path(stopped)
    content = torch.load(checkpoint, weights_only=True)
    torch.save(content | {"version": 1}, checkpoint)
    with pytest.raises(OtherRunError, match="another version of TexNet"):
        train(picture(), stopped, request_, resume=True)
    checkpoint.write_bytes(unfinished[: len(unfinished) // 2])
    with pytest.raises(TrainingError, match="cannot be read"):
        train(picture(), stopped, request_, resume=True)
    without_average = content["state"] | {"frozen": True, "average": {}, "step": STEPS - 1}  # in the last part
    for key, value in (
        ("fingerprint", []),
        ("generator", {}),
        ("state", {"steps": 1}),
        ("state", without_average),
        ("optimizer", None),
    ):
        torch.save(content | {key: value}, checkpoint)
        with pytest.raises(TrainingError, match="cannot be read"):
            train(picture(), stopped, request_, resume=True)


def test_a_setting_younger_than_a_checkpoint_counts_as_its_default(request_, stopped, complete_run):
    """The checkpoint knows nothing of two settings; one of them, in the end, is not at its default."""
    checkpoint = checkpoint_path(stopped)
    content = torch.load(checkpoint, weights_only=True)
    for key in ("centred_gram_weight", "tone_weight"):
        assert content["fingerprint"].pop(key) == {"centred_gram_weight": 0.0, "tone_weight": 1.0}[key]
    torch.save(content, checkpoint)
    other = replace(request_, loss=replace(request_.loss, centered_gram_weight=0.5))
    with pytest.raises(OtherRunError, match="other centred_gram_weight"):
        train(picture(), stopped, other, resume=True)
    artifact = train(picture(), stopped, request_, resume=True)
    assert_same_parameters(artifact.parameters, complete_run.artifact.parameters)


def test_without_its_exemplar_or_weights_a_checkpoint_fits_no_run(request_, stopped):
    content = torch.load(checkpoint_path(stopped), weights_only=True)
    for key in ("exemplar", "weights of VGG-19"):
        rest = {name: value for name, value in content["fingerprint"].items() if name != key}
        torch.save(content | {"fingerprint": rest}, checkpoint_path(stopped))
        with pytest.raises(OtherRunError, match=f"other {key}"):
            train(picture(), stopped, request_, resume=True)


@pytest.mark.usefixtures("cheap_objective")
def test_resume_without_a_checkpoint_begins_and_says_so(request_, tmp_path):
    notes = []
    request_ = replace(request_, train=replace(request_.train, steps=10))
    train(picture(), tmp_path / "out.texnet", request_, resume=True, progress=lambda p: notes.append(p.note))
    assert any("starting from the beginning" in note for note in notes)


@pytest.mark.usefixtures("cheap_objective")
def test_an_error_in_the_callback_costs_no_step(request_, tmp_path):
    path = tmp_path / "out.texnet"
    request_ = replace(request_, train=replace(request_.train, steps=12))

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
            raise Cancelled

    with pytest.raises(Cancelled):
        train(picture(), path, request_, progress=intrude)

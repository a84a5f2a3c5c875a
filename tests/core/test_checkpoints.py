"""Runs that stop and go on: with the same parameters as in one go, and only as the same run."""

import itertools
import os
import pickle
import signal
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from tests.conftest import picture
from tests.core.trainings import STEPS, assert_same_parameters, parameters_of, stop_at, tiles
from texnet_core import Cancelled, GeneratorSettings, read_artifact
from texnet_core.descriptor.weights import METADATA_KEY
from texnet_core.errors import OtherRunError, OutputError, TrainingError
from texnet_core.model.artifact import checkpoint_path
from texnet_core.settings import DescriptorSettings, LossSettings
from texnet_core.training import train, warm_start
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
    killed, job = tmp_path / "killed.texnet", tmp_path / "job"
    job.write_bytes(pickle.dumps((request_, picture(), str(killed))))
    ended = subprocess.run([sys.executable, "-c", _KILLED, str(job)], capture_output=True, timeout=300)
    assert ended.returncode == -signal.SIGKILL, ended.stderr.decode()
    assert not killed.exists()
    train(picture(), killed, request_, resume=True)
    assert_same_parameters(complete_run.artifact.parameters, parameters_of(killed))


@pytest.mark.parametrize("stop", [(0, 5), (4, 0)], ids=["in the warm start", "behind it"])
def test_a_run_on_a_grid_resumes_to_the_same_parameters(request_, tmp_path, monkeypatch, stop):
    monkeypatch.setattr(warm_start, "STEPS", 8)
    whole, broken = tmp_path / "whole.texnet", tmp_path / "broken.texnet"
    request_ = replace(request_, train=replace(request_.train, size=64, steps=10))
    train(tiles(), whole, request_)
    count, (step, reports) = itertools.count(), stop

    def halt(progress):
        if progress.step == step and next(count) == reports:
            raise Cancelled

    with pytest.raises(Cancelled):
        train(tiles(), broken, request_, progress=halt)
    train(tiles(), broken, request_, resume=True)
    assert_same_parameters(parameters_of(whole), parameters_of(broken))


@pytest.mark.parametrize("stop", [(4, 3), (7, 0)], ids=["in the second warm start", "behind it"])
def test_a_run_on_a_grid_that_started_again_resumes_to_the_same_parameters(request_, tmp_path, monkeypatch, stop):
    monkeypatch.setattr(warm_start, "STEPS", 6)
    check, bad = DivergenceMonitor.check, []

    def wrong_once(self, *step):
        return bad.pop() if bad and self.steps == 4 else check(self, *step)

    monkeypatch.setattr(DivergenceMonitor, "check", wrong_once)
    whole, broken = tmp_path / "whole.texnet", tmp_path / "broken.texnet"
    request_ = replace(request_, train=replace(request_.train, size=64, steps=14))
    reports = []
    bad.append("bad luck")
    train(tiles(), whole, request_, progress=lambda p: reports.append(p.step))
    assert reports.count(0) > 6 and reports.count(4) > 6  # a warm start for the restart too
    at, count = reports.index(stop[0]) + stop[1], itertools.count()

    def halt(progress):
        if next(count) == at:
            raise Cancelled

    bad.append("bad luck")
    with pytest.raises(Cancelled):
        train(tiles(), broken, request_, progress=halt)
    train(tiles(), broken, request_, resume=True)
    assert_same_parameters(parameters_of(whole), parameters_of(broken))


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
        (replace(request_, generator=GeneratorSettings(levels=2)), picture(), "levels"),
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
    without_average = content["state"] | {"frozen": True, "average": {}}
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
    for key in ("centred_gram_weight", "octaves"):
        assert content["fingerprint"].pop(key) == {"centred_gram_weight": 0.0, "octaves": 1}[key]
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


def test_resume_without_a_checkpoint_begins_and_says_so(request_, tmp_path):
    notes = []
    request_ = replace(request_, train=replace(request_.train, steps=10))
    train(picture(), tmp_path / "out.texnet", request_, resume=True, progress=lambda p: notes.append(p.note))
    assert any("starting from the beginning" in note for note in notes)


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


def test_a_run_by_patches_resumes_to_the_same_parameters_and_others_seeds_give_others(request_, tmp_path):
    request_ = replace(
        request_,
        descriptor=DescriptorSettings(descriptor="patches"),
        loss=LossSettings(),
        train=replace(request_.train, steps=10, precision="auto"),
    )
    whole, broken, other = (tmp_path / f"{name}.texnet" for name in ("whole", "broken", "other"))
    with pytest.raises(Cancelled):
        train(picture(), broken, request_, progress=stop_at(5))
    train(picture(), broken, request_, resume=True)
    train(picture(), whole, request_)
    train(picture(), other, replace(request_, train=replace(request_.train, seed=1)))
    first, second, third = (parameters_of(path) for path in (whole, broken, other))
    assert_same_parameters(first, second)
    assert any(not np.array_equal(first[name], third[name]) for name in first)

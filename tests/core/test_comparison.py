"""Which descriptor a run has, and runs that have no weights."""

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.conftest import picture, texture
from texnet_core import Cancelled, PyramidSettings, read_artifact
from texnet_core.descriptor import choice
from texnet_core.descriptor import weights as weights_module
from texnet_core.descriptor.light import LightWeights, load_light
from texnet_core.errors import MissingWeightsError, RequestError, TrainingError, WeightsError
from texnet_core.model.artifact import checkpoint_path
from texnet_core.settings import DescriptorSettings, LossSettings, TrainSettings
from texnet_core.training import TrainRequest, train
from texnet_core.training.plan import make_plan

PATCHES = TrainRequest(
    generator=PyramidSettings(levels=3, channels=4),
    descriptor=DescriptorSettings(descriptor="patches"),
    train=TrainSettings(size=32, exemplar_size=32, steps=10, precision="f32"),
)
AUTO = replace(PATCHES, descriptor=DescriptorSettings())
NOT_FOUND = "VGG-19 weights not found"
LIGHT = DescriptorSettings(descriptor="light")
LARGE = replace(AUTO, train=replace(AUTO.train, exemplar_size=192))  # enough for VGG-19


@pytest.fixture(autouse=True)
def no_weights(monkeypatch, tmp_path_factory):
    """No filled cache; a download that cannot be reached."""
    empty = tmp_path_factory.mktemp("empty")
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(empty / "cache"))
    monkeypatch.setattr(
        weights_module.load_vgg19,
        "__kwdefaults__",
        {**weights_module.load_vgg19.__kwdefaults__, "url": (empty / "unreachable.pth").as_uri()},
    )


def stopped_at(step):
    def stop(progress):
        if progress.step == step:
            raise Cancelled

    return stop


def with_(request, part, **changes):
    return replace(request, **{part: replace(getattr(request, part), **changes)})


def test_a_run_without_weights_learns(tmp_path):
    losses = []
    request = with_(PATCHES, "train", steps=40)
    train(picture(), tmp_path / "out.texnet", request, progress=lambda p: losses.append(p.loss))
    assert np.mean(losses[-10:]) < 0.6 * np.mean(losses[:5])
    artifact = read_artifact(tmp_path / "out.texnet")
    assert artifact.training["descriptor"] == "patches" and artifact.training["precision"] == "f32"
    assert not {"pooling", "padding", "gram_weight", "vgg19_input"} & artifact.training.keys()
    made = texture(artifact, 64, 64, 1)
    np.testing.assert_allclose(made.mean((0, 1)), picture().mean((0, 1)), atol=0.15)


def test_equal_requests_give_equal_parameters_and_so_does_a_run_that_was_stopped(tmp_path):
    whole, broken, other = (tmp_path / f"{name}.texnet" for name in ("whole", "broken", "other"))
    with pytest.raises(Cancelled):
        train(picture(), broken, PATCHES, progress=stopped_at(5))
    train(picture(), broken, PATCHES, resume=True)
    train(picture(), whole, PATCHES)
    train(picture(), other, with_(PATCHES, "train", seed=1))
    first, second, third = (read_artifact(path).parameters for path in (whole, broken, other))
    assert all(np.array_equal(first[name], second[name]) for name in first)
    assert any(not np.array_equal(first[name], third[name]) for name in first)


@pytest.mark.parametrize(
    ("request_", "instead", "says"),
    [
        (
            LARGE,
            LIGHT,
            "no weights here of VGG-19: comparing through the light descriptor.*the descriptor vgg19",
        ),
        (
            replace(AUTO, train=replace(AUTO.train, exemplar_size=168)),
            LIGHT,
            "168 texels is too small for VGG-19: comparing through the light descriptor instead$",
        ),
        (AUTO, PATCHES.descriptor, "32 texels is too small for VGG-19 and the light descriptor: comparing by patches"),
    ],
)
def test_auto_takes_what_it_can_and_says_so_in_one_line(tmp_path, request_, instead, says):
    notes = []
    train(picture(192, 192), tmp_path / "a.texnet", request_, progress=lambda p: notes.append(p.note))
    (note,) = [note for note in notes if "VGG-19" in note]
    assert re.search(says, note) and "\n" not in note
    assert not any("downloading" in note for note in notes) and not Path(torch.hub.get_dir()).exists()
    train(picture(192, 192), tmp_path / "b.texnet", replace(request_, descriptor=instead))
    auto, asked = (read_artifact(tmp_path / f"{name}.texnet") for name in "ab")
    assert auto.training == asked.training
    assert all(np.array_equal(auto.parameters[name], asked.parameters[name]) for name in auto.parameters)


def test_a_run_with_the_light_descriptor_learns_and_says_through_which_weights(tmp_path):
    losses = []
    request = with_(with_(replace(LARGE, descriptor=LIGHT), "train", steps=30), "loss", positions=256)
    artifact = train(picture(192, 192), tmp_path / "a.texnet", request, progress=lambda p: losses.append(p.loss))
    losses = [loss for loss in losses if loss is not None]
    assert np.mean(losses[-5:]) < 0.6 * np.mean(losses[:5])
    assert artifact.training["descriptor"] == "light" and artifact.training["positions"] == 256
    assert artifact.training["light_weights"] == load_light().sha256()
    assert not {"pooling", "padding", "vgg19_input"} & artifact.training.keys()


def test_a_run_does_not_go_on_with_other_light_weights(tmp_path, monkeypatch):
    request = replace(LARGE, descriptor=LIGHT)
    with pytest.raises(Cancelled):
        train(picture(192, 192), tmp_path / "a.texnet", request, progress=stopped_at(5))
    weights = load_light()
    other = LightWeights({name: 2 * tensor for name, tensor in weights.parameters.items()})
    monkeypatch.setattr(choice, "load_light", lambda: other)
    with pytest.raises(TrainingError, match="of a run with other light_weights"):
        train(picture(192, 192), tmp_path / "a.texnet", request, resume=True)
    monkeypatch.setattr(choice, "load_light", lambda: weights)
    train(picture(192, 192), tmp_path / "a.texnet", LARGE, resume=True)


@pytest.mark.parametrize(("descriptor", "first"), [(LIGHT, 64), (PATCHES.descriptor, 128)])
def test_networks_alone_begin_on_samples_of_half_the_size(descriptor, first):
    request = replace(LARGE, descriptor=descriptor, train=replace(LARGE.train, size=128))
    plan = make_plan(picture(192, 192), request, online=False, announce=lambda text: None)
    assert (plan.window(0.0), plan.window(0.9)) == (first, 128)


def test_auto_takes_weights_that_are_there(random_vgg19_file, monkeypatch, tmp_path):
    monkeypatch.setenv("TEXNET_VGG19", str(random_vgg19_file))
    request = with_(with_(AUTO, "descriptor", padding="zero"), "loss", directions=8)
    artifact = train(picture(), tmp_path / "a.texnet", request)
    assert artifact.training["descriptor"] == "vgg19" and artifact.training["padding"] == "zero"


@pytest.mark.parametrize(
    ("request_", "error", "says"),
    [
        (with_(AUTO, "descriptor", vgg19="/nowhere/vgg19.pth", padding="zero"), WeightsError, "/nowhere/vgg19.pth"),
        (with_(AUTO, "descriptor", padding="zero"), MissingWeightsError, NOT_FOUND),
        (with_(AUTO, "loss", gram_weight=1.0), RequestError, "at least 164.*patches"),
        (with_(AUTO, "descriptor", descriptor="light"), RequestError, r"too small for the light descriptor \(at least"),
        (with_(LARGE, "descriptor", pooling="max"), MissingWeightsError, NOT_FOUND),
        (
            with_(LARGE, "descriptor", descriptor="light", padding="zero", pooling="max"),
            RequestError,
            "pooling, padding cannot be combined with the descriptor light",
        ),
        (with_(AUTO, "descriptor", descriptor="vgg19", padding="zero"), MissingWeightsError, NOT_FOUND),
        (with_(AUTO, "loss", sliced_wasserstein_weight=0.0), RequestError, "no loss"),
        (
            with_(PATCHES, "loss", gram_weight=1.0, directions=8),
            RequestError,
            "gram weight, directions cannot be combined with .* patches",
        ),
        (
            with_(PATCHES, "descriptor", vgg19="vgg19.pth"),
            RequestError,
            "vgg19 cannot be combined with the descriptor patches",
        ),
        (
            with_(PATCHES, "train", precision="bf16"),
            RequestError,
            "precision bf16 cannot be combined with the descriptor patches",
        ),
    ],
)
def test_what_asks_for_more_never_falls_back(request_, error, says, tmp_path):
    with pytest.raises(error, match=says) as caught:
        train(picture(192, 192), tmp_path / "a.texnet", request_, online=False)
    assert "\n" not in str(caught.value) and not list(tmp_path.iterdir())


def test_a_wrong_file_in_the_environment_stays_an_error(monkeypatch, tmp_path):
    monkeypatch.setenv("TEXNET_VGG19", "/nowhere/vgg19.pth")
    with pytest.raises(WeightsError, match="/nowhere"):
        train(picture(192, 192), tmp_path / "a.texnet", LARGE)


def test_auto_does_not_look_for_weights_that_would_be_of_no_use(random_vgg19_file, monkeypatch, tmp_path):
    monkeypatch.setenv("TEXNET_VGG19", str(random_vgg19_file))
    notes = []
    artifact = train(picture(), tmp_path / "a.texnet", AUTO, progress=lambda p: notes.append(p.note))
    assert artifact.training["descriptor"] == "patches" and any("too small for VGG-19" in note for note in notes)


def test_a_run_that_fell_back_goes_on_so_with_weights_there(random_vgg19_file, monkeypatch, tmp_path):
    path = tmp_path / "a.texnet"
    with pytest.raises(Cancelled):
        train(picture(), path, AUTO, online=False, progress=stopped_at(5))
    monkeypatch.setenv("TEXNET_VGG19", str(random_vgg19_file))
    with pytest.raises(TrainingError, match=r"of a run with other .*descriptor"):
        train(picture(), path, with_(AUTO, "descriptor", descriptor="vgg19", padding="zero"), resume=True)
    with pytest.raises(RequestError, match="gram weight cannot be combined with the descriptor patches"):
        train(picture(), path, with_(AUTO, "loss", gram_weight=1.0), resume=True)
    steps = []
    artifact = train(picture(), path, AUTO, resume=True, progress=lambda p: steps.append(p.step))
    assert artifact.training["descriptor"] == "patches" and steps[0] == 6


def test_a_run_that_began_with_vgg19_does_not_change_over(random_vgg19_file, tmp_path):
    path = tmp_path / "a.texnet"
    weights = DescriptorSettings(descriptor="vgg19", vgg19=str(random_vgg19_file), padding="zero")
    with pytest.raises(Cancelled):
        train(picture(), path, replace(AUTO, descriptor=weights), progress=stopped_at(5))
    with pytest.raises(MissingWeightsError, match=NOT_FOUND):
        train(picture(), path, with_(AUTO, "descriptor", padding="zero"), resume=True, online=False)
    assert checkpoint_path(path).exists()


def test_every_setting_says_whose_it_is():
    owners = {
        spec.metadata["descriptors"]
        for kind in (DescriptorSettings, LossSettings, TrainSettings, PyramidSettings)
        for spec in kind.__dataclass_fields__.values()
    }
    assert owners == {(), ("vgg19",), ("vgg19", "light")}

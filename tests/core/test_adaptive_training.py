"""Networks that adapt, in training: what they compute, and runs of them that stop, go on and share their work."""

import math
import os
from dataclasses import replace

import numpy as np
import pytest
import torch

from tests.conftest import picture
from tests.core.trainings import (
    assert_like_one,
    assert_same_parameters,
    files_up_to,
    parameters_of,
    run_joined,
    run_killed,
    stop_at,
)
from texnet_core import Artifact, Cancelled, read_artifact, read_header, write_artifact
from texnet_core.adaptive.descriptors import given_parameters
from texnet_core.adaptive.gram import loss_of
from texnet_core.adaptive.network import PseudoOptimizer
from texnet_core.adaptive.request import AdaptiveRequest
from texnet_core.adaptive.settings import FEWEST_PICTURES, AdaptiveTrainSettings
from texnet_core.adaptive.training import train_adaptive
from texnet_core.descriptor.light import Light
from texnet_core.descriptor.vgg19 import Vgg19
from texnet_core.descriptor.weights import load_vgg19
from texnet_core.errors import ImageError, OtherRunError, OutputError, RequestError, TrainingError
from texnet_core.mapset import ALBEDO
from texnet_core.model.artifact import checkpoint_path
from texnet_core.model.families.pseudo_optimizer import (
    PAPER_WIDTHS,
    PseudoOptimizerSettings,
    adaptive_graph,
    is_learned,
)
from texnet_core.pictures.writing import write_image

TINY = PseudoOptimizerSettings(levels=3, widths="4,4,6", residual_blocks=1)
REQUEST = AdaptiveRequest(
    network=TINY, train=AdaptiveTrainSettings(size=32, exemplar_size=48, crop=40, steps=10, device="cpu")
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Nine pictures, one of them deeper, and a file that is none."""
    folder = tmp_path_factory.mktemp("pictures")
    (folder / "deeper").mkdir()
    for number in range(FEWEST_PICTURES + 1):
        place = folder / ("deeper" if number == 3 else ".") / f"{number}.png"
        write_image(place, (255 * picture(48, 64, seed=number)).astype(np.uint8))
    (folder / "notes.txt").write_text("none")
    return folder


@pytest.fixture(scope="module")
def whole(folder, tmp_path_factory):
    """A run in one go."""
    path = tmp_path_factory.mktemp("whole") / "whole.texnet"
    train_adaptive(folder, path, REQUEST)
    return path


def network(settings=TINY, **more):
    torch.manual_seed(0)
    return PseudoOptimizer(settings, given_parameters(settings, []), **more)


def noise(count=1, side=32, seed=0):
    return torch.rand(count, 3, side, side, generator=torch.Generator().manual_seed(seed))


def learned(settings):
    shapes = adaptive_graph(settings, 3).parameter_shapes
    return sum(math.prod(shape) for name, shape in shapes.items() if is_learned(name))


def test_the_papers_network_has_the_papers_number_of_parameters():
    paper = PseudoOptimizerSettings(widths=PAPER_WIDTHS, described_by="vgg19")
    assert round(learned(paper) / 1e6, 2) == 28.05
    stages = [learned(replace(paper, levels=levels, network="adapo")) for levels in range(1, 6)]
    assert [round(count / 1e6, 2) for count in stages] == [0.22, 0.48, 1.44, 5.28, 20.62]
    assert sum(stages) == learned(paper)


def test_the_papers_network_fits_a_file(tmp_path):
    settings = PseudoOptimizerSettings(widths=PAPER_WIDTHS, described_by="vgg19")
    shapes = adaptive_graph(settings, 3).parameter_shapes
    parameters = {name: np.zeros(shape, np.float32) for name, shape in shapes.items()}
    network = Artifact(settings, (ALBEDO,), "adaptive_pseudo_optimizer", parameters=parameters)
    write_artifact(tmp_path / "paper.texnet", network)
    assert read_header(tmp_path / "paper.texnet").settings == settings


def test_vgg19_within_a_network_has_filters_of_equal_activation(random_vgg19_file):
    settings = replace(TINY, described_by="vgg19", levels=2, widths="4,4", norms="published")
    pictures = [noise(side=48, seed=seed) for seed in (1, 2)]
    given = given_parameters(settings, pictures, str(random_vgg19_file))
    net = PseudoOptimizer(settings, given)
    features = [net._described(image, lambda x, margin: x)["layer0"].mean((0, 2, 3)) for image in pictures]
    assert torch.allclose(torch.stack(features).mean(0), torch.ones(64), atol=1e-3)
    weights = load_vgg19(str(random_vgg19_file))
    plain = Vgg19(weights, ("relu1_1",), "average")(pictures[0])["relu1_1"].mean((0, 2, 3))
    raw = Vgg19(weights, ("relu1_1",), "average")(pictures[1])["relu1_1"].mean((0, 2, 3))
    assert torch.allclose(features[0] * (plain + raw) / 2, plain, atol=1e-3)


def test_a_run_with_vgg19_is_one_like_any_other(folder, tmp_path, random_vgg19_file):
    network = replace(TINY, described_by="vgg19", levels=2, widths="4,4")
    request = replace(REQUEST, network=network, vgg19=str(random_vgg19_file))
    assert train_adaptive(folder, tmp_path / "v.texnet", request).training["steps_taken"] == 10


def test_the_descriptor_within_a_network_is_the_light_one():
    settings = PseudoOptimizerSettings()
    image = noise(side=128)
    layers = ("relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu5_1")
    features = Light(layers=layers)(image, periodic=True)
    found = network(settings).targets_of(image, periodic=True)
    for number, layer in enumerate(layers):
        flat = features[layer][0].flatten(1)
        assert torch.allclose(found[f"layer{number}"][0, 0], flat @ flat.T / flat.shape[1], atol=1e-4)


@pytest.mark.parametrize("objective", ["gram", "shifted", "multiscale"])
def test_what_a_stage_reads_is_the_gradient_of_the_loss(objective, monkeypatch):
    settings = replace(TINY, objective=objective, norms="published")
    net = network(settings)
    targets = net.targets_of(noise(side=64, seed=1))
    seen = []

    def look(node, x):
        leaf = x.detach().requires_grad_()
        pulled = PseudoOptimizer.gram_gradient(net, node, leaf)
        (wanted,) = torch.autograd.grad(loss_of(net._walk.found[node.stage][node.layer]).sum(), leaf)
        seen.append(torch.allclose(pulled, wanted, rtol=1e-3, atol=1e-7))
        return pulled

    monkeypatch.setattr(net, "gram_gradient", look, raising=False)
    net(noise(), targets)
    assert len(seen) > 5 and all(seen)


def test_each_stage_is_judged_by_its_own_levels():
    net = network()
    exemplar = noise(side=64, seed=1)
    targets = net.targets_of(exemplar)
    made = net(noise(), targets)
    for stage, image in enumerate(made.images, 1):
        found = net.targets_of(image, periodic=True)
        wanted = sum(loss_of(found[f"layer{level}"] - targets[f"layer{level}"]) for level in range(stage))
        assert torch.allclose(made.losses[:, stage - 1], wanted, rtol=1e-3)
    assert len(made.images) == 3


def test_pictures_of_a_batch_do_not_see_each_other():
    net = network()
    targets = net.targets_of(torch.cat([noise(side=64, seed=seed) for seed in (1, 2)]))
    together = net(noise(2), targets)
    for number in range(2):
        alone = net(noise(2)[number : number + 1], {name: both[number : number + 1] for name, both in targets.items()})
        assert torch.allclose(together.images[-1][number], alone.images[-1][0], atol=1e-4)


def test_what_wraps_has_no_edge_and_what_sees_zeros_has_one():
    for padding, is_equal in (("wrap", True), ("zero", False)):
        net = network(replace(TINY, padding=padding))
        targets = net.targets_of(noise(side=64, seed=1))
        moved = net(noise().roll((8, 16), (2, 3)), targets).images[-1].roll((-8, -16), (2, 3))
        assert torch.allclose(moved, net(noise(), targets).images[-1], atol=1e-3) == is_equal


def test_stopped_gradients_leave_the_value_and_change_what_is_learned():
    targets = network().targets_of(noise(side=64, seed=1))
    slopes = []
    for stops in (False, True):
        net = network(stop_gradients=stops)
        made = net(noise(), targets)
        made.losses.mean().backward()
        slopes.append((made.losses.detach(), net.learned["stage1_change_weight"].grad))
    assert torch.equal(slopes[0][0], slopes[1][0]) and not torch.allclose(slopes[0][1], slopes[1][1])


def test_a_run_learns(whole, folder):
    header = read_header(whole)
    assert header.adapts and header.family == "adaptive_pseudo_optimizer" and header.settings == TINY
    assert header.training["pictures"] == FEWEST_PICTURES + 1 and header.training["steps_taken"] == 10
    assert not checkpoint_path(whole).exists()


def test_a_stopped_run_resumes_to_the_same_parameters(folder, whole, tmp_path):
    path = tmp_path / "broken.texnet"
    with pytest.raises(Cancelled):
        train_adaptive(folder, path, REQUEST, progress=stop_at(4))
    with pytest.raises(TrainingError, match="holds an unfinished run"):
        train_adaptive(folder, path, REQUEST)
    with pytest.raises(OtherRunError, match="other widths"):
        train_adaptive(folder, path, replace(REQUEST, network=replace(TINY, widths="4,4,8")), resume=True)
    train_adaptive(folder, path, REQUEST, resume=True)
    assert_same_parameters(parameters_of(whole), parameters_of(path))
    assert read_header(path).training["loss_curve"] == read_header(whole).training["loss_curve"]


_KILLED = """
import os, pickle, signal, sys
from pathlib import Path
from texnet_core.adaptive import resumable
from texnet_core.adaptive.training import train_adaptive
folder, path, request = pickle.loads(Path(sys.argv[1]).read_bytes())
resumable.SAVE_EVERY_S = 0.0
def die(progress):
    if progress.step == 6:
        os.kill(os.getpid(), signal.SIGKILL)
train_adaptive(folder, path, request, progress=die)
"""


@pytest.mark.skipif(os.name == "nt", reason="SIGKILL is POSIX")
def test_a_killed_run_resumes_to_the_same_parameters(folder, whole, tmp_path):
    path = tmp_path / "killed.texnet"
    run_killed(_KILLED, tmp_path / "job", folder, path, REQUEST)
    assert not path.exists()
    train_adaptive(folder, path, REQUEST, resume=True)
    assert_same_parameters(parameters_of(whole), parameters_of(path))


def test_two_processes_have_the_losses_of_one_with_the_joint_batch(folder, tmp_path):
    request = replace(REQUEST, train=replace(REQUEST.train, batch=2))
    alone, joined = tmp_path / "alone.texnet", tmp_path / "joined.texnet"
    train_adaptive(folder, alone, request)
    run_joined(train_adaptive, tmp_path / "job", folder, joined, request)
    assert_like_one(read_artifact(joined), read_artifact(alone), within=2e-3)


def test_a_batch_that_cannot_be_shared_is_refused(monkeypatch):
    from texnet_core.adaptive.processes import Processes

    with pytest.raises(RequestError, match="a batch of 3 cannot be shared by 2 processes; use batch 4"):
        Processes(0, 2, torch.device("cpu")).share(3)


@pytest.mark.parametrize("count", [0, 3])
def test_too_few_pictures_are_refused_with_how_many_are_needed(tmp_path, count):
    for number in range(count):
        write_image(tmp_path / f"{number}.png", (255 * picture(64, 64, seed=number)).astype(np.uint8))
    write_image(tmp_path / "small.png", np.zeros((20, 20, 3), np.uint8))
    notes = []
    with pytest.raises(RequestError, match="fewer than 8 are learned by heart") as error:
        train_adaptive(tmp_path, tmp_path / "a.texnet", REQUEST, progress=lambda p: notes.append(p.note))
    assert "\n" not in str(error.value) and "give 8 or more" in str(error.value)
    assert any("small.png" in note for note in notes)
    assert not checkpoint_path(tmp_path / "a.texnet").exists()


def test_what_is_no_folder_or_no_picture_is_refused(tmp_path):
    with pytest.raises(RequestError, match="there is no file or folder"):
        train_adaptive(tmp_path / "missing", tmp_path / "a.texnet", REQUEST)
    (tmp_path / "text.png").write_text("none")
    with pytest.raises(ImageError, match=r"text\.png"):
        train_adaptive(tmp_path / "text.png", tmp_path / "a.texnet", REQUEST)


@pytest.mark.parametrize(
    ("network", "train", "found"),
    [
        ({"widths": "4,x,6"}, {}, "widths '4,x,6' are no widths"),
        ({"widths": "4,6"}, {}, "are no widths of 3 levels"),
        ({}, {"size": 30}, "size 30 is out of range"),
        ({}, {"size": 34}, "size 34 is not a multiple of 4"),
        ({}, {"crop": 49}, "crop 49 is larger than the pictures"),
        ({"levels": 5, "widths": PAPER_WIDTHS}, {}, "crop 40 is too small for 5 levels"),
    ],
)
def test_settings_that_make_no_sense_are_refused(folder, tmp_path, network, train, found):
    request = replace(REQUEST, network=replace(TINY, **network), train=replace(REQUEST.train, **train))
    with pytest.raises(RequestError, match=found):
        train_adaptive(folder, tmp_path / "a.texnet", request)


def test_one_picture_is_a_network_for_it_alone(folder, tmp_path):
    request = replace(REQUEST, network=replace(TINY, network="adapo"))
    artifact = train_adaptive(folder / "0.png", tmp_path / "one.texnet", request)
    assert artifact.training["pictures"] == 1


def test_a_disk_that_is_full_is_told_by_the_name_of_the_file(folder, tmp_path):
    with files_up_to(2000), pytest.raises(OutputError, match=r"out\.texnet\.checkpoint cannot be written") as error:
        train_adaptive(folder, tmp_path / "out.texnet", REQUEST)
    assert "\n" not in str(error.value) and list(tmp_path.iterdir()) == []

"""Conditional pyramids in training: what they compute, and runs of them that stop, go on and share their work."""

import os
from dataclasses import fields, replace

import numpy as np
import pytest
import torch

from tests.conftest import picture
from tests.core.networks import textures_network
from tests.core.trainings import (
    FakeClock,
    assert_like_one,
    assert_same_parameters,
    parameters_of,
    run_joined,
    run_killed,
    stop_at,
)
from texnet_core import Artifact, Cancelled, TextureRequest, read_artifact, read_header, synthesize, write_artifact
from texnet_core.adaptive import conditional_exemplars, conditional_start, sources
from texnet_core.adaptive.conditional_codes import Codes, Predictor
from texnet_core.adaptive.conditional_exemplars import Looking, Variations
from texnet_core.adaptive.conditional_network import ConditionalNetwork, colored
from texnet_core.adaptive.conditional_objective import ConditionalObjective
from texnet_core.adaptive.conditional_request import InstantRequest, TexturesRequest
from texnet_core.adaptive.conditional_run import ConditionalRun
from texnet_core.adaptive.conditional_settings import (
    LEAST_EXEMPLAR_SIDE,
    InstantTrainSettings,
    TexturesTrainSettings,
)
from texnet_core.adaptive.conditional_start import starting_network
from texnet_core.adaptive.conditional_subjects import NamedTextures
from texnet_core.adaptive.conditional_training import train_conditional, train_textures
from texnet_core.adaptive.pictures import Pictures
from texnet_core.adaptive.texture_names import texture_names
from texnet_core.descriptor.light import LIGHT, Light
from texnet_core.errors import ArtifactError, OtherRunError, RequestError, TrainingError
from texnet_core.instant.conditional import at_code, generator_at
from texnet_core.instant.exemplar_statistics import PrincipalColors
from texnet_core.instant.predictor import predicted_code
from texnet_core.mapset import ALBEDO
from texnet_core.model.artifact import checkpoint_path, without_clamps
from texnet_core.model.families.conditional import (
    STATISTICS,
    ConditionalSettings,
    PredictingSettings,
    TexturesSettings,
)
from texnet_core.model.header import MOST_NAME
from texnet_core.model.training_form import periodic_inputs
from texnet_core.pictures.writing import write_image
from texnet_core.training import clock

SIDE = 168
PREDICTING = PredictingSettings(levels=3, channels=4, kernels=2, code=8, hidden=16)
NAMED = TexturesSettings(levels=3, channels=4, kernels=2, code=8)
LOOP = {"size": 32, "exemplar_size": SIDE, "steps": 10, "batch": 1, "device": "cpu"}
INSTANT = InstantRequest(PREDICTING, InstantTrainSettings(**LOOP))
MANY = TexturesRequest(NAMED, TexturesTrainSettings(**LOOP, start="cold"))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Eight pictures, one of them deeper, and a file that is none."""
    folder = tmp_path_factory.mktemp("pictures")
    (folder / "deeper").mkdir()
    for number in range(8):
        place = folder / ("deeper" if number == 3 else ".") / f"wall {number}.png"
        write_image(place, (255 * picture(SIDE, SIDE + 20, seed=number)).astype(np.uint8))
    (folder / "notes.txt").write_text("none")
    return folder


@pytest.fixture(scope="module")
def two(tmp_path_factory):
    """Two pictures."""
    folder = tmp_path_factory.mktemp("two")
    for name in ("moss", "rock"):
        write_image(folder / f"{name}.png", (255 * picture(SIDE, SIDE, seed=len(name) + ord(name[0]))).astype(np.uint8))
    return folder


@pytest.fixture(scope="module")
def textures(two, tmp_path_factory):
    """A run in one go."""
    path = tmp_path_factory.mktemp("whole") / "whole.texnet"
    train_textures(two, path, MANY)
    return path


@pytest.fixture
def told(monkeypatch):
    """What is told of exemplars, at no cost: their texels."""

    def texels(image):
        return np.resize(image[::8, ::8].ravel(), STATISTICS).astype(np.float32)

    for module in (conditional_exemplars, conditional_start):
        monkeypatch.setattr(module, "statistics_of", texels)


def exemplar(seed=0, number=0):
    return Looking(Light(), torch.device("cpu"), 256, told=False).at(picture(SIDE, SIDE, seed=seed), seed, number)


def network(settings=PREDICTING, seed=0):
    torch.manual_seed(seed)
    is_predicting = isinstance(settings, PredictingSettings)
    return ConditionalNetwork(settings, Predictor(settings) if is_predicting else Codes(settings, [exemplar()]))


def artifact_of(made, family="conditional", **more):
    parameters = {name: tensor.numpy() for name, tensor in made.by_name().items()}
    return Artifact(made.design.settings, (ALBEDO,), family, parameters=parameters, **more)


def code(seed=0):
    return np.random.default_rng(seed).normal(size=PREDICTING.code).astype(np.float32)


def test_what_is_trained_and_what_is_used_make_the_same_picture():
    """But for the last step of colors, an affine map that gives them their covariance exactly."""
    net = network()
    colors = PrincipalColors(np.full(3, 0.5, np.float32), np.diag([0.02, 0.015, 0.01]).astype(np.float32))
    generator = generator_at(artifact_of(net), code(), colors)
    generator = replace(generator, parameters=dict(generator.parameters) | without_clamps(generator.graph))
    request = TextureRequest(width=256, height=256, seed=0, precision="f32")
    used = synthesize(generator, request)["albedo"].reshape(-1, 3)
    with torch.no_grad():
        made = net.at(torch.from_numpy(code()), periodic_inputs(net.design, [0], 256))
        image = colored(made, torch.from_numpy(colors.axes), torch.from_numpy(colors.mean))
    trained = image[0].flatten(1).T.numpy()
    assert np.abs(used.mean(0) - trained.mean(0)).max() < 1e-3
    known = np.column_stack([trained, np.ones(len(trained))])
    assert np.abs(known @ np.linalg.lstsq(known, used, rcond=None)[0] - used).max() < 2e-3  # files hold float16


def test_samples_have_the_colors_of_their_exemplar():
    seen = exemplar()
    image = network(NAMED)(seen, periodic_inputs(network(NAMED).design, [3, 4], 64))
    flat = image.detach().permute(1, 0, 2, 3).flatten(1)
    assert torch.allclose(flat.mean(1), seen.mean, atol=1e-4)
    spread = [seen.axes.square().sum(1).sqrt(), flat.std(1)]
    assert torch.allclose(spread[0], spread[1], rtol=0.3)  # what it makes along the axes may go together


def test_kernels_and_norms_of_a_code_are_those_of_files():
    net = network()
    ours = net.at_code(torch.from_numpy(code()))
    theirs = at_code(artifact_of(net), code())
    assert ours.keys() == theirs.keys()
    assert all(np.allclose(ours[name].detach().numpy(), theirs[name], atol=1e-5) for name in theirs)


def test_the_predictor_is_that_of_files():
    net = network()
    told = torch.randn(5, STATISTICS)
    net.codes.normalize_by(told)
    for each in told:
        wanted = predicted_code(artifact_of(net).parameters, each.numpy())
        assert np.allclose(net.codes.predicted(each).detach().numpy(), wanted, atol=1e-4)


def test_a_network_is_read_back_as_it_was_written(tmp_path):
    net, other = network(), network(seed=1)
    write_artifact(tmp_path / "n.texnet", artifact_of(net))
    file = read_artifact(tmp_path / "n.texnet")
    other.take(file.parameters)
    other.codes.take(file.parameters)
    for name, tensor in net.by_name().items():
        assert torch.allclose(other.by_name()[name], tensor, rtol=1e-3, atol=1e-6), name


def test_the_loss_is_small_for_the_exemplar_itself_and_bounded_where_nothing_helps():
    objective, seen = ConditionalObjective(Light()), exemplar()
    own = torch.from_numpy(picture(256, 256)).permute(2, 0, 1)[None]
    noise = torch.rand(1, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    near, far = objective(own, seen, 0), objective(noise, seen, 0)
    assert float(near.texture) < float(far.texture)
    assert float(far.texture) > 1.5 and float(far.total) == pytest.approx(1.5, rel=0.1)
    assert torch.equal(objective(noise, seen, 0).total, far.total)


def test_a_fine_pattern_in_which_deep_layers_see_nothing_has_a_loss_like_others():
    y, x = np.mgrid[0:SIDE, 0:SIDE]
    fine = np.repeat(((x // 2 + y // 2) % 2 * 0.6 + 0.2)[..., None], 3, axis=2).astype(np.float32)
    seen = Looking(Light(), torch.device("cpu"), 256, told=False).at(fine)
    noise = torch.rand(1, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    assert 1 < float(ConditionalObjective(Light())(noise, seen, 0).texture) < 200


def test_a_reward_for_diversity_lowers_the_loss_of_samples_that_differ():
    seen = exemplar()
    noise = torch.rand(2, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    same = noise[:1].expand(2, -1, -1, -1)
    plain, rewarding = ConditionalObjective(Light()), ConditionalObjective(Light(), 0.5)
    assert float(rewarding(noise, seen, 0).total) < float(plain(noise, seen, 0).total)
    assert float(rewarding(same, seen, 0).total) == pytest.approx(float(plain(same, seen, 0).total), rel=1e-3)


def test_variations_are_the_same_whenever_they_are_asked_for():
    images = [(255 * picture(SIDE, SIDE + 40, seed=seed)).astype(np.uint8) for seed in range(3)]

    def look(image, seed):
        return replace(exemplar(), image=image)

    def varied():
        return Variations(Pictures(images, ["a", "b", "c"]), 164, 7, look, 4)

    first, second = varied(), varied()
    forward = [first[number].image for number in range(8)]
    backward = [second[number].image for number in reversed(range(8))][::-1]
    assert all(np.array_equal(*pair) for pair in zip(forward, backward, strict=True))
    assert len({image.tobytes() for image in forward}) == 8 and forward[0].shape == (164, 164, 3)
    assert all(0 <= image.min() and image.max() <= 1 for image in forward)


def test_textures_come_in_one_after_the_other():
    subjects = NamedTextures(Pictures([], []), [exemplar()] * 1, 0.5, 1)
    assert subjects.present(0) == 1
    subjects = NamedTextures(Pictures([], []), [replace(exemplar(), number=number) for number in range(5)], 0.5, 1)
    assert [subjects.present(fraction) for fraction in (0, 0.1, 0.125, 0.26, 0.49, 0.5, 1)] == [1, 1, 2, 3, 4, 5, 5]
    assert {subjects.drawn(place, 0, 0, 0.0).number for place in range(9)} == {0}
    assert [subjects.drawn(place, 0, 0, 1.0).number for place in range(7)] == [0, 1, 2, 3, 4, 0, 1]


def test_names_of_textures_are_those_of_their_files_made_valid_and_different():
    files = [
        "a/wall.png",
        "b/wall.jpg",
        "x=1,y.png",
        " .png",
        "=.jpg",
        "l" * 90 + ".png",
        "l" * 90 + ".jpg",
        "ü 1.webp",
    ]
    names = texture_names(files)
    assert names[:3] == ("wall", "wall-2", "x_1_y") and names[-1] == "ü 1"
    assert len(set(names)) == len(files) and all(0 < len(name) <= MOST_NAME for name in names)
    settings = replace(NAMED, textures=len(names))
    torch.manual_seed(0)
    net = ConditionalNetwork(settings, Codes(settings, [exemplar()] * len(names)))
    from texnet_core.model.artifact import from_bytes, to_bytes

    assert from_bytes(to_bytes(artifact_of(net, "textures", textures=names)), "n").textures == names


def test_a_run_of_textures_is_a_file_of_them(textures, two):
    header = read_header(textures)
    assert header.family == "textures" and header.textures == ("moss", "rock")
    assert header.settings == replace(NAMED, textures=2) and not header.adapts
    assert header.training["pictures"] == 2 and header.training["steps_taken"] == 10
    assert header.quality["validation_loss"] > 0 and not checkpoint_path(textures).exists()
    file = read_artifact(textures)
    colors = PrincipalColors(file.parameters["colors.mean"][1], file.parameters["colors.axes"][1])
    made = synthesize(generator_at(file, file.parameters["codes"][1], colors), TextureRequest(width=64, height=64))
    wanted = picture(SIDE, SIDE, seed=len("rock") + ord("r")).mean((0, 1))
    assert np.allclose(made["albedo"].mean((0, 1)), wanted, atol=0.05)


def test_a_run_learns(two, tmp_path):
    request = replace(MANY, train=replace(MANY.train, steps=60, size=64))
    curve = train_textures(two, tmp_path / "a.texnet", request).training["loss_curve"]
    losses = [float(word.split(":")[1]) for word in curve.split()]
    assert np.mean(losses[-4:]) < 0.8 * np.mean(losses[:4])


def test_a_stopped_run_of_textures_resumes_to_the_same_parameters(two, textures, tmp_path):
    path = tmp_path / "broken.texnet"
    with pytest.raises(Cancelled):
        train_textures(two, path, MANY, progress=stop_at(4))
    with pytest.raises(TrainingError, match="holds an unfinished run"):
        train_textures(two, path, MANY)
    with pytest.raises(OtherRunError, match="other kernels"):
        train_textures(two, path, replace(MANY, network=replace(NAMED, kernels=3)), resume=True)
    with pytest.raises(OtherRunError, match="other start"):
        train_textures(two, path, replace(MANY, train=replace(MANY.train, start="x.texnet")), resume=True)
    train_textures(two, path, MANY, resume=True)
    assert_same_parameters(parameters_of(textures), parameters_of(path))
    assert read_header(path).training["loss_curve"] == read_header(textures).training["loss_curve"]


def test_a_run_in_minutes_ends_when_they_are_over(two, tmp_path, monkeypatch):
    now = FakeClock()
    monkeypatch.setattr(clock, "now", now)
    monkeypatch.setattr(ConditionalRun, "_step", now.after(ConditionalRun._step, 25.0))
    request = replace(MANY, train=replace(MANY.train, minutes=1.0))
    told = []
    made = train_textures(two, tmp_path / "m.texnet", request, progress=told.append)
    assert made.training["steps_taken"] == 3 and made.quality["seconds"] == 75
    assert told[-1].unit == "s" and told[-1].done == told[-1].total == 60


_KILLED = """
import os, pickle, signal, sys
from pathlib import Path
from texnet_core.adaptive import resumable
from texnet_core.adaptive.conditional_training import train_textures
folder, path, request = pickle.loads(Path(sys.argv[1]).read_bytes())
resumable.SAVE_EVERY_S = 0.0
def die(progress):
    if progress.step == 6:
        os.kill(os.getpid(), signal.SIGKILL)
train_textures(folder, path, request, progress=die)
"""


@pytest.mark.skipif(os.name == "nt", reason="SIGKILL is POSIX")
def test_a_killed_run_of_textures_resumes_to_the_same_parameters(two, textures, tmp_path):
    path = tmp_path / "killed.texnet"
    run_killed(_KILLED, tmp_path / "job", two, path, MANY)
    assert not path.exists()
    train_textures(two, path, MANY, resume=True)
    assert_same_parameters(parameters_of(textures), parameters_of(path))


def test_a_stopped_run_that_predicts_resumes_to_the_same_parameters(folder, tmp_path, told):
    whole, broken = tmp_path / "whole.texnet", tmp_path / "broken.texnet"
    train_conditional(folder, whole, INSTANT)
    with pytest.raises(Cancelled):
        train_conditional(folder, broken, INSTANT, progress=stop_at(4))
    train_conditional(folder, broken, INSTANT, resume=True)
    assert_same_parameters(parameters_of(whole), parameters_of(broken))
    header = read_header(whole)
    assert header.adapts and header.settings == PREDICTING and header.training["start"] == "cold"
    assert header.training["pictures"] == 8 and header.training["held_out"] == 0


def test_with_many_pictures_some_are_held_out(tmp_path, told):
    for number in range(33):
        write_image(tmp_path / f"{number:02}.png", (255 * picture(SIDE, SIDE, seed=number)).astype(np.uint8))
    made = train_conditional(tmp_path, tmp_path / "n.texnet", INSTANT)
    assert made.training["pictures"] == 33 and made.training["held_out"] == 3


def test_textures_start_with_what_a_network_predicts_for_them(two, tmp_path, told):
    net = network()
    net.codes.normalize_by(torch.rand(8, STATISTICS))
    write_artifact(tmp_path / "start.texnet", artifact_of(net))
    request = replace(MANY, train=replace(MANY.train, start=str(tmp_path / "start.texnet"), lr=1e-6))
    made = train_textures(two, tmp_path / "m.texnet", request)
    assert made.training["start"] == "start.texnet"
    start = read_artifact(tmp_path / "start.texnet").parameters
    assert all(np.allclose(made.parameters[name], start[name], atol=2e-3) for name in net.held if name in start)
    texels = [np.resize(picture_of(two / f"{name}.png")[::8, ::8].ravel(), STATISTICS) for name in ("moss", "rock")]
    wanted = [predicted_code(start, each) for each in texels]
    assert np.allclose(made.parameters["codes"], wanted, atol=5e-3) and not np.allclose(*wanted, atol=0.05)


def test_textures_are_added_to_those_of_a_file(two, textures, tmp_path):
    for number, name in enumerate(("a new one", "rock")):
        write_image(tmp_path / f"{name}.png", (255 * picture(SIDE, SIDE, seed=number)).astype(np.uint8))
    request = replace(MANY, train=replace(MANY.train, start=str(textures), lr=1e-6))
    made, before = train_textures(tmp_path, tmp_path / "m.texnet", request).parameters, parameters_of(textures)
    assert np.allclose(made["codes"][1], before["codes"][1], atol=2e-3)
    assert np.allclose(made["codes"][0], before["codes"].mean(0), atol=2e-3)
    assert not np.allclose(made["colors.mean"][1], before["colors.mean"][1], atol=2e-3)


def picture_of(file):
    from texnet_core.pictures.reading import read_exemplar

    return read_exemplar(file).image


def test_a_network_goes_on_from_a_file_with_other_pictures(folder, tmp_path, told):
    first = train_conditional(folder, tmp_path / "a.texnet", INSTANT)
    request = replace(INSTANT, train=replace(INSTANT.train, start=str(tmp_path / "a.texnet"), lr=1e-6))
    second = train_conditional(folder, tmp_path / "b.texnet", request)
    for name in first.parameters:
        assert np.allclose(first.parameters[name], second.parameters[name], rtol=2e-2, atol=2e-3), name


def test_a_run_that_has_begun_needs_its_start_no_more(two, tmp_path):
    start = tmp_path / "start.texnet"
    settings = replace(NAMED, textures=1)
    torch.manual_seed(0)
    made = ConditionalNetwork(settings, Codes(settings, [exemplar()]))
    write_artifact(start, artifact_of(made, "textures", textures=("moss",)))
    request = replace(MANY, train=replace(MANY.train, start=str(start)))
    train_textures(two, tmp_path / "whole.texnet", request)
    with pytest.raises(Cancelled):
        train_textures(two, tmp_path / "m.texnet", request, progress=stop_at(4))
    start.unlink()
    train_textures(two, tmp_path / "m.texnet", request, resume=True)
    assert_same_parameters(parameters_of(tmp_path / "whole.texnet"), parameters_of(tmp_path / "m.texnet"))


def test_auto_starts_from_the_network_that_ships_where_that_fits(two, tmp_path, told, monkeypatch):
    notes = []
    request = replace(MANY, train=replace(MANY.train, start="auto"))
    shipped = tmp_path / "shipped.texnet"
    monkeypatch.setattr(conditional_start, "INSTANT", shipped)

    def start_of(network, name):
        made = train_textures(
            two, tmp_path / name, replace(request, network=network), progress=lambda p: notes.append(p.note)
        )
        return made.training["start"]

    assert start_of(NAMED, "a.texnet") == "cold"  # none is there
    write_artifact(shipped, artifact_of(network()))
    assert start_of(NAMED, "b.texnet") == "instant" and start_of(replace(NAMED, kernels=3), "c.texnet") == "cold"
    assert any("starting from instant" in note for note in notes) and any("starting cold" in note for note in notes)


def test_starts_that_do_not_fit_are_refused(two, textures, tmp_path):
    def starting(start, **network):
        request = replace(MANY, network=replace(NAMED, **network), train=replace(MANY.train, start=str(start)))
        train_textures(two, tmp_path / "m.texnet", request)

    with pytest.raises(RequestError, match="has the family pyramid instead of conditional or textures"):
        starting("moss")
    with pytest.raises(RequestError, match="has the family textures instead of conditional"):
        starting_network(str(textures), PREDICTING)
    with pytest.raises(RequestError, match="there is no file"):
        starting(tmp_path / "missing.texnet")
    write_artifact(tmp_path / "start.texnet", artifact_of(network()))
    with pytest.raises(RequestError, match=r"start\.texnet, which has kernels 2 instead of 3"):
        starting(tmp_path / "start.texnet", kernels=3)
    (tmp_path / "broken.texnet").write_bytes(b"TEXNET")
    with pytest.raises(ArtifactError):
        starting(tmp_path / "broken.texnet")


def test_two_processes_have_the_losses_of_one_with_the_joint_batch(two, tmp_path):
    request = replace(MANY, train=replace(MANY.train, batch=2))
    alone, joined = tmp_path / "alone.texnet", tmp_path / "joined.texnet"
    train_textures(two, alone, request)
    run_joined(train_textures, tmp_path / "job", two, joined, request)
    assert_like_one(read_artifact(joined), read_artifact(alone), within=5e-3)


@pytest.mark.parametrize(
    ("network", "train", "found"),
    [
        ({}, {"size": 34}, "size 34 is not a multiple of 4"),
        ({"levels": 6}, {"size": 32}, "size 32 is too small for 6 levels"),
        ({}, {"exemplar_size": LEAST_EXEMPLAR_SIDE - 1}, "exemplar size 163 is out of range"),
        ({}, {"incremental": 1.5}, "incremental 1.5 is out of range"),
        ({"code": 0}, {}, "code 0 is out of range"),
    ],
)
def test_settings_that_make_no_sense_are_refused(two, tmp_path, network, train, found):
    request = replace(MANY, network=replace(NAMED, **network), train=replace(MANY.train, **train))
    with pytest.raises(RequestError, match=found):
        train_textures(two, tmp_path / "a.texnet", request)


def test_exemplars_are_as_large_as_the_light_descriptor_asks():
    assert LIGHT.smallest_side("valid") == LEAST_EXEMPLAR_SIDE


def test_pictures_that_will_not_do_are_left_out_and_gray_ones_stay_gray(tmp_path):
    gray = picture(SIDE, SIDE)[..., :1].repeat(3, axis=2)
    write_image(tmp_path / "gray.png", (255 * gray).astype(np.uint8))
    write_image(tmp_path / "plain.png", np.full((SIDE, SIDE, 3), 90, np.uint8))
    write_image(tmp_path / "small.png", (255 * picture(60, 60)).astype(np.uint8))
    (tmp_path / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n none")
    from PIL import Image

    holes = np.dstack([255 * picture(SIDE, SIDE), np.eye(SIDE) * 255]).astype(np.uint8)
    Image.fromarray(holes, "RGBA").save(tmp_path / "holes.png")
    notes = []
    with pytest.raises(RequestError, match="has 1 picture that will do, and 4 that will not") as error:
        train_textures(tmp_path, tmp_path / "m.texnet", MANY, progress=lambda p: notes.append(p.note))
    assert "\n" not in str(error.value) and "texnet train" in str(error.value)
    assert all(any(name in note for note in notes) for name in ("plain", "small", "broken", "holes"))
    write_image(tmp_path / "other.png", (255 * picture(SIDE, SIDE, seed=5)).astype(np.uint8))
    file = train_textures(tmp_path, tmp_path / "m.texnet", MANY)
    assert file.textures == ("gray", "other")
    colors = PrincipalColors(file.parameters["colors.mean"][0], file.parameters["colors.axes"][0])
    made = synthesize(generator_at(file, file.parameters["codes"][0], colors), TextureRequest(width=32, height=32))
    assert np.ptp(made["albedo"], axis=2).max() < 2 / 255


def test_too_many_pictures_are_refused(two, tmp_path, monkeypatch):
    monkeypatch.setattr(sources, "MOST_TEXTURES", 1)
    with pytest.raises(RequestError, match="has 2 pictures, more than one network holds"):
        train_textures(two, tmp_path / "m.texnet", MANY)


def test_shapes_have_the_same_words():
    """What a start must share with a network is what both have."""
    shared = {spec.name for spec in fields(ConditionalSettings)}
    assert shared < {spec.name for spec in fields(PredictingSettings)}
    assert shared < {spec.name for spec in fields(TexturesSettings)}


def test_names_of_any_letters_fit_into_a_header(tmp_path):
    names = texture_names(
        [f"{'石' * 80}.jpg", f"{'石' * 80}.png", "a/b=c,d.png", "new\nline.png", "\ud800.png", "\x07.png"]
    )
    assert len(set(names)) == 6 and max(len(name.encode()) for name in names) <= MOST_NAME
    write_artifact(tmp_path / "named.texnet", textures_network(*names))
    many = texture_names([f"{'石' * 80}.jpg"] * 256)
    write_artifact(tmp_path / "many.texnet", textures_network(*many))
    assert read_artifact(tmp_path / "many.texnet").textures == many

"""Levels of detail: what an exemplar has at its own resolution."""

from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.conftest import ENGINES, picture, random_artifact
from tests.core.trainings import assert_same_parameters, stop_at
from texnet_core import PyramidSettings, losses, open_engine, read_artifact
from texnet_core.errors import Cancelled, TrainingError
from texnet_core.model.artifact import Provenance
from texnet_core.model.budget import steps_taken
from texnet_core.model.design import Design
from texnet_core.model.detail import detail_levels, without_detail
from texnet_core.model.families.pyramid import PICTURE, detail_graph, name_under_detail
from texnet_core.model.inputs import CoarserPlane
from texnet_core.pictures.resizing import reduce_tile, resize_exemplar
from texnet_core.settings import DescriptorSettings, LossSettings, TrainSettings
from texnet_core.synthesis.axis import Axis
from texnet_core.synthesis.plane import Plane
from texnet_core.training import train
from texnet_core.training.detail.objective import halved
from texnet_core.training.preparation import prepare_exemplar
from texnet_core.training.resolution import fitting_octaves, octaves_between, with_side

SMALL = PyramidSettings(levels=3, channels=4, detail_channels=6)
ONE, TWO = replace(SMALL, detail_levels=1), replace(SMALL, detail_levels=2)


def random_of(settings):
    shape = asdict(settings)
    names = ("levels", "channels", "detail_levels", "detail_channels")
    artifact = random_artifact(**{name: shape[name] for name in names})
    pictures = [name for name in artifact.parameters if name.startswith("level") and ".output." in name]
    tamed = {name: 0.1 * artifact.parameters[name] + 0.5 * name.endswith("bias") for name in pictures}
    return replace(artifact, parameters=dict(artifact.parameters) | tamed)


def whole(artifact, inputs, side, engine):
    axis = Axis(side, side, 1.0)
    return Plane(engine, inputs, axis, axis)[0:side, 0:side]


@pytest.mark.parametrize("settings", [ONE, TWO])
def test_a_level_adds_its_own_parameters_to_those_of_the_generator_before(settings):
    before = Design(replace(settings, detail_levels=settings.detail_levels - 1), 3).parameter_shapes
    level = detail_graph(settings, 3).parameter_shapes
    after = Design(settings, 3).parameter_shapes
    assert after == {name_under_detail(name): shape for name, shape in before.items()} | level


@pytest.mark.parametrize("name", ENGINES)
@pytest.mark.parametrize("settings", [ONE, TWO])
def test_a_window_equals_the_same_of_the_whole(settings, name):
    artifact = random_of(settings)
    engine = open_engine(artifact, name, "cpu", "f32")
    side = 8 * artifact.graph.cell_texels
    image = whole(artifact, artifact.input_plane(3, side, side), side, engine)
    axis = Axis(side, side, 1.0)
    plane = Plane(engine, artifact.input_plane(3, side, side), axis, axis)
    part = plane[side - 10 : side + 30, 5:50]
    assert np.array_equal(part, np.roll(image, 10, 0)[:40, 5:50])
    assert image.std() > 0.01
    exact = whole(artifact, artifact.input_plane(3, side, side), side, open_engine(artifact, "torch", "cpu", "f32"))
    assert np.abs(image - exact).max() < 1e-4


def test_a_level_makes_its_texels_of_the_picture_of_the_generator_before():
    """The whole graph at once, against the generator without detail, whose picture the level alone is given."""
    artifact = random_of(ONE)
    side = 8 * artifact.graph.cell_texels
    plane = artifact.input_plane(3, side, side)
    at_once = whole(artifact, plane, side, open_engine(artifact, "torch", "cpu", "f32"))
    before = without_detail(artifact)
    coarse = whole(before, CoarserPlane(plane), side // 2, open_engine(before, "torch", "cpu", "f32"))
    graph = detail_graph(ONE, 3)
    made = run_level(graph, artifact.parameters, coarse, plane.window_torch(0, 0, 0, side, side))
    assert np.abs(np.clip(made, 0, 1) - at_once).max() < 1e-5


def run_level(graph, parameters, coarse, noise):
    """A level over one whole period."""
    from texnet_core.engines.torch_engine import _Wrapping
    from texnet_core.model.graph import without_norms
    from texnet_core.model.operations import run

    plain = without_norms(graph)
    given = {PICTURE: torch.from_numpy(coarse).permute(2, 0, 1)[None], "noise0": noise[None]}
    with torch.no_grad():
        return run(plain, _Wrapping(plain, parameters, "cpu"), given)[0].permute(1, 2, 0).numpy()


def test_without_its_detail_a_generator_is_what_it_was():
    for settings in (ONE, TWO):
        artifact = replace(random_of(settings), texels_per_exemplar=1024, waves=())
        plain = without_detail(artifact)
        assert detail_levels(plain) == 0
        assert plain.texels_per_exemplar == 1024 >> settings.detail_levels
        assert set(plain.parameters) == set(plain.design.parameter_shapes)
        assert without_detail(plain) is plain


@pytest.mark.parametrize(
    ("short", "size", "detail", "side", "octaves"),
    [
        (200, 256, "auto", 0, 0),
        (300, 256, "auto", 0, 0),
        (512, 256, "auto", 512, 0),
        (700, 256, "auto", 700, 0),
        (1000, 256, "auto", 500, 1),
        (1024, 256, "auto", 512, 1),
        (4096, 256, "auto", 512, 1),
        (4096, 256, "full", 512, 3),
        (3000, 256, "full", 375, 3),
        (4096, 256, "256", 0, 0),
        (4096, 256, "512", 512, 0),
        (100_000, 256, "full", 6250, 4),
        (512, 128, "auto", 256, 1),
    ],
)
def test_an_exemplar_is_learned_as_a_whole_first_and_then_up_to_the_detail(short, size, detail, side, octaves):
    settings, most = with_side(TrainSettings(size=size, detail=detail), short)
    assert settings.exemplar_size == side
    assert octaves_between(settings.exemplar_side, most) == octaves


def test_whoever_sets_the_scale_gets_no_detail_but_what_is_asked_for():
    assert with_side(TrainSettings(exemplar_size=300), 1024) == (TrainSettings(exemplar_size=300), 0)
    settings, most = with_side(TrainSettings(exemplar_size=300, detail="1024"), 1024)
    assert (settings.exemplar_size, octaves_between(300, most)) == (300, 1)


def test_making_repeats_fit_costs_no_detail():
    """Of 13 repeats, four fit the smallest sample, of 32 texels, at 104; the double of that the picture has not."""
    rows, columns = np.mgrid[:192, :192] // (192 / 13 / 2) % 2
    checks = np.repeat((rows != columns).astype(np.float32)[..., None], 3, axis=2)
    picture = 0.7 * checks + 0.3 * np.random.default_rng(0).random(checks.shape, np.float32)
    settings = TrainSettings(size=64, exemplar_size=96)

    def exemplar(detail_side):
        return prepare_exemplar(picture, settings, DescriptorSettings("patches"), str, detail_side=detail_side)

    without, detailed = exemplar(0), exemplar(192)
    assert without.waves and detailed.waves
    assert without.side == 104 and without.octaves == 0
    assert detailed.side <= 96 and detailed.octaves == 1
    assert detailed.detailed.shape[:2] == (2 * detailed.side,) * 2


@pytest.mark.parametrize(("side", "octaves"), [(200, 1), (256, 1), (300, 1), (384, 2), (512, 3), (700, 4), (2048, 4)])
def test_the_larger_an_exemplar_the_more_of_its_copies_are_compared(side, octaves):
    assert fitting_octaves(256, side) == octaves


@pytest.fixture(scope="module")
def detailed_request(request_):
    return replace(request_, train=replace(request_.train, exemplar_size=0, steps=12, size=32))


@pytest.fixture(scope="module")
def exemplar():
    return picture(128, 128)


@pytest.fixture(scope="module")
def detailed(detailed_request, exemplar, tmp_path_factory):
    path = tmp_path_factory.mktemp("detail") / "detailed.texnet"
    reports = []
    train(exemplar, path, detailed_request, progress=reports.append)
    return read_artifact(path), reports


def test_a_run_learns_the_whole_and_then_its_detail(detailed):
    artifact, reports = detailed
    assert artifact.settings == PyramidSettings(levels=3, channels=4, detail_levels=1)
    assert artifact.texels_per_exemplar == 128 and artifact.training["exemplar_size"] == 64
    assert artifact.training["steps_taken"] == 12 and artifact.training["detail1_steps_taken"] == 6
    assert steps_taken(artifact.training) == 18
    places = [(report.done, report.total) for report in reports if report.loss is not None]
    assert [done for done, _ in places] == sorted(done for done, _ in places)
    assert places[-1] == (18, 18)


def test_detail_leaves_the_generator_below_as_it_was(detailed, detailed_request, exemplar, tmp_path):
    alone = replace(detailed_request, train=replace(detailed_request.train, exemplar_size=64))
    plain = train(exemplar, tmp_path / "plain.texnet", alone)
    assert_same_parameters(plain.parameters, without_detail(detailed[0]).parameters)


@pytest.mark.parametrize("step", [6, 12, 14, 18])
def test_a_run_that_was_stopped_goes_on_to_the_same_detail(step, detailed, detailed_request, exemplar, tmp_path):
    path = tmp_path / "stopped.texnet"
    with pytest.raises(Cancelled):
        train(exemplar, path, detailed_request, progress=stop_at(step))
    resumed = train(exemplar, path, detailed_request, resume=True)
    assert_same_parameters(detailed[0].parameters, resumed.parameters)
    assert resumed.training == detailed[0].training


@pytest.mark.parametrize("step", [6, 14])
def test_what_is_said_when_a_run_goes_on_is_what_its_card_says(step, detailed_request, exemplar, tmp_path):
    path = tmp_path / "stopped.texnet"
    with pytest.raises(Cancelled):
        train(exemplar, path, detailed_request, progress=stop_at(step))
    said = Provenance("Second", "Me", "CC0-1.0")
    look = {"bump": 0.5, "metallic": 1.0}
    resumed = train(exemplar, path, replace(detailed_request, provenance=said, look=look), resume=True)
    origin = resumed.provenance
    assert (origin.exemplar, origin.author, origin.license) == ("Second", "Me", "CC0-1.0")
    assert (resumed.look.bump, resumed.look.metallic) == (0.5, 1.0) and origin.exemplar_sha256


def test_a_checkpoint_without_the_generator_below_is_damaged(detailed_request, exemplar, tmp_path):
    path = tmp_path / "stopped.texnet"
    with pytest.raises(Cancelled):
        train(exemplar, path, detailed_request, progress=stop_at(16))
    checkpoint = Path(f"{path}.checkpoint")
    content = torch.load(checkpoint, weights_only=True)
    torch.save(content | {"kept": {}}, checkpoint)
    with pytest.raises(TrainingError, match="cannot be read"):
        train(exemplar, path, detailed_request, resume=True)


@pytest.mark.parametrize("size", [48, 64, 80])
def test_small_windows_are_held_as_far_as_a_network_sees_them(size, detailed_request, exemplar, tmp_path):
    settings = replace(detailed_request.train, steps=10, size=size, exemplar_size=64, detail="full")
    request = replace(detailed_request, train=settings)
    artifact = train(exemplar, tmp_path / "small.texnet", request)
    assert detail_levels(artifact) == 1


def test_patches_learn_detail_too(detailed_request, exemplar, tmp_path):
    request = replace(detailed_request, descriptor=DescriptorSettings(descriptor="patches"), loss=LossSettings())
    artifact = train(exemplar, tmp_path / "patches.texnet", request)
    assert detail_levels(artifact) == 1


def test_losses_that_ask_where_features_lie_are_those_of_the_whole(detailed_request, exemplar, tmp_path, monkeypatch):
    seen, loss = [], losses.ShiftedGramLoss
    monkeypatch.setattr(losses, "ShiftedGramLoss", lambda sample: seen.append(sample.image.shape[2]) or loss(sample))
    request = replace(detailed_request, loss=replace(detailed_request.loss, shifted_gram_weight=1.0))
    assert detail_levels(train(exemplar, tmp_path / "shifted.texnet", request)) == 1
    assert seen == [64]


def test_hidden_texels_have_no_influence(detailed_request, tmp_path):
    exemplar = picture(96, 96)
    mask = np.ones(exemplar.shape[:2], bool)
    mask[:20, 30:] = False
    spoiled = exemplar.copy()
    spoiled[~mask] = 1 - spoiled[~mask]
    made = [
        train(image, tmp_path / f"{number}.texnet", detailed_request, mask=mask).parameters
        for number, image in enumerate((exemplar, spoiled))
    ]
    assert_same_parameters(*made)


def test_gray_exemplars_have_gray_detail(detailed_request, exemplar, tmp_path):
    gray = np.repeat(exemplar.mean(2, keepdims=True), 3, 2).astype(np.float32)
    artifact = train(gray, tmp_path / "gray.texnet", detailed_request)
    side = 4 * artifact.graph.cell_texels
    made = whole(artifact, artifact.input_plane(0, side, side), side, open_engine(artifact, "torch", "cpu", "f32"))
    assert np.ptp(made, axis=2).max() < 1e-6


def test_textures_are_made_smaller_as_exemplars_are():
    exemplar = np.random.default_rng(0).random((64, 64, 3), np.float32)
    inside = slice(3, -3)  # where nothing beyond an edge is seen
    expected = resize_exemplar(exemplar, 32)[inside, inside]
    windows = torch.from_numpy(exemplar).permute(2, 0, 1)[None]
    np.testing.assert_allclose(halved(windows)[0].permute(1, 2, 0).clamp(0, 1), expected, atol=1e-6)
    np.testing.assert_array_equal(reduce_tile(exemplar, 2)[inside, inside], expected)


@pytest.mark.parametrize("factor", [1, 2, 4])
def test_a_tile_that_is_made_smaller_still_is_a_tile(factor):
    tile = np.random.default_rng(0).random((32, 48, 2), np.float32)
    moved = reduce_tile(np.roll(tile, (3 * factor, -5 * factor), (0, 1)), factor)
    np.testing.assert_allclose(moved, np.roll(reduce_tile(tile, factor), (3, -5), (0, 1)), atol=1e-6)
    assert moved.shape == (32 // factor, 48 // factor, 2)

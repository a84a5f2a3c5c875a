"""Runs that begin as a trained generator: which, what they keep of it, and what they are refused for."""

import shutil
from dataclasses import replace

import numpy as np
import pytest
import torch

from tests.conftest import picture, random_artifact, random_style, texture
from tests.core.networks import predicting_network, textures_network
from tests.core.trainings import assert_same_parameters, stop_at, tiles
from texnet_core import Cancelled, find_source, presets, read_artifact
from texnet_core.errors import ArtifactError, OtherRunError, RequestError
from texnet_core.instant.conditional import predicted_generator
from texnet_core.model.artifact import checkpoint_path, write_artifact
from texnet_core.model.design import Design
from texnet_core.model.training_form import Generator
from texnet_core.settings import TrainSettings
from texnet_core.start_settings import QUALITIES, StartSettings, quality_settings
from texnet_core.training import loop, plan, starting_point, train
from texnet_core.training.nearest import nearest_source
from texnet_core.training.schedule import learning_rate

SHORT = 10


@pytest.fixture(scope="module")
def trained(complete_run, tmp_path_factory):
    """The file of a generator that has learned `picture()`, in a folder of its own."""
    path = tmp_path_factory.mktemp("mine") / "meadow.texnet"
    write_artifact(path, complete_run.artifact)
    return path


@pytest.fixture
def shipped(trained, tmp_path, monkeypatch):
    """A folder of presets, which has one that fits the runs here."""
    folder = tmp_path / "presets"
    folder.mkdir()
    shutil.copy(trained, folder / "field.texnet")
    write_artifact(folder / "wide.texnet", random_artifact(levels=3))
    (folder / "broken.texnet").write_bytes(b"no generator")
    monkeypatch.setattr(presets, "FOLDER", folder)
    return folder


def from_(request, start, **loop_settings):
    return replace(request, begin=StartSettings(str(start)), train=replace(request.train, **loop_settings))


def run(request, output, **options):
    """The artifact, the losses and the notes of a run on `picture()`."""
    reports = []
    artifact = train(picture(), output, request, progress=reports.append, **options)
    losses = [report.loss for report in reports if report.loss is not None]
    return artifact, losses, [report.note for report in reports if report.note]


def test_a_run_that_begins_as_a_trained_generator_is_ahead(request_, trained, tmp_path):
    cold, cold_losses, _ = run(from_(request_, "cold", steps=SHORT), tmp_path / "cold.texnet")
    warm, losses, notes = run(from_(request_, trained, steps=SHORT), tmp_path / "warm.texnet")
    assert losses[0] < cold_losses[0] and np.mean(losses) < np.mean(cold_losses)
    assert warm.quality["validation_loss"] < cold.quality["validation_loss"]
    assert any("starting from meadow.texnet" in note for note in notes)


@pytest.mark.usefixtures("cheap_objective")
def test_the_card_names_the_start_without_its_folders(request_, trained, tmp_path):
    card = run(from_(request_, trained, steps=SHORT), tmp_path / "warm.texnet")[0].training
    assert (card["start"], card["start_source"]) == ("meadow.texnet", "meadow.texnet")
    assert len(card["start_sha256"]) == 64 and str(trained.parent) not in str(card)
    plain = run(from_(request_, "cold", steps=SHORT), tmp_path / "cold.texnet")[0].training
    assert plain["start"] == "cold" and "start_source" not in plain


@pytest.mark.usefixtures("cheap_objective")
def test_auto_takes_a_preset_of_the_same_design(request_, shipped, trained, tmp_path):
    chosen, losses, notes = run(from_(request_, "auto", steps=SHORT), tmp_path / "auto.texnet")
    assert (chosen.training["start"], chosen.training["start_source"]) == ("auto", "field")
    assert any("the preset field, the nearest of 1" in note for note in notes)
    named, same, _ = run(from_(request_, "field", steps=SHORT), tmp_path / "named.texnet")
    assert losses == same and named.training["start_sha256"] == chosen.training["start_sha256"]


@pytest.mark.usefixtures("cheap_objective")
def test_auto_is_cold_where_no_preset_fits(request_, shipped, tmp_path):
    (shipped / "field.texnet").unlink()
    artifact, losses, notes = run(from_(request_, "auto", steps=SHORT), tmp_path / "auto.texnet")
    assert any("no preset has the design" in note for note in notes)
    assert "start_source" not in artifact.training
    assert losses == run(from_(request_, "cold", steps=SHORT), tmp_path / "cold.texnet")[1]


@pytest.fixture
def network(tmp_path, monkeypatch):
    """The file of a network that adapts and fits the runs here, which ships."""
    path = tmp_path / "network.texnet"
    write_artifact(path, predicting_network())
    monkeypatch.setattr(starting_point, "INSTANT", path)
    return path


@pytest.mark.usefixtures("cheap_objective", "shipped")
def test_what_a_network_makes_of_the_exemplar_is_a_start(request_, network, tmp_path):
    auto, losses, notes = run(from_(request_, "auto", steps=SHORT), tmp_path / "auto.texnet")
    assert auto.training["start_source"] == "instant" and any("what instant makes of" in note for note in notes)
    named, same, _ = run(from_(request_, "instant", steps=SHORT), tmp_path / "named.texnet")
    of_a_file, like, _ = run(from_(request_, network, steps=SHORT), tmp_path / "of_a_file.texnet")
    assert losses == same == like
    digests = {artifact.training["start_sha256"] for artifact in (auto, named, of_a_file)}
    assert len(digests) == 1 and of_a_file.training["start_source"] == "network.texnet"


def test_a_run_begins_with_the_very_texture_that_the_network_makes(request_, network):
    image, design = torch.from_numpy(picture()).permute(2, 0, 1)[None], Design(request_.generator, 3)
    start = starting_point.choose_starting_point(StartSettings("instant"), design, image, image, lambda note: None)
    made = predicted_generator(read_artifact(network), picture())
    assert start.sha256 == starting_point.StartingPoint.of("", made).sha256


@pytest.mark.parametrize("start", ["auto", "field", "a file"])
def test_a_resumed_run_keeps_its_start_whatever_becomes_of_that(request_, shipped, trained, tmp_path, start):
    given = shipped / "field.texnet" if start == "a file" else start
    request = from_(request_, given, steps=12)
    whole, path = train(picture(), tmp_path / "whole.texnet", request), tmp_path / "cut.texnet"
    with pytest.raises(Cancelled):
        train(picture(), path, request, progress=stop_at(5))
    (shipped / "field.texnet").unlink()
    shutil.copy(trained, shipped / "another.texnet")
    artifact = train(picture(), path, request, resume=True)
    assert_same_parameters(whole.parameters, artifact.parameters)
    assert artifact.training["start_source"].startswith("field")
    assert artifact.training["start_sha256"] == whole.training["start_sha256"]


@pytest.mark.usefixtures("cheap_objective")
def test_a_run_with_another_start_is_another_run(request_, shipped, tmp_path):
    path = tmp_path / "out.texnet"
    with pytest.raises(Cancelled):
        train(picture(), path, from_(request_, "field"), progress=stop_at(3))
    with pytest.raises(OtherRunError, match="other start"):
        train(picture(), path, from_(request_, "cold"), resume=True)


@pytest.mark.usefixtures("cheap_objective")
def test_a_checkpoint_from_before_there_were_starts_goes_on_cold(request_, shipped, tmp_path):
    path = tmp_path / "out.texnet"
    with pytest.raises(Cancelled):
        train(picture(), path, from_(request_, "cold"), progress=stop_at(3))
    content = torch.load(checkpoint_path(path), weights_only=True)
    assert content["fingerprint"].pop("start") == "cold"
    torch.save(content, checkpoint_path(path))
    artifact = train(picture(), path, from_(request_, "auto"), resume=True)
    assert artifact.training["start"] == "cold" and "start_source" not in artifact.training


@pytest.mark.usefixtures("cheap_objective")
def test_what_starts_again_is_cold(request_, trained, tmp_path, monkeypatch):
    begun, adopted = [], []
    bad, check, adopt = ["bad luck"], loop.DivergenceMonitor.check, Generator.adopt
    match = plan.match_first_colors

    def spy(generator, *arguments, **options):
        begun.append(next(generator.parameters()).detach().clone())
        match(generator, *arguments, **options)

    def adopt_and_tell(self, *arguments):
        adopted.append(self)
        adopt(self, *arguments)

    monkeypatch.setattr(plan, "match_first_colors", spy)
    monkeypatch.setattr(Generator, "adopt", adopt_and_tell)
    monkeypatch.setattr(loop.DivergenceMonitor, "check", lambda self, *step: bad.pop() if bad else check(self, *step))
    run(from_(request_, trained, steps=SHORT), tmp_path / "out.texnet")
    assert len(begun) == 2 and len(adopted) == 1 and not torch.equal(*begun)


@pytest.mark.usefixtures("cheap_objective")
def test_tiles_get_their_places_after_a_start_too(request_, trained, tmp_path):
    """A start for tiles has noise of repeats, as no other has."""
    settings = replace(request_, train=replace(request_.train, size=64, exemplar_size=64, steps=SHORT))
    first = train(tiles(), tmp_path / "first.texnet", settings)
    assert first.settings.repeat_channels
    again = train(tiles(), tmp_path / "again.texnet", from_(settings, tmp_path / "first.texnet"))
    assert again.training["start_source"] == "first.texnet"
    with pytest.raises(
        RequestError, match=r"cannot start from meadow.texnet, which has waves 0 instead of 2.*start out"
    ):
        train(tiles(), tmp_path / "refused.texnet", from_(settings, trained))


def test_what_cannot_be_a_start_is_one_line_and_leaves_nothing(request_, shipped, tmp_path):
    output = tmp_path / "out"
    output.mkdir()
    write_artifact(tmp_path / "style.texnet", random_style())
    write_artifact(tmp_path / "several.texnet", textures_network("moss", "bark"))
    for start, error, says in (
        (
            shipped / "wide.texnet",
            RequestError,
            r"wide.texnet, which has channels 8 instead of 4; .*leave the start out",
        ),
        (tmp_path / "style.texnet", RequestError, "style.texnet is a style"),
        (tmp_path / "several.texnet", RequestError, "several.texnet is a file of several textures"),
        ("instant", RequestError, "instant, which has levels 6 instead of 3, channels 8 instead of 4"),
        (shipped / "broken.texnet", ArtifactError, "broken.texnet"),
        (tmp_path / "none.texnet", RequestError, "no file"),
        ("feild", RequestError, "did you mean 'field'"),
        ("Auto", RequestError, "did you mean 'auto'"),
        ("hot", RequestError, r"one of auto, cold, instant, "),
    ):
        with pytest.raises(error, match=says) as raised:
            train(picture(), output / "out.texnet", from_(request_, start))
        assert "\n" not in str(raised.value)
    assert not list(output.iterdir())


@pytest.mark.parametrize("name", ["moss-carpet", "gravel"])
def test_nearest_to_a_texture_in_other_colors_is_its_own_generator(name):
    names = ("bark", "gravel", "marble", "moss-carpet", "rosewood")
    candidates = {name: read_artifact(find_source(name)) for name in names}
    image = torch.from_numpy(texture(candidates[name], 192, 192, 5)).permute(2, 0, 1)[None]
    colored = 0.1 + 0.6 * image[:, [2, 0, 1]]
    assert nearest_source(candidates, colored, colored) == name
    assert nearest_source(candidates, image, image) == name


def test_a_start_warms_up_sooner():
    settings = TrainSettings()
    assert learning_rate(settings, 4, 0.0, is_ahead=True) == learning_rate(settings, 19, 0.0) == settings.lr
    assert learning_rate(settings, 4, 0.0) < 0.3 * settings.lr


def test_a_quality_is_its_settings_and_what_is_said_otherwise_wins():
    assert quality_settings() == (TrainSettings(), StartSettings())
    loop_settings, begin = quality_settings("quick", start="cold", lr=0.02)
    assert (loop_settings.steps, loop_settings.lr, begin.start) == (QUALITIES["quick"]["steps"], 0.02, "cold")
    steps = [quality_settings(quality)[0].steps for quality in QUALITIES]
    assert steps == sorted(steps) and len(set(steps)) == 3
    with pytest.raises(RequestError, match="quality 'fast'"):
        quality_settings("fast")


def test_the_digest_is_that_of_the_parameters(trained, tmp_path):
    artifact = read_artifact(trained)
    write_artifact(tmp_path / "renamed.texnet", replace(artifact, size_m=2.0))
    digests = {
        starting_point.StartingPoint.of("x", read_artifact(path)).sha256
        for path in (trained, tmp_path / "renamed.texnet")
    }
    assert len(digests) == 1
    changed = {name: np.array(values) for name, values in artifact.parameters.items()}
    changed["output.bias"] += 1
    digests.add(starting_point.StartingPoint.of("x", replace(artifact, parameters=changed)).sha256)
    assert len(digests) == 2

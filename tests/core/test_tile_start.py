"""Runs on tiles with tones of their own begin with plain tiles in their places."""

from dataclasses import replace

import numpy as np
import pytest

from tests.conftest import texture
from tests.core.trainings import FakeClock, tiles
from texnet_core.model.training_form import Generator
from texnet_core.pictures.resizing import resize_exemplar
from texnet_core.training import clock, train
from texnet_core.training.meanrepeat import MeanRepeat, origin_of_tiles
from texnet_core.training.preparation import prepare_exemplar


def test_a_grid_whose_repeats_are_alike_gets_no_tones(request_):
    def toned(image):
        prepared = prepare_exemplar(
            image, replace(request_.train, size=64, exemplar_size=64), request_.descriptor, notes.append
        )
        return len(prepared.waves), prepared.tiles is not None

    notes = []
    light = 1 + 0.5 * np.sin(np.arange(128) / 20)[:, None]  # patches of light lie across many repeats
    noise = 0.05 * np.random.default_rng(1).random((128, 128, 3))
    assert toned(tiles()) == (2, True)
    assert "tiles differ in tone" in notes[-1]
    notes.clear()
    assert toned((tiles(tone=0) + noise).astype(np.float32)) == (2, False)
    assert toned((tiles(tone=0) * light[..., None]).astype(np.float32)) == (2, False)
    assert notes and "tone" not in " ".join(notes)


def test_a_run_on_a_grid_begins_with_its_repeats_in_their_places(request_, tmp_path):
    shown = []
    request_ = replace(
        request_,
        generator=replace(request_.generator, channels=8),
        train=replace(request_.train, size=64, exemplar_size=64, steps=10, lr=0.01),
    )
    artifact = train(tiles(), tmp_path / "a.texnet", request_, progress=lambda p: shown.append(p.step))
    assert artifact.settings.waves == 2 and artifact.settings.repeat_channels == 2
    assert shown.count(0) > 20  # it can be cancelled meanwhile
    plane = artifact.design.input_plane(3, 64, 64)
    exemplar = resize_exemplar(tiles(), artifact.texels_per_exemplar)
    laid = MeanRepeat(exemplar, artifact.waves, origin_of_tiles(exemplar, artifact.waves), 2).laid_out(plane, 64)
    made = texture(artifact, 64, 64, 3)
    assert np.corrcoef(made.ravel(), laid.ravel())[0, 1] > 0.8


@pytest.mark.usefixtures("cheap_objective")
def test_laying_tiles_takes_a_small_part_of_a_budget_in_minutes(request_, tmp_path, monkeypatch):
    """A clock on which each generator's pass takes a second: of half a minute, laying tiles may take 3."""
    fake = FakeClock()
    monkeypatch.setattr(clock, "now", fake)
    monkeypatch.setattr(Generator, "forward", fake.after(Generator.forward, 1.0))
    shown = []
    request_ = replace(request_, train=replace(request_.train, size=64, exemplar_size=64, minutes=0.5))
    artifact = train(tiles(), tmp_path / "a.texnet", request_, progress=lambda p: shown.append(p.step))
    assert 2 < shown.count(0) < 8
    assert 30 <= artifact.quality["seconds"] < 32  # its time is counted

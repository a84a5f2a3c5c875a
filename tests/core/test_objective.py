"""The objective: one loss for the steps and for the validation."""

from dataclasses import replace

import pytest
import torch

from tests.conftest import picture
from tests.core.trainings import tiles
from texnet_core.descriptor.patches import PatchPyramid
from texnet_core.losses import Sample, TextureLoss
from texnet_core.model.families.pyramid import PyramidSettings
from texnet_core.settings import DescriptorSettings, LossSettings, TrainSettings
from texnet_core.training import TrainRequest, train
from texnet_core.training.objective import Objective
from texnet_core.training.preparation import prepare_exemplar
from texnet_core.training.tiles import Tiles

WEIGHTS = LossSettings(range_weight=3.0, tone_weight=2.0)


def batch(seed=0, size=64):
    return torch.rand(2, 3, size, size, generator=torch.Generator().manual_seed(seed))


def as_tensor(image):
    return torch.from_numpy(image).permute(2, 0, 1)[None]


def test_it_adds_what_restrains_samples_to_what_compares_them():
    descriptor, exemplar, image = PatchPyramid(64, 96), as_tensor(picture()), 1.5 * batch()
    losses = Objective(descriptor, exemplar, WEIGHTS)(image, [0, 1], 5, finishing=True)
    texture = TextureLoss(Sample(exemplar, descriptor(exemplar), periodic=False), WEIGHTS, descriptor.sides)
    expected = texture(Sample(image, descriptor(image, periodic=True)), 5, finishing=True)
    torch.testing.assert_close(losses.texture, expected)
    outside = (image - 1).clamp(min=0).square().mean()
    torch.testing.assert_close(losses.total, expected + 3 * outside)


def test_a_picture_in_range_without_tiles_has_no_more_than_its_texture():
    objective = Objective(PatchPyramid(64, 96), as_tensor(picture()), WEIGHTS)
    losses = objective(batch(), [0, 1], 0, finishing=False)
    assert float(losses.total) == float(losses.texture) > 0
    assert float(objective(batch(), [0, 1], 0, finishing=True).total) > float(losses.total)


def test_tiles_are_those_of_the_seeds():
    """Samples that are laid out of tiles cost nothing for their tones; with the seeds exchanged they do."""
    settings = PyramidSettings(levels=3, waves=2, repeat_channels=2)
    said = []
    prepared = prepare_exemplar(tiles(), TrainSettings(size=64), DescriptorSettings(descriptor="patches"), said.append)
    samples_tiles = Tiles(prepared.image, *prepared.tiles, settings, torch.device("cpu"))
    image = torch.full((2, 3, 64, 64), 0.5).requires_grad_()
    optimizer = torch.optim.SGD([image], lr=0.25 * image.numel())
    for _ in range(20):
        optimizer.zero_grad()
        samples_tiles.misfit(image, [3, 4]).backward()
        optimizer.step()
    objective = Objective(PatchPyramid(64, 64), as_tensor(prepared.image), WEIGHTS, samples_tiles)
    right, wrong = (objective(image.detach(), seeds, 0, finishing=False) for seeds in ([3, 4], [4, 3]))
    assert float(right.texture) == float(wrong.texture)
    assert float(right.total - right.texture) < 0.05 < float(wrong.total - wrong.texture)


def test_the_step_and_the_validation_ask_the_same(tmp_path, monkeypatch):
    """Once as it is, once four times as large: both count every step and show in the validation loss."""
    request = TrainRequest(
        generator=PyramidSettings(levels=3, channels=4),
        descriptor=DescriptorSettings(descriptor="patches"),
        train=TrainSettings(size=32, exemplar_size=32, steps=10, lr=1e-6, frozen_share=0.0),
    )
    ask, values = Objective.__call__, []
    for factor in (1, 4):
        asked = []

        def counted(self, *arguments, factor=factor, asked=asked, **phase):
            asked.append(torch.is_grad_enabled())
            losses = ask(self, *arguments, **phase)
            return replace(losses, total=factor * losses.total)

        monkeypatch.setattr(Objective, "__call__", counted)
        artifact = train(picture(), tmp_path / f"{factor}.texnet", request)
        values.append(artifact.quality["validation_loss"])
        assert asked == [True] * 10 + [False]
    assert values[1] == pytest.approx(4 * values[0], rel=0.01)

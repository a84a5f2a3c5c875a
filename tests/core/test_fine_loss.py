"""What losses on features leave open: grain by views, and rows that differ by turns."""

import torch

from texnet_core.descriptor.patches import PatchPyramid
from texnet_core.losses import Sample
from texnet_core.losses.evenness import unevenness
from texnet_core.losses.grain import GrainLoss
from texnet_core.mapset import ALBEDO, MapSpec
from texnet_core.settings import LossSettings
from texnet_core.training.fine_loss import FineLoss
from texnet_core.training.objective import Objective
from texnet_core.training.views import View

HEIGHT = MapSpec("height", 1, "data")


def noise(seed=0, channels=3, side=128):
    return torch.rand(2, channels, side, side, generator=torch.Generator().manual_seed(seed))


def hatched(image, strength=0.3):
    """Every second pair of rows is lighter, as behind an enlargement by two."""
    return image + strength * (torch.arange(image.shape[2]) // 2 % 2)[:, None]


def test_grain_is_even_and_a_grid_of_coarser_texels_is_not():
    grain = noise()
    enlarged = torch.nn.functional.interpolate(grain[:, :, ::2, ::2], scale_factor=2, mode="bilinear")
    assert unevenness(grain).mean() < 0.05
    assert unevenness(enlarged).mean() > 0.3
    assert unevenness(hatched(grain)).mean() > 0.15  # along one axis
    torch.testing.assert_close(unevenness(grain.mT), unevenness(grain))
    assert unevenness(torch.zeros(1, 3, 16, 16)).max() < 1e-6


def test_other_grain_of_the_same_kind_costs_little_and_a_hatch_or_a_blur_costs_more():
    exemplar = noise(0)[:1]
    loss = FineLoss(exemplar, None, (ALBEDO,), [View(torch.eye(3), torch.zeros(3))])
    blurred = torch.nn.functional.avg_pool2d(noise(1), 5, stride=1, padding=2)
    same, hatch, blur = (float(loss(image, 0)) for image in (noise(1), hatched(noise(1)), blurred))
    assert same < 0.1
    assert hatch > same + 0.05
    assert blur > same + 0.5


def test_views_take_turns():
    """The grain of a map that the colors do not show counts in its turns."""
    exemplar = noise(0, channels=4)[:1]
    views = [View(torch.eye(4)[rows], torch.zeros(3)) for rows in ([0, 1, 2], [3, 3, 3])]
    loss, smooth = FineLoss(exemplar, None, (ALBEDO, HEIGHT), views), noise(1, channels=4)
    smooth[:, 3] = 0.5
    assert all(loss(smooth, seed) < 0.3 < 0.5 < loss(smooth, seed + 2) for seed in (0, 1, 4, 5))
    assert loss(smooth, 0) + 0.1 < loss(smooth, 0, whole=True) < loss(smooth, 2) - 0.1


def test_a_map_of_one_channel_counts_as_much_as_the_colors():
    exemplar, views = noise(0, channels=4)[:1], [View(torch.eye(4)[:3], torch.zeros(3))]
    loss, image = FineLoss(exemplar, None, (ALBEDO, HEIGHT), views), noise(1, channels=4)
    uneven = image.clone()
    uneven[:, 3:] = hatched(image)[:, 3:]
    assert loss(uneven, 0) - loss(image, 0) > 0.3 * 0.1


def test_the_objective_adds_it_and_reports_the_texture_without_it():
    descriptor, exemplar, image = PatchPyramid(64, 96), noise(0, side=96)[:1], hatched(noise(1, side=64), 0.2) / 1.2
    fine = FineLoss(exemplar, None, (ALBEDO,), [View(torch.eye(3), torch.zeros(3))])
    without = Objective(descriptor, exemplar, LossSettings())(image, [0, 1], 3, finishing=False)
    found = Objective(descriptor, exemplar, LossSettings(), beside=(fine,))(image, [0, 1], 3, finishing=False)
    torch.testing.assert_close(found.texture, without.texture)
    torch.testing.assert_close(found.total, without.total + fine(image, 3))


def test_hidden_texels_have_no_influence():
    exemplar, mask = noise(0)[:1], torch.ones(128, 128, dtype=torch.bool)
    spoiled, views = exemplar.clone(), [View(torch.eye(3), torch.zeros(3))]
    mask[20:50, 30:90] = False
    spoiled[:, :, ~mask] = 1.0
    found, expected = (float(FineLoss(picture, mask, (ALBEDO,), views)(noise(1), 0)) for picture in (spoiled, exemplar))
    assert found == expected


def test_samples_too_small_for_places_of_grain_are_compared_without_it():
    image = noise(1, side=16)
    assert float(GrainLoss(noise(0)[:1])(Sample(image, {}), 0)) == 0
    loss = FineLoss(noise(0)[:1], None, (ALBEDO,), [View(torch.eye(3), torch.zeros(3))])
    torch.testing.assert_close(loss(image, 0), 0.3 * unevenness(image).mean())

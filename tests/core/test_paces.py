import pytest
import torch

from texnet_core.mapset import ALBEDO, MapSpec
from texnet_core.training.paces import held_channels, output_paces

NORMAL = MapSpec("normal", 3, "data")
HEIGHT = MapSpec("height", 1, "data")


def texels(deviations):
    torch.manual_seed(0)
    values = torch.randn(len(deviations), 4096)
    values = (values - values.mean(1, keepdim=True)) / values.std(1, keepdim=True)
    return (0.5 + torch.tensor(deviations)[:, None] * values)[None, ..., None]


def test_a_map_is_learned_as_fast_as_it_varies():
    paces = output_paces(texels([0.2, 0.1, 0.05, 0.01, 0.005, 0.0, 0.3]), (ALBEDO, NORMAL, HEIGHT))
    assert paces.tolist() == pytest.approx([1, 1, 0.5, 0.1, 0.05, 0.02, 1], rel=1e-4)


def test_pictures_of_colors_have_the_whole_rate():
    assert output_paces(texels([0.2, 0.01, 0.0]), (ALBEDO,)) is None


def test_each_map_is_held_as_strongly_as_the_colors_of_a_picture():
    colors = texels([0.2, 0.1, 0.3])
    assert held_channels(colors, (ALBEDO,)).tolist() == pytest.approx([1 / 3] * 3)
    both = texels([0.2, 0.1, 0.3, 0.05])
    assert held_channels(both, (ALBEDO, HEIGHT)).tolist() == pytest.approx([1 / 3, 1 / 3, 1 / 3, 2], rel=1e-4)

"""Losses that compare where things lie, or that samples differ, against slow obvious versions."""

import itertools

import pytest
import torch

from tests.core.feature_losses import exemplar_with, on_maps
from texnet_core.losses.autocorrelation import AutocorrelationLoss, autocovariance
from texnet_core.losses.diversity import LAYER, DiversityLoss, derangement, mean_difference
from texnet_core.losses.shifted_gram import ShiftedGramLoss, shifted_gram

autocorrelation_loss = on_maps(AutocorrelationLoss)
diversity_loss = on_maps(DiversityLoss)
shifted_gram_loss = on_maps(ShiftedGramLoss)


def random_maps(count=2, channels=3, height=6, width=5, seed=0):
    return torch.rand(count, channels, height, width, generator=torch.Generator().manual_seed(seed))


def mean_product(first, second, down, right, *, periodic):
    """Of (h, w) maps, over all texels that have a partner `down` and `right` of them."""
    height, width = first.shape
    products = []
    for y, x in itertools.product(range(height), range(width)):
        v, u = y + down, x + right
        if periodic or (0 <= v < height and 0 <= u < width):
            products.append(first[y, x] * second[v % height, u % width])
    return torch.stack(products).mean()


@pytest.mark.parametrize("periodic", [False, True])
@pytest.mark.parametrize(("shift", "axis"), [(0, 2), (2, 2), (3, 3)])
def test_a_shifted_gram_matrix_is_the_mean_product_over_pairs(periodic, shift, axis):
    maps = random_maps()
    down, right = (shift, 0) if axis == 2 else (0, shift)
    found = shifted_gram(maps, shift, axis, periodic=periodic)
    for n, c, d in itertools.product(range(2), range(3), range(3)):
        expected = mean_product(maps[n, c], maps[n, d], down, right, periodic=periodic)
        torch.testing.assert_close(found[n, c, d], expected)


@pytest.mark.parametrize("periodic", [False, True])
@pytest.mark.parametrize(("height", "width"), [(6, 5), (5, 6)])
def test_autocovariances_are_mean_products_over_pairs(periodic, height, width):
    maps = random_maps(height=height, width=width)
    centered = maps - maps.mean((2, 3), keepdim=True)
    down, right = height // 2, width // 2
    found = autocovariance(maps, down, right, periodic=periodic)
    assert found.shape == (2, 3, down + 1, 2 * right + 1)
    for n, c, y, x in itertools.product(range(2), range(3), range(down + 1), range(-right, right + 1)):
        expected = mean_product(centered[n, c], centered[n, c], y, x, periodic=periodic)
        torch.testing.assert_close(found[n, c, y, right + x], expected, rtol=1e-4, atol=1e-6)


def stripes(period, height=64, width=64):
    """relu2_1 of vertical stripes, `period` texels of the map apart, and a second channel a quarter further on."""
    x = torch.arange(width) * 2 * torch.pi / period
    return {"relu2_1": torch.stack((x.sin(), x.cos()))[None, :, None].expand(1, 2, height, width).contiguous()}


@pytest.mark.parametrize("kind", [shifted_gram_loss, autocorrelation_loss])
def test_long_range_losses_know_the_period_and_need_no_equal_sizes(kind):
    """The exemplar shows 4.5 periods of 16 and 5.5 of it down; whole periods of that fit, others do not."""
    loss = kind(stripes(16, 88, 72))
    assert float(loss(stripes(16), 0)) < 0.01
    assert float(loss(stripes(16, 32, 48), 0)) < 0.01
    assert float(loss(stripes(64 / 3), 0)) > 0.3


@pytest.mark.parametrize("kind", [shifted_gram_loss, autocorrelation_loss])
def test_long_range_losses_see_what_statistics_of_single_texels_cannot(kind):
    target = stripes(16)
    order = torch.randperm(64, generator=torch.Generator().manual_seed(0))
    assert float(kind(target)({"relu2_1": target["relu2_1"][..., order]}, 0)) > 0.3


def test_shifts_longer_than_half_a_small_sample_are_left_out():
    """64 texels of the picture are 32 of relu2_1; a sample of 40 has shifts of 8 and 16."""
    target = stripes(8)
    loss = shifted_gram_loss(target)
    assert {shift for _, shift, _ in ShiftedGramLoss(exemplar_with(target)).targets} == {8, 16, 32}
    assert float(loss(stripes(8, 40, 40), 0)) < 1e-6


def test_diversity_counts_in_the_exemplars_own_differences():
    rng = torch.Generator().manual_seed(0)
    loss = diversity_loss({LAYER: torch.rand(1, 16, 64, 64, generator=rng)})
    batch = torch.rand(4, 16, 64, 64, generator=rng)
    assert float(loss({LAYER: batch}, 0)) == pytest.approx(-1, rel=0.02)
    assert float(loss({LAYER: batch[:1].repeat(4, 1, 1, 1)}, 0)) == 0


def test_diversity_is_lis_formula_and_holds_the_other_sample_fixed():
    exemplar, batch = random_maps(1), random_maps(2, seed=1).requires_grad_()
    unit = DiversityLoss(exemplar_with({LAYER: exemplar})).unit
    value = diversity_loss({LAYER: exemplar})({LAYER: batch}, 0)
    first, second = batch.detach()
    torch.testing.assert_close(value.detach(), -(first - second).abs().mean() / unit)
    value.backward()
    expected = -torch.stack((first - second, second - first)).sign() / batch.numel() / unit
    torch.testing.assert_close(batch.grad, expected)


@pytest.mark.parametrize("count", [2, 3, 8])
def test_a_derangement_leaves_nothing_in_its_place(count):
    orders = {tuple(derangement(count, torch.Generator().manual_seed(seed)).tolist()) for seed in range(50)}
    for order in orders:
        assert sorted(order) == list(range(count)) and all(place != item for place, item in enumerate(order))
    assert len(orders) > 1 or count == 2


def test_the_mean_difference_is_that_of_all_pairs():
    values = random_maps()[0].flatten(1)
    expected = (values[:, :, None] - values[:, None]).abs().mean()
    assert mean_difference(values) == pytest.approx(float(expected), rel=1e-5)

"""What losses on features leave open: shapes that run together."""

import pytest
import torch
from torch.nn import functional as F

from texnet_core.mapset import ALBEDO, MapSpec
from texnet_core.training.shapes_loss import ShapesLoss

MAPS = (ALBEDO, MapSpec("height", 1, "data"))


def stones(seed=0, side=128, channels=3):
    """Disks of 6 to 12 texels across on a dark ground, which repeat; brighter in each channel alike."""
    rng = torch.Generator().manual_seed(seed)
    rows, columns = torch.meshgrid(torch.arange(side), torch.arange(side), indexing="ij")
    image = torch.full((side, side), 0.2)
    for _ in range(90):
        down, across, radius = (float(value) for value in torch.rand(3, generator=rng))
        apart = [((lines - side * at + side / 2) % side - side / 2) for lines, at in ((rows, down), (columns, across))]
        image[apart[0] ** 2 + apart[1] ** 2 < (3 + 3 * radius) ** 2] = 0.4 + 0.5 * radius
    return image.expand(1, channels, side, side).clone()


def in_pieces(image, side=4):
    """The same texels, in squares whose places are drawn."""
    squares = F.unfold(image, side, stride=side)
    order = torch.randperm(squares.shape[2], generator=torch.Generator().manual_seed(1))
    return F.fold(squares[:, :, order], image.shape[2:], side, stride=side)


def test_other_shapes_of_the_same_kind_cost_less_than_their_pieces():
    loss = ShapesLoss(stones(0), None, (ALBEDO,), 128, 1.0)
    same, pieces = (float(loss(image, 0)) for image in (stones(1), in_pieces(stones(1))))
    assert 0 < same < 0.8 * pieces


def test_the_gradient_leads_to_whole_shapes():
    loss, image = ShapesLoss(stones(0), None, (ALBEDO,), 128, 1.0), in_pieces(stones(1)).requires_grad_()
    before = loss(image, 0)
    before.backward()
    with torch.no_grad():
        assert float(loss(image - 100 * image.grad, 0)) < float(before)


def test_maps_that_lie_apart_cost_more_than_those_that_agree():
    loss = ShapesLoss(stones(0, channels=4), None, MAPS, 128, 1.0)
    together, apart = stones(1, channels=4), stones(1, channels=4)
    apart[:, 3] = apart[:, 3].roll(6, 1)
    assert float(loss(together, 0)) < 0.9 * float(loss(apart, 0))


def test_what_a_mask_hides_counts_only_where_coarse_texels_lie_across_its_border():
    """Runs fill it in before, so that it has no influence at all."""
    exemplar = stones(0, channels=4)
    mask = torch.ones(128, 128, dtype=torch.bool)
    mask[:96, :96] = False
    spoiled = torch.where(mask, exemplar, torch.rand(exemplar.shape, generator=torch.Generator().manual_seed(2)))
    found, expected = (float(ShapesLoss(one, mask, MAPS, 128, 1.0)(exemplar, 0)) for one in (spoiled, exemplar))
    unmasked = float(ShapesLoss(spoiled, None, MAPS, 128, 1.0)(exemplar, 0))
    assert abs(found - expected) < 0.1 * abs(unmasked - expected)


@pytest.mark.parametrize("side", [8, 20])
def test_an_exemplar_that_is_too_small_for_shapes_costs_nothing(side):
    image = stones(0)[:, :, :side, :side]
    assert float(ShapesLoss(image, None, (ALBEDO,), 32, 1.0)(stones(1), 0)) >= 0
    hidden = torch.zeros(side, side, dtype=torch.bool)
    hidden[:3, :3] = True
    assert float(ShapesLoss(image, hidden, (ALBEDO,), 32, 1.0)(stones(1), 0)) == 0


def test_a_weight_is_what_it_says():
    one, three = (ShapesLoss(stones(0), None, (ALBEDO,), 128, weight) for weight in (1.0, 3.0))
    assert float(three(stones(1), 0)) == pytest.approx(3 * float(one(stones(1), 0)))

"""Grain loss: it lies where the exemplar has it, not everywhere alike."""

import torch

from texnet_core.losses import Sample
from texnet_core.losses.grain import GrainLoss

SIDE = 128
COARSE = (torch.arange(SIDE) // 32 % 2).float()  # bands across which grain and color change


def surface(seed, grain, color=COARSE):
    noise = torch.randn(1, 3, SIDE, SIDE, generator=torch.Generator().manual_seed(seed))
    return 0.5 + 0.2 * color + 0.1 * grain * noise


def loss(image, exemplar, mask=None):
    return float(GrainLoss(exemplar, mask)(Sample(image, {}), 0))


def test_other_grain_in_the_same_places_costs_little():
    exemplar = surface(0, COARSE)
    assert loss(exemplar, exemplar) < 1e-6
    assert loss(surface(1, COARSE), exemplar) < 0.1


def test_grain_that_is_alike_everywhere_costs_much_though_it_has_the_same_power():
    uniform, exemplar = surface(1, torch.tensor(0.5**0.5)), surface(0, COARSE)
    assert loss(uniform, exemplar) > 3 * loss(surface(1, COARSE), exemplar)


def test_grain_beside_other_colors_costs_too_though_there_is_as_much_of_it():
    assert loss(surface(1, 1 - COARSE), surface(0, COARSE)) > 0.3


def test_its_gradient_moves_grain_to_where_it_belongs():
    exemplar, image = surface(0, COARSE), surface(1, torch.tensor(0.5**0.5)).requires_grad_()
    GrainLoss(exemplar)(Sample(image, {}), 0).backward()
    less = -(image.grad * (image.detach() - surface(1, torch.tensor(0.0)))).sum((0, 1, 2))
    assert less[COARSE == 1].sum() > 0 > less[COARSE == 0].sum()


def test_sizes_may_differ_and_flat_pictures_are_finite():
    exemplar = surface(0, COARSE)
    assert loss(surface(1, COARSE)[:, :, :64], exemplar) < 0.2
    flat = torch.full((1, 3, SIDE, SIDE), 0.5, requires_grad=True)
    value = GrainLoss(exemplar)(Sample(flat, {}), 0)
    value.backward()
    assert value.isfinite() and flat.grad.isfinite().all()
    assert loss(flat.detach(), flat.detach()) < 1e-6
    assert loss(exemplar[:, :, :20, :20], exemplar) == loss(exemplar, exemplar[:, :, :20]) == 0
    flat = flat.detach()
    assert loss(flat, exemplar[:, :, :40, :40]) == 0 < loss(flat, exemplar[:, :, :48, :48])


def test_hidden_texels_have_no_influence():
    exemplar, spoiled, mask = surface(0, COARSE), surface(0, COARSE), torch.ones(SIDE, SIDE, dtype=torch.bool)
    mask[40:60, 10:100] = False
    spoiled[:, :, ~mask] = 1 - spoiled[:, :, ~mask]
    image = surface(1, COARSE)
    assert loss(image, spoiled, mask) == loss(image, exemplar, mask) != loss(image, exemplar)
    assert loss(image, exemplar, torch.zeros_like(mask)) == 0

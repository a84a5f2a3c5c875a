"""The spectrum loss: it sees how power is spread over frequencies, and nothing of where things lie."""

import pytest
import torch

from texnet_core.losses import Sample
from texnet_core.losses.spectrum import SpectrumLoss

SIDE = 64
EQUAL = torch.full((3,), 1 / 3)


def grain(side, seed=0, channels=3, batch=1):
    return 0.5 + 0.1 * torch.randn(batch, channels, side, side, generator=torch.Generator().manual_seed(seed))


def loss(exemplar, image, mask=None):
    return float(SpectrumLoss(exemplar, mask, (SIDE,), EQUAL)(Sample(image, {}), 0))


def test_other_grain_of_the_same_kind_costs_little_and_a_hatch_of_the_same_strength_much():
    exemplar = grain(256)
    rows = 1 - 2 * (torch.arange(SIDE) % 2)
    hatch = 0.5 + 0.1 * rows[:, None] * torch.ones(1, 3, SIDE, SIDE)
    assert hatch.std() == pytest.approx(float(exemplar.std()), rel=0.05)
    like = loss(exemplar, grain(SIDE, 1))
    assert like < 0.3
    assert loss(exemplar, hatch) > 10 * like
    for share in (0.3, 0.6):  # beside grain, too
        mixed = 0.5 + (1 - share**2) ** 0.5 * (grain(SIDE, 2) - 0.5) + share * (hatch - 0.5)
        assert loss(exemplar, mixed) > loss(exemplar, grain(SIDE, 2)) * (1 + share / 4)


def test_where_things_lie_costs_nothing():
    exemplar = grain(256)
    image = grain(SIDE, 1)
    around = torch.nn.functional.pad(image, (8, 8, 8, 8), mode="circular")
    values = [loss(exemplar, around[..., top : top + SIDE, top : top + SIDE]) for top in (0, 5, 13)]
    assert max(values) < 1.2 * min(values)


def test_contrast_and_direction_count():
    exemplar = grain(256)
    stripes = exemplar.cumsum(3)
    stripes = 0.5 + 0.1 * (stripes - stripes.mean()) / stripes.std()
    turned = stripes.transpose(2, 3)
    assert loss(exemplar, 0.5 + 2 * (grain(SIDE, 1) - 0.5)) > 1
    assert loss(stripes, turned[..., :SIDE, :SIDE]) > 3 * loss(stripes, stripes[..., :SIDE, :SIDE])


def test_hidden_texels_have_no_influence():
    exemplar, mask = grain(256), torch.ones(256, 256, dtype=torch.bool)
    mask[100:, 100:] = False
    changed = exemplar.clone()
    changed[:, :, 100:, 100:] = torch.rand(3, 156, 156)
    image = grain(SIDE, 1)
    assert loss(exemplar, image, mask) == loss(changed, image, mask) > 0
    mask[::8, ::8] = False
    assert loss(exemplar, image, mask) == 0


def test_channels_that_never_change_bring_no_senseless_gradient():
    exemplar = torch.cat((grain(256), torch.ones(1, 1, 256, 256)), dim=1)
    image = torch.cat((grain(SIDE, 1), torch.ones(1, 1, SIDE, SIDE)), dim=1).requires_grad_()
    value = SpectrumLoss(exemplar, None, (SIDE,), torch.ones(4))(Sample(image, {}), 0)
    value.backward()
    assert torch.isfinite(image.grad).all() and image.grad[:, 3].abs().max() < 1


def test_channels_count_as_they_are_to():
    exemplar, image = grain(256), grain(SIDE, 1)
    image[:, 0] = 0.5
    values = [
        SpectrumLoss(exemplar, None, (SIDE,), torch.tensor(shares))(Sample(image, {}), 0)
        for shares in ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (1.0, 1.0, 0.0))
    ]
    assert values[0] > 1 > 0.3 > values[1]
    torch.testing.assert_close(values[2], values[0] + values[1])

import pytest
import torch

from texnet_core.losses import TextureLoss, range_penalty
from texnet_core.losses.gram import GramLoss, RelativeGramLoss, gram_matrix
from texnet_core.losses.sliced_wasserstein import SlicedWassersteinLoss
from texnet_core.settings import LossSettings


def features(seed=0, size=16, offset=0.0):
    rng = torch.Generator().manual_seed(seed)
    return {
        "a": torch.rand(1, 8, size, size, generator=rng) + offset,
        "b": torch.rand(1, 4, size // 2, size // 2, generator=rng) * 2,
    }


def shuffled(maps):
    """The same texels elsewhere."""
    return {
        tap: f.flatten(2)[..., torch.randperm(f[0, 0].numel(), generator=torch.Generator().manual_seed(9))].view_as(f)
        for tap, f in maps.items()
    }


LOSSES = {
    "gram": lambda target: GramLoss(target),
    "relative_gram": lambda target: RelativeGramLoss(target),
    "sliced_wasserstein": lambda target: SlicedWassersteinLoss(target, 32, 8192),
}


@pytest.mark.parametrize("name", LOSSES)
def test_a_loss_knows_what_there_is_and_not_where(name):
    loss = LOSSES[name](features())
    assert float(loss(features(), 1)) < 1e-8
    assert float(loss(shuffled(features()), 1)) < 1e-8
    assert float(loss(features(offset=0.5), 1)) > 1e-3


@pytest.mark.parametrize("name", LOSSES)
def test_descending_the_gradient_lowers_the_loss(name):
    target = features()
    loss = LOSSES[name](target)
    sample = {tap: (f * 1.5).requires_grad_() for tap, f in features(5).items()}
    optimiser = torch.optim.Adam(sample.values(), lr=0.02)
    first = float(loss(sample, 1).detach())
    for step in range(50):
        optimiser.zero_grad()
        loss(sample, step).backward()
        optimiser.step()
    assert float(loss(sample, 1).detach()) < 0.7 * first


def test_gram_matrix_is_the_mean_of_channel_products():
    f = features()["a"]
    expected = torch.einsum("nchw,ndhw->ncd", f, f) / f[0].numel()
    torch.testing.assert_close(gram_matrix(f), expected)


def test_gram_gradients_have_unit_l1_norm_in_every_layer():
    loss = GramLoss(features())
    sample = {tap: f.requires_grad_() for tap, f in features(1).items()}
    loss(sample, 0).backward()
    for f in sample.values():
        assert float(f.grad.abs().sum()) == pytest.approx(1, rel=1e-4)


def test_the_relative_gram_loss_is_a_function_and_has_no_unit():
    """Its slope along any direction is what its gradient says; features twice as large make no difference."""
    target, sample = features(), {tap: f.double().requires_grad_() for tap, f in features(1).items()}
    loss = RelativeGramLoss({tap: f.double() for tap, f in target.items()})
    value = loss(sample, 0)
    value.backward()
    moved = {tap: f.detach() + 1e-6 * f.grad for tap, f in sample.items()}
    squared = sum(float(f.grad.square().sum()) for f in sample.values())
    assert (float(loss(moved, 0)) - float(value.detach())) / 1e-6 == pytest.approx(squared, rel=1e-4)
    doubled = RelativeGramLoss({tap: 2 * f.double() for tap, f in target.items()})
    assert float(doubled({tap: 2 * f.detach() for tap, f in sample.items()}, 0)) == pytest.approx(float(value.detach()))
    nothing = {tap: 0 * f.detach() for tap, f in sample.items()}
    assert float(loss(nothing, 0)) == pytest.approx(len(target))


def test_sliced_wasserstein_of_a_shift_is_the_shift_seen_along_directions():
    """For equal shapes moved by d, W2^2 along u is (u.d)^2, whose mean over unit u is |d|^2 / C."""
    target = {"a": torch.randn(1, 8, 32, 32, generator=torch.Generator().manual_seed(0))}
    moved = {"a": target["a"] + 0.5}
    loss = SlicedWassersteinLoss(target, 4096, 1024)
    shift = 8 * 0.25 / 8
    variance = float(target["a"].flatten(2).var(dim=2).mean())
    assert float(loss(moved, 0)) == pytest.approx(shift / variance, rel=0.1)


def test_sliced_wasserstein_compares_maps_of_other_sizes():
    loss = SlicedWassersteinLoss({"a": torch.zeros(1, 4, 20, 31)}, 8, 100)
    assert float(loss({"a": torch.zeros(2, 4, 9, 9)}, 0)) == 0


def test_equal_seeds_draw_equally_and_others_do_not():
    loss = SlicedWassersteinLoss(features(), 4, 64)
    first, again, other = (float(loss(features(1), seed)) for seed in (1, 1, 2))
    assert first == again != other


def test_losses_add_up_by_their_weights():
    target, sample = features(), features(1)
    gram = TextureLoss(target, LossSettings(gram_weight=1, sliced_wasserstein_weight=0))(sample, 3)
    sliced = TextureLoss(target, LossSettings(gram_weight=0, sliced_wasserstein_weight=1))(sample, 3)
    both = TextureLoss(target, LossSettings(gram_weight=2, sliced_wasserstein_weight=3))(sample, 3)
    torch.testing.assert_close(both, 2 * gram + 3 * sliced)


def test_the_range_penalty_sees_only_what_would_be_clipped():
    assert float(range_penalty(torch.rand(1, 3, 8, 8))) == 0
    assert float(range_penalty(torch.full((1, 3, 8, 8), 1.5))) == pytest.approx(0.25)
    assert float(range_penalty(torch.full((1, 3, 8, 8), -0.5))) == pytest.approx(0.25)

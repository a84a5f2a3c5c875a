import itertools
from dataclasses import fields

import pytest
import torch

from tests.core.feature_losses import exemplar_with, on_maps
from texnet_core.descriptor.layers import PATCHES
from texnet_core.losses import LOSSES as REGISTERED
from texnet_core.losses import Sample, TextureLoss, range_penalty
from texnet_core.losses.autocorrelation import AutocorrelationLoss
from texnet_core.losses.centered_gram import CenteredGramLoss, mean_and_covariance
from texnet_core.losses.gram import GramLoss, RelativeGramLoss, gram_matrix
from texnet_core.losses.histogram import HistogramLoss
from texnet_core.losses.order import quantiles, spread_texels
from texnet_core.losses.shifted_gram import ShiftedGramLoss
from texnet_core.losses.sliced_wasserstein import SlicedWassersteinLoss
from texnet_core.settings import LossSettings

texture_loss = on_maps(TextureLoss)
centered_gram_loss = on_maps(CenteredGramLoss)
gram_loss = on_maps(GramLoss)
relative_gram_loss = on_maps(RelativeGramLoss)
histogram_loss = on_maps(HistogramLoss)
shifted_gram_loss = on_maps(ShiftedGramLoss)
autocorrelation_loss = on_maps(AutocorrelationLoss)
sliced_wasserstein_loss = on_maps(SlicedWassersteinLoss)


def features(seed=0, size=16, offset=0.0):
    rng = torch.Generator().manual_seed(seed)
    return {
        "relu2_1": torch.rand(1, 8, size, size, generator=rng) + offset,
        "relu3_1": torch.rand(1, 4, size // 2, size // 2, generator=rng) * 2,
    }


def shuffled(maps):
    """The same texels elsewhere."""
    return {
        layer: f.flatten(2)[..., torch.randperm(f[0, 0].numel(), generator=torch.Generator().manual_seed(9))].view_as(f)
        for layer, f in maps.items()
    }


WHAT = {
    "gram": gram_loss,
    "relative_gram": relative_gram_loss,
    "sliced_wasserstein": lambda target: sliced_wasserstein_loss(target, 32, 8192),
    "centered_gram": centered_gram_loss,
    "histogram": lambda target: histogram_loss(target, 8192),
}
WHERE = {"shifted_gram": shifted_gram_loss, "autocorrelation": autocorrelation_loss}
LOSSES = WHAT | WHERE


@pytest.mark.parametrize("name", WHAT)
def test_a_loss_knows_what_there_is_and_not_where(name):
    loss = LOSSES[name](features())
    assert float(loss(features(), 1)) < 1e-8
    assert float(loss(shuffled(features()), 1)) < 1e-8
    assert float(loss(features(offset=0.5), 1)) > 1e-3


@pytest.mark.parametrize("name", LOSSES)
def test_a_periodic_sample_may_be_rolled(name):
    loss, sample = LOSSES[name](features()), features(1)
    rolled = {layer: f.roll((3, 5), (2, 3)) for layer, f in sample.items()}
    torch.testing.assert_close(loss(rolled, 1), loss(sample, 1))


@pytest.mark.parametrize("name", LOSSES)
def test_a_batch_of_equals_is_one(name):
    loss, sample = LOSSES[name](features()), features(1)
    torch.testing.assert_close(loss({layer: f.repeat(3, 1, 1, 1) for layer, f in sample.items()}, 1), loss(sample, 1))


@pytest.mark.parametrize("name", LOSSES)
def test_descending_the_gradient_lowers_the_loss(name):
    target = features()
    loss = LOSSES[name](target)
    sample = {layer: (f * 1.5).requires_grad_() for layer, f in features(5).items()}
    optimizer = torch.optim.Adam(sample.values(), lr=0.02)
    first = float(loss(sample, 1).detach())
    for step in range(50):
        optimizer.zero_grad()
        loss(sample, step).backward()
        optimizer.step()
    assert float(loss(sample, 1).detach()) < 0.7 * first


EXTREMES = {
    "anything": features(1),
    "the goal": features(),
    "nothing": {layer: 0 * f for layer, f in features().items()},
    "one value": {layer: 0 * f + 0.5 for layer, f in features().items()},
    "one value far away": {layer: 0 * f + 1e4 for layer, f in features().items()},
}


@pytest.mark.parametrize("exemplar", ["the goal", "nothing", "one value"])
@pytest.mark.parametrize("sample", EXTREMES)
@pytest.mark.parametrize("name", LOSSES)
def test_gradients_are_finite_whatever_the_sample_and_the_exemplar(name, sample, exemplar):
    maps = {layer: f.clone().requires_grad_() for layer, f in EXTREMES[sample].items()}
    value = LOSSES[name](EXTREMES[exemplar])(maps, 1)
    value.backward()
    assert torch.isfinite(value) and all(torch.isfinite(f.grad).all() for f in maps.values())


@pytest.mark.parametrize("name", sorted(WHAT.keys() - {"gram"}))
def test_at_the_exemplar_nothing_pulls(name):
    """But for Gram as published, whose gradient has one norm however near the goal is: rounding decides its way."""
    maps = {layer: f.clone().requires_grad_() for layer, f in features().items()}
    LOSSES[name](features())(maps, 1).backward()
    assert max(float(f.grad.abs().max()) for f in maps.values()) < 1e-4


@pytest.mark.parametrize("name", WHERE)
def test_an_exemplar_that_is_no_period_costs_its_own_seam(name):
    """Samples wrap and exemplars do not, so these two are 0 only for an exemplar that repeats as samples do."""
    loss = LOSSES[name](features())
    assert 1e-3 < float(loss(features(), 1)) < float(loss(features(1), 1))
    periodic = {layer: f.repeat(1, 1, 4, 4) for layer, f in features(size=8).items()}
    once = {layer: f[..., : f.shape[2] // 2, : f.shape[3] // 2] for layer, f in periodic.items()}
    assert float(LOSSES[name](periodic)(once, 1)) < 0.2 * float(loss(features(), 1))


@pytest.mark.parametrize("value", [0.0, 0.5])
def test_neighborhoods_of_a_flat_exemplar_can_be_compared(value):
    flat = {PATCHES: torch.full((1, 27, 8, 8), value)}
    sample = torch.rand(1, 27, 8, 8, generator=torch.Generator().manual_seed(0)).requires_grad_()
    loss = sliced_wasserstein_loss(flat, 16, 64)({PATCHES: sample}, 0)
    loss.backward()
    assert torch.isfinite(loss) and torch.isfinite(sample.grad).all()


def penalty(image):
    return range_penalty(Sample(image, {}), 0)


def test_the_range_penalty_pulls_back_and_lets_go():
    image = torch.tensor([[-0.5, 0.0, 0.3, 1.0, 2.0]]).requires_grad_()
    penalty(image).backward()
    assert [float(sign) for sign in image.grad[0].sign()] == [-1, 0, 0, 0, 1]


def test_gram_matrix_is_the_mean_of_channel_products():
    f = features()["relu2_1"]
    expected = torch.einsum("nchw,ndhw->ncd", f, f) / f[0].numel()
    torch.testing.assert_close(gram_matrix(f), expected)


@pytest.mark.parametrize("weight", [1.0, 0.02, 700.0])
def test_gram_gradients_have_the_l1_norm_of_their_weight_in_every_layer(weight):
    """In the direction of the published loss, the mean square of the difference of Gram matrices."""
    target = features()
    loss = texture_loss(target, LossSettings(gram_weight=weight, sliced_wasserstein_weight=0))
    sample, published = ({layer: f.requires_grad_() for layer, f in features(1).items()} for _ in range(2))
    loss(sample, 0).backward()
    for layer, f in published.items():
        (gram_matrix(f) - gram_matrix(target[layer])).square().mean().backward()
        torch.testing.assert_close(sample[layer].grad, weight * f.grad / f.grad.abs().sum(), rtol=1e-3, atol=1e-7)


def test_the_gram_losses_have_one_value():
    target, sample = features(), features(1)
    assert float(gram_loss(target)(sample, 0)) == pytest.approx(float(relative_gram_loss(target)(sample, 0)))


def test_the_relative_gram_loss_is_a_function_and_has_no_unit():
    """Its slope along any direction is what its gradient says; features twice as large make no difference."""
    target, sample = features(), {layer: f.double().requires_grad_() for layer, f in features(1).items()}
    loss = relative_gram_loss({layer: f.double() for layer, f in target.items()})
    value = loss(sample, 0)
    value.backward()
    moved = {layer: f.detach() + 1e-6 * f.grad for layer, f in sample.items()}
    squared = sum(float(f.grad.square().sum()) for f in sample.values())
    assert (float(loss(moved, 0)) - float(value.detach())) / 1e-6 == pytest.approx(squared, rel=1e-4)
    doubled = relative_gram_loss({layer: 2 * f.double() for layer, f in target.items()})
    assert float(doubled({layer: 2 * f.detach() for layer, f in sample.items()}, 0)) == pytest.approx(
        float(value.detach())
    )
    nothing = {layer: 0 * f.detach() for layer, f in sample.items()}
    assert float(loss(nothing, 0)) == pytest.approx(len(target))


def test_sliced_wasserstein_of_a_shift_is_the_shift_seen_along_directions():
    """For equal shapes moved by d, W2 along u is |u.d|, whose mean square over unit u is |d|^2 / C."""
    target = {"a": torch.randn(1, 8, 32, 32, generator=torch.Generator().manual_seed(0))}
    moved = {"a": target["a"] + 0.5}
    loss = sliced_wasserstein_loss(target, 4096, 1024)
    shift = 8 * 0.25 / 8
    variance = float(target["a"].flatten(2).var(dim=2).mean())
    assert float(loss(moved, 0)) == pytest.approx((shift / variance) ** 0.5, rel=0.1)


def test_deep_layers_weigh_thrice_in_sliced_wasserstein():
    target, sample = (features(seed)["relu2_1"] for seed in (0, 1))
    shallow, deep = (
        float(sliced_wasserstein_loss({layer: target}, 16, 256)({layer: sample}, 0)) for layer in ("relu3_2", "relu4_1")
    )
    assert deep == pytest.approx(3 * shallow)


def test_sliced_wasserstein_compares_maps_of_other_sizes():
    loss = sliced_wasserstein_loss({"a": torch.zeros(1, 4, 20, 31)}, 8, 100)
    assert float(loss({"a": torch.zeros(2, 4, 9, 9)}, 0)) == 0


def test_equal_seeds_draw_equally_and_others_do_not():
    loss = sliced_wasserstein_loss(features(), 4, 64)
    first, again, other = (float(loss(features(1), seed)) for seed in (1, 1, 2))
    assert first == again != other


def test_losses_add_up_by_their_weights():
    target, sample = features(), features(1)
    gram = texture_loss(target, LossSettings(gram_weight=1, sliced_wasserstein_weight=0))(sample, 3)
    sliced = texture_loss(target, LossSettings(gram_weight=0, sliced_wasserstein_weight=1))(sample, 3)
    both = texture_loss(target, LossSettings(gram_weight=2, sliced_wasserstein_weight=3))(sample, 3)
    torch.testing.assert_close(both, 2 * gram + 3 * sliced)


def test_the_range_penalty_sees_only_what_would_be_clipped():
    assert float(penalty(torch.rand(1, 3, 8, 8))) == 0
    assert float(penalty(torch.full((1, 3, 8, 8), 1.5))) == pytest.approx(0.25)
    assert float(penalty(torch.full((1, 3, 8, 8), -0.5))) == pytest.approx(0.25)


def test_mean_and_covariance_are_numpys():
    f = features()["relu2_1"]
    mean, covariance = mean_and_covariance(f)
    torch.testing.assert_close(mean[0], f[0].flatten(1).mean(1))
    torch.testing.assert_close(covariance[0], torch.cov(f[0].flatten(1), correction=0))


def test_centered_gram_tells_a_shift_from_a_change_of_contrast():
    """Means moved by k standard deviations cost k^2, features scaled about their mean (s^2 - 1)^2."""
    target = {"relu1_1": features()["relu2_1"]}
    f = target["relu1_1"]
    mean, deviation = f.mean((2, 3), keepdim=True), f.std((2, 3), keepdim=True, correction=0)
    loss = centered_gram_loss(target)
    assert float(loss({"relu1_1": f + 2 * deviation}, 0)) == pytest.approx(4, rel=1e-4)
    assert float(loss({"relu1_1": mean + 2 * (f - mean)}, 0)) == pytest.approx(9, rel=1e-4)


def test_the_histogram_loss_is_optimal_transport_channel_by_channel():
    """Against all assignments of four values to four others; squares divided by the exemplar's variance."""
    rng = torch.Generator().manual_seed(0)
    target, sample = (torch.rand(1, 2, 2, 2, generator=rng) for _ in range(2))
    best = [
        min((a - b[list(order)]).square().mean() for order in itertools.permutations(range(4)))
        for a, b in zip(sample[0].flatten(1), target[0].flatten(1), strict=True)
    ]
    expected = torch.stack(best).mean() / target[0].flatten(1).var(dim=1).mean()
    torch.testing.assert_close(histogram_loss({"relu1_1": target}, 64)({"relu1_1": sample}, 0), expected)


def test_the_gradient_of_the_histogram_loss_is_that_of_wilmots():
    """Features against themselves remapped by rank, held fixed: Wilmot's loss, with a histogram without bins."""
    rng = torch.Generator().manual_seed(0)
    target, sample = (torch.rand(1, 1, 8, 8, generator=rng) for _ in range(2))
    sample.requires_grad_()
    histogram_loss({"relu1_1": target}, 64)({"relu1_1": sample}, 0).backward()
    remapped = target.flatten().sort().values[sample.detach().flatten().argsort().argsort()].view_as(sample)
    expected = 2 * (sample.detach() - remapped) / 64 / target.flatten().var()
    torch.testing.assert_close(sample.grad, expected)


def test_the_histogram_loss_compares_maps_of_other_sizes():
    """A ramp of 50x50 values has the histogram of one of 20x20."""
    ramps = [torch.linspace(0, 1, side**2).view(1, 1, side, side) for side in (50, 20)]
    for target, sample in (ramps, ramps[::-1]):
        for positions in (64, 10**6):
            assert float(histogram_loss({"relu1_1": target}, positions)({"relu1_1": sample}, 0)) < 2e-3


@pytest.mark.parametrize("count", [1, 7, 64, 99, 100])
def test_texels_are_spread_evenly(count):
    chosen = spread_texels(100, count, torch.Generator().manual_seed(0))
    assert chosen.shape == (count,) and 0 <= int(chosen.min()) and int(chosen.max()) < 100
    for index, texel in enumerate(chosen.tolist()):
        assert index * 100 / count - 1 < texel < (index + 1) * 100 / count


def test_quantiles_of_sorted_values():
    ordered = torch.tensor([[0.0, 1.0, 2.0, 3.0], [0.0, 0.0, 4.0, 4.0]])
    torch.testing.assert_close(quantiles(ordered, 4), ordered)
    torch.testing.assert_close(quantiles(ordered, 2), torch.tensor([[0.5, 2.5], [0.0, 4.0]]))
    torch.testing.assert_close(quantiles(ordered, 1), torch.tensor([[1.5], [2.0]]))


def test_a_weight_of_zero_makes_no_loss_and_every_other_weight_one():
    maps = features() | {"relu4_1": torch.rand(1, 4, 4, 4)}
    names = [field.name for field in fields(LossSettings) if field.name.endswith("_weight")]
    off = dict.fromkeys(names, 0.0)
    assert TextureLoss(exemplar_with(maps), LossSettings(**off)).main.terms == []
    assert not LossSettings(**off).compares()
    assert REGISTERED.keys() == set(names) - {"range_weight", "tone_weight", "shapes_weight"}  # which see no features
    for name in REGISTERED:
        settings = LossSettings(**off | {name: 2.0})
        ((weight, _),) = TextureLoss(exemplar_with(maps), settings).main.terms
        assert weight == 2 and settings.compares() == (name != "diversity_weight")


def test_sliced_wasserstein_is_optimal_transport_of_projections():
    """Along one direction of one channel: all assignments of four values to four others."""
    rng = torch.Generator().manual_seed(0)
    target, sample = (torch.rand(1, 1, 2, 2, generator=rng) for _ in range(2))
    pairs = itertools.permutations(target.flatten())
    best = min((sample.flatten() - torch.stack(order)).square().mean() for order in pairs)
    loss = sliced_wasserstein_loss({"relu1_1": target}, 3, 64)
    torch.testing.assert_close(loss({"relu1_1": sample}, 0), (best / target.var()).sqrt(), rtol=2e-3, atol=0)


def test_fewer_positions_pull_the_same_way():
    """The mean gradient over many draws of a quarter of the texels is that of all, but for its length."""
    rng = torch.Generator().manual_seed(0)
    target = {"relu1_1": torch.rand(1, 4, 32, 32, generator=rng)}
    gradients = []
    for positions, draws in ((1024, 20), (256, 200)):
        sample = (target["relu1_1"].flip(2) ** 2).requires_grad_()
        loss = sliced_wasserstein_loss(target, 16, positions)
        torch.stack([loss({"relu1_1": sample}, seed) for seed in range(draws)]).mean().backward()
        gradients.append(sample.grad.flatten())
    assert float(torch.cosine_similarity(*gradients, dim=0)) > 0.9


def test_neighborhoods_are_compared_as_if_all_their_directions_varied_alike():
    """To double the spread of a faint direction costs what it costs in a strong one; elsewhere it costs less."""
    rng = torch.Generator().manual_seed(0)
    scale = torch.tensor([1.0, 0.2, 0.2, 1.0]).view(1, 4, 1, 1)
    target = torch.randn(1, 4, 64, 64, generator=rng) * scale

    def cost(layer, channel):
        sample = target.clone()
        sample[:, channel] *= 2
        return float(sliced_wasserstein_loss({layer: target}, 256, 4096)({layer: sample}, 0))

    assert cost(PATCHES, 1) == pytest.approx(cost(PATCHES, 0), rel=0.3)
    assert cost("relu1_1", 1) < 0.3 * cost("relu1_1", 0)

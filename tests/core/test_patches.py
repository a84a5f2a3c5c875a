"""The descriptor that needs no weights, and its loss."""

import itertools

import pytest
import torch

from tests.core.feature_losses import exemplar_with, on_maps, sample_with
from texnet_core.descriptor.patches import PatchPyramid, levels_for
from texnet_core.losses import TextureLoss
from texnet_core.losses.patch_transport import PatchTransportLoss, random_patches, transport_cost
from texnet_core.settings import LossSettings

patch_transport_loss = on_maps(PatchTransportLoss)


def image(seed=0, height=32, width=32):
    """Smooth blots, so that there is something on every level."""
    rng = torch.Generator().manual_seed(seed)
    coarse = torch.rand(1, 3, height // 8, width // 8, generator=rng)
    fine = 0.1 * torch.rand(1, 3, height, width, generator=rng)
    return 0.9 * torch.nn.functional.interpolate(coarse, size=(height, width), mode="bilinear") + fine


def test_levels_follow_the_size():
    assert [levels_for(size) for size in (32, 64, 128, 256, 512)] == [2, 3, 4, 5, 6]
    assert [levels_for(size) for size in (33, 34, 36, 192)] == [1, 2, 2, 4]
    assert list(PatchPyramid(256, 256).sides.values()) == [4, 5, 6, 6, 6]
    assert list(PatchPyramid(256, 255).sides.values()) == [4, 5, 6, 6, 6]  # an exemplar fitted to its pattern
    assert list(PatchPyramid(256, 40).sides.values()) == [4, 5, 6]  # coarser levels of it would hold no patches


@pytest.mark.parametrize("side", range(32, 60))
def test_every_level_of_a_small_exemplar_holds_a_patch(side):
    descriptor = PatchPyramid(128, side)
    for layer, features in descriptor(torch.zeros(1, 3, side, side + 3)).items():
        assert min(features.shape[2:]) >= descriptor.sides[layer]


def test_a_periodic_pyramid_is_that_of_the_endless_picture():
    """Its levels, wrapping included, are pieces of the repeated picture's, far from its borders."""
    descriptor, tile = PatchPyramid(64, 64), image(height=64, width=64)
    wrapped, repeated = descriptor(tile, periodic=True), descriptor(tile.repeat(1, 1, 3, 3))
    lost = 2  # texels at the upper border of a level, by the blurs before it
    for level, (layer, side) in enumerate(descriptor.sides.items()):
        texels = 64 >> level
        lost = lost if level == 0 else (lost + 2) // 2
        assert wrapped[layer].shape[2:] == (texels + side - 1, texels + side - 1)
        piece = repeated[layer][..., texels - lost :, texels - lost :][..., : texels + side - 1, : texels + side - 1]
        torch.testing.assert_close(wrapped[layer], piece)


def test_the_levels_of_a_flat_picture_are_as_flat():
    for periodic in (False, True):
        for features in PatchPyramid(64, 64)(torch.full((2, 3, 64, 64), 0.3), periodic=periodic).values():
            torch.testing.assert_close(features, torch.full_like(features, 0.3))


def test_random_patches_are_those_of_the_slow_way():
    maps = torch.arange(2 * 3 * 9 * 7, dtype=torch.float32).view(2, 3, 9, 7)
    patches = random_patches(maps, 4, 1000, torch.Generator().manual_seed(0))
    slow = {
        tuple(maps[n, :, y : y + 4, x : x + 4].flatten().tolist()) for n in (0, 1) for y in range(6) for x in range(4)
    }
    assert len(patches) == 48 and {tuple(patch) for patch in patches.tolist()} == slow
    assert len(random_patches(maps, 4, 10, torch.Generator().manual_seed(0))) == 10


@pytest.mark.parametrize("count", [2, 4, 6])
@pytest.mark.parametrize("seed", range(5))
def test_the_cost_is_that_of_the_best_assignment(count, seed):
    rng = torch.Generator().manual_seed(seed)
    found, wanted = torch.rand(2, count, 12, generator=rng)
    wanted[0] = found[0] + 0.5  # one that nearest neighbors alone would leave out
    best = min(float((found - wanted[list(order)]).square().mean()) for order in itertools.permutations(range(count)))
    assert float(transport_cost(found, wanted, 500)) == pytest.approx(best, rel=0.02)


def test_more_iterations_come_nearer_from_below():
    rng = torch.Generator().manual_seed(0)
    found, wanted = 0.5 * torch.rand(300, 12, generator=rng), torch.rand(200, 12, generator=rng)
    nearest = float(torch.cdist(found, wanted).square().min(1).values.mean() / 12)
    values = [float(transport_cost(found, wanted, iterations)) for iterations in (0, 2, 6, 500)]
    assert values[0] == pytest.approx(nearest, rel=1e-4)
    assert values == sorted(values) and values[2] > 0.95 * values[3] > values[0]


def test_the_colors_count_in_the_last_part_only():
    descriptor = PatchPyramid(32, 32)
    loss = TextureLoss(exemplar_with(descriptor(image())), LossSettings(), descriptor.sides)
    features = descriptor(0.5 * image() + 0.25, periodic=True)
    before, after = (float(loss(sample_with(features), 0, finishing=finishing)) for finishing in (False, True))
    transport = patch_transport_loss(descriptor(image()), descriptor.sides)
    assert before == float(transport(features, 0)) and after > before + 0.1


def patch_loss(exemplar, **changes):
    descriptor = PatchPyramid(32, 32)
    return descriptor, patch_transport_loss(descriptor(exemplar), descriptor.sides, **changes)


def test_an_exemplar_is_no_distance_from_itself_and_some_from_another():
    descriptor, loss = patch_loss(image(), patches=10**5)
    assert float(loss(descriptor(image()), 0)) < 1e-3 < 0.05 < float(loss(descriptor(image(1)), 0))


def test_a_flat_exemplar_is_no_division_by_zero():
    descriptor, loss = patch_loss(torch.full((1, 3, 32, 32), 0.5))
    flat = torch.full((1, 3, 32, 32), 0.5, requires_grad=True)
    loss(descriptor(flat, periodic=True), 0).backward()
    assert torch.isfinite(flat.grad).all()


def test_a_rolled_tile_costs_the_same_and_is_pulled_alike():
    """By whole texels of the coarsest level, for which every patch stays a patch: the seam is seen like the rest."""
    descriptor, loss = patch_loss(image(1), patches=10**5)
    values, pulls = [], []
    for shifts in ((0, 0), (10, 24)):
        tile = image().roll(shifts, (2, 3)).requires_grad_()
        value = loss(descriptor(tile, periodic=True), 0)
        value.backward()
        values.append(float(value.detach()))
        pulls.append(tile.grad.roll([-shift for shift in shifts], (2, 3)))
    assert values[0] == pytest.approx(values[1], rel=1e-4)
    assert float((pulls[0] - pulls[1]).norm() / pulls[0].norm()) < 0.05  # equal but for assignments that were close


def test_descending_the_gradient_lowers_the_loss():
    descriptor, loss = patch_loss(image(1))
    sample = image().requires_grad_()
    optimizer = torch.optim.Adam([sample], lr=0.02)
    first = float(loss(descriptor(sample, periodic=True), 0).detach())
    for step in range(30):
        optimizer.zero_grad()
        loss(descriptor(sample, periodic=True), step).backward()
        assert torch.isfinite(sample.grad).all()
        optimizer.step()
    assert float(loss(descriptor(sample, periodic=True), 0).detach()) < 0.5 * first


def test_equal_seeds_draw_equally_and_others_do_not():
    descriptor, loss = patch_loss(image(1), patches=64)
    features = descriptor(image(), periodic=True)
    first, again, other = (float(loss(features, seed)) for seed in (1, 1, 2))
    assert first == again != other


def test_samples_of_a_batch_count_alike():
    descriptor, loss = patch_loss(image(1), patches=10**5)
    one, two = (descriptor(image(seed), periodic=True) for seed in (0, 2))
    both = {layer: torch.cat((one[layer], two[layer])) for layer in one}
    assert float(loss(both, 0)) <= 0.51 * float(loss(one, 0) + loss(two, 0))

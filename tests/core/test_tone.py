import numpy as np
import pytest
import torch

from texnet_core.losses.tone import tone_loss


def tiles(seed=0, tones=None):
    """2 pictures of 3 channels with tiles of 4x8 texels: the numbers of these and a picture with a tone for each."""
    y, x = np.mgrid[0:16, 0:24]
    numbers = torch.from_numpy(np.stack([y // 4 * 10 + x // 8, (y + 2) // 4 % 4 * 3 + x // 8]))  # not all numbers occur
    tones = torch.rand(64, 3, generator=torch.Generator().manual_seed(seed)) if tones is None else tones
    return numbers, tones[numbers].permute(0, 3, 1, 2)


def slow(image, wanted, numbers, variance):
    squares = []
    for sample, aim, of in zip(image.numpy(), wanted.numpy(), numbers.numpy(), strict=True):
        means = [sample[:, of == tile].mean(axis=1) - aim[:, of == tile].mean(axis=1) for tile in np.unique(of)]
        squares.append(np.mean([(mean**2).sum() for mean in means]))
    return np.mean(squares) / variance


def test_it_is_the_mean_square_of_what_mean_colors_are_off_by():
    numbers, wanted = tiles()
    image = torch.rand(wanted.shape, generator=torch.Generator().manual_seed(1))
    assert float(tone_loss(image, wanted, numbers, 0.3)) == pytest.approx(slow(image, wanted, numbers, 0.3), rel=1e-5)


def test_only_the_mean_of_each_tile_counts_and_zero_is_the_goal():
    numbers, wanted = tiles()
    checks = torch.from_numpy(np.indices((16, 24)).sum(axis=0) % 2 - 0.5)
    assert float(tone_loss(wanted + 0.3 * checks.float(), wanted, numbers, 0.3)) < 1e-10


def test_tiles_of_one_tone_are_off_by_one():
    tones = torch.rand(64, 3, generator=torch.Generator().manual_seed(2))
    numbers, wanted = tiles(tones=tones)
    plain = torch.ones_like(wanted) * wanted.mean(dim=(2, 3), keepdim=True)
    means = torch.stack([wanted[1, :, numbers[1] == tile][:, 0] for tile in numbers[1].unique()])
    variance = float(means.var(dim=0, correction=0).sum())
    assert float(tone_loss(plain[1:], wanted[1:], numbers[1:], variance)) == pytest.approx(1, rel=1e-4)


def test_its_gradient_is_finite_and_leads_to_the_goal():
    numbers, wanted = tiles()
    image = torch.full_like(wanted, 0.5).requires_grad_()
    optimizer = torch.optim.SGD([image], lr=10.0)
    losses = []
    for _ in range(60):
        loss = tone_loss(image, wanted, numbers, 0.3)
        optimizer.zero_grad()
        loss.backward()
        assert torch.isfinite(image.grad).all()
        optimizer.step()
        losses.append(float(loss.detach()))
    assert losses[-1] < 0.01 * losses[0]

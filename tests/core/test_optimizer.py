import copy
import math

import pytest
import torch
from torch import nn

from texnet_core.training.muon import Muon
from texnet_core.training.optimizer import KernelOptimizer, Optimizer

LR = 0.01


def module() -> nn.Module:
    torch.manual_seed(1)
    return nn.Sequential(nn.Conv2d(32, 6, 3), nn.BatchNorm2d(6), nn.Conv2d(6, 3, 1))


def give_gradients(parts: nn.Module, seed: int) -> None:
    random = torch.Generator().manual_seed(seed)
    for parameter in parts.parameters():
        parameter.grad = torch.randn(parameter.shape, generator=random)


def moves_of(parts: nn.Module, optimizer: Optimizer, lr: float = LR) -> list[torch.Tensor]:
    before = [parameter.detach().clone() for parameter in parts.parameters()]
    optimizer.step(lr)
    return [after.detach() - start for after, start in zip(parts.parameters(), before, strict=True)]


def test_a_kernel_moves_about_as_far_in_each_of_its_singular_directions():
    parts = module()
    optimizer = Optimizer(parts)
    give_gradients(parts, 0)
    kernel = parts[0].weight
    kernel.grad *= torch.logspace(0, -2, 6)[:, None, None, None]  # two decades of steepness
    gradient = kernel.grad.flatten(1).clone()
    move = moves_of(parts, optimizer)[0].flatten(1)
    lengths = torch.linalg.svdvals(move) / (0.2 * LR * math.sqrt(32 * 9))
    assert 0.5 < lengths.min() and lengths.max() < 1.3  # as exact as five iterations are
    assert torch.sum(move * gradient) < 0


def test_biases_and_norms_move_as_adam_moves_them():
    parts, reference = module(), module()
    optimizer = Optimizer(parts)
    vectors = [parameter for parameter in reference.parameters() if parameter.ndim == 1]
    adam = torch.optim.Adam(vectors, lr=LR, betas=(0.9, 0.99))
    for seed in range(3):
        give_gradients(parts, seed)
        give_gradients(reference, seed)
        optimizer.step(LR)
        adam.step()
    moved = [parameter for parameter in parts.parameters() if parameter.ndim == 1]
    for ours, theirs in zip(moved, vectors, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=0, atol=0)


def test_no_parameter_is_forgotten_and_moves_scale_with_the_rate():
    once, twice = module(), module()
    for parts in (once, twice):
        give_gradients(parts, 0)
    short, long = moves_of(once, Optimizer(once)), moves_of(twice, Optimizer(twice), 2 * LR)
    for a, b in zip(short, long, strict=True):
        assert a.abs().max() > LR / 10
        torch.testing.assert_close(2 * a, b, rtol=1e-3, atol=1e-6)


def test_kernels_that_it_could_not_move_where_they_lie_are_refused():
    with pytest.raises(RuntimeError):
        Optimizer(module().to(memory_format=torch.channels_last))


def test_a_share_of_the_rate_is_the_whole_rate_in_other_units():
    """An output in units of its own deviation and one in those of the picture stay the same output."""
    shares = torch.tensor([1.0, 0.3, 0.02])
    in_units, in_picture = module(), module()
    for each in (in_picture[2].weight, in_picture[2].bias):
        each.data.mul_(shares.reshape(3, *(1 for _ in each.shape[1:])))

    def optimizer(parts, which):
        kernels = [each for each in parts.parameters() if each.ndim > 1]
        rest = torch.optim.Adam([each for each in parts.parameters() if each.ndim == 1])
        return KernelOptimizer(kernels, rest, shares=dict.fromkeys(which, shares))

    first, second = optimizer(in_units, ()), optimizer(in_picture, in_picture[2].parameters())
    picture = torch.rand(2, 32, 9, 9)
    for _ in range(3):
        for parts, scale in ((in_units, shares), (in_picture, torch.ones(3))):
            parts.zero_grad()
            (parts(picture) * scale[:, None, None] - 0.5).square().sum().backward()
        first.step(LR)
        second.step(LR)
    made, same = in_units(picture) * shares[:, None, None], in_picture(picture)
    torch.testing.assert_close(made, same, rtol=1e-4, atol=1e-6)
    assert not torch.allclose(made, module()(picture) * shares[:, None, None], atol=1e-3)


def test_gradients_of_any_size_move_a_kernel_equally_far():
    small, large = module(), module()
    for parts, factor in ((small, 1e-4), (large, 1.0)):
        give_gradients(parts, 0)
        parts[0].weight.grad *= factor
    a, b = moves_of(small, Optimizer(small))[0], moves_of(large, Optimizer(large))[0]
    assert torch.linalg.norm(a - b) < 0.02 * torch.linalg.norm(b)  # its iterations are in bf16


@pytest.mark.parametrize("fresh", [False, True])
def test_its_state_is_all_that_it_remembers(fresh):
    """Another optimizer with its state goes on as it would have; one without does not."""
    parts, other = module(), module()
    first, second = Optimizer(parts), Optimizer(other)
    for seed in range(2):
        give_gradients(parts, seed)
        first.step(LR)
    other.load_state_dict(parts.state_dict())
    if not fresh:
        second.load_state_dict(copy.deepcopy(first.state_dict()))
    give_gradients(parts, 2)
    give_gradients(other, 2)
    moves = zip(moves_of(parts, first), moves_of(other, second), strict=True)
    assert all(torch.equal(a, b) for a, b in moves) is not fresh


def test_matrices_move_as_by_the_muon_of_torch_but_for_its_coarser_numbers():
    torch.manual_seed(2)
    start, gradients = torch.randn(6, 80), torch.randn(5, 6, 80)
    ours, theirs = (nn.Parameter(start.clone()) for _ in range(2))
    moves = [Muon([ours], lr=LR), torch.optim.Muon([theirs], lr=LR, weight_decay=0.0, adjust_lr_fn="match_rms_adamw")]
    for gradient in gradients:
        ours.grad, theirs.grad = gradient.clone(), gradient.clone()
        for optimizer in moves:
            optimizer.step()
    assert (ours - theirs).norm() < 0.03 * (theirs - start).norm()


def test_a_matrix_without_a_gradient_stays_and_a_gradient_of_zeros_moves_nothing():
    still, flat = nn.Parameter(torch.ones(2, 3)), nn.Parameter(torch.ones(2, 3))
    flat.grad = torch.zeros(2, 3)
    Muon([still, flat]).step()
    assert still.eq(1).all() and flat.eq(1).all()


def test_several_matrices_at_once_move_as_each_by_itself():
    torch.manual_seed(0)
    for shape in ((3, 5, 7), (3, 7, 5)):
        stack = nn.Parameter(torch.randn(shape))
        single = [nn.Parameter(each.detach().clone()) for each in stack]
        for _ in range(3):
            gradient = torch.randn(shape) * torch.tensor([1e-3, 1, 1e3])[:, None, None]
            stack.grad = gradient
            for each, own in zip(single, gradient, strict=True):
                each.grad = own
            Muon([stack], lr=0.1).step()
            Muon(single, lr=0.1).step()
        assert all(torch.allclose(*pair, atol=1e-5) for pair in zip(stack, single, strict=True))

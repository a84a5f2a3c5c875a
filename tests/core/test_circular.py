import pytest
import torch
from torch.nn import functional as F

from texnet_core.circular import wrap


@pytest.mark.parametrize(("before", "after"), [(1, 1), (2, 2), (0, 3), (3, 0), (4, 4)])
@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_wrapping_and_its_gradient_are_those_of_circular_padding(before, after, layout):
    x = torch.rand(2, 3, 4, 5, dtype=torch.float64).to(memory_format=layout).requires_grad_()
    wrapped = wrap(x, before, after)
    plain = F.pad(x, (before, after, before, after), mode="circular")
    assert torch.equal(wrapped, plain)
    assert wrapped.is_contiguous(memory_format=layout) or 0 in (before, after)
    weights = torch.rand_like(plain)
    kept = weights.clone()
    gradients = [torch.autograd.grad((y * weights).sum(), x)[0] for y in (wrapped, plain)]
    torch.testing.assert_close(*gradients, rtol=1e-12, atol=1e-12)
    assert torch.equal(weights, kept)


@pytest.mark.parametrize(("before", "after"), [(5, 0), (0, 5), (-1, 1)])
def test_margins_wider_than_the_picture_are_refused(before, after):
    with pytest.raises(ValueError, match="round 5x4"):
        wrap(torch.zeros(1, 1, 4, 5), before, after)

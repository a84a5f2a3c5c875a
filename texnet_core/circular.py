"""Convolutions on a torus: what lies beyond an edge is what lies at the other one."""

import torch
from torch import Tensor


def wrap_by_one(x: Tensor) -> Tensor:
    """Circular padding by one texel: (..., H, W) -> (..., H + 2, W + 2)."""
    return wrap(x, 1, 1)


def wrap(x: Tensor, before: int, after: int) -> Tensor:
    """Circular padding: (..., H, W) -> (..., before + H + after, before + W + after), by H and W at most.

    Concatenation keeps channels-last, which `F.pad` does not.
    """
    height, width = x.shape[-2:]
    x = torch.cat((x[..., height - before :, :], x, x[..., :after, :]), dim=-2)
    return torch.cat((x[..., width - before :], x, x[..., :after]), dim=-1)

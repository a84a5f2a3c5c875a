"""Convolutions on a torus: what lies beyond an edge is what lies at the other one."""

import torch
from torch import Tensor


def wrap_by_one(x: Tensor) -> Tensor:
    """Circular padding by one texel: (..., H, W) -> (..., H + 2, W + 2).

    Concatenation keeps channels-last, which `F.pad` does not.
    """
    x = torch.cat((x[..., -1:, :], x, x[..., :1, :]), dim=-2)
    return torch.cat((x[..., -1:], x, x[..., :1]), dim=-1)

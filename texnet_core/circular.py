"""Convolutions on a torus: what lies beyond an edge is what lies at the other one."""

from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from texnet_core.settings import Tiling


def wrap_by_one(x: Tensor) -> Tensor:
    """Circular padding by one texel: (..., H, W) -> (..., H + 2, W + 2)."""
    return wrap(x, 1, 1)


def extend_by_one(x: Tensor, wrap: Tiling) -> Tensor:
    """Padding by one texel, circular along the axes that wrap and mirrored along others.

    Args:
        x: (N, C, H, W).
        wrap: axes that do.

    Returns:
        (N, C, H + 2, W + 2).
    """
    if wrap == "xy":
        return wrap_by_one(x)
    for axis, margins in (("x", (1, 1, 0, 0)), ("y", (0, 0, 1, 1))):  # one texel mirrored is the same texel again
        x = F.pad(x, margins, mode="circular" if axis in wrap else "replicate")
    return x


def wrap(x: Tensor, before: int, after: int) -> Tensor:
    """Circular padding: (..., H, W) -> (..., before + H + after, before + W + after).

    Channels-last stays where both margins are wide, which it does not with `F.pad`.

    Raises:
        ValueError: a margin is negative, or wider than the picture.
    """
    wrapped: Tensor = _Wrap.apply(x, before, after)  # type: ignore[no-untyped-call]
    return wrapped


class _Wrap(torch.autograd.Function):
    """Its gradient is the inner part plus what lies in the margins, added in place.

    That of the concatenations would fill and add a whole picture for each of their pieces, which cost a tenth of a
    training step.
    """

    @staticmethod
    def forward(ctx: Any, x: Tensor, before: int, after: int) -> Tensor:
        ctx.margins = before, after
        height, width = x.shape[-2:]
        if not 0 <= min(before, after) <= max(before, after) <= min(height, width):
            raise ValueError(f"margins of {before} and {after} round {width}x{height}")
        x = torch.cat((x[..., height - before :, :], x, x[..., :after, :]), dim=-2)
        return torch.cat((x[..., width - before :], x, x[..., :after]), dim=-1)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None, None]:
        before, after = ctx.margins
        rows = _folded(gradient.clone(), -2, before, after)
        return _folded(rows, -1, before, after), None, None


def _folded(gradient: Tensor, dim: int, before: int, after: int) -> Tensor:
    """The inner part of a gradient that may be overwritten, with its margins added where they came from."""
    size = gradient.shape[dim] - before - after
    inner = gradient.narrow(dim, before, size)
    inner.narrow(dim, size - before, before).add_(gradient.narrow(dim, 0, before))
    inner.narrow(dim, 0, after).add_(gradient.narrow(dim, before + size, after))
    return inner

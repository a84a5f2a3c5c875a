"""Values in order: what one-dimensional optimal transport compares."""

import torch
from torch import Tensor
from torch.nn import functional as F


def spread_texels(texels: int, count: int, rng: torch.Generator) -> Tensor:
    """Random indices, one from each of `count` equal stretches of range(texels), `count` <= `texels`.

    A stretch is a piece of a row, so no part of the picture is missed or taken twice by chance.
    """
    stretch = texels / count
    places = (torch.arange(count) + torch.rand(count, generator=rng, dtype=torch.float64)) * stretch
    return places.long().clamp_(max=texels - 1)


def quantiles(ordered: Tensor, count: int) -> Tensor:
    """The quantile functions of sorted rows, (rows, n) -> (rows, count), at the middles of `count` equal parts."""
    if ordered.shape[1] == count:
        return ordered
    return F.interpolate(ordered[None], size=count, mode="linear")[0]

"""Values in order, which is what one-dimensional optimal transport compares, and places spread evenly."""

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


def spread_windows(length: int, side: int, count: int) -> list[int]:
    """Where so many windows of a side begin along a length, the first and the last at its ends."""
    return [round(number * max(0, length - side) / max(1, count - 1)) for number in range(count)]


def quantiles(ordered: Tensor, count: int) -> Tensor:
    """The quantile functions of sorted rows, (rows, n) -> (rows, count), at the middles of `count` equal parts."""
    if ordered.shape[1] == count:
        return ordered
    return F.interpolate(ordered[None], size=count, mode="linear")[0]

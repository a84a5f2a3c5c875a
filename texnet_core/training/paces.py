"""How fast each map is learned: in units of how much it varies.

A step of Muon changes a kernel by as much in all its rows, and so all channels of the output. The normals of sheet
metal vary by a twentieth of what its colors do: steps that colors hardly feel throw them about, and what losses then
say of them drowns all else.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from texnet_core.mapset import MapSpec, is_picture
from texnet_core.training.views import deviations_of

_FULL = 0.1  # deviation of a channel from which on it has the whole learning rate
_LEAST = 0.02


@torch.no_grad()
def output_paces(texels: Tensor, maps: Sequence[MapSpec]) -> Tensor | None:
    """The share of the learning rate that each channel of the output has, or None where all have the whole.

    Args:
        texels: (1, channels, ..., ...) of the exemplar, those that count.
        maps: what the channels are. Pictures of colors have the whole rate.

    Returns:
        (channels,) in (0, 1].
    """
    if is_picture(maps):
        return None
    return (deviations_of(texels) / _FULL).clamp(_LEAST, 1.0)


def map_shares(maps: Sequence[MapSpec]) -> Tensor:
    """How much each channel counts where each map counts as much as a picture's colors: (channels,), 1 in sum a map."""
    return torch.cat([torch.full((spec.channels,), 1 / spec.channels) for spec in maps])


def held_channels(texels: Tensor, maps: Sequence[MapSpec]) -> Tensor:
    """How much the distance of each channel from something coarser counts: each map as much as a picture's colors.

    Args:
        texels: (1, channels, ..., ...) of the exemplar, those that count.
        maps: what the channels are.

    Returns:
        (channels,), in sum 1 for a picture.
    """
    shares = map_shares(maps).to(texels)
    paces = output_paces(texels, maps)
    return shares if paces is None else shares / paces

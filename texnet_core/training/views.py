"""What networks for pictures are shown of several maps: pictures of three channels each.

A network knows colors only. So it is shown the colors, every other map by itself, and three mixes of all channels: then
it sees whether a crack is dark, deep and rough at the same texel.

Source: Chambon & Heitz 2021, "Passing Multi-Channel Material Textures to a 3-Channel Loss": random triples of channels.
Differs: mixes of all channels instead of three of them, and maps by themselves, which came out better
(docs/notes/2026-11-materials.md); views are standardized, and drawn once, so that the exemplar is seen once.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

import torch
from torch import Tensor

from texnet_core.mapset import MapSpec, channels_of, shown_channels, shown_map
from texnet_core.pictures.color import LUMINANCE

T = TypeVar("T")

LEAST_DEVIATION = 0.01  # of a channel; what varies less is taken for plain, or noise of its file would be learned
_MEAN, _DEVIATION = 0.5, 0.2  # of channels as a network sees them; about those of photographs


@dataclass(frozen=True)
class View:
    """An affine map of all channels of maps to those of a picture.

    Attributes:
        matrix: (picture's channels, channels).
        offset: (picture's channels,).
        turns: how often it is shown, against others.
    """

    matrix: Tensor
    offset: Tensor
    turns: int = 1

    def __call__(self, image: Tensor) -> Tensor:
        """(N, channels, H, W) -> (N, picture's channels, H, W)."""
        return torch.einsum("oc,nchw->nohw", self.matrix, image) + self.offset[:, None, None]

    def to(self, device: torch.device) -> "View":
        """The same on a device."""
        return replace(self, matrix=self.matrix.to(device), offset=self.offset.to(device))


def in_turn(items: Sequence[T], loss_seed: int) -> T:
    """The one of several that a step's seed draws; its last bit is left to draw something else."""
    return items[loss_seed // 2 % len(items)]


def color_view(maps: Sequence[MapSpec]) -> View:
    """Shows the map that stands for all as it is; a gray one three times."""
    return View(torch.eye(channels_of(maps))[shown_channels(maps)], torch.zeros(3))


def standard_view(texels: Tensor, rows: Tensor | None = None) -> View:
    """Shows all channels with the same mean and deviation.

    Args:
        texels: (1, channels, ..., ...) of the exemplar, those that count.
        rows: (shown, channels), which mixes of them are shown instead.
    """
    flat = texels.transpose(0, 1).flatten(1)
    rows = torch.eye(len(flat)).to(flat) if rows is None else rows
    shown = rows @ flat
    scale = _DEVIATION / shown.std(dim=1).clamp_min(LEAST_DEVIATION)
    return View(scale[:, None] * rows, _MEAN - scale * shown.mean(dim=1))


def deviations_of(texels: Tensor) -> Tensor:
    """How much each channel varies, (channels,), in texels (1, channels, ..., ...)."""
    return texels.transpose(0, 1).flatten(1).std(dim=1)


def map_views(texels: Tensor, maps: Sequence[MapSpec]) -> list[View]:
    """Views of one map each, for every map that varies but the one that stands for all: a gray one three times.

    Normals, which have three channels to learn, have three turns where others have one.

    Args:
        texels: (1, channels, ..., ...) of the exemplar, those that count.
        maps: what the channels are.
    """
    deviations = deviations_of(texels)
    everything, start, views = torch.eye(len(deviations)).to(texels), 0, []
    for spec in maps:
        channels = [start + (channel if spec.channels == 3 else 0) for channel in range(3)]
        start += spec.channels
        if spec != shown_map(maps) and deviations[channels].max() >= LEAST_DEVIATION:
            views.append(replace(standard_view(texels, everything[channels]), turns=spec.channels))
    return views


def mixed_views(texels: Tensor, maps: Sequence[MapSpec], count: int, seed: int) -> list[View]:
    """Views of three channels each, every one a random mix of all channels that vary.

    The three directions of a view are orthogonal. Colors take part as their luminance.

    Args:
        texels: (1, channels, ..., ...) of the exemplar, those that count.
        maps: what the channels are.
        count: how many views.
        seed: decides the directions.
    """
    channels = _mixed_channels(maps).to(texels)
    deviations = (channels @ texels.transpose(0, 1).flatten(1)).std(dim=1)
    varies = deviations >= LEAST_DEVIATION
    if not varies.any():
        return []
    alike = channels[varies] / deviations[varies, None]
    rng = torch.Generator().manual_seed(seed)
    return [standard_view(texels, _directions(len(alike), rng).to(texels) @ alike) for _ in range(count)]


def _directions(channels: int, rng: torch.Generator) -> Tensor:
    """(3, channels): random directions, orthogonal where there are as many."""
    drawn = torch.randn(channels, 3, generator=rng)
    return torch.linalg.qr(drawn)[0].T if channels >= 3 else torch.nn.functional.normalize(drawn.T, dim=1)


def _mixed_channels(maps: Sequence[MapSpec]) -> Tensor:
    """Rows that take one channel each of a stack: the luminance of colors, every channel of all else."""
    rows, start, total = [], 0, channels_of(maps)
    for spec in maps:
        is_color = spec.role == "color" and spec.channels == 3
        weights = [LUMINANCE.tolist()] if is_color else torch.eye(spec.channels).tolist()
        for row in weights:
            rows.append(torch.zeros(total).index_add(0, start + torch.arange(spec.channels), torch.tensor(row)))
        start += spec.channels
    return torch.stack(rows)

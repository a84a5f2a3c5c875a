"""What networks for pictures are shown of several maps: pictures of three channels each.

A network knows colors only. So each step shows it the colors, or three channels of all maps: then it sees whether a
crack is dark, deep and rough at the same texel.

Source: Chambon & Heitz 2021, "Passing Multi-Channel Material Textures to a 3-Channel Loss": random triples of channels.
Differs: a few triples are drawn once, so that the exemplar is seen once, and channels are standardized.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from texnet_core.mapset import MapSpec, channels_of, shown_channels

LEAST_DEVIATION = 0.01  # of a channel; what varies less is taken for plain, or noise of its file would be learned
_MEAN, _DEVIATION = 0.5, 0.2  # of channels as a network sees them; about those of photographs
_LUMINANCE = (0.2126, 0.7152, 0.0722)


@dataclass(frozen=True)
class View:
    """An affine map of all channels of maps to those of a picture.

    Attributes:
        matrix: (picture's channels, channels).
        offset: (picture's channels,).
    """

    matrix: Tensor
    offset: Tensor

    def __call__(self, image: Tensor) -> Tensor:
        """(N, channels, H, W) -> (N, picture's channels, H, W)."""
        return torch.einsum("oc,nchw->nohw", self.matrix, image) + self.offset[:, None, None]

    def to(self, device: torch.device) -> "View":
        """The same on a device."""
        return View(self.matrix.to(device), self.offset.to(device))


def color_view(maps: Sequence[MapSpec]) -> View:
    """Shows the map that stands for all as it is; a gray one three times."""
    return View(torch.eye(channels_of(maps))[shown_channels(maps)], torch.zeros(3))


def standard_view(texels: Tensor) -> View:
    """Shows all channels with the same mean and deviation.

    Args:
        texels: (1, channels, ..., ...) of the exemplar, those that count.
    """
    flat = texels.transpose(0, 1).flatten(1)
    scale = _DEVIATION / flat.std(dim=1).clamp_min(LEAST_DEVIATION)
    return View(torch.diag(scale), _MEAN - scale * flat.mean(dim=1))


def mixed_views(texels: Tensor, maps: Sequence[MapSpec], count: int, seed: int) -> list[View]:
    """Views of three channels each, of which all together show every channel that varies about as often.

    The colors take part as their luminance.

    Args:
        texels: (1, channels, ..., ...) of the exemplar, those that count.
        maps: what the channels are.
        count: how many views.
        seed: decides which channels meet.
    """
    channels = _mixed_channels(maps).to(texels)
    flat = channels @ texels.transpose(0, 1).flatten(1)
    varying = channels[flat.std(dim=1) >= LEAST_DEVIATION]
    if not len(varying):
        return []
    rng = torch.Generator().manual_seed(seed)
    order = torch.cat([torch.randperm(len(varying), generator=rng) for _ in range(3 * count)])[: 3 * count]
    standard = [_standardized(varying[row], texels) for row in range(len(varying))]
    return [_together([standard[int(row)] for row in order[3 * view : 3 * view + 3]]) for view in range(count)]


def _mixed_channels(maps: Sequence[MapSpec]) -> Tensor:
    """Rows that take one channel each of a stack: the luminance of colors, every channel of all else."""
    rows, start, total = [], 0, channels_of(maps)
    for spec in maps:
        weights = [_LUMINANCE] if spec.role == "color" and spec.channels == 3 else torch.eye(spec.channels).tolist()
        for row in weights:
            rows.append(torch.zeros(total).index_add(0, start + torch.arange(spec.channels), torch.tensor(row)))
        start += spec.channels
    return torch.stack(rows)


def _standardized(row: Tensor, texels: Tensor) -> View:
    values = row @ texels.transpose(0, 1).flatten(1)
    scale = _DEVIATION / values.std()
    return View(scale * row[None], (_MEAN - scale * values.mean())[None])


def _together(views: Sequence[View]) -> View:
    return View(torch.cat([view.matrix for view in views]), torch.cat([view.offset for view in views]))

"""A weight-free peer: pixels moved until the patches of a tiling picture are distributed like the exemplar's.

Source: Elnekave & Weiss 2022, "Generating natural images with direct patch distributions matching": from coarse to
fine, the sliced Wasserstein distance between patches, along random directions that are redrawn at every step.
Differs: patches wrap around the picture; equally many random patches of both instead of all; it starts from noise
in the exemplar's colors.
"""

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn import functional as F

_PATCH, _DIRECTIONS, _POSITIONS = 7, 64, 16384  # texels a side; a step; a step
_RATIO, _COARSEST = 0.75, 24  # from one scale to the next; texels
_STEPS, _LR = 300, 0.02  # a scale

Picture = npt.NDArray[np.float32]


def optimize_patches(exemplar: Picture, side: int, seed: int) -> Picture:
    """A picture that tiles, (side, side, 3) in [0, 1].

    Args:
        exemplar: (H, W, 3) in [0, 1].
        side: at least 24.
        seed: of the noise it starts from, and of every draw.
    """
    rng = torch.Generator().manual_seed(seed)
    whole = torch.from_numpy(exemplar).permute(2, 0, 1)[None]
    image = _start(whole, max(1, round(_scales(side)[0] * side)), rng)
    for scale in _scales(side):
        target = F.interpolate(whole, scale_factor=scale, mode="bicubic", antialias=True).clamp(0, 1)
        image = _match(enlarged(image, round(scale * side)), target, rng)
    return image[0].clamp(0, 1).permute(1, 2, 0).numpy()


def _scales(side: int) -> list[float]:
    """From the coarsest to 1."""
    scales = [1.0]
    while scales[0] * _RATIO * side >= _COARSEST:
        scales.insert(0, scales[0] * _RATIO)
    return scales


def _start(exemplar: Tensor, side: int, rng: torch.Generator) -> Tensor:
    noise = torch.randn(1, 3, side, side, generator=rng)
    return noise * exemplar.std((2, 3), keepdim=True) + exemplar.mean((2, 3), keepdim=True)


def enlarged(image: Tensor, side: int) -> Tensor:
    """Resampled as the torus that it is: three periods, of which the middle one is kept."""
    periods = F.interpolate(image.repeat(1, 1, 3, 3), size=(3 * side, 3 * side), mode="bicubic")
    return periods[:, :, side : 2 * side, side : 2 * side]


def _match(image: Tensor, exemplar: Tensor, rng: torch.Generator) -> Tensor:
    image = image.clone().requires_grad_()
    adam = torch.optim.Adam([image], lr=_LR)
    for _ in range(_STEPS):
        filters = F.normalize(torch.randn(_DIRECTIONS, 3 * _PATCH**2, generator=rng), dim=1)
        filters = filters.view(_DIRECTIONS, 3, _PATCH, _PATCH)
        with torch.no_grad():
            wanted = F.conv2d(exemplar, filters)[0].flatten(1)
        wrapped = F.pad(image, (0, _PATCH - 1, 0, _PATCH - 1), mode="circular")
        found = F.conv2d(wrapped, filters)[0].flatten(1)
        count = min(found.shape[1], wanted.shape[1], _POSITIONS)
        loss = (_sorted(found, count, rng) - _sorted(wanted, count, rng)).abs().mean()
        (image.grad,) = torch.autograd.grad(loss, image)
        adam.step()
    return image.detach()


def _sorted(projections: Tensor, count: int, rng: torch.Generator) -> Tensor:
    """(directions, positions) -> (directions, count): of `count` random positions, sorted."""
    chosen = torch.randperm(projections.shape[1], generator=rng)[:count]
    return projections[:, chosen].sort(dim=1).values

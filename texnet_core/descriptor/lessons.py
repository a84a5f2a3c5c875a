"""Tiles that the light descriptor learns on: whole periods, so that no border has to be learned.

Crops of pictures at many scales, half of them mirrored into periods; what generators make, trained ones and ones half
way to random ones, for a training shows its descriptor all that lies between noise and a texture; noise of many
spectra; and mixtures. Colors, contrast, blur and noise vary. Used by `build_descriptor.py` alone.
"""

import math
from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from texnet_core.model.design import Design
from texnet_core.model.training_form import Generator, periodic_inputs

Rng = np.random.Generator

_MIRRORED_SHARE = 0.6  # of the crops; the others have a seam, as samples of a bad generator do
_REDUCTION = (0.8, 6.0)  # texels of a picture for one of a tile
_MOST_RANDOM = 0.9  # share of random parameters in a generator
_DETAIL = (2, 4, 8)  # texels below which one tile gives its detail to another
_CHROMA_SHARE = 0.6  # of the tiles whose colors are changed


class Lessons:
    """Tiles by their number: equal seeds and numbers, equal tiles.

    Args:
        pictures: (1, 3, H, W) bytes each, at least as large as the tiles.
        generators: of textures, trained, with their designs; may be empty.
        seed: of all that is drawn.
    """

    def __init__(self, pictures: Sequence[Tensor], generators: Sequence[tuple[Design, Generator]], seed: int) -> None:
        self._pictures, self._generators, self._seed = pictures, generators, seed

    @torch.no_grad()
    def tile(self, number: int, side: int) -> Tensor:
        """(1, 3, side, side) in about [0, 1], one period."""
        rng = np.random.default_rng((self._seed, side, number))
        sources: list[tuple[float, Callable[[Rng, int], Tensor]]] = [
            (0.55, self._crop),
            (0.2, self._made),
            (0.05, spectral),
            (0.2, self._mixture),
        ]
        shares = [share for share, _ in sources]
        tile = sources[rng.choice(len(sources), p=shares)][1](rng, side)
        return _disturbed(rng, tile)

    def _crop(self, rng: Rng, side: int) -> Tensor:
        return _recolored(rng, crop(rng, self._picture(rng), side))

    def _picture(self, rng: Rng) -> Tensor:
        return self._pictures[rng.integers(len(self._pictures))]

    def _made(self, rng: Rng, side: int) -> Tensor:
        """What a generator makes, or one between it and a random one, with the colors of a picture."""
        if not self._generators:
            return self._crop(rng, side)
        design, trained = self._generators[rng.integers(len(self._generators))]
        seed = int(rng.integers(2**30))
        inputs = periodic_inputs(design, [seed], side)
        if rng.random() < 0.5:
            return _recolored(rng, trained(inputs).clamp(0, 1))
        made = _between(design, trained, share=rng.uniform(0, _MOST_RANDOM), seed=seed)(inputs)
        wanted = self._picture(rng)[..., ::7, ::7].float() / 255
        (mean, deviation), (goal_mean, goal_deviation) = (_statistics(image) for image in (made, wanted))
        made = (made - mean) / (deviation + 1e-3) * goal_deviation + goal_mean
        return _recolored(rng, made.clamp(-0.1, 1.1))

    def _mixture(self, rng: Rng, side: int) -> Tensor:
        """Two tiles over each other, or the fine detail of one on the forms of the other."""
        first = self._crop(rng, side)
        second = self._made(rng, side) if rng.random() < 0.5 else self._crop(rng, side)
        weight = rng.random()
        if rng.random() < 0.5:
            return weight * first + (1 - weight) * second
        factor = int(rng.choice(_DETAIL))
        return _blurred(first, factor) + 1.5 * weight * (second - _blurred(second, factor))


def crop(rng: Rng, picture: Tensor, side: int) -> Tensor:
    """A piece of a picture at a random place and scale, mostly mirrored so that it is a period.

    Args:
        rng: decides.
        picture: (1, 3, H, W) bytes.
        side: texels of the tile.
    """
    is_mirrored = rng.random() < _MIRRORED_SHARE
    wanted = side // 2 if is_mirrored else side
    height, width = picture.shape[2:]
    reduction = math.exp(rng.uniform(*np.log(_REDUCTION)))
    taken = int(min(height, width, wanted * reduction))
    top, left = (int(rng.integers(length - taken + 1)) for length in (height, width))
    piece = picture[..., top : top + taken, left : left + taken].float() / 255
    if taken != wanted:
        sides = (wanted, wanted)
        piece = F.interpolate(piece, size=sides, mode="bicubic", antialias=True, align_corners=False).clamp(0, 1)
    if rng.random() < 0.5:
        piece = piece.mT
    if is_mirrored:
        piece = torch.cat((piece, piece.flip(3)), 3)
        piece = torch.cat((piece, piece.flip(2)), 2)
    return piece


def spectral(rng: Rng, side: int) -> Tensor:
    """Noise whose amplitude falls with a random power of the frequency, in colors of a random mixture."""
    square = torch.fft.fftfreq(side)[:, None].square() + torch.fft.rfftfreq(side)[None].square()
    amplitude = (square + 1e-4) ** -rng.uniform(0, 1.2)
    noise = torch.fft.irfft2(torch.fft.rfft2(_normal(rng, 1, 3, side, side)) * amplitude)
    noise = noise / noise.std((2, 3), keepdim=True)
    mixing = torch.eye(3) + rng.uniform(0, 2)
    noise = torch.einsum("ij,njhw->nihw", mixing / mixing.norm(dim=1, keepdim=True), noise)
    return (0.5 + 0.15 * _normal(rng, 1, 3, 1, 1) + rng.uniform(0.02, 0.25) * noise).clamp(-0.1, 1.1)


def _between(design: Design, trained: Generator, *, share: float, seed: int) -> Generator:
    """A generator whose parameters are to a share random ones."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        generator = Generator(design.graph).train()
    for mine, theirs in zip(generator.parameters(), trained.parameters(), strict=True):
        mine.copy_(share * mine + (1 - share) * theirs)
    return generator


def _recolored(rng: Rng, tile: Tensor) -> Tensor:
    """Other contrast, other brightness, channels in another order; now and then gray."""
    if rng.random() < _CHROMA_SHARE:
        mean, _ = _statistics(tile)
        order = torch.from_numpy(rng.permutation(3)) if rng.random() < _CHROMA_SHARE else torch.arange(3)
        contrast = math.exp(rng.uniform(math.log(0.5), math.log(1.8)))
        tile = ((mean + contrast * (tile - mean))[:, order] + 0.1 * _normal(rng, 1, 3, 1, 1)).clamp(0, 1)
    if rng.random() < 0.1:
        tile = tile.mean(1, keepdim=True).expand(-1, 3, -1, -1)
    return tile


def _disturbed(rng: Rng, tile: Tensor) -> Tensor:
    """One in eight is blurred, as many are noisy: what generators get wrong first."""
    chance = rng.random()
    if chance < 0.12:
        return _blurred(tile, int(rng.choice((2, 4))))
    if chance < 0.24:
        return tile + rng.uniform(0.005, 0.1) * _normal(rng, *tile.shape)
    return tile


def _blurred(tile: Tensor, factor: int) -> Tensor:
    small = F.avg_pool2d(tile, factor)
    return F.interpolate(small, scale_factor=factor, mode="bilinear", align_corners=False)


def _statistics(image: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and deviation of each channel."""
    return image.mean((2, 3), keepdim=True), image.std((2, 3), keepdim=True)


def _normal(rng: Rng, *shape: int) -> Tensor:
    return torch.from_numpy(rng.standard_normal(shape, dtype=np.float32))

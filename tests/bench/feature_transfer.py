"""AdaIN and WCT on noise: an exemplar's feature statistics given to those of noise, and decoded.

Sources: Huang & Belongie 2017, "Arbitrary Style Transfer in Real-Time with Adaptive Instance Normalization"; Li et
al. 2017, "Universal Style Transfer via Feature Transforms", sections 3.2 to 3.4, whose textures begin with noise too.
Differs: encoder and decoders are small (`autoencoders`); noise is uniform and has the exemplar's colors; the exemplar
is seen without borders, and what is made wraps, so that it tiles.
"""

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from tests.bench.autoencoders import ADAIN, LEVELS, Autoencoders, adapted, colored_noise, moments
from texnet_core.optimization.search import to_array, to_tensor

_PASSES = 3  # of all levels, coarse to fine
_LEAST_SHARE = 1e-5  # of the largest eigenvalue; directions with less hold noise and are left out
_LEAST_VARIANCE = 1e-12

Picture = npt.NDArray[np.float32]


class Adain:
    """Knows the mean and spread of the exemplar's relu4_1; (H, W, 3) in [0, 1]."""

    def __init__(self, exemplar: Picture, autoencoders: Autoencoders) -> None:
        self.autoencoders, self.colors = autoencoders, to_tensor(exemplar, torch.device("cpu"))
        with torch.no_grad():
            self.style = moments(autoencoders.trunk(self.colors, periodic=False)[LEVELS[-1]])

    @property
    def parameters(self) -> int:
        """Of encoder and decoder."""
        return self.autoencoders.trunk.size(LEVELS[-1]) + _size(self.autoencoders, ADAIN)

    @torch.no_grad()
    def draw(self, side: int, seed: int) -> Picture:
        """A picture that tiles, (side, side, 3) in [0, 1]; `side` is a multiple of 8."""
        noise = colored_noise(self.colors, side, torch.Generator().manual_seed(seed))
        features = self.autoencoders.trunk(noise, periodic=True)[LEVELS[-1]]
        return to_array(self.autoencoders.decoders[ADAIN](adapted(features, self.style)))


class Wct:
    """Knows the means and covariances of the exemplar's levels; (H, W, 3) in [0, 1]."""

    def __init__(self, exemplar: Picture, autoencoders: Autoencoders) -> None:
        self.autoencoders, self.colors = autoencoders, to_tensor(exemplar, torch.device("cpu"))
        with torch.no_grad():
            features = autoencoders.trunk(self.colors, periodic=False)
        self.targets = {level: coloring(maps) for level, maps in features.items()}

    @property
    def parameters(self) -> int:
        """Of the encoder and all decoders."""
        decoders = sum(_size(self.autoencoders, level) for level in LEVELS)
        return self.autoencoders.trunk.size(LEVELS[-1]) + decoders

    @torch.no_grad()
    def draw(self, side: int, seed: int) -> Picture:
        """A picture that tiles, (side, side, 3) in [0, 1]; `side` is a multiple of 8."""
        image = colored_noise(self.colors, side, torch.Generator().manual_seed(seed))
        for _ in range(_PASSES):
            for level in reversed(LEVELS):
                features = self.autoencoders.trunk(image, periodic=True, level=level)[level]
                image = self.autoencoders.decoders[level](colored(features, self.targets[level])).clamp(0, 1)
        return to_array(image)


def coloring(features: Tensor) -> tuple[Tensor, Tensor]:
    """(1, C, h, w) -> its mean (C,), and the matrix (C, C) that gives white features its covariance."""
    flat = features[0].flatten(1)
    mean = flat.mean(1)
    return mean, _power(flat - mean[:, None], 0.5)


def colored(features: Tensor, target: tuple[Tensor, Tensor]) -> Tensor:
    """Whitened, and then with the mean and covariance of the target: (1, C, h, w) as it comes."""
    mean, matrix = target
    flat = features[0].flatten(1)
    centered = flat - flat.mean(1, keepdim=True)
    return (matrix @ (_power(centered, -0.5) @ centered) + mean[:, None]).view_as(features)


def _size(autoencoders: Autoencoders, name: str) -> int:
    return sum(values.numel() for values in autoencoders.decoders[name].parameters())


def _power(centered: Tensor, exponent: float) -> Tensor:
    """The covariance of (C, n) to a power, (C, C), in the directions that have any."""
    covariance = centered.double() @ centered.double().T / centered.shape[1]
    scale = covariance.diagonal().mean()
    if scale < _LEAST_VARIANCE:  # a picture of one color, of which nothing can be made
        return torch.zeros_like(covariance).float()
    variances, axes = torch.linalg.eigh(covariance / scale)
    kept = variances > _LEAST_SHARE * variances[-1]
    power = (scale * variances[kept]) ** exponent
    return ((axes[:, kept] * power) @ axes[:, kept].T).float()

"""Grain loss: how much grain there is, and beside which colors."""

import torch
from torch import Tensor
from torch.nn import functional as F

from texnet_core.losses.loss import Sample
from texnet_core.losses.order import quantiles

_PLACE = 8  # texels a side, in which grain is measured
_LEAST_PLACES = 16  # of an exemplar; fewer say nothing of how its grain is spread
_DIRECTIONS = 24
_FLOOR = (1 / 255) ** 2  # squared; what is fainter is not compared
_LEAST_SPREAD = 1e-3


class GrainLoss:
    """1-Wasserstein distance of places of 8x8 texels along random directions: of their color, and of their grain.

    Losses on features leave it open where grain lies, and the mean of spectra does too. So smooth places get as much
    of it as coarse ones, which looks like noise laid over the picture. The grain of a place is the logarithm of the
    power of what its texels have beside the mean of the 3x3 around them.

    Args:
        exemplar: (1, 3, H, W).
        mask: (H, W) bool, True where a texel takes part; None where all do.

    An exemplar in which fewer than 16 places take part as a whole, such as one of less than 48 texels a side, and a
    sample of less than 24 cost nothing.
    """

    def __init__(self, exemplar: Tensor, mask: Tensor | None = None) -> None:
        with torch.no_grad():
            places = _places(exemplar)
            if mask is not None:
                hidden = F.max_pool2d((~mask)[None, None].float(), 3, stride=1, padding=1)
                places = places[_inner(F.max_pool2d(hidden, _PLACE)).flatten() == 0]
        self._is_seen = len(places) >= _LEAST_PLACES
        if self._is_seen:
            self._mean, self._spread = places.mean(0), places.std(0) + _LEAST_SPREAD
            self._target = (places - self._mean) / self._spread

    def __call__(self, sample: Sample, seed: int) -> Tensor:
        """Scalar loss; `seed` decides directions. 0 where too few places take part."""
        if not self._is_seen or min(sample.image.shape[2:]) < 3 * _PLACE:
            return sample.image.new_zeros(())
        rng = torch.Generator().manual_seed(seed)
        places = (_places(sample.image) - self._mean) / self._spread
        directions = F.normalize(torch.randn(_DIRECTIONS, places.shape[1], generator=rng), dim=1).to(places.device)
        found, target = ((directions @ each.T).sort(dim=1).values for each in (places, self._target))
        return (found - quantiles(target, found.shape[1])).abs().mean()


def _places(image: Tensor) -> Tensor:
    """(N, 3, H, W) -> (places, 4): the color of each place away from the edges, and the logarithm of its grain."""
    fine = F.pad(image[:, :, 1:-1, 1:-1] - F.avg_pool2d(image, 3, stride=1), (1, 1, 1, 1))
    power = F.avg_pool2d(fine.square(), _PLACE).mean(1, keepdim=True)
    measured = torch.cat((F.avg_pool2d(image, _PLACE), (power + _FLOOR).log()), dim=1)
    return _inner(measured).permute(0, 2, 3, 1).flatten(0, 2)


def _inner(places: Tensor) -> Tensor:
    """Without those at the edges, whose outermost texels lack neighbors."""
    return places[:, :, 1:-1, 1:-1]

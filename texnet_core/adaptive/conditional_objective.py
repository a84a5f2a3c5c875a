"""What a training of a conditional pyramid minimizes: how far samples of a texture are from its exemplar."""

import torch
from torch import Tensor

from texnet_core.adaptive.conditional_exemplars import Exemplar
from texnet_core.descriptor.layers import PATCHES
from texnet_core.descriptor.light import Light
from texnet_core.losses import Sample
from texnet_core.losses.diversity import DiversityLoss
from texnet_core.losses.sliced_wasserstein import SlicedWassersteinLoss
from texnet_core.training.objective import Losses

POSITIONS = 1024  # of each layer, that are compared
_DIRECTIONS = 16  # of each layer; the next step has others
_DIRECTIONS_JUDGED = 48
_RANGE_WEIGHT = 10.0
_SLACK = 0.05  # beyond [0, 1]: colors with the right mean and spread have ends
_LARGEST_PULL = 1.5  # loss; one hopeless texture is not to decide a step


class ConditionalObjective:
    """The loss of samples.

    Args:
        descriptor: what looks at them.
        diversity_weight: of Li et al.'s diversity loss; without it samples may come one by one.
    """

    def __init__(self, descriptor: Light, diversity_weight: float = 0.0) -> None:
        self._descriptor, self._diversity_weight = descriptor, diversity_weight

    def __call__(self, image: Tensor, exemplar: Exemplar, seed: int) -> Losses:
        """The loss of some samples of one texture.

        Args:
            image: (N, 3, H, W), whole periods.
            exemplar: that they are to look like.
            seed: decides every random draw.
        """
        target = _target(exemplar)
        sample = Sample(image, self._descriptor(image, periodic=True))
        texture = SlicedWassersteinLoss(target, _DIRECTIONS, POSITIONS)(sample, seed)
        total = texture + _RANGE_WEIGHT * torch.relu((image - 0.5).abs() - 0.5 - _SLACK).square().mean()
        if self._diversity_weight:
            total = total + self._diversity_weight * DiversityLoss(target)(sample, seed)
        return Losses(texture, total * (_LARGEST_PULL / texture.detach()).clamp(max=1.0))

    def judged(self, image: Tensor, exemplar: Exemplar, seed: int) -> float:
        """The distance of samples from the texture, along more directions."""
        sample = Sample(image, self._descriptor(image, periodic=True))
        return float(SlicedWassersteinLoss(_target(exemplar), _DIRECTIONS_JUDGED, POSITIONS)(sample, seed))


def _target(exemplar: Exemplar) -> Sample:
    features = {layer: maps.float() for layer, maps in exemplar.features.items()}
    return Sample(features[PATCHES], features, periodic=False)

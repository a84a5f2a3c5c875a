"""What a loss is and what it looks at."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from texnet_core.descriptor.layers import FeatureMaps


@dataclass(frozen=True)
class Sample:
    """Textures of one size, and what the descriptor sees of them. The exemplar is one too.

    Attributes:
        image: (N, C, H, W) in [0, 1] but for overshoot.
        features: layer -> (N, C, h, w) float32.
        periodic: each is one whole period of a texture, so that image and features wrap; the exemplar's do not.
        seeds: of the noise that each was made from; () where none was.
        visible: layer -> (h, w) bool, the positions that count where some are hidden; None: all do, as in all samples.
    """

    image: Tensor
    features: FeatureMaps
    periodic: bool = True
    seeds: tuple[int, ...] = ()
    visible: dict[str, Tensor] | None = None

    def counted(self, layer: str) -> Tensor:
        """The features of a layer, for statistics that ask nothing of where they lie.

        Returns:
            (N, C, h, w); where some positions are hidden, those that count, (N, C, count, 1).
        """
        features = self.features[layer]
        return features if self.visible is None else features[:, :, self.visible[layer]][..., None]


class Loss(Protocol):
    """What a sample costs. A loss on features is made once, of the exemplar, and then called with the samples."""

    def __call__(self, sample: Sample, seed: int, /) -> Tensor:
        """The loss of a batch, a scalar.

        Args:
            sample: the batch.
            seed: decides every random draw of this call; equal seeds, equal loss.
        """
        ...


class WeightedSum:
    """Losses that add up.

    Args:
        terms: (weight, loss) each; a weight of 0 leaves one out.
    """

    def __init__(self, terms: Iterable[tuple[float, Loss]] = ()) -> None:
        self.terms = [(weight, loss) for weight, loss in terms if weight]

    def __call__(self, sample: Sample, seed: int, /) -> Tensor:
        """The weighted sum, a scalar; 0 without terms. All terms have the same seed."""
        total = torch.zeros((), device=sample.image.device)
        for weight, loss in self.terms:
            total = total + weight * loss(sample, seed)
        return total

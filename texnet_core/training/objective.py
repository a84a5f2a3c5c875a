"""What a run minimizes. The step and the validation both ask here, so that no term can be forgotten in one of them.

A new term is one line: in `losses.LOSSES` where it compares samples with the exemplar's features, or below where it
looks at the samples alone.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from texnet_core.losses import Loss, Sample, WeightedSum, range_penalty
from texnet_core.mapset import ALBEDO, MapSpec
from texnet_core.settings import LossSettings
from texnet_core.training.comparison import Descriptor, see_exemplar
from texnet_core.training.exemplar_loss import exemplar_loss
from texnet_core.training.tiles import Tiles


@dataclass(frozen=True)
class Losses:
    """What a batch of samples costs.

    Attributes:
        texture: how far it is from the exemplar, a scalar; what reports show.
        total: this and all that restrains samples, a scalar; what is minimized.
    """

    texture: Tensor
    total: Tensor


class RunObjective(Protocol):
    """What a run minimizes, be it of a texture or of a style."""

    def __call__(
        self, image: Tensor, seeds: Sequence[int], loss_seed: int, *, finishing: bool, whole: bool = False
    ) -> Losses:
        """The loss of a batch; see `Objective`."""
        ...


class Beside(Protocol):
    """A loss of what the descriptor does not see."""

    def __call__(self, image: Tensor, loss_seed: int, *, whole: bool = False) -> Tensor:
        """Scalar loss of a batch (N, channels, size, size); `whole` compares all that there is to compare."""
        ...


class Objective:
    """The loss of images, of whatever generator.

    Args:
        descriptor: what looks at them.
        exemplar: (1, channels, H, W) in [0, 1].
        settings: which losses, and their weights.
        tiles: the tiles with tones of their own that samples should have, or None.
        mask: (H, W) bool, True where a texel of the exemplar takes part; None where all do.
        maps: what the channels are.
        seed: of the run.
        large: side of samples from which on a step on several maps compares only one view of them.
        beside: what the descriptor does not see; reports leave it out.
    """

    def __init__(
        self,
        descriptor: Descriptor,
        exemplar: Tensor,
        settings: LossSettings,
        tiles: Tiles | None = None,
        mask: Tensor | None = None,
        maps: Sequence[MapSpec] = (ALBEDO,),
        seed: int = 0,
        large: int = 0,
        beside: Sequence[Beside] = (),
    ) -> None:
        def see(picture: Tensor) -> Sample:
            return see_exemplar(descriptor, picture, mask)

        with torch.no_grad():
            self._texture = exemplar_loss(descriptor, exemplar, maps, settings, see, mask, seed, large=large)
        terms: list[tuple[float, Loss]] = [(settings.tone_weight, tiles.tone_loss)] if tiles else []
        terms.append((settings.range_weight, range_penalty))
        self._restraints, self._beside = WeightedSum(terms), tuple(beside)

    def __call__(
        self, image: Tensor, seeds: Sequence[int], loss_seed: int, *, finishing: bool, whole: bool = False
    ) -> Losses:
        """The loss of a batch.

        Args:
            image: (N, channels, size, size), whole periods of a texture.
            seeds: of the noise that each was made from.
            loss_seed: decides every random draw of the losses; equal seeds, equal loss.
            finishing: whether the run is in its last part, with frozen statistics.
            whole: compare all that there is to compare, where a step compares a part.
        """
        texture = self._texture(image, seeds, loss_seed, finishing=finishing, whole=whole)
        sample = Sample(image, {}, seeds=tuple(seeds))
        total = texture + self._restraints(sample, loss_seed)
        for loss in self._beside:
            total = total + loss(image, loss_seed, whole=whole)
        return Losses(texture, total)

"""Losses: small modules that say what a sample costs, and add up.

A loss is any function of a `Sample` and a seed. A new one that compares samples with the exemplar is a file here, a
weight in `LossSettings` and a line in `LOSSES`; `training/objective.py` takes up those that look at samples alone.
"""

from collections.abc import Callable

from torch import Tensor

from texnet_core.losses.autocorrelation import AutocorrelationLoss
from texnet_core.losses.centered_gram import CenteredGramLoss
from texnet_core.losses.diversity import DiversityLoss
from texnet_core.losses.gram import GramLoss
from texnet_core.losses.histogram import HistogramLoss
from texnet_core.losses.loss import Loss, Sample, WeightedSum
from texnet_core.losses.patch_transport import PatchTransportLoss
from texnet_core.losses.range import range_penalty
from texnet_core.losses.shifted_gram import ShiftedGramLoss
from texnet_core.losses.sliced_wasserstein import SlicedWassersteinLoss
from texnet_core.settings import LossSettings

__all__ = ["LOSSES", "Loss", "Sample", "TextureLoss", "WeightedSum", "range_penalty"]

# The setting that weighs a loss -> how the loss is made of the exemplar.
LOSSES: dict[str, Callable[[Sample, LossSettings], Loss]] = {
    "gram_weight": lambda exemplar, settings: GramLoss(exemplar),
    "sliced_wasserstein_weight": lambda exemplar, settings: SlicedWassersteinLoss(
        exemplar, settings.directions, settings.positions
    ),
    "centered_gram_weight": lambda exemplar, settings: CenteredGramLoss(exemplar),
    "shifted_gram_weight": lambda exemplar, settings: ShiftedGramLoss(exemplar),
    "histogram_weight": lambda exemplar, settings: HistogramLoss(exemplar, settings.positions),
    "autocorrelation_weight": lambda exemplar, settings: AutocorrelationLoss(exemplar),
    "diversity_weight": lambda exemplar, settings: DiversityLoss(exemplar),
}

# Overlapping patches average out, which takes contrast. The colors of each level bring it back in the last part of a
# run; all along, they hinder structure.
_COLORS_WEIGHT = 0.4


class TextureLoss:
    """How far samples are from the exemplar: the weighted sum of the losses in use.

    Args:
        exemplar: of which the losses are made.
        settings: weights of the losses that compare features texel by texel.
        patch_sides: layer -> side of its patches, for features whose patches are to be compared instead.
    """

    def __init__(self, exemplar: Sample, settings: LossSettings, patch_sides: dict[str, int] | None = None) -> None:
        self.main, self.finishing = WeightedSum(), WeightedSum()
        if patch_sides is None:
            weights = {name: getattr(settings, name) for name in LOSSES}
            self.main = WeightedSum(
                (weight, LOSSES[name](exemplar, settings)) for name, weight in weights.items() if weight
            )
        else:
            self.main = WeightedSum([(1.0, PatchTransportLoss(exemplar, patch_sides))])
            colors = SlicedWassersteinLoss(exemplar, directions=16, positions=4096)
            self.finishing = WeightedSum([(_COLORS_WEIGHT, colors)])

    def __call__(self, sample: Sample, seed: int, *, finishing: bool = False) -> Tensor:
        """The loss of a batch, a scalar.

        Args:
            sample: the batch.
            seed: decides every random draw of this call; equal seeds, equal loss.
            finishing: whether the run is in its last part, with frozen statistics.
        """
        value = self.main(sample, seed)
        return value + self.finishing(sample, seed) if finishing else value

"""What a level of detail minimizes, of windows as `samples` draws them.

Those made of the coarser generator's pictures are compared with the exemplar at their own resolution and, made smaller,
are to be what they were made of. Those made of the exemplar are to be what it is there.

Sources: Johnson et al. 2016, "Perceptual Losses for Real-Time Style Transfer and Super-Resolution", for pairs compared
by features; the consistency of a picture made smaller is common in super-resolution.
"""

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional as F

from texnet_core.descriptor.network import Network
from texnet_core.losses import Sample, TextureLoss, range_penalty
from texnet_core.settings import LossSettings
from texnet_core.training.comparison import Descriptor
from texnet_core.training.detail.samples import DetailSamples
from texnet_core.training.objective import Losses

PAIRED_LAYERS = ("relu2_1", "relu2_2")  # in which pairs are compared; what lies before would see each grain
_NEARNESS_WEIGHT = 4.0  # of how far a window, made smaller, is from what it was made of
_COLORS_WEIGHT = 0.5  # of pairs; with more, no grain is drawn, for nobody can know where it lies
_LEAST_SPREAD = 1e-3  # of a layer's features


class DetailObjective:
    """The loss of windows.

    Args:
        descriptor: what looks at those of the generator.
        exemplar: what it sees of the exemplar at their resolution.
        settings: which losses, and their weights.
        samples: of the run.
        paired: what looks at pairs, or None where colors alone are compared.
        patch_sides: layer -> side of its patches, where these are compared.
    """

    def __init__(
        self,
        descriptor: Descriptor,
        exemplar: Sample,
        settings: LossSettings,
        samples: DetailSamples,
        paired: Network | None,
        patch_sides: dict[str, int] | None,
    ) -> None:
        self._descriptor, self._samples, self._settings, self._paired = descriptor, samples, settings, paired
        self._texture = TextureLoss(exemplar, settings, patch_sides)

    def __call__(self, image: Tensor, seeds: Sequence[int], loss_seed: int, *, finishing: bool) -> Losses:
        """The loss of a batch of windows (2 N, 3, size, size), of N seeds; see `Objective`."""
        made, paired = image.chunk(2)
        size = image.shape[2]
        sample = Sample(made, self._descriptor(made), periodic=False, seeds=tuple(seeds))
        texture = self._texture(sample, loss_seed, finishing=finishing)
        misfit = (F.avg_pool2d(made, 2) - self._samples.coarse(seeds, size)).abs().mean()
        pairs = self._difference(paired, self._samples.goal(seeds, size))
        outside = self._settings.range_weight * range_penalty(Sample(image, {}), loss_seed)
        return Losses(texture, texture + _NEARNESS_WEIGHT * misfit + pairs + outside)

    def _difference(self, found: Tensor, wanted: Tensor) -> Tensor:
        """Of colors, and of features in their own spread."""
        total = _COLORS_WEIGHT * (found - wanted).abs().mean()
        if self._paired is None:
            return total
        with torch.no_grad():
            goal = self._paired(wanted)
        layers = self._paired(found)
        differences = [
            (layers[layer] - features).abs().mean() / (features.std() + _LEAST_SPREAD)
            for layer, features in goal.items()
        ]
        return total + torch.stack(differences).mean()

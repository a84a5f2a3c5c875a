"""Texture losses: small modules that compare feature maps with the exemplar's, and add up.

Each is made once from the exemplar's features and then called with the sample's features; both are
tap -> (N, C, h, w) float32. A new loss is a new file here and one line in `TextureLoss`.

Samples are whole periods of a texture and their features wrap; the exemplar's do not.
"""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from texnet_core.losses.autocorrelation import AutocorrelationLoss
from texnet_core.losses.centered_gram import CenteredGramLoss
from texnet_core.losses.diversity import DiversityLoss
from texnet_core.losses.gram import GramLoss
from texnet_core.losses.histogram import HistogramLoss
from texnet_core.losses.patch_transport import PatchTransportLoss
from texnet_core.losses.shifted_gram import ShiftedGramLoss
from texnet_core.losses.sliced_wasserstein import SlicedWassersteinLoss
from texnet_core.settings import LossSettings

Features = dict[str, Tensor]

# Overlapping patches average out, which takes contrast. The colors of each level bring it back in the last part of a
# run; all along, they hinder structure.
_COLORS_WEIGHT = 0.4


class TextureLoss(nn.Module):
    """The weighted sum of the losses in use.

    Args:
        exemplar: its features.
        settings: weights of the losses that compare features texel by texel.
        patch_sides: tap -> side of its patches, for features whose patches are to be compared instead.
    """

    def __init__(self, exemplar: Features, settings: LossSettings, patch_sides: dict[str, int] | None = None) -> None:
        super().__init__()
        self.finishing_terms: list[tuple[float, nn.Module]] = []
        if patch_sides is not None:
            self.terms: list[tuple[float, nn.Module]] = [(1.0, PatchTransportLoss(exemplar, patch_sides))]
            colors = SlicedWassersteinLoss(exemplar, directions=16, positions=4096)
            self.finishing_terms.append((_COLORS_WEIGHT, colors))
            return
        directions, positions = settings.directions, settings.positions
        losses: list[tuple[float, Callable[[], nn.Module]]] = [
            (settings.gram_weight, lambda: GramLoss(exemplar)),
            (settings.sliced_wasserstein_weight, lambda: SlicedWassersteinLoss(exemplar, directions, positions)),
            (settings.centered_gram_weight, lambda: CenteredGramLoss(exemplar)),
            (settings.shifted_gram_weight, lambda: ShiftedGramLoss(exemplar)),
            (settings.histogram_weight, lambda: HistogramLoss(exemplar, positions)),
            (settings.autocorrelation_weight, lambda: AutocorrelationLoss(exemplar)),
            (settings.diversity_weight, lambda: DiversityLoss(exemplar)),
        ]
        self.terms = [(weight, make()) for weight, make in losses if weight]

    def forward(self, features: Features, seed: int, *, finishing: bool = False) -> Tensor:
        """The loss of a batch of samples, a scalar.

        Args:
            features: the samples' features.
            seed: decides every random draw of this call; equal seeds, equal loss.
            finishing: whether the run is in its last part, with frozen statistics.
        """
        total = torch.zeros((), device=next(iter(features.values())).device)
        for weight, term in self.terms + (self.finishing_terms if finishing else []):
            total = total + weight * term(features, seed)
        return total


def range_penalty(image: Tensor) -> Tensor:
    """Mean square of what lies outside [0, 1]; (N, C, H, W) -> scalar. It would be clipped in the picture."""
    return torch.relu((image - 0.5).abs() - 0.5).square().mean()

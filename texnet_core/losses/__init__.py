"""Texture losses: small modules that compare feature maps with the exemplar's, and add up.

Each is made once from the exemplar's features and then called with the sample's features; both are
tap -> (N, C, h, w) float32. A new loss is a new file here and two lines in `TextureLoss`.
"""

import torch
from torch import Tensor, nn

from texnet_core.losses.gram import GramLoss
from texnet_core.losses.patch_transport import PatchTransportLoss
from texnet_core.losses.sliced_wasserstein import SlicedWassersteinLoss
from texnet_core.settings import LossSettings

Features = dict[str, Tensor]

# Overlapping patches average out, which takes contrast. The colours of each level bring it back in the last part of a
# run; all along, they hinder structure.
_COLOURS_WEIGHT = 1.0


class TextureLoss(nn.Module):
    """The weighted sum of the losses in use.

    Args:
        exemplar: its features.
        settings: weights of the losses that compare features texel by texel.
        patch_sides: tap -> side of its patches, for features whose patches are to be compared instead.
    """

    def __init__(self, exemplar: Features, settings: LossSettings, patch_sides: dict[str, int] | None = None) -> None:
        super().__init__()
        self.terms: list[tuple[float, nn.Module]] = []
        self.finishing_terms: list[tuple[float, nn.Module]] = []
        if patch_sides is not None:
            self.terms.append((1.0, PatchTransportLoss(exemplar, patch_sides)))
            self.finishing_terms.append(
                (_COLOURS_WEIGHT, SlicedWassersteinLoss(exemplar, directions=16, positions=4096))
            )
            return
        if settings.gram_weight:
            self.terms.append((settings.gram_weight, GramLoss(exemplar)))
        if settings.sliced_wasserstein_weight:
            term = SlicedWassersteinLoss(exemplar, settings.directions, settings.positions)
            self.terms.append((settings.sliced_wasserstein_weight, term))

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

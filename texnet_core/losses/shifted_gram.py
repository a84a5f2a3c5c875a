"""Shifted Gram loss: which features lie how far from which others."""

import torch
from torch import Tensor, nn

from texnet_core.descriptor.layers import stride, structure_taps
from texnet_core.losses.relative import relative_square

SHIFTS = (16, 32, 64)  # texels of the picture
_AXES = (2, 3)


def shifted_gram(features: Tensor, shift: int, axis: int, *, periodic: bool) -> Tensor:
    """Mean product of every channel with every channel `shift` texels further on.

    Args:
        features: (N, C, h, w).
        shift: in texels of the map, at least 0 and less than its length.
        axis: 2 (down) or 3 (to the right).
        periodic: pairs reach across the edges; otherwise only pairs inside the map count.

    Returns:
        (N, C, C), averaged over the pairs.
    """
    if periodic:
        first, second = features, features.roll(-shift, axis)
    else:
        pairs = features.shape[axis] - shift
        first, second = features.narrow(axis, 0, pairs), features.narrow(axis, shift, pairs)
    first, second = first.flatten(2), second.flatten(2)
    return first @ second.transpose(1, 2) / first.shape[2]


class ShiftedGramLoss(nn.Module):
    """Square distance of shifted Gram matrices over the structure taps, both axes and the shifts that fit.

    Samples are periods of a texture, so their pairs reach across the edges; the exemplar's do not. A shift fits
    where it is at most half the map: a circular one is no longer than that, and an exemplar has half its texels
    in pairs.

    Source: Berger & Memisevic 2016, "Incorporating long-range consistency in CNN-based texture generation".
    Differs: the exemplar's mean is subtracted from all features, and distances are relative to its covariance,
    so that taps weigh alike and what has no long-range order weighs little; one tap per stride; circular shifts of
    samples; the same few shifts for all maps.

    Args:
        exemplar: tap -> (1, C, h, w).
    """

    def __init__(self, exemplar: dict[str, Tensor]) -> None:
        super().__init__()
        self.means, self.scales, self.targets = {}, {}, {}
        for tap in structure_taps(exemplar):
            features = exemplar[tap].detach()
            self.means[tap] = features.mean((2, 3), keepdim=True)
            features = features - self.means[tap]
            self.scales[tap] = shifted_gram(features, 0, 2, periodic=False)
            for shift, axis in _fitting(tap, features):
                self.targets[tap, shift, axis] = shifted_gram(features, shift, axis, periodic=False)

    def forward(self, features: dict[str, Tensor], seed: int) -> Tensor:
        """Scalar loss; draws nothing, so `seed` is unused."""
        losses = []
        for tap, mean in self.means.items():
            centered = features[tap] - mean
            for shift, axis in _fitting(tap, centered):
                if (wanted := self.targets.get((tap, shift, axis))) is not None:
                    found = shifted_gram(centered, shift, axis, periodic=True)
                    losses.append(relative_square(found, wanted, self.scales[tap]))
        return torch.stack(losses).mean()


def _fitting(tap: str, features: Tensor) -> list[tuple[int, int]]:
    """(shift in texels of the map, axis) of all that fit."""
    shifts = [shift // stride(tap) for shift in SHIFTS if shift % stride(tap) == 0]
    return [(shift, axis) for axis in _AXES for shift in shifts if 2 * shift <= features.shape[axis]]

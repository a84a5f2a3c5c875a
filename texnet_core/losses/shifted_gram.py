"""Shifted Gram loss: which features lie how far from which others."""

from functools import partial

import torch
from torch import Tensor

from texnet_core.descriptor.layers import stride, structure_layers
from texnet_core.losses.loss import Sample
from texnet_core.losses.relative import relative_square

LEAST_PAIRS = 0.25  # of the positions of a map some of which is hidden; fewer pairs are chance
SHIFTS = (16, 32, 64)  # texels of the picture
_AXES = (2, 3)


def shifted_gram(features: Tensor, shift: int, axis: int, *, periodic: bool, visible: Tensor | None = None) -> Tensor:
    """Mean product of every channel with every channel `shift` texels further on.

    Args:
        features: (N, C, h, w).
        shift: in texels of the map, at least 0 and less than its length.
        axis: 2 (down) or 3 (to the right).
        periodic: pairs reach across the edges; otherwise only pairs inside the map count.
        visible: (h, w) bool; pairs count of which both are visible. None: all do.

    Returns:
        (N, C, C), averaged over the pairs.
    """
    if periodic:
        first, second = features, features.roll(-shift, axis)
    else:
        pairs = features.shape[axis] - shift
        first, second = features.narrow(axis, 0, pairs), features.narrow(axis, shift, pairs)
    first, second = first.flatten(2), second.flatten(2)
    if visible is not None:
        both = pairs_of(visible, shift, axis, periodic=periodic)
        first, second = first[:, :, both], second[:, :, both]
    return first @ second.transpose(1, 2) / first.shape[2]


def pairs_of(visible: Tensor, shift: int, axis: int, *, periodic: bool) -> Tensor:
    """Which pairs of `shifted_gram` are visible, in its order: (h, w) bool -> (pairs,) bool; `axis` as there."""
    if periodic:
        return (visible & visible.roll(-shift, axis - 2)).flatten()
    pairs = visible.shape[axis - 2] - shift
    return (visible.narrow(axis - 2, 0, pairs) & visible.narrow(axis - 2, shift, pairs)).flatten()


class ShiftedGramLoss:
    """Square distance of shifted Gram matrices over the structure layers, both axes and the shifts that fit.

    Samples are periods of a texture, so their pairs reach across the edges; the exemplar's do not. A shift fits
    where it is at most half the map: a circular one is no longer than that, and an exemplar has half its texels
    in pairs. Where some of an exemplar is hidden, a quarter as many pairs as positions must be visible.

    Source: Berger & Memisevic 2016, "Incorporating long-range consistency in CNN-based texture generation".
    Differs: the exemplar's mean is subtracted from all features, and distances are relative to its covariance,
    so that layers weigh alike and what has no long-range order weighs little; one layer per stride; circular shifts of
    samples; the same few shifts for all maps.

    Args:
        exemplar: one; see `Sample`.
    """

    def __init__(self, exemplar: Sample) -> None:
        self.means, self.scales, self.targets = {}, {}, {}
        for layer in structure_layers(exemplar.features):
            features = exemplar.features[layer].detach()
            visible = None if exemplar.visible is None else exemplar.visible[layer]
            self.means[layer] = exemplar.counted(layer).detach().mean((2, 3), keepdim=True)
            features = features - self.means[layer]
            products = partial(shifted_gram, features, periodic=exemplar.periodic, visible=visible)
            self.scales[layer] = products(0, 2)
            for shift, axis in _fitting(layer, features):
                if visible is None or _has_pairs(visible, shift, axis, exemplar.periodic):
                    self.targets[layer, shift, axis] = products(shift, axis)

    def __call__(self, sample: Sample, seed: int) -> Tensor:
        """Scalar loss; draws nothing, so `seed` is unused."""
        losses = []
        for layer, mean in self.means.items():
            centered = sample.features[layer] - mean
            for shift, axis in _fitting(layer, centered):
                if (wanted := self.targets.get((layer, shift, axis))) is not None:
                    found = shifted_gram(centered, shift, axis, periodic=sample.periodic)
                    losses.append(relative_square(found, wanted, self.scales[layer]))
        return torch.stack(losses).mean() if losses else sample.image.new_zeros(())  # holes may leave no pairs


def _has_pairs(visible: Tensor, shift: int, axis: int, periodic: bool) -> bool:
    pairs = pairs_of(visible, shift, axis, periodic=periodic)
    return int(pairs.sum()) >= LEAST_PAIRS * int(visible.sum())


def _fitting(layer: str, features: Tensor) -> list[tuple[int, int]]:
    """(shift in texels of the map, axis) of all that fit."""
    shifts = [shift // stride(layer) for shift in SHIFTS if shift % stride(layer) == 0]
    return [(shift, axis) for axis in _AXES for shift in shifts if 2 * shift <= features.shape[axis]]

"""Gram matrices of whole pictures, how far two are apart, and the gradient of that. For training, in torch.

    G = F F^T / N,  loss = sum over the layers of ||G - G0||^2,  gradient = (4 / N) (G - G0) F

Shifted matrices, of features with those some cells further on, come along both axes; N positions or pairs.
Source: Shi & Qiao 2020, equations 1, 2 and 6; shifted matrices after Berger & Memisevic 2016.
"""

from collections.abc import Mapping

import torch
from torch import Tensor

from texnet_core.losses.shifted_gram import shifted_gram
from texnet_core.model.nodes import GramGradient

Targets = Mapping[str, Tensor]  # layer -> (N, matrices, C, C): G, and those shifted down and to the right where wanted
Differences = dict[str, Tensor]  # the same, less the targets

AXES = (2, 3)


def statistics(features: Mapping[str, Tensor], shift: int, *, periodic: bool = True) -> dict[str, Tensor]:
    """Layer -> (N, matrices, C, C) of features (N, C, h, w).

    Args:
        features: of pictures.
        shift: cells, of the shifted matrices; 0 for none.
        periodic: whether pairs reach across the edges.
    """
    return {layer: _matrices(maps.float(), shift, periodic) for layer, maps in features.items()}


def differences(found: Mapping[str, Tensor], targets: Targets) -> Differences:
    """How far matrices are from their targets."""
    return {layer: matrices - targets[layer] for layer, matrices in found.items()}


def loss_of(difference: Tensor) -> Tensor:
    """(N, matrices, C, C) -> (N,)."""
    return difference.square().sum((1, 2, 3))


def gradient(features: Tensor, difference: Tensor, node: GramGradient) -> Tensor:
    """The gradient of `loss_of` with respect to the features, as the node scales it.

    Args:
        features: (N, C, h, w), of periods.
        difference: (N, matrices, C, C) of them.
        node: which says whether it is divided by the number of positions.
    """
    plain, *shifted = difference.unbind(1)
    total = 4 * _flat(features) @ plain.transpose(1, 2)
    for matrix, axis in zip(shifted, AXES, strict=False):
        for turned, step in ((matrix, -node.shift), (matrix.transpose(1, 2), node.shift)):
            total = total + 2 * _flat(features.roll(step, axis)) @ turned.transpose(1, 2)
    count, channels, height, width = features.shape
    total = total / (height * width) if node.averaged else total
    return total.view(count, height, width, channels).permute(0, 3, 1, 2)


def _flat(features: Tensor) -> Tensor:
    """(N, C, h, w) to (N, positions, C), which channels-last features are already."""
    return features.permute(0, 2, 3, 1).flatten(1, 2)


def _matrices(features: Tensor, shift: int, periodic: bool) -> Tensor:
    flat = _flat(features)
    found = [flat.transpose(1, 2) @ flat / flat.shape[1]]
    if shift:
        found += [
            shifted_gram(features, min(shift, features.shape[axis] - 1), axis, periodic=periodic) for axis in AXES
        ]
    return torch.stack(found, dim=1)

"""Losses as functions of feature maps alone, which is all that their tests give them."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from texnet_core.losses import Loss, Sample

FeatureMaps = dict[str, Tensor]
_NO_IMAGE = torch.zeros(1, 3, 1, 1)


def exemplar_with(features: FeatureMaps) -> Sample:
    return Sample(_NO_IMAGE, features, periodic=False)


def sample_with(features: FeatureMaps) -> Sample:
    return Sample(_NO_IMAGE, features)


def on_maps(kind: Callable[..., Loss]) -> Callable[..., Callable[[FeatureMaps, int], Tensor]]:
    """What makes such a loss of the exemplar's maps and further arguments, and is then called with a sample's maps."""

    def make(exemplar: FeatureMaps, *arguments: Any, **named: Any) -> Callable[[FeatureMaps, int], Tensor]:
        loss = kind(exemplar_with(exemplar), *arguments, **named)
        return lambda features, seed: loss(sample_with(features), seed)

    return make

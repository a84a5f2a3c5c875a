"""Centered Gram loss: means and covariances of the features, apart."""

import torch
from torch import Tensor

from texnet_core.losses.loss import Sample
from texnet_core.losses.relative import relative_square


def mean_and_covariance(features: Tensor) -> tuple[Tensor, Tensor]:
    """(N, C, h, w) -> (N, C) means over texels and (N, C, C) covariances."""
    flat = features.flatten(2)
    mean = flat.mean(2)
    flat = flat - mean[:, :, None]
    return mean, flat @ flat.transpose(1, 2) / flat.shape[2]


class CenteredGramLoss:
    """Relative square distance of covariances plus that of means in standard deviations, mean over the layers.

    In a plain Gram matrix of features after a ReLU the products of means outweigh what varies.

    Source: Li et al. 2017, "Diversified Texture Synthesis with Feed-forward Networks", which subtracts the mean
    from the features before their Gram matrix.
    Differs: means are compared too, in units of the exemplar's variance; covariances relative to the exemplar's.

    Args:
        exemplar: one; see `Sample`.
    """

    def __init__(self, exemplar: Sample) -> None:
        self.targets = {layer: mean_and_covariance(exemplar.counted(layer).detach()) for layer in exemplar.features}

    def __call__(self, sample: Sample, seed: int) -> Tensor:
        """Scalar loss; draws nothing, so `seed` is unused."""
        losses = []
        for layer, (wanted_mean, wanted) in self.targets.items():
            mean, covariance = mean_and_covariance(sample.features[layer])
            deviation = wanted[0].diagonal().sqrt()
            losses.append(relative_square(covariance, wanted) + relative_square(mean, wanted_mean, deviation))
        return torch.stack(losses).mean()

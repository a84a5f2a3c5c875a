"""Gram losses: with gradient normalisation, as Texture Networks published it, and relative, a plain function."""

from typing import Any

import torch
from torch import Tensor, nn

from texnet_core.losses.relative import relative_square


def gram_matrix(features: Tensor) -> Tensor:
    """Channel correlations averaged over texels: (N, C, h, w) -> (N, C, C), divided by C h w.

    Source: Texture Networks (Ulyanov et al. 2016), published code.
    """
    flat = features.flatten(2)
    return flat @ flat.transpose(1, 2) / (flat.shape[1] * flat.shape[2])


class GramLoss(nn.Module):
    """Mean square difference of Gram matrices over the taps, each tap's gradient normalised.

    Each tap pulls with a gradient of L1 norm 1, whatever the size of its features, so no layer weights need
    tuning. The value is a plain sum; only the gradient is normalised.

    Source: Texture Networks (Ulyanov et al. 2016), published code: every layer's own gradient with respect
    to its features is divided by its L1 norm.
    """

    def __init__(self, exemplar: dict[str, Tensor]) -> None:
        super().__init__()
        self.targets = {tap: gram_matrix(features.detach()) for tap, features in exemplar.items()}

    def forward(self, features: dict[str, Tensor], seed: int) -> Tensor:
        """Scalar loss; draws nothing, so `seed` is unused."""
        losses = []
        for tap, target in self.targets.items():
            normalised: Tensor = _NormaliseGradient.apply(features[tap])  # type: ignore[no-untyped-call]
            losses.append((gram_matrix(normalised) - target).square().mean())
        return torch.stack(losses).sum()


class _NormaliseGradient(torch.autograd.Function):
    """Identity whose backward divides the gradient by its L1 norm.

    It wraps the features and not the loss: dividing a scalar's gradient would keep no more than its sign.
    """

    @staticmethod
    def forward(ctx: Any, features: Tensor) -> Tensor:
        return features.view_as(features)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Tensor:
        (gradient,) = gradients
        return gradient / (gradient.abs().sum() + 1e-8)


class RelativeGramLoss(nn.Module):
    """Sum over the taps of ||G - G0||^2 / ||G0||^2 in the Frobenius norm, mean over the batch.

    A function like any other: its gradient is its own, so line searches and sums of losses mean what they say.
    Relative to the exemplar's Gram matrix, taps weigh alike whatever the size of their features.

    Source: Gatys et al. 2015, "Texture Synthesis Using Convolutional Neural Networks", equations 3 and 4.
    Differs: each tap is divided by ||G0||^2, where they scaled VGG-19 to equal activations.
    """

    def __init__(self, exemplar: dict[str, Tensor]) -> None:
        super().__init__()
        self.targets = {tap: gram_matrix(features.detach()) for tap, features in exemplar.items()}

    def forward(self, features: dict[str, Tensor], seed: int) -> Tensor:
        """Scalar loss; draws nothing, so `seed` is unused."""
        losses = []
        for tap, target in self.targets.items():
            losses.append(relative_square(gram_matrix(features[tap]), target))
        return torch.stack(losses).sum()

"""Gram losses: relative, a plain function, and with normalized gradients, as Texture Networks published it."""

from typing import Any

import torch
from torch import Tensor

from texnet_core.losses.loss import Sample
from texnet_core.losses.relative import relative_square


def gram_matrix(features: Tensor) -> Tensor:
    """Channel correlations averaged over texels: (N, C, h, w) -> (N, C, C), divided by C h w.

    Source: Texture Networks (Ulyanov et al. 2016), published code.
    """
    flat = features.flatten(2)
    return flat @ flat.transpose(1, 2) / (flat.shape[1] * flat.shape[2])


class RelativeGramLoss:
    """Sum over the layers of ||G - G0||^2 / ||G0||^2 in the Frobenius norm, mean over the batch.

    A function like any other: its gradient is its own, so line searches and sums of losses mean what they say.
    Relative to the exemplar's Gram matrix, layers weigh alike whatever the size of their features.

    Source: Gatys et al. 2015, "Texture Synthesis Using Convolutional Neural Networks", equations 3 and 4.
    Differs: each layer is divided by ||G0||^2, where they scaled VGG-19 to equal activations.
    """

    def __init__(self, exemplar: Sample) -> None:
        self.targets = {layer: gram_matrix(exemplar.counted(layer).detach()) for layer in exemplar.features}

    def __call__(self, sample: Sample, seed: int) -> Tensor:
        """Scalar loss; draws nothing, so `seed` is unused."""
        distances = [self._distance(sample.features[layer], target) for layer, target in self.targets.items()]
        return torch.stack(distances).sum()

    def _distance(self, maps: Tensor, target: Tensor) -> Tensor:
        return relative_square(gram_matrix(maps), target)


class GramLoss(RelativeGramLoss):
    """The same value, but each layer's gradient is normalized.

    Each layer pulls with a gradient of L1 norm 1, whatever the size of its features, so no layer weights need
    tuning. Only the gradient is normalized; the value says how far each layer still is.

    Source: Texture Networks (Ulyanov et al. 2016), published code: every layer's own gradient with respect
    to its features is divided by its L1 norm.
    Differs: the value, ||G - G0||^2 / ||G0||^2, has the unit of the other losses, so that their sum means something;
    a factor that is constant makes no difference to a gradient of norm 1.
    """

    def _distance(self, maps: Tensor, target: Tensor) -> Tensor:
        distance: Tensor = _NormalizedDistance.apply(maps, target)  # type: ignore[no-untyped-call]
        return distance


class _NormalizedDistance(torch.autograd.Function):
    """The relative distance from a Gram matrix, whose gradient has L1 norm 1 times what weights the value later.

    The gradient is taken on the way forward: further back, nothing would tell a weight from the size of features.
    """

    @staticmethod
    def forward(ctx: Any, features: Tensor, target: Tensor) -> Tensor:
        if not ctx.needs_input_grad[0]:
            return relative_square(gram_matrix(features), target)
        with torch.enable_grad():
            leaf = features.detach().requires_grad_()
            distance = relative_square(gram_matrix(leaf), target)
            (gradient,) = torch.autograd.grad(distance, leaf)
        ctx.save_for_backward(gradient / (gradient.abs().sum() + 1e-8))
        return distance.detach()

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        (direction,) = ctx.saved_tensors
        return gradients[0] * direction, None

"""Muon, in float32.

torch has a Muon of its own, whose iteration runs in bfloat16. CPUs without that format emulate it: all kernels of a
generator took 65 ms a step, and take 18 ms in float32.

Source: Muon (Jordan et al. 2024, https://kellerjordan.github.io/posts/muon/), with the steps of Liu et al. 2025, "Muon
is Scalable for LLM Training", section 2.2, which are as large as Adam's.
"""

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor

_MOMENTUM = 0.95
_COEFFICIENTS = (3.4445, -4.7750, 2.0315)  # of the iteration, steepest at zero
_ITERATIONS = 5
_STEP = 0.2  # root mean square of a step, in learning rates: Adam's
_LEAST_NORM = 1e-7


class Muon(torch.optim.Optimizer):
    """Moves matrices as far in each of their singular directions; Nesterov momentum, no weight decay.

    The state has the keys of torch's own Muon, so that either reads what the other has written.

    Args:
        matrices: (rows, columns) each, or (count, rows, columns) for several of one shape.
        lr: learning rate.
    """

    def __init__(self, matrices: Iterable[Tensor], lr: float = 1e-3) -> None:
        super().__init__(matrices, {"lr": lr})

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> None:  # type: ignore[override]
        """Move all matrices that have a gradient."""
        for group in self.param_groups:
            for matrix in group["params"]:
                if matrix.grad is not None:
                    direction = orthogonalized(_ahead(matrix.grad, self.state[matrix]))
                    matrix.add_(direction, alpha=-group["lr"] * _STEP * max(matrix.shape[-2:]) ** 0.5)


def _ahead(gradient: Tensor, state: dict[str, Any]) -> Tensor:
    """A gradient, looked ahead along the average of all so far, which the state keeps."""
    average: Tensor = state.setdefault("momentum_buffer", torch.zeros_like(gradient))
    average.lerp_(gradient, 1 - _MOMENTUM)
    return gradient.lerp(average, _MOMENTUM)


def orthogonalized(matrix: Tensor) -> Tensor:
    """The matrix with all singular values near 1, between 0.7 and 1.2, by Newton-Schulz iteration.

    Args:
        matrix: (rows, columns) float32, or (count, rows, columns) for several at once.
    """
    rows, columns = matrix.shape[-2:]
    x = matrix.mT if rows > columns else matrix
    x = x / x.norm(dim=(-2, -1), keepdim=True).clamp(min=_LEAST_NORM)
    added = torch.addmm if matrix.ndim == 2 else torch.baddbmm
    first, second, third = _COEFFICIENTS
    for _ in range(_ITERATIONS):
        gram = x @ x.mT
        x = added(x, added(gram, gram, gram, beta=second, alpha=third), x, beta=first)
    return x.mT if rows > columns else x

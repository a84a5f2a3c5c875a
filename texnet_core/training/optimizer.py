"""What moves the parameters of a generator."""

from collections.abc import Iterable
from typing import Any

import torch
from torch import nn

from texnet_core.training.muon import Muon

_BETAS = (0.9, 0.99)
_GRADIENT_CLIP = 5.0


def clip_gradients(generator: nn.Module) -> float:
    """Shorten the gradient of all parameters together where it is too long; returns the norm that it had."""
    return float(nn.utils.clip_grad_norm_(generator.parameters(), _GRADIENT_CLIP))


class KernelOptimizer:
    """Muon for kernels, and another optimizer for all else.

    Args:
        kernels: (..., out, in, k, k) each, contiguous; they must stay where they lie in memory.
        rest: moves the others.
        pace: learning rate of the others, as a share of that of kernels.

    Raises:
        RuntimeError: a kernel is not contiguous.
    """

    def __init__(self, kernels: Iterable[nn.Parameter], rest: torch.optim.Optimizer, pace: float = 1.0) -> None:
        self._kernels, self._adam, self._pace = list(kernels), rest, pace
        # Muon takes matrices; these are the kernels in the same memory
        self._matrices = [nn.Parameter(kernel.detach().view(*kernel.shape[:-3], -1)) for kernel in self._kernels]
        self._muon = Muon(self._matrices)

    def step(self, lr: float) -> None:
        """Move all parameters by their gradients."""
        for matrix, kernel in zip(self._matrices, self._kernels, strict=True):
            matrix.grad = None if kernel.grad is None else kernel.grad.flatten(-3)
        for optimizer, share in ((self._muon, 1.0), (self._adam, self._pace)):
            for group in optimizer.param_groups:
                group["lr"] = lr * share
            optimizer.step()

    def state_dict(self) -> dict[str, Any]:
        return {"muon": self._muon.state_dict(), "adam": self._adam.state_dict()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self._muon.load_state_dict(state["muon"])
        self._adam.load_state_dict(state["adam"])


class Optimizer(KernelOptimizer):
    """Muon for the kernels of a generator's convolutions, Adam for its biases and batch norms.

    Near the end of a run gradients are steady, and what keeps Adam from following them is that kernels are steep in
    some directions and flat in others. Muon moves a kernel as far in each of its singular directions.

    Source: see `muon`, with kernels flattened to matrices as there. Differs: the first and the last convolutions are
    moved so too, which the authors leave to Adam. Both step alike, so that one learning rate serves both.

    Args:
        generator: whose parameters to move; they must stay where they lie in memory, its kernels contiguous.

    Raises:
        RuntimeError: a kernel is not contiguous.
    """

    def __init__(self, generator: nn.Module) -> None:
        parameters = list(generator.parameters())
        vectors = [parameter for parameter in parameters if parameter.ndim == 1]
        adam: torch.optim.Optimizer = torch.optim.Adam(vectors, betas=_BETAS)
        super().__init__([parameter for parameter in parameters if parameter.ndim > 1], adam)

"""What moves the parameters of a generator."""

from collections.abc import Iterable, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from texnet_core.model.training_form import Generator
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
        shares: of the learning rate, of parameters that do not have the whole; along their first axis.

    Raises:
        RuntimeError: a kernel is not contiguous.
    """

    def __init__(
        self,
        kernels: Iterable[nn.Parameter],
        rest: torch.optim.Optimizer,
        pace: float = 1.0,
        shares: Mapping[nn.Parameter, Tensor] | None = None,
    ) -> None:
        self._kernels, self._adam, self._pace = list(kernels), rest, pace
        self._shares = {each: _along(share, each) for each, share in (shares or {}).items()}
        # Muon takes matrices; these are the kernels in the same memory
        self._matrices = [nn.Parameter(kernel.detach().view(*kernel.shape[:-3], -1)) for kernel in self._kernels]
        self._muon = Muon(self._matrices)

    def step(self, lr: float) -> None:
        """Move all parameters by their gradients."""
        before = {parameter: parameter.detach().clone() for parameter in self._shares}
        for parameter, share in self._shares.items():
            if parameter.grad is not None:
                parameter.grad.mul_(share)  # so that all is as if it had been divided by its share
        for matrix, kernel in zip(self._matrices, self._kernels, strict=True):
            matrix.grad = None if kernel.grad is None else kernel.grad.flatten(-3)
        for optimizer, pace in ((self._muon, 1.0), (self._adam, self._pace)):
            for group in optimizer.param_groups:
                group["lr"] = lr * pace
            optimizer.step()
        with torch.no_grad():
            for parameter, share in self._shares.items():
                parameter.copy_(before[parameter].lerp(parameter, share))

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
        paces: of the channels of its output, (channels,); None where all have the whole learning rate.

    Raises:
        RuntimeError: a kernel is not contiguous.
    """

    def __init__(self, generator: Generator, paces: Tensor | None = None) -> None:
        parameters = list(generator.parameters())
        vectors = [parameter for parameter in parameters if parameter.ndim == 1]
        adam: torch.optim.Optimizer = torch.optim.Adam(vectors, betas=_BETAS)
        shares = {} if paces is None else dict.fromkeys(generator.output_parameters(), paces)
        super().__init__([parameter for parameter in parameters if parameter.ndim > 1], adam, shares=shares)


def _along(share: Tensor, parameter: nn.Parameter) -> Tensor:
    """Shares along the first axis, in the shape that multiplies a parameter."""
    return share.to(parameter).reshape(-1, *(1 for _ in parameter.shape[1:]))

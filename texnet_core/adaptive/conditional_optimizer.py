"""What moves the parameters of a conditional pyramid."""

from collections.abc import Iterable

import torch
from torch import nn

from texnet_core.training.optimizer import KernelOptimizer

_BETAS = (0.9, 0.99)
_DECAY = 0.01
_LONGEST = 1.0  # gradient of all parameters together


class ConditionalOptimizer(KernelOptimizer):
    """Muon for the kernels, each of a bank by itself, and AdamW for what makes codes and reads them.

    Args:
        banks: (kernels, out, in, k, k) each, contiguous; they must stay where they lie in memory.
        rest: all other parameters that are learned.
        pace: their learning rate, as a share of that of kernels: what reads a whole code is moved by all of it.
    """

    def __init__(self, banks: Iterable[nn.Parameter], rest: Iterable[nn.Parameter], pace: float) -> None:
        banks, rest = list(banks), list(rest)
        self._all = [*banks, *rest]
        super().__init__(banks, torch.optim.AdamW(rest, betas=_BETAS, weight_decay=_DECAY), pace)

    @property
    def parameters(self) -> list[nn.Parameter]:
        """All that it moves."""
        return self._all

    def forget(self) -> None:
        """Drop the gradients."""
        for parameter in self._all:
            parameter.grad = None

    def step(self, lr: float) -> None:
        """Move all parameters by their gradients, which together are held to a length."""
        nn.utils.clip_grad_norm_(self._all, _LONGEST)
        super().step(lr)

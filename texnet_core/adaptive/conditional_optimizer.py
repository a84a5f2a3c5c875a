"""What moves the parameters of a conditional pyramid."""

from collections.abc import Iterable
from typing import Any

import torch
from torch import nn

from texnet_core.training.muon import Muon

_BETAS = (0.9, 0.99)
_DECAY = 0.01
_LONGEST = 1.0  # gradient of all parameters together


class ConditionalOptimizer:
    """Muon for the kernels, each of a bank by itself, and AdamW for what makes codes and reads them.

    Args:
        banks: (kernels, out, in, k, k) each, contiguous; they must stay where they lie in memory.
        rest: all other parameters that are learned.
        pace: their learning rate, as a share of that of kernels: what reads a whole code is moved by all of it.
    """

    def __init__(self, banks: Iterable[nn.Parameter], rest: Iterable[nn.Parameter], pace: float) -> None:
        self._banks, rest, self._pace = list(banks), list(rest), pace
        self._all = [*self._banks, *rest]
        # Muon takes matrices; these are the kernels in the same memory
        self._matrices = [nn.Parameter(bank.detach().view(*bank.shape[:2], -1)) for bank in self._banks]
        self._muon = Muon(self._matrices)
        self._adam = torch.optim.AdamW(rest, betas=_BETAS, weight_decay=_DECAY)

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
        for matrix, bank in zip(self._matrices, self._banks, strict=True):
            matrix.grad = None if bank.grad is None else bank.grad.flatten(2)
        for optimizer, share in ((self._muon, 1.0), (self._adam, self._pace)):
            for group in optimizer.param_groups:
                group["lr"] = lr * share
            optimizer.step()

    def state_dict(self) -> dict[str, Any]:
        return {"muon": self._muon.state_dict(), "adam": self._adam.state_dict()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self._muon.load_state_dict(state["muon"])
        self._adam.load_state_dict(state["adam"])

"""One training in several processes, as torchrun starts them: each takes its share of the samples of a step."""

import os
from collections.abc import Iterable
from dataclasses import dataclass

import torch
from torch import Tensor, distributed, nn
from torch.nn.parallel import DistributedDataParallel

from texnet_core.engines.torch_device import choose_device
from texnet_core.errors import RequestError


@dataclass(frozen=True)
class Processes:
    """Those that train together.

    Attributes:
        rank: of this one; the first, 0, tells and writes.
        count: of all.
        device: where this one computes.
    """

    rank: int
    count: int
    device: torch.device

    @classmethod
    def join(cls, device: str) -> "Processes":
        """As the environment says; alone where it says nothing.

        Raises:
            EngineError: there is no such device.
        """
        count = int(os.environ.get("WORLD_SIZE", "1"))
        chosen = choose_device(device)
        if count == 1:
            return cls(0, 1, torch.device(chosen))
        if chosen == "cuda":
            chosen = f"cuda:{os.environ.get('LOCAL_RANK', '0')}"
            torch.cuda.set_device(chosen)
        distributed.init_process_group("nccl" if chosen.startswith("cuda") else "gloo")
        return cls(distributed.get_rank(), count, torch.device(chosen))

    def leave(self) -> None:
        """The end of it."""
        if self.count > 1:
            distributed.destroy_process_group()

    @property
    def is_first(self) -> bool:
        """Whether this one tells and writes."""
        return self.rank == 0

    def share(self, batch: int) -> range:
        """The samples of a step that this one takes.

        Raises:
            RequestError: they cannot be shared evenly.
        """
        if batch % self.count:
            whole = self.count * -(-batch // self.count)
            raise RequestError(
                f"a batch of {batch} cannot be shared by {self.count} processes",
                expected=f"a multiple of {self.count}",
                remedy=f"use batch {whole}",
            )
        each = batch // self.count
        return range(each * self.rank, each * (self.rank + 1))

    def wrapped(self, network: nn.Module) -> nn.Module:
        """The network, whose gradients are then the mean over all processes."""
        return network if self.count == 1 else DistributedDataParallel(network, broadcast_buffers=False)

    def average_gradients(self, parameters: Iterable[nn.Parameter]) -> None:
        """Give all processes the mean of their gradients, for networks that are not `wrapped`.

        They travel as one tensor: a hundred small ones would wait for each other a hundred times.
        """
        if self.count > 1:
            given = list(parameters)
            gradients = [torch.zeros_like(each) if each.grad is None else each.grad for each in given]
            together = self.mean(torch.cat([gradient.flatten() for gradient in gradients]))
            parts = torch.split(together, [each.numel() for each in given])
            for parameter, part in zip(given, parts, strict=True):
                parameter.grad = part.view_as(parameter)

    def mean(self, values: Tensor) -> Tensor:
        """The mean over all processes of what each has."""
        if self.count > 1:
            distributed.all_reduce(values)
        return values / self.count

    def of_the_first(self, value: float) -> float:
        """What the first process has."""
        if self.count == 1:
            return value
        told = torch.tensor([value], dtype=torch.float64, device=self.device)
        distributed.broadcast(told, 0)
        return float(told)

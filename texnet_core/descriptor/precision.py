"""Which number format convolutions run in on this device, in training and in `optimize`."""

import time

import torch
from torch import Tensor
from torch.nn import functional as F

from texnet_core.settings import Precision

_WANTED_GAIN = 1.2  # bf16 rounds what it computes, so it must pay


DTYPES = {"f32": torch.float32, "bf16": torch.bfloat16}


def choose_precision(precision: Precision, device: torch.device) -> str:
    """The number format for the convolutions, a key of `DTYPES`.

    "auto" times a typical convolution of VGG-19, forward and backward, in both formats: some CPUs have
    fast bf16, others emulate it at a small fraction of float32's speed, and no flag tells them apart reliably.
    """
    if precision != "auto":
        return precision
    try:
        gain = _convolution_s(torch.float32, device) / _convolution_s(torch.bfloat16, device)
    except RuntimeError:  # no bf16 kernels here
        return "f32"
    return "bf16" if gain > _WANTED_GAIN else "f32"


def _convolution_s(dtype: torch.dtype, device: torch.device) -> float:
    """Best of three, after one to warm up."""
    x = torch.ones(1, 64, 64, 64, dtype=dtype, device=device).to(memory_format=torch.channels_last).requires_grad_()
    weight = torch.ones(64, 64, 3, 3, dtype=dtype, device=device).to(memory_format=torch.channels_last)
    seconds = []
    for _ in range(4):
        start = time.perf_counter()
        result: Tensor = F.conv2d(x, weight).sum()
        result.backward()  # type: ignore[no-untyped-call]
        result.item()  # waits for a GPU
        seconds.append(time.perf_counter() - start)
    return min(seconds[1:])

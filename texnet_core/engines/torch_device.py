"""Which devices torch has here. The torch engine, training and pixel optimization ask for one by name."""

import torch

from texnet_core.errors import EngineError


def choose_device(device: str) -> str:
    """The name of a device that works here.

    Args:
        device: "cpu", "cuda", "cuda:1", "mps", ...; "auto" takes the accelerator, where there is one.

    Raises:
        EngineError: this device is not there.
    """
    found = torch.accelerator.current_accelerator() if torch.accelerator.is_available() else None
    present = ["cpu"] if found is None else [found.type, "cpu"]
    if device == "auto":
        return present[0]
    try:
        if device.split(":")[0] not in present or device.startswith("cpu:"):
            raise RuntimeError("no such device")
        torch.empty(1, device=device)  # the number behind the colon may still be wrong
    except (RuntimeError, AssertionError) as error:
        raise EngineError(f"torch has no device {device} here", expected=present, remedy="use device auto") from error
    return device

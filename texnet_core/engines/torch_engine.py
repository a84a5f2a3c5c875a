"""The torch engine: the inference form on any device that torch has."""

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn import functional as F

from texnet_core import architecture
from texnet_core.architecture import Conv
from texnet_core.artefact import Artefact
from texnet_core.errors import EngineError
from texnet_core.noise import NoisePlane


def choose_device(device: str) -> str:
    """The name of a device that works here; "auto" takes the accelerator, where there is one.

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
        expected = f"one that torch has here: {', '.join(present)}"
        raise EngineError(f"device {device}", expected=expected, remedy="use device auto") from error
    return device


class TorchEngine:
    """See `engines.Engine`. Float32, channels-last, valid convolutions only."""

    name = "torch"

    def __init__(self, artefact: Artefact, device: str) -> None:
        self.artefact, self.device = artefact, device
        self.settings = artefact.settings
        self._halos = architecture.halos(artefact.settings)
        self._parameters = {
            name: torch.from_numpy(array).to(device).to(memory_format=_format(array))
            for name, array in artefact.parameters.items()
        }

    def block(self, plane: NoisePlane, top: int, left: int, height: int, width: int) -> npt.NDArray[np.float32]:
        windows = architecture.noise_windows(self._halos, top, left, height, width)
        noise = [plane.window_torch(*window, device=self.device)[None] for window in windows]
        # TF32 would cost the agreement between engines, and a choice of kernels by timing that between runs
        exact = torch.backends.cudnn.flags(enabled=True, benchmark=False, deterministic=True, allow_tf32=False)
        try:
            with torch.inference_mode(), exact:
                maps = self._run(noise)
        except RuntimeError as error:  # too little memory on the device, most often
            raise EngineError(
                f"torch that failed on {self.device} ({error})", expected="a block", remedy="use device cpu"
            ) from error
        return np.asarray(maps[0].permute(1, 2, 0).cpu().contiguous().numpy())

    def _run(self, noise: list[Tensor]) -> Tensor:
        """The inference form, as `architecture` describes it."""
        settings = self.settings
        coarsest = settings.levels - 1
        features = self._convolve(architecture.noise_branch(settings, coarsest), noise[coarsest])
        for level in range(coarsest - 1, -1, -1):
            upsampled = F.interpolate(features, scale_factor=2, mode="nearest")
            crop = self._halos[level].crop
            if crop:
                upsampled = upsampled[..., crop:-crop, crop:-crop]
            branch = self._convolve(architecture.noise_branch(settings, level), noise[level])
            features = self._convolve(architecture.join(settings, level), torch.cat((upsampled, branch), dim=1))
        return self._convolve((architecture.output(settings),), features)

    def _convolve(self, convs: tuple[Conv, ...], x: Tensor) -> Tensor:
        for conv in convs:
            x = F.conv2d(x, self._parameters[f"{conv.name}.weight"], self._parameters[f"{conv.name}.bias"])
            if conv.activated:
                x = F.leaky_relu(x, self.settings.leak)
        return x


def _format(array: npt.NDArray[np.float32]) -> torch.memory_format:
    return torch.channels_last if array.ndim == 4 else torch.contiguous_format

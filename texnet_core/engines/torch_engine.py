"""The torch engine: the fused form on any device that torch has."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn import functional as F

from texnet_core.engines import NumberFormat, fusion
from texnet_core.engines.torch_device import choose_device
from texnet_core.errors import EngineError
from texnet_core.model import architecture
from texnet_core.model.architecture import Conv
from texnet_core.model.artifact import Artifact
from texnet_core.model.noise import NoisePlane

_CPU_BLOCK, _GPU_BLOCK = (128, 256), (1024, 1024)


class TorchEngine:
    """See `engines.Engine`. Channels-last, valid convolutions only."""

    name = "torch"

    def __init__(self, artifact: Artifact, device: str, precision: NumberFormat, threads: int) -> None:
        self.artifact, self.device, self.precision = artifact, device, precision
        self.settings = artifact.settings
        self.workers = threads if device == "cpu" else 1  # a GPU takes one block after the other anyway
        self.block_shape = _CPU_BLOCK if device == "cpu" else _GPU_BLOCK
        self._halos = architecture.halos(artifact.settings)
        self._bf16 = fusion.bf16_convolutions(self.settings) if precision == "bf16" else frozenset()
        self._parameters = {
            name: self._tensor(array, name.rpartition(".")[0]) for name, array in artifact.parameters.items()
        }
        for level in range(1, self.settings.levels):
            name, (*_, last) = architecture.ceiling(level), architecture.convolutions_of_level(self.settings, level)
            self._parameters[name] = self._tensor(artifact.parameters[name], last.name)[:, None, None]
        for level in range(self.settings.levels - 1):
            prefix = architecture.join(self.settings, level)[0].name
            upsampling, weight, bias = fusion.fused_join(artifact, level)
            fused = {"upsampling": upsampling, "weight": weight, "bias": bias}
            self._parameters |= {f"{prefix}.{name}": self._tensor(array, prefix) for name, array in fused.items()}

    choose_device = staticmethod(choose_device)

    @staticmethod
    def formats(device: str) -> tuple[NumberFormat, ...]:
        if device == "cpu":
            has_bf16 = torch.ops.mkldnn._is_mkldnn_bf16_supported()
        else:
            has_bf16 = device.split(":")[0] != "cuda" or torch.cuda.is_bf16_supported(including_emulation=False)
        return ("f32", "bf16") if has_bf16 else ("f32",)

    def block(self, plane: NoisePlane, top: int, left: int, height: int, width: int) -> npt.NDArray[np.float32]:
        try:
            return np.asarray(self.block_on_device(plane, top, left, height, width).cpu().contiguous().numpy())
        except RuntimeError as error:  # too little memory on the device, most often
            raise EngineError(
                f"torch that failed on {self.device} ({error})", expected="a block", remedy="use device cpu"
            ) from error

    def block_on_device(self, plane: NoisePlane, top: int, left: int, height: int, width: int) -> Tensor:
        """The same block as a tensor (height, width, out_channels) that stays where it was made."""
        windows = architecture.noise_windows(self._halos, top, left, height, width)
        with torch.inference_mode(), exact(self.device):
            noise = [plane.window_torch(*window, device=self.device)[None] for window in windows]
            maps = self._run([part.contiguous(memory_format=torch.channels_last) for part in noise])
            return maps[0].permute(1, 2, 0).float()

    def _run(self, noise: list[Tensor]) -> Tensor:
        """The inference form, as `architecture` describes it, fused as `fusion` does."""
        settings = self.settings
        coarsest = settings.levels - 1
        features = self._convolve(architecture.noise_branch(settings, coarsest), noise[coarsest])
        for level in range(coarsest - 1, -1, -1):
            branch = self._convolve(architecture.noise_branch(settings, level), noise[level])
            first, *rest = architecture.join(settings, level)
            weight, bias = self._parameters[f"{first.name}.weight"], self._parameters[f"{first.name}.bias"]
            total = F.conv2d(branch.to(weight.dtype), weight, bias)
            crop = fusion.fused_crop(self._halos[level].crop)
            upsampling = self._parameters[f"{first.name}.upsampling"]
            features = torch.minimum(features, self._parameters[architecture.ceiling(level + 1)])
            total += F.conv_transpose2d(features.to(weight.dtype), upsampling, stride=2, padding=crop)
            features = self._convolve(tuple(rest), F.leaky_relu_(total, settings.leak))
        return self._convolve((architecture.output(settings),), features)

    def _convolve(self, convs: tuple[Conv, ...], x: Tensor) -> Tensor:
        for conv in convs:
            weight, bias = self._parameters[f"{conv.name}.weight"], self._parameters[f"{conv.name}.bias"]
            x = F.conv2d(x.to(weight.dtype), weight, bias)
            if conv.activated:
                x = F.leaky_relu_(x, self.settings.leak)
        return x

    def _tensor(self, array: npt.NDArray[np.float32], conv: str) -> Tensor:
        """A parameter on the device, in the format and layout of the convolution that it belongs to."""
        layout = torch.channels_last if array.ndim == 4 else torch.contiguous_format
        kind = torch.bfloat16 if conv in self._bf16 else torch.float32
        return torch.from_numpy(array).to(device=self.device, dtype=kind).to(memory_format=layout)


_counting = threading.Lock()
_inside = 0  # threads that are making blocks on the CPU
_threads_before = 0


@contextmanager
def exact(device: str) -> Iterator[None]:
    """One thread a block on the CPU; and on GPUs, arithmetic that is the same in every run.

    TF32 would cost the agreement between engines, and a choice of kernels by timing that between runs.
    """
    global _inside, _threads_before
    if device != "cpu":
        with torch.backends.cudnn.flags(enabled=True, benchmark=False, deterministic=True, allow_tf32=False):
            yield
        return
    with _counting:
        if _inside == 0:  # others have set the process's number to one, which new threads begin with
            _threads_before = torch.get_num_threads()
        _inside += 1
        torch.set_num_threads(1)
    try:
        yield
    finally:
        with _counting:
            _inside -= 1
            torch.set_num_threads(_threads_before)  # everyone, since each thread has a number of its own too

"""The torch engine: the fused form on any device that torch has."""

import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from texnet_core.circular import wrap
from texnet_core.engines import NO_CONSTANTS, NumberFormat
from texnet_core.engines.bf16 import with_bf16
from texnet_core.engines.fusion import fused
from texnet_core.engines.shapes import block_shape, is_made_at_once
from texnet_core.engines.torch_device import choose_device
from texnet_core.engines.whole_graph import inputs_of_period
from texnet_core.errors import EngineError
from texnet_core.mapset import FloatArray
from texnet_core.model import nodes
from texnet_core.model.artifact import Artifact, Parameters
from texnet_core.model.families import Constants
from texnet_core.model.graph import Graph, inference_form
from texnet_core.model.inputs import InputPlane
from texnet_core.model.operations import Operations, run

_CPU_BLOCK, _GPU_BLOCK = (128, 256), (1024, 1024)


class TorchEngine:
    """See `engines.Engine`. Channels-last, valid convolutions only."""

    name = "torch"

    def __init__(self, artifact: Artifact, device: str, precision: NumberFormat, threads: int) -> None:
        self.artifact, self.device, self.precision = artifact, device, precision
        self.workers = threads if device == "cpu" else 1  # a GPU takes one block after the other anyway
        self._usual_block = _CPU_BLOCK if device == "cpu" else _GPU_BLOCK
        self._plain = inference_form(artifact.graph)
        self.block_shape = block_shape(self._plain, self._usual_block)
        marked = with_bf16(self._plain) if precision == "bf16" else self._plain
        self._graph, parameters = fused(marked, artifact.parameters)
        self._operations = _Valid(self._graph, parameters, device)

    choose_device = staticmethod(choose_device)

    @staticmethod
    def formats(device: str) -> tuple[NumberFormat, ...]:
        if device == "cpu":
            has_bf16 = torch.ops.mkldnn._is_mkldnn_bf16_supported()
        else:
            has_bf16 = device.split(":")[0] != "cuda" or torch.cuda.is_bf16_supported(including_emulation=False)
        return ("f32", "bf16") if has_bf16 else ("f32",)

    def block(
        self, plane: InputPlane, top: int, left: int, height: int, width: int, constants: Constants = NO_CONSTANTS
    ) -> FloatArray:
        try:
            made = self.block_on_device(plane, top, left, height, width, constants)
            return np.asarray(made.cpu().contiguous().numpy())
        except RuntimeError as error:  # too little memory on the device, most often
            raise EngineError(
                f"torch failed on {self.device} ({error})", expected="a block", remedy="use device cpu"
            ) from error

    def block_on_device(
        self, plane: InputPlane, top: int, left: int, height: int, width: int, constants: Constants = NO_CONSTANTS
    ) -> Tensor:
        """The same block as a tensor (height, width, channels) that stays where it was made."""
        given = {name: torch.from_numpy(array).to(self.device) for name, array in constants.items()}
        with torch.inference_mode(), exact(self.device):
            for window in self._plain.windows(top, left, height, width):
                values = plane.window_torch(*window.place, device=self.device)[None]
                given[window.name] = values.contiguous(memory_format=torch.channels_last)
            return run(self._graph, self._operations, given)[0].permute(1, 2, 0).float()

    def period(self, plane: InputPlane) -> FloatArray | None:
        if not is_made_at_once(self._plain, self._usual_block, plane):
            return None
        given = {
            name: torch.from_numpy(array).to(self.device)
            for name, array in inputs_of_period(self.artifact, plane).items()
        }
        graph = self.artifact.graph
        try:
            with torch.inference_mode(), exact(self.device):
                made = run(graph, _Wrapping(graph, self.artifact.parameters, self.device), given)
                return np.asarray(made[0].permute(1, 2, 0).float().cpu().contiguous().numpy())
        except RuntimeError as error:  # too little memory on the device, most often
            raise EngineError(
                f"torch failed on {self.device} ({error})", expected="a texture", remedy="use device cpu"
            ) from error


class _Valid(Operations):
    """Valid convolutions, channels-last, in the number formats that the graph says."""

    def __init__(self, graph: Graph, parameters: Parameters, device: str) -> None:
        self._parameters = {
            name: _tensor(parameters[name], device, getattr(node, "bf16", False))
            for node in graph.nodes
            for name in node.parameter_shapes
        }
        # nobody else reads what they read first, and it is no input
        self._in_place = {
            node.name
            for node in graph.nodes
            if isinstance(node, nodes.LeakyReLU | nodes.Add)
            and len(graph.consumers(node.inputs[0])) == 1
            and isinstance(graph[node.inputs[0]], _FRESH)
        }

    def convolution(self, node: nodes.Convolution, x: Tensor) -> Tensor:
        weight, bias = (self._parameters[name] for name in node.parameter_shapes)
        return F.conv2d(x.to(weight.dtype), weight, bias)

    def upsampling_convolution(self, node: nodes.UpsamplingConvolution, x: Tensor) -> Tensor:
        (weight,) = (self._parameters[name] for name in node.parameter_shapes)
        return F.conv_transpose2d(x.to(weight.dtype), weight, stride=2, padding=node.crop)

    def leaky_relu(self, node: nodes.LeakyReLU, x: Tensor) -> Tensor:
        if node.name in self._in_place:
            return F.leaky_relu_(x, node.slope)
        return super().leaky_relu(node, x)

    def clamp(self, node: nodes.Clamp, x: Tensor) -> Tensor:
        return torch.minimum(x, self._parameters[node.bound].to(x.dtype)[:, None, None])

    def add(self, node: nodes.Add, a: Tensor, b: Tensor) -> Tensor:
        return a.add_(b) if node.name in self._in_place else a + b


class _Wrapping(_Valid):
    """Convolutions of whole periods."""

    def convolution(self, node: nodes.Convolution, x: Tensor) -> Tensor:
        margin = node.kernel // 2
        return super().convolution(node, wrap(x, margin, margin) if margin else x)

    def blur(self, node: nodes.Blur, x: Tensor) -> Tensor:
        return super().blur(node, wrap(x, 1, 1))


_FRESH = (nodes.Convolution, nodes.Add, nodes.Multiply)  # make arrays of their own


def _tensor(array: FloatArray, device: str, bf16: bool) -> Tensor:
    """A parameter on the device, in the format and layout of the convolution that it belongs to."""
    layout = torch.channels_last if array.ndim == 4 else torch.contiguous_format
    kind = torch.bfloat16 if bf16 else torch.float32
    return torch.from_numpy(array).to(device=device, dtype=kind).to(memory_format=layout)


_counting = threading.Lock()
_inside = 0  # threads that are making blocks on the CPU
_threads_before = 0
_inside_on_gpu = 0
_flags_before = ExitStack()  # gives the process its flags back


@contextmanager
def exact(device: str) -> Iterator[None]:
    """One thread a block on the CPU; and on GPUs, arithmetic that is the same in every run.

    TF32 would cost the agreement between engines, and a choice of kernels by timing that between runs.
    """
    with _one_thread() if device == "cpu" else _same_arithmetic():
        yield


@contextmanager
def _same_arithmetic() -> Iterator[None]:
    """The flags are the process's: the first thread sets them, the last one gives them back."""
    global _inside_on_gpu
    with _counting:
        if _inside_on_gpu == 0:
            flags = torch.backends.cudnn.flags(enabled=True, benchmark=False, deterministic=True, allow_tf32=False)
            _flags_before.enter_context(flags)
        _inside_on_gpu += 1
    try:
        yield
    finally:
        with _counting:
            _inside_on_gpu -= 1
            if _inside_on_gpu == 0:
                _flags_before.close()


@contextmanager
def _one_thread() -> Iterator[None]:
    global _inside, _threads_before
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

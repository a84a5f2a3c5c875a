"""The openvino engine: the fused form in OpenVINO on the CPU, in float32 or with bf16 for the largest convolutions."""

import queue
import threading
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import openvino

from texnet_core import architecture
from texnet_core.artefact import Artefact
from texnet_core.engines import NumberFormat, cpu_only
from texnet_core.engines.fusion import bf16_cut
from texnet_core.engines.onnx_graph import OUTPUT, build_fused_halves, build_fused_model, noise_input
from texnet_core.errors import EngineError
from texnet_core.noise import NoisePlane

Floats = npt.NDArray[np.float32]

# OpenVINO looks NumPy up when it makes its first tensor; two threads that do so at once wait for each other for ever
openvino.Tensor(np.zeros(1, np.float32))


class OpenVinoEngine:
    """See `engines.Engine`."""

    name = "openvino"
    block_shape = (128, 256)

    def __init__(self, artefact: Artefact, device: str, precision: NumberFormat, threads: int) -> None:
        self.artefact, self.device, self.precision, self.workers = artefact, device, precision, threads
        self._halos = architecture.halos(artefact.settings)
        self._models = self._read_models()
        # chains of requests for each shape of block; a chain is lent to one caller at a time
        self._chains: dict[tuple[int, int], queue.SimpleQueue[_Chain]] = {}
        self._opening = threading.Lock()

    @staticmethod
    def choose_device(device: str) -> str:
        return cpu_only("openvino", device)

    @staticmethod
    def formats(device: str) -> tuple[NumberFormat, ...]:
        has_bf16 = "BF16" in openvino.Core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")
        return ("f32", "bf16") if has_bf16 else ("f32",)

    def block(self, plane: NoisePlane, top: int, left: int, height: int, width: int) -> Floats:
        windows = architecture.noise_windows(self._halos, top, left, height, width)
        noise = {noise_input(window[0]): plane.window(*window)[None] for window in windows}
        try:
            chains = self._chains_for((height, width), noise)
            chain = chains.get()
            try:
                return chain.run(noise)
            finally:
                chains.put(chain)
        except Exception as error:  # its errors share no base class of their own
            raise EngineError(
                f"OpenVINO that failed ({error})", expected="a block", remedy="free some memory"
            ) from error

    def _read_models(self) -> list[tuple[Any, NumberFormat]]:
        core = openvino.Core()
        if self.precision == "f32":
            return [(core.read_model(build_fused_model(self.artefact)), "f32")]
        first, second = build_fused_halves(self.artefact, bf16_cut(self.artefact.settings.levels))
        return [(core.read_model(first), "f32"), (core.read_model(second), "bf16")]

    def _chains_for(self, shape: tuple[int, int], noise: dict[str, Floats]) -> "queue.SimpleQueue[_Chain]":
        """Compile for one shape of block, which is 5% faster than for any, once."""
        with self._opening:
            if shape not in self._chains:
                inputs = {name: list(array.shape) for name, array in noise.items()}
                compiled = []
                for model, precision in self._models:
                    model.reshape(inputs)
                    compiled.append(self._compile(model, precision))
                    inputs = {port.get_any_name(): list(port.shape) for port in model.outputs}
                chains: queue.SimpleQueue[_Chain] = queue.SimpleQueue()
                for _ in range(self.workers):
                    chains.put(_Chain([model.create_infer_request() for model in compiled]))
                self._chains[shape] = chains
        return self._chains[shape]

    def _compile(self, model: Any, precision: NumberFormat) -> Any:
        config = {
            "INFERENCE_PRECISION_HINT": precision,
            "INFERENCE_NUM_THREADS": self.workers,
            "NUM_STREAMS": self.workers,  # so that each request runs in one thread
        }
        return openvino.Core().compile_model(model, "CPU", config)


class _Chain:
    """Infer requests of which each takes the results of the one before, by name."""

    def __init__(self, requests: list[Any]) -> None:
        self._requests = requests
        for source, target in pairwise(requests):
            for port in source.model_outputs:
                target.set_tensor(port.get_any_name(), source.get_tensor(port))

    def run(self, inputs: dict[str, Floats]) -> Floats:
        first, *rest = self._requests
        first.infer(inputs, share_inputs=True)
        for request in rest:
            request.infer()
        maps = self._requests[-1].get_tensor(OUTPUT).data
        texels: Floats = maps[0].transpose(1, 2, 0).copy()  # the tensor is used again
        return texels

"""The openvino engine: the fused form in OpenVINO on the CPU, in float32 or with bf16 for the largest convolutions."""

import queue
import threading
from typing import Any

import numpy as np
import openvino

from texnet_core.engines import NO_CONSTANTS, NumberFormat, cpu_only, inputs_of_block
from texnet_core.engines.bf16 import with_bf16
from texnet_core.engines.fusion import fused
from texnet_core.engines.onnx_graph import OUTPUT, build_model
from texnet_core.engines.shapes import block_shape, is_made_at_once
from texnet_core.engines.whole_graph import build_whole_model, inputs_of_period
from texnet_core.errors import EngineError
from texnet_core.mapset import FloatArray
from texnet_core.model.artifact import Artifact
from texnet_core.model.families import Constants
from texnet_core.model.graph import inference_form
from texnet_core.model.inputs import InputPlane

# OpenVINO looks NumPy up when it makes its first tensor; two threads that do so at once wait for each other for ever
openvino.Tensor(np.zeros(1, np.float32))


class OpenVinoEngine:
    """See `engines.Engine`."""

    name = "openvino"
    _usual_block = (128, 256)

    def __init__(self, artifact: Artifact, device: str, precision: NumberFormat, threads: int) -> None:
        self.artifact, self.device, self.precision, self.workers = artifact, device, precision, threads
        self._graph = inference_form(artifact.graph)
        self.block_shape = block_shape(self._graph, self._usual_block)
        marked = with_bf16(self._graph) if precision == "bf16" else self._graph
        self._model = openvino.Core().read_model(build_model(*fused(marked, artifact.parameters)))
        # requests for each shape of block; one is lent to one caller at a time
        self._requests: dict[tuple[int, int], queue.SimpleQueue[Any]] = {}
        self._compiling = threading.Lock()

    @staticmethod
    def choose_device(device: str) -> str:
        return cpu_only("openvino", device)

    @staticmethod
    def formats(device: str) -> tuple[NumberFormat, ...]:
        has_bf16 = "BF16" in openvino.Core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")
        return ("f32", "bf16") if has_bf16 else ("f32",)

    def block(
        self, plane: InputPlane, top: int, left: int, height: int, width: int, constants: Constants = NO_CONSTANTS
    ) -> FloatArray:
        given = inputs_of_block(self._graph, plane, (top, left, height, width), constants)
        try:
            requests = self._requests_for((height, width), given)
            request = requests.get()
            try:
                request.infer(given, share_inputs=True)
                maps: FloatArray = request.get_tensor(OUTPUT).data
                texels: FloatArray = maps[0].transpose(1, 2, 0).copy()  # the tensor is used again
                return texels
            finally:
                requests.put(request)
        except Exception as error:  # its errors share no base class of their own
            raise EngineError(
                f"OpenVINO failed ({error})", expected="a block", remedy="free some memory and try again"
            ) from error

    def period(self, plane: InputPlane) -> FloatArray | None:
        if not is_made_at_once(self._graph, self._usual_block, plane):
            return None
        config = {"INFERENCE_PRECISION_HINT": "f32", "INFERENCE_NUM_THREADS": self.workers, "NUM_STREAMS": 1}
        try:
            given = inputs_of_period(self.artifact, plane)
            model = openvino.Core().read_model(build_whole_model(self.artifact))
            model.reshape({name: list(array.shape) for name, array in given.items()})
            request = openvino.Core().compile_model(model, "CPU", config).create_infer_request()
            request.infer(given)
            texels: FloatArray = request.get_tensor(OUTPUT).data[0].transpose(1, 2, 0).copy()
        except Exception as error:  # its errors share no base class of their own
            raise EngineError(
                f"OpenVINO failed ({error})", expected="a texture", remedy="free some memory and try again"
            ) from error
        return texels

    def _requests_for(self, shape: tuple[int, int], given: dict[str, FloatArray]) -> "queue.SimpleQueue[Any]":
        """Compile for one shape of block, which is 5% faster than for any, once."""
        with self._compiling:
            if shape not in self._requests:
                self._model.reshape({name: list(array.shape) for name, array in given.items()})
                config = {
                    "INFERENCE_PRECISION_HINT": "f32",  # of what the model does not say to be in bf16
                    "INFERENCE_NUM_THREADS": self.workers,
                    "NUM_STREAMS": self.workers,  # so that each request runs in one thread
                }
                compiled = openvino.Core().compile_model(self._model, "CPU", config)
                requests: queue.SimpleQueue[Any] = queue.SimpleQueue()
                for _ in range(self.workers):
                    requests.put(compiled.create_infer_request())
                self._requests[shape] = requests
            return self._requests[shape]

"""The onnx engine: the inference form in ONNX Runtime on the CPU, with no torch at all."""

from typing import cast

import numpy as np
import onnxruntime

from texnet_core.engines import NO_CONSTANTS, NumberFormat, cpu_only, inputs_of_block
from texnet_core.engines.onnx_graph import OUTPUT, build_model
from texnet_core.engines.shapes import block_shape, is_made_at_once
from texnet_core.engines.whole_graph import build_whole_model, inputs_of_period
from texnet_core.errors import EngineError
from texnet_core.mapset import FloatArray
from texnet_core.model.artifact import Artifact
from texnet_core.model.families import Constants
from texnet_core.model.graph import inference_form
from texnet_core.model.inputs import InputPlane


class OnnxEngine:
    """See `engines.Engine`.

    It runs the plain form: ONNX Runtime's transposed convolution is so much slower than its convolution that
    the fused one gains nothing here (docs/performance.md).
    """

    name = "onnx"
    _usual_block = (128, 128)

    def __init__(self, artifact: Artifact, device: str, precision: NumberFormat, threads: int) -> None:
        self.artifact, self.device, self.precision, self.workers = artifact, device, precision, threads
        self._graph = inference_form(artifact.graph)
        self.block_shape = block_shape(self._graph, self._usual_block)
        # the caller's own thread; see the package's docstring
        self._session = _opened(build_model(self._graph, artifact.parameters), threads=1)

    @staticmethod
    def choose_device(device: str) -> str:
        return cpu_only("onnx", device)

    @staticmethod
    def formats(device: str) -> tuple[NumberFormat, ...]:
        return ("f32",)

    def block(
        self, plane: InputPlane, top: int, left: int, height: int, width: int, constants: Constants = NO_CONSTANTS
    ) -> FloatArray:
        given = inputs_of_block(self._graph, plane, (top, left, height, width), constants)
        try:
            (maps,) = self._session.run([OUTPUT], given)
        except Exception as error:  # its errors share no base class of their own
            raise EngineError(
                f"ONNX Runtime failed ({error})", expected="a block", remedy="free some memory and try again"
            ) from error
        return cast(FloatArray, np.ascontiguousarray(maps[0].transpose(1, 2, 0)))

    def period(self, plane: InputPlane) -> FloatArray | None:
        if not is_made_at_once(self._graph, self._usual_block, plane):
            return None
        try:
            session = opened_for_one_run(build_whole_model(self.artifact), self.workers)
            (maps,) = session.run([OUTPUT], inputs_of_period(self.artifact, plane))
        except Exception as error:  # its errors share no base class of their own
            raise EngineError(
                f"ONNX Runtime failed ({error})", expected="a texture", remedy="free some memory and try again"
            ) from error
        return cast(FloatArray, np.ascontiguousarray(maps[0].transpose(1, 2, 0)))


def opened_for_one_run(model: bytes, threads: int) -> onnxruntime.InferenceSession:
    """A session of a large model that several threads run at once. Its bytes do not depend on how many there are.

    They would where less of it were rearranged, which would open it in half the time.
    """
    options = _options(threads)
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")  # other programs want the cores too
    return onnxruntime.InferenceSession(model, sess_options=options, providers=["CPUExecutionProvider"])


def opened_to_measure(model: bytes, threads: int) -> onnxruntime.InferenceSession:
    """A session of a model that is run a single time: it is taken as it is, which opens it in a third of the time."""
    options = _options(threads)
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    return onnxruntime.InferenceSession(model, sess_options=options, providers=["CPUExecutionProvider"])


def _opened(model: bytes, threads: int) -> onnxruntime.InferenceSession:
    return onnxruntime.InferenceSession(model, sess_options=_options(threads), providers=["CPUExecutionProvider"])


def _options(threads: int) -> onnxruntime.SessionOptions:
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3  # errors only: front ends own the terminal
    options.intra_op_num_threads = threads
    return options

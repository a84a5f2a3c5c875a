"""The onnx engine: the inference form in ONNX Runtime on the CPU, with no torch at all."""

from typing import cast

import numpy as np
import numpy.typing as npt
import onnxruntime

from texnet_core.engines import NumberFormat, cpu_only
from texnet_core.engines.onnx_graph import OUTPUT, build_model, noise_input
from texnet_core.errors import EngineError
from texnet_core.model import architecture
from texnet_core.model.artifact import Artifact
from texnet_core.model.noise import NoisePlane


class OnnxEngine:
    """See `engines.Engine`.

    It runs the plain form: ONNX Runtime's transposed convolution is so much slower than its convolution that
    the fused one gains nothing here (docs/performance.md).
    """

    name = "onnx"
    block_shape = (128, 128)

    def __init__(self, artifact: Artifact, device: str, precision: NumberFormat, threads: int) -> None:
        self.artifact, self.device, self.precision, self.workers = artifact, device, precision, threads
        self._halos = architecture.halos(artifact.settings)
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 3  # errors only: front ends own the terminal
        options.intra_op_num_threads = 1  # the caller's own thread; see the package's docstring
        self._session = onnxruntime.InferenceSession(
            build_model(artifact), sess_options=options, providers=["CPUExecutionProvider"]
        )

    @staticmethod
    def choose_device(device: str) -> str:
        return cpu_only("onnx", device)

    @staticmethod
    def formats(device: str) -> tuple[NumberFormat, ...]:
        return ("f32",)

    def block(self, plane: NoisePlane, top: int, left: int, height: int, width: int) -> npt.NDArray[np.float32]:
        windows = architecture.noise_windows(self._halos, top, left, height, width)
        noise = {noise_input(window[0]): plane.window(*window)[None] for window in windows}
        try:
            (maps,) = self._session.run([OUTPUT], noise)
        except Exception as error:  # its errors share no base class of their own
            raise EngineError(
                f"ONNX Runtime that failed ({error})", expected="a block", remedy="free some memory"
            ) from error
        return cast(npt.NDArray[np.float32], np.ascontiguousarray(maps[0].transpose(1, 2, 0)))

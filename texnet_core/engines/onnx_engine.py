"""The onnx engine: the inference form in ONNX Runtime on the CPU, with no torch at all."""

from typing import cast

import numpy as np
import numpy.typing as npt
import onnxruntime

from texnet_core import architecture
from texnet_core.artefact import Artefact
from texnet_core.engines.onnx_graph import OUTPUT, build_model, noise_input
from texnet_core.errors import EngineError
from texnet_core.noise import NoisePlane


class OnnxEngine:
    """See `engines.Engine`."""

    name = "onnx"
    device = "cpu"

    def __init__(self, artefact: Artefact) -> None:
        self.artefact = artefact
        self._halos = architecture.halos(artefact.settings)
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 3  # errors only: front ends own the terminal
        self._session = onnxruntime.InferenceSession(
            build_model(artefact), sess_options=options, providers=["CPUExecutionProvider"]
        )

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

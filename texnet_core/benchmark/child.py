"""What a contender's process does: `python -m texnet_core.benchmark.child ROLE DEVICE PRECISION THREADS [FILE] FOLDER`.

It answers each JSON line on stdin with one on stdout. Heavy packages are imported by the role that needs them.
"""

import json
import os
import signal
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any, cast

import numpy as np

from texnet_core import TextureRequest, open_plane, read_artifact, write_window
from texnet_core.benchmark.contender import COPY_BYTES, PRODUCT_SIDE
from texnet_core.engines import Engine, open_engine
from texnet_core.model.graph import Window, inference_form
from texnet_core.model.inputs import InputPlane
from texnet_core.pictures.color import quantize
from texnet_core.settings import EngineName, Precision

_NOISE_ROUNDS = 8

Answer = dict[str, Any]


def main(role: str, device: str, precision: str, threads: int, rest: list[str]) -> None:
    """Serve one role until stdin ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal sends it to all; the parent decides
    answer = _role(role, device, precision, threads, rest)
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what libraries print must not garble an answer
    for line in chain(['{"kind": "first"}'], sys.stdin):
        try:
            reply = answer(json.loads(line))
        except Exception as error:
            reply = {"error": f"{type(error).__name__}: {error}"}
        answers.write(json.dumps(reply) + "\n")
        answers.flush()


def _role(role: str, device: str, precision: str, threads: int, rest: list[str]) -> Callable[[Answer], Answer]:
    if role.startswith("product:"):
        return _timed(_product(role.split(":")[1], device, precision, threads))
    if role == "copy":
        return _timed(_copy(device, threads))
    artifact = read_artifact(rest[0])
    if role == "naive":
        from texnet_core.benchmark.naive import NaivePeer

        return _timed_by(NaivePeer(artifact, threads).make)
    return _Maker(
        open_engine(artifact, cast(EngineName, role), device, cast(Precision, precision), threads), Path(rest[1])
    )


class _Maker:
    """An engine that makes square textures."""

    def __init__(self, engine: Engine, folder: Path) -> None:
        self._engine, self._folder = engine, folder

    def __call__(self, request: Answer) -> Answer:
        if request["kind"] == "png":
            _reset_peak()
            return {"seconds": _seconds(partial(self._write, request["size"])), "peak_mb": _peak_mb()}
        if request["kind"] == "noise":
            return {"share": self._noise_share()}
        return _timed_textures(self._make, request)

    def _make(self, size: int) -> None:
        if self._engine.device != "cpu":
            return self._make_on_device(size)
        plane = open_plane(self._engine.artifact, TextureRequest(width=size, height=size, seed=1), engine=self._engine)
        for _ in plane.bands(0, 0, size, size, partial(quantize, depth=8)):
            pass

    def _make_on_device(self, size: int) -> None:
        """Block by block, and nothing leaves the device."""
        import torch

        from texnet_core.engines.torch_engine import TorchEngine

        engine = cast(TorchEngine, self._engine)
        inputs = engine.artifact.input_plane(1, size, size)
        height, width = (min(size, side) for side in engine.block_shape)
        for top in range(0, size, height):
            for left in range(0, size, width):
                block = engine.block_on_device(inputs, top, left, height, width)
                (block.clamp(0, 1) * 255 + 0.5).to(torch.uint8)
        torch.accelerator.synchronize()

    def _write(self, size: int) -> None:
        plane = open_plane(self._engine.artifact, TextureRequest(width=size, height=size, seed=1), engine=self._engine)
        for file in write_window(plane, self._folder / f"{os.getpid()}.png", (0, 0, size, size)):
            file.unlink()

    def _noise_share(self) -> float:
        """Of blocks in the middle of a plane, made one after the other."""
        engine = self._engine
        plane, graph = engine.artifact.input_plane(1), inference_form(engine.artifact.graph)
        height, width = engine.block_shape
        noise, whole = [], []
        for number in (*range(_NOISE_ROUNDS), *range(_NOISE_ROUNDS)):  # first, hashes of rows and columns are new
            windows = graph.windows(0, number * width, height, width)
            noise.append(_seconds(partial(self._make_inputs, plane, windows)))
            whole.append(_seconds(partial(engine.block, plane, 0, number * width, height, width)))
        return float(np.median(noise[_NOISE_ROUNDS:]) / np.median(whole[_NOISE_ROUNDS:]))

    def _make_inputs(self, plane: InputPlane, windows: list[Window]) -> None:
        for window in windows:
            if self._engine.name == "torch":
                from texnet_core.engines.torch_engine import exact

                with exact(self._engine.device):
                    _synchronized(plane.window_torch(*window.place, device=self._engine.device))
            else:
                plane.window(*window.place)


def _product(library: str, device: str, precision: str, threads: int) -> Callable[[], Any]:
    """A function that multiplies two matrices of 2048 x 2048."""
    rng = np.random.default_rng(0)
    a, b = (rng.random((PRODUCT_SIDE, PRODUCT_SIDE), np.float32) for _ in range(2))
    if library == "torch":
        import torch

        torch.set_num_threads(threads)
        kind = torch.bfloat16 if precision == "bf16" else torch.float32
        x, y = (torch.from_numpy(matrix).to(device=device, dtype=kind) for matrix in (a, b))
        return lambda: _synchronized(x @ y)
    if library == "openvino":
        import openvino
        from openvino import opset13

        core = openvino.Core()
        parameter = opset13.parameter(a.shape, np.float32)
        model = openvino.Model([opset13.matmul(parameter, opset13.constant(b), False, False)], [parameter])
        config = {"INFERENCE_PRECISION_HINT": precision, "INFERENCE_NUM_THREADS": threads, "NUM_STREAMS": 1}
        request = core.compile_model(model, "CPU", config).create_infer_request()
        return lambda: request.infer([a], share_inputs=True)
    if library == "onnx":
        import onnxruntime

        from texnet_core.engines.onnx_graph import build_product

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")  # into the next contender's time
        session = onnxruntime.InferenceSession(build_product(b), options, providers=["CPUExecutionProvider"])
        return lambda: session.run(None, {"a": a})
    return lambda: a @ b  # NumPy's own threads: the child's environment limits them


def _copy(device: str, threads: int) -> Callable[[], Any]:
    if device == "cpu":
        source = np.ones((threads, COPY_BYTES // threads), np.uint8)
        target = np.empty_like(source)
        pool = ThreadPoolExecutor(threads)
        return lambda: list(pool.map(np.copyto, target, source))
    import torch

    on_device = torch.ones(COPY_BYTES, dtype=torch.uint8, device=device)
    return lambda: _synchronized(on_device.clone())


def _synchronized(tensor: Any) -> Any:
    if tensor.device.type != "cpu":
        import torch

        torch.accelerator.synchronize()
    return tensor


def _timed_by(make: Callable[[int], Any]) -> Callable[[Answer], Answer]:
    return lambda request: _timed_textures(make, request)


def _timed(function: Callable[[], Any]) -> Callable[[Answer], Answer]:
    return lambda request: {"seconds": _seconds(function)}


def _timed_textures(make: Callable[[int], Any], request: Answer) -> Answer:
    """Seconds for one texture: for the very first of 256x256, else of as many in a row as are a megatexel, or one."""
    if request["kind"] == "first":
        return {"seconds": _seconds(partial(make, 256))}
    count = max(1, 2**20 // request["size"] ** 2)
    return {"seconds": _seconds(lambda: [make(request["size"]) for _ in range(count)]) / count}


def _seconds(function: Callable[[], Any]) -> float:
    started = time.perf_counter()
    function()
    return time.perf_counter() - started


def _reset_peak() -> None:
    """Linux can forget an earlier peak. Elsewhere sizes rise within a run, so that the last one counts."""
    with suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")


def _peak_mb() -> float | None:
    try:
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1024
    except OSError:
        pass
    try:
        import resource
    except ImportError:  # Windows
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 2**20 if sys.platform == "darwin" else peak / 1024


if __name__ == "__main__":
    _, role, device, precision, threads, *rest = sys.argv
    main(role, device, precision, int(threads), rest)

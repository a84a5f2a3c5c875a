"""What runs the inference form of a generator over windows of noise.

An engine is opened for one artefact and then makes blocks. Engines are imported when used, so that
neither torch nor onnxruntime is needed where the other one works.
"""

import importlib.metadata
import importlib.util
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

import numpy as np
import numpy.typing as npt

from texnet_core.artefact import Artefact
from texnet_core.errors import EngineError
from texnet_core.noise import NoisePlane
from texnet_core.settings import EngineName, SynthesisSettings


class Engine(Protocol):
    """One generator, ready to make blocks.

    Attributes:
        artefact: the generator.
        name: "onnx" or "torch".
        device: where it runs, "cpu", "cuda", ...
    """

    artefact: Artefact
    name: str
    device: str

    def block(self, plane: NoisePlane, top: int, left: int, height: int, width: int) -> npt.NDArray[np.float32]:
        """A block of the plane, (height, width, out_channels) float32, not clipped.

        Args:
            plane: the noise.
            top: first row in texels, a multiple of the coarsest cell like the other three.
            left: first column.
            height: rows.
            width: columns.
        """
        ...


def open_engine(artefact: Artefact, engine: EngineName = "auto", device: str = "auto") -> Engine:
    """Open an engine for an artefact.

    Args:
        artefact: the generator.
        engine: "auto" takes torch where it has a GPU or a device other than cpu is asked for, else onnx, else torch.
        device: "auto", or a device that the torch engine should use.

    Raises:
        EngineError: the engine or the device is not there.
        RequestError: no such engine.
    """
    SynthesisSettings(engine=engine, device=device).check()
    if engine == "auto":
        engine = _best_engine(device)
    if engine == "onnx":
        if device not in ("auto", "cpu"):
            raise EngineError(
                f"device {device} for the onnx engine", expected="cpu", remedy="use --engine torch for other devices"
            )
        with _needing("onnxruntime", "onnx", "pip install texnet"):
            from texnet_core.engines.onnx_engine import OnnxEngine
        return OnnxEngine(artefact)
    with _needing("torch", "torch", "pip install 'texnet[train]', or use the onnx engine"):
        from texnet_core.engines.torch_engine import TorchEngine, choose_device
    return TorchEngine(artefact, choose_device(device))


def _best_engine(device: str) -> EngineName:
    if not _installed("onnxruntime"):
        return "torch"
    if device not in ("auto", "cpu"):
        return "torch"
    return "torch" if device == "auto" and _torch_has_gpu() else "onnx"


def _torch_has_gpu() -> bool:
    """Ask torch, but spare its slow import where its version already says no."""
    if not _installed("torch") or "+cpu" in importlib.metadata.version("torch"):
        return False
    try:
        from texnet_core.engines.torch_engine import choose_device
    except (ImportError, OSError):  # a broken torch must not keep the other engine from working
        return False
    return choose_device("auto") != "cpu"


def _installed(package: str) -> bool:
    return importlib.util.find_spec(package) is not None


@contextmanager
def _needing(package: str, engine: str, remedy: str) -> Iterator[None]:
    """Explain an import that fails, be the package missing or broken."""
    try:
        yield
    except (ImportError, OSError) as error:
        found = (
            f"{package} that cannot be imported ({error})" if _installed(package) else f"no {package} in this Python"
        )
        raise EngineError(found, expected=f"it, for the {engine} engine", remedy=remedy) from error

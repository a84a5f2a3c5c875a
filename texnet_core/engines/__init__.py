"""What runs the inference form of a generator over windows of its inputs.

An engine is opened for one artifact and then makes blocks. Engines are imported when used, so that
none of torch, onnxruntime and openvino is needed where another one works.

On the CPU every block is made by one thread, and several blocks are made at once: small convolutions split over
threads lose more than they win, and a block's bytes cannot depend on the number of threads.
"""

import importlib.metadata
import importlib.util
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal, Protocol

from texnet_core.errors import EngineError, RequestError
from texnet_core.mapset import FloatArray
from texnet_core.model.artifact import Artifact
from texnet_core.model.families import Constants
from texnet_core.model.graph import Graph
from texnet_core.model.inputs import InputPlane
from texnet_core.settings import EngineName, EngineSettings, Precision

NumberFormat = Literal["f32", "bf16"]

NO_CONSTANTS: Constants = {}


class Engine(Protocol):
    """One generator, ready to make blocks.

    Attributes:
        artifact: the generator.
        name: "onnx", "openvino" or "torch".
        device: where it runs, "cpu", "cuda", ...
        precision: "f32", or "bf16" where the largest convolutions run in it.
        block_shape: (height, width) in texels of the blocks that it makes best; multiples of 128.
        workers: how many calls of `block` at a time keep it busy.
    """

    artifact: Artifact
    name: str
    device: str
    precision: NumberFormat
    block_shape: tuple[int, int]
    workers: int

    def block(
        self, plane: InputPlane, top: int, left: int, height: int, width: int, constants: Constants = NO_CONSTANTS
    ) -> FloatArray:
        """A block of the texture, (height, width, channels) float32, not clipped. Several threads may call it.

        Args:
            plane: what the inputs are windows of.
            top: first row in texels, a multiple of the coarsest cell like the other three.
            left: first column.
            height: rows.
            width: columns.
            constants: of the texture, as the family's `prepare` returned them.
        """
        ...

    def period(self, plane: InputPlane) -> FloatArray | None:
        """All of a plane that repeats, (height, width, channels) float32, not clipped, where that is best made at once.

        None where blocks are better, as they are for nearly all generators.
        """
        ...


def inputs_of_block(
    graph: Graph, plane: InputPlane, block: tuple[int, int, int, int], constants: Constants
) -> dict[str, FloatArray]:
    """What a graph is given to make a block (top, left, height, width): name -> (1, channels, h, w)."""
    windows = {window.name: plane.window(*window.place)[None] for window in graph.windows(*block)}
    return windows | {name: array.reshape(1, -1, 1, 1) for name, array in constants.items()}


def open_engine(
    artifact: Artifact,
    engine: EngineName = "auto",
    device: str = "auto",
    precision: Precision = "auto",
    threads: int = 0,
) -> Engine:
    """Open an engine for an artifact.

    Args:
        artifact: the generator.
        engine: "auto" takes torch where it has a GPU or a device other than cpu is asked for; else the first that is
            installed of openvino, onnx and torch.
        device: "auto", or a device that the torch engine should use.
        precision: "auto" takes bf16 where it was measured to be faster and close to float32 for this generator.
        threads: blocks made at once on the CPU; 0 for one per core that this process may use.

    Raises:
        EngineError: the engine, the device or the precision is not there.
        RequestError: no such engine.
    """
    EngineSettings(engine=engine, device=device, precision=precision, threads=threads).check()
    if artifact.adapts:
        raise RequestError(
            "this network makes a generator of an exemplar, and no texture by itself",
            expected="a generator",
            remedy="adapt it to an exemplar first",
        )
    if artifact.textures:
        raise RequestError(
            f"this file holds {len(artifact.textures)} textures to choose from",
            expected="a generator of one texture",
            remedy="open one of them with open_source or open_requested",
        )
    if engine == "auto":
        engine = _best_engine(device)
    kind = _engine_class(engine)
    device = kind.choose_device(device)
    formats = kind.formats(device)
    if precision == "auto" and len(formats) > 1:
        from texnet_core.engines.precision import choose_format

        precision = choose_format(kind, artifact, device)
    elif precision == "auto":
        precision = "f32"
    if precision not in formats:
        raise EngineError(
            f"the {engine} engine has no {precision} on {device}", expected=formats, remedy="use precision auto"
        )
    return kind(artifact, device, precision, threads or available_cores())


class EngineClass(Protocol):
    """How an engine is opened."""

    def __call__(self, artifact: Artifact, device: str, precision: NumberFormat, threads: int) -> Engine:
        """Open it."""
        ...

    def choose_device(self, device: str) -> str:
        """The name of a device that works here; EngineError where there is none such."""
        ...

    def formats(self, device: str) -> tuple[NumberFormat, ...]:
        """The number formats that engine and device support."""
        ...


def cpu_only(engine: str, device: str) -> str:
    """The device of an engine that has but one."""
    if device not in ("auto", "cpu"):
        raise EngineError(
            f"the {engine} engine runs on the CPU alone, not on {device}",
            expected="cpu",
            remedy="use the torch engine for other devices",
        )
    return "cpu"


def formats_of(engine: EngineName, device: str) -> tuple[NumberFormat, ...]:
    """The number formats that an engine has on a device."""
    return _engine_class(engine).formats(device)


def devices(engine: EngineName, device: str) -> list[str]:
    """Devices over which independent textures can be spread: all GPUs of a kind where one is chosen without number."""
    if engine == "auto":
        engine = _best_engine(device)
    chosen = _engine_class(engine).choose_device(device)
    if chosen == "cpu" or ":" in chosen:
        return [chosen]
    import torch

    return [f"{chosen}:{number}" for number in range(torch.accelerator.device_count())]


def available_cores() -> int:
    """Cores that this process may use, which can be fewer than the machine has."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def installed_engines() -> tuple[EngineName, ...]:
    """The engines whose package is installed, the preferred one for a CPU first."""
    return tuple(name for name, package in _PACKAGES.items() if _installed(package))


# engine -> the package behind it, in the order in which "auto" prefers them on a CPU
_PACKAGES: dict[EngineName, str] = {"openvino": "openvino", "onnx": "onnxruntime", "torch": "torch"}


def _engine_class(engine: EngineName) -> EngineClass:
    if engine == "onnx":
        with _needing("onnxruntime", "onnx", "run: pip install texnet"):
            from texnet_core.engines.onnx_engine import OnnxEngine
        return OnnxEngine
    if engine == "openvino":
        with _needing("openvino", "openvino", "run: pip install 'texnet[openvino]', or use the onnx engine"):
            from texnet_core.engines.openvino_engine import OpenVinoEngine
        return OpenVinoEngine
    with _needing("torch", "torch", "run: pip install 'texnet[train]', or use the onnx engine"):
        from texnet_core.engines.torch_engine import TorchEngine
    return TorchEngine


def _best_engine(device: str) -> EngineName:
    if device not in ("auto", "cpu") or (device == "auto" and _torch_has_gpu()):
        return "torch"
    return next(iter(installed_engines()), "onnx")


def _torch_has_gpu() -> bool:
    """Ask torch, but spare its slow import where its version already says no."""
    if not _installed("torch") or "+cpu" in importlib.metadata.version("torch"):
        return False
    try:
        from texnet_core.engines.torch_device import choose_device
    except (ImportError, OSError):  # a broken torch must not keep the other engines from working
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
        is_broken = _installed(package)
        found = f"which cannot be imported ({error})" if is_broken else "which is not installed"
        raise EngineError(f"the {engine} engine needs {package}, {found}", expected=package, remedy=remedy) from error

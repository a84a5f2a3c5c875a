"""The job `probe`: what this Python can do, found out by doing it."""

import sys
import time
import traceback
from typing import Any

from texnet_core.engines import devices, installed_engines, open_engine
from texnet_core.model.artifact import read_artifact
from texnet_core.presets import list_presets
from texnet_core.settings import EngineName
from texnet_core.synthesis.request import TextureRequest
from texnet_core.synthesis.textures import synthesize
from texnet_core.version import __version__
from texnet_core.worker.job import Message, WorkerJob

_SIDE = 64


def probe(job: WorkerJob) -> Message:
    """Make a small texture with torch if it can be imported, else with the best of the other engines."""
    started = time.monotonic()
    torch = _import_torch()
    others = [name for name in installed_engines() if name != "torch"] or ["onnx"]
    name: EngineName = "torch" if torch else others[0]
    artifact = read_artifact(next(iter(list_presets().values())))
    engine = open_engine(artifact, name)
    synthesize(artifact, TextureRequest(width=_SIDE, height=_SIDE), engine=engine)
    return {
        "python": sys.version.split()[0],
        "version": __version__,
        "torch": torch.__version__ if torch else None,
        "engine": engine.name,
        "device": engine.device,
        "devices": list(dict.fromkeys([*devices(name, "auto"), "cpu"])),
        "device_name": _device_name(torch, engine.device),
        "can_train": _can_train(),
        "seconds": round(time.monotonic() - started, 3),
    }


def _import_torch() -> Any:
    """Torch, or None where it is missing or broken."""
    try:
        import torch
    except ModuleNotFoundError:
        return None
    except (ImportError, OSError):
        traceback.print_exc()  # a broken one is worth a look
        return None
    return torch


def _can_train() -> bool:
    try:
        import PIL  # noqa: F401 - reads exemplars

        import texnet_core.training  # noqa: F401
    except (ImportError, OSError):
        return False
    return True


def _device_name(torch: Any, device: str) -> str:
    """What the maker calls it, where torch knows."""
    kind = device.split(":")[0]
    name = getattr(getattr(torch, kind, None), "get_device_name", None)
    return str(name()) if name else kind.upper()

"""Does bf16 pay here? Measured once for a generator, engine and machine, and remembered in the user's cache.

Processors differ by a factor of 40 in its speed (some emulate the format) and generators in what it does to them,
so nothing but a measurement can tell; and remembering it keeps equal seeds at equal bytes, which a measurement in
every process would not.
"""

import hashlib
import importlib.metadata
import json
import platform
import time
from pathlib import Path

import numpy as np

from texnet_core.atomic import replacing
from texnet_core.engines import EngineClass, NumberFormat, available_cores
from texnet_core.engines.bf16 import with_bf16
from texnet_core.errors import OutputError
from texnet_core.model.artifact import Artifact
from texnet_core.model.inputs import InputPlane
from texnet_core.model.nodes import Input
from texnet_core.model.noise import NoisePlane

_ROUNDS = 3
_WORTH_IT = 0.9  # of the time in float32: less is noise
_MEAN_ERROR, _LARGEST_ERROR = 0.5 / 255, 2 / 255


def choose_format(kind: EngineClass, artifact: Artifact, device: str) -> NumberFormat:
    """Bf16 where it is faster and close to float32, as measured now or remembered; for an engine that has both."""
    if with_bf16(artifact.graph) is artifact.graph:
        return "f32"
    file, key = _file(), _key(kind, artifact, device)
    known = _read(file)
    if key not in known:
        found = "bf16" if _pays(kind, artifact, device) else "f32"
        known = {key: found} | _read(file)  # another process may have measured meanwhile, which counts then
        _write(file, known)
    return "bf16" if known[key] == "bf16" else "f32"


def _pays(kind: EngineClass, artifact: Artifact, device: str) -> bool:
    """Make one block in both formats by turns; the best times count, which other programs disturbed least."""
    formats: tuple[NumberFormat, NumberFormat] = ("f32", "bf16")
    engines = {name: kind(artifact, device, name, 1) for name in formats}
    plane = _plane(artifact)
    constants = artifact.constants(plane)
    best = dict.fromkeys(formats, float("inf"))
    blocks = {}
    for turn in range(1 + _ROUNDS):  # the first is for warming up
        for name, engine in engines.items():
            started = time.perf_counter()
            blocks[name] = np.clip(engine.block(plane, 0, 0, *engine.block_shape, constants), 0, 1)
            if turn:
                best[name] = min(best[name], time.perf_counter() - started)
    errors = np.abs(blocks["bf16"] - blocks["f32"])
    close = bool(errors.mean() <= _MEAN_ERROR and errors.max() <= _LARGEST_ERROR)
    return close and best["bf16"] < _WORTH_IT * best["f32"]


def _plane(artifact: Artifact) -> InputPlane:
    """The inputs of a texture; of a style, noise in place of a picture and the strength too."""
    if not artifact.paints:
        return artifact.input_plane(0)
    return NoisePlane(0, next(artifact.graph.of(Input)).channels)


def _key(kind: EngineClass, artifact: Artifact, device: str) -> str:
    """All that the answer may depend on. Homes are shared between machines, so the machine's name is in it."""
    package = kind.__module__.rsplit(".", 1)[1].removesuffix("_engine")
    version = importlib.metadata.version(package)
    parameters = (array.tobytes() for _, array in sorted(artifact.parameters.items()))  # they are read in any order
    generator = hashlib.sha256(b"".join(parameters)).hexdigest()[:16]
    return " ".join((package, version, device, platform.node(), f"{available_cores()} cores", generator))


def _file() -> Path:
    import platformdirs

    return Path(platformdirs.user_cache_dir("texnet", appauthor=False)) / "precision.json"


def _read(file: Path) -> dict[str, str]:
    try:
        known = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return known if isinstance(known, dict) else {}


def _write(file: Path, known: dict[str, str]) -> None:
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with replacing(file) as temporary:
            temporary.write_text(json.dumps(known, indent=1), encoding="utf-8")
    except (OSError, OutputError):  # then the next process measures again
        pass

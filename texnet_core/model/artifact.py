"""The `.texnet` file: a trained generator in one file, that can at worst be refused.

Layout, all integers little-endian:

    0    8   magic "TEXNET\\r\\n" (the line end shows up damage by text-mode transfers)
    8    4   format version
    12   4   length of the header, at most 64 KiB
    16   32  SHA-256 of the header
    48   ..  header, JSON in UTF-8; gives length and SHA-256 of the two parts that follow
    ..   ..  preview, PNG
    ..   ..  parameters of the inference form, safetensors, all float16 if that holds them exactly, else all float32

The header alone tells everything but the parameters and reads without them. Nothing in a file is executed,
names a path or decides an allocation: lengths are held against limits and against the file's size first, and
tensor shapes follow from the settings, not from the file. The header names the generator's family; in files of
versions before 6, which do not, it is the pyramid. Files of versions before 5 hold no bounds of activation clamps, and
are read as bounding nothing: 65504, the largest number in float16.
"""

import hashlib
import json
import math
import reprlib
import struct
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import numpy.typing as npt

from texnet_core.atomic import replacing
from texnet_core.errors import ArtifactError, Range
from texnet_core.mapset import FloatArray
from texnet_core.model.families import FAMILIES, PYRAMID, Constants
from texnet_core.model.graph import NO_CLAMP, Graph
from texnet_core.model.header import Header, Provenance, damaged, expect, header_record, parse_header
from texnet_core.model.inputs import InputPlane
from texnet_core.model.nodes import Clamp

__all__ = ["Artifact", "Header", "Provenance", "read_artifact", "read_header", "read_preview", "write_artifact"]

MAGIC = b"TEXNET\r\n"
FORMAT_VERSION = 6  # raise settings.WORKER_PROTOCOL with it: files pass between add-on and backend
SUFFIX = ".texnet"

_PREFIX = struct.Struct("<8sII32s")
_MAX_HEADER = 64 * 1024
_MAX_PREVIEW = 1024 * 1024
_MAX_PARAMETERS = 64 * 1024 * 1024
_PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"

_FIRST_WITH = {"waves": 2, "repeat_channels": 4}  # format versions; generators of older ones have none
_FIRST_WITH_CLAMPS = 5
_FIRST_WITH_FAMILY = 6  # and without the number of channels, which follows from the maps
_PARAMETER_TYPES = ("<f2", "<f4")  # the first came with format version 3

Parameters = dict[str, FloatArray]


@dataclass(frozen=True)
class Artifact(Header):
    """A generator ready to run.

    Attributes:
        parameters: name -> float32, as `Graph.parameter_shapes` says.
        preview_png: a small sample, or b"".
    """

    parameters: Parameters = field(default_factory=dict)
    preview_png: bytes = b""

    def constants(self, plane: InputPlane) -> Constants:
        """The constants of the texture that is made of this plane, to be computed once before its first block."""
        return FAMILIES[self.family].prepare(self, plane)


def write_artifact(path: Path, artifact: Artifact) -> None:
    """Write an artifact to `path`, whole or not at all.

    Raises:
        OutputError: the place cannot be written.
        ArtifactError: the artifact is one that could not be read back.
    """
    data = to_bytes(artifact)
    from_bytes(data, str(path))
    with replacing(path) as temporary:
        temporary.write_bytes(data)


def read_artifact(path: Path | str) -> Artifact:
    """Read and check a whole artifact.

    Raises:
        ArtifactError: missing, damaged, hostile, too new, or no artifact.
    """
    path = Path(path)
    limit = _PREFIX.size + _MAX_HEADER + _MAX_PREVIEW + _MAX_PARAMETERS
    return from_bytes(_read_at_most(path, limit, whole=True), str(path))


def read_header(path: Path | str) -> Header:
    """Read the header alone, some kilobytes whatever the size of the file.

    Raises:
        ArtifactError: as for `read_artifact`, for what the header can show.
    """
    path = Path(path)
    data = _read_at_most(path, _PREFIX.size + _MAX_HEADER, whole=False)
    raw, _, channels = _header_json(data, str(path))
    return parse_header(raw, str(path), channels)


def read_preview(path: Path | str) -> bytes:
    """The preview as PNG bytes, b"" where there is none.

    Raises:
        ArtifactError: as for `read_artifact`, for what header and preview can show.
    """
    path = Path(path)
    data = _read_at_most(path, _PREFIX.size + _MAX_HEADER + _MAX_PREVIEW, whole=False)
    raw, end, _ = _header_json(data, str(path))
    return _part(data, raw, "preview", end, _MAX_PREVIEW, str(path))


def checkpoint_path(output: Path) -> Path:
    """Where the checkpoint of a run that makes `output` lies."""
    return output.with_name(output.name + ".checkpoint")


def without_clamps(graph: Graph) -> Parameters:
    """Bounds that let everything through, for the activation clamps of a graph."""
    return {node.bound: np.full(node.channels, NO_CLAMP, np.float32) for node in graph.of(Clamp)}


def rounded(parameters: Parameters) -> Parameters:
    """Parameters as float16 holds them, for a file of half the size; as they are where one is too large for that."""
    halves = {name: array.astype(np.float32) for name, array in _halves(parameters).items()}
    return halves if all(bool(np.isfinite(array).all()) for array in halves.values()) else parameters


def to_bytes(artifact: Artifact) -> bytes:
    """An artifact as the bytes of its file."""
    from safetensors.numpy import save

    halves = _halves(artifact.parameters)
    exact = all(np.array_equal(halves[name], array) for name, array in artifact.parameters.items())
    parameters = save(halves if exact else {name: np.ascontiguousarray(a) for name, a in artifact.parameters.items()})
    raw = header_record(artifact) | {
        "preview": _describe(artifact.preview_png),
        "parameters": _describe(parameters),
    }
    header = json.dumps(raw, allow_nan=False).encode()
    prefix = _PREFIX.pack(MAGIC, FORMAT_VERSION, len(header), hashlib.sha256(header).digest())
    return prefix + header + artifact.preview_png + parameters


def from_bytes(data: bytes, name: str) -> Artifact:
    """The artifact in the bytes of a file; `name` is for messages.

    Raises:
        ArtifactError: as for `read_artifact`.
    """
    raw, end, channels = _header_json(data, name)
    header = parse_header(raw, name, channels)
    preview = _part(data, raw, "preview", end, _MAX_PREVIEW, name)
    end += len(preview)
    packed = _part(data, raw, "parameters", end, _MAX_PARAMETERS, name)
    if end + len(packed) != len(data):
        raise damaged(name, f"it has {len(data)} bytes", f"{end + len(packed)}, as its header says")
    known = {spec.name: getattr(header, spec.name) for spec in fields(Header)}
    implied = without_clamps(header.graph) if _version(data) < _FIRST_WITH_CLAMPS else {}
    parameters = _parse_parameters(packed, header.graph, implied, name)
    return Artifact(**known, parameters=parameters, preview_png=preview)


def _read_at_most(path: Path, limit: int, *, whole: bool) -> bytes:
    try:
        with path.open("rb") as file:
            data = file.read(limit + 1)
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or error
        raise ArtifactError(
            f"{path} cannot be read ({why})", expected=f"a {SUFFIX} file", remedy="check the path"
        ) from error
    if whole and len(data) > limit:
        raise damaged(str(path), f"it has more than {limit} bytes", "less")
    return data[:limit]


def _header_json(data: bytes, name: str) -> tuple[dict[str, Any], int, int | None]:
    """The header as today's version writes it, where it ends, and the channels of all maps where it states them."""
    if len(data) < _PREFIX.size or not data.startswith(MAGIC):
        raise ArtifactError(f"{name} is not a TexNet generator", expected=f"a {SUFFIX} file", remedy="check the path")
    _, version, length, digest = _PREFIX.unpack_from(data)
    if version > FORMAT_VERSION:
        raise ArtifactError(
            f"{name} has format version {version}, which is newer than this TexNet",
            expected=Range(1, FORMAT_VERSION),
            remedy="update TexNet",
        )
    if version < 1 or length > _MAX_HEADER:
        raise damaged(
            name,
            f"it states version {version} and a header of {length} bytes",
            f"version 1 up, at most {_MAX_HEADER} bytes",
        )
    end = _PREFIX.size + length
    header = data[_PREFIX.size : end]
    if len(header) != length or hashlib.sha256(header).digest() != digest:
        raise damaged(name, "its header does not match its checksum", "a matching one")
    try:
        raw = json.loads(header, parse_constant=_refuse, parse_float=_finite, parse_int=_moderate)
    except (ValueError, RecursionError) as error:
        raise damaged(name, "its header is not JSON", "JSON") from error
    if not isinstance(raw, dict):
        raise damaged(name, "its header is not a JSON object", "an object")
    return raw, end, _brought_up_to_date(raw, version, name)


def _brought_up_to_date(raw: dict[str, Any], version: int, name: str) -> int | None:
    """Add to the header of an older file what it need not say; the channels of all maps, where it states them."""
    if version >= _FIRST_WITH_FAMILY:
        return None
    raw["family"] = PYRAMID.name
    settings = expect(raw, "settings", dict, name)
    settings |= {key: 0 for key, first in _FIRST_WITH.items() if version < first}
    channels: int = expect(settings, "out_channels", int, name)
    del settings["out_channels"]
    return channels


def _version(data: bytes) -> int:
    return int(_PREFIX.unpack_from(data)[1])


def _refuse(text: str) -> NoReturn:
    raise ValueError(f"{text[:20]} is no number that may stand here")


def _finite(text: str) -> float:
    value = float(text)
    return value if math.isfinite(value) else _refuse(text)


def _moderate(text: str) -> int:
    return int(text) if len(text) < 20 else _refuse(text)


def _describe(part: bytes) -> dict[str, Any]:
    return {"bytes": len(part), "sha256": hashlib.sha256(part).hexdigest()}


def _part(data: bytes, raw: dict[str, Any], key: str, start: int, limit: int, name: str) -> bytes:
    described = expect(raw, key, dict, name)
    length = expect(described, "bytes", int, name)
    if not 0 <= length <= limit:
        raise damaged(name, f"it states {reprlib.repr(length)} bytes of {key}", f"at most {limit}")
    part = data[start : start + length]
    if _describe(part) != described:
        raise damaged(name, f"the length or checksum of its {key} is not what its header says", "a matching one")
    if key == "preview" and part and not part.startswith(_PNG_SIGNATURE):
        raise damaged(name, "its preview is not a PNG", "PNG")
    return part


def _halves(parameters: Parameters) -> dict[str, npt.NDArray[np.float16]]:
    """As float16; what is too large becomes infinite."""
    with np.errstate(over="ignore"):
        return {name: np.ascontiguousarray(array, np.float16) for name, array in parameters.items()}


def _parse_parameters(packed: bytes, graph: Graph, implied: Parameters, name: str) -> Parameters:
    """The parameters of a file, and those that it need not have for its age."""
    from safetensors import SafetensorError
    from safetensors.numpy import load

    try:
        tensors = load(packed)
    except (SafetensorError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise damaged(name, f"its parameters cannot be read ({error})", "safetensors") from error
    found = {key: (tensor.dtype.str, tensor.shape) for key, tensor in tensors.items()}
    shapes = {key: shape for key, shape in graph.parameter_shapes.items() if key not in implied}
    if all(found != {key: (kind, shape) for key, shape in shapes.items()} for kind in _PARAMETER_TYPES):
        raise damaged(name, "its parameters do not fit its settings", "float16 or float32 in the settings' shapes")
    if not all(bool(np.isfinite(tensor).all()) for tensor in tensors.values()):
        raise damaged(name, "some of its parameters are not finite numbers", "finite numbers")
    return {key: tensor.astype(np.float32, copy=False) for key, tensor in tensors.items()} | implied

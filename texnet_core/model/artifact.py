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
versions before 6, which do not, it is the pyramid. Pyramids of versions before 7 have no levels of detail. Files of
versions before 5 hold no bounds of activation clamps, and are read as bounding nothing: 65504, the largest number in
float16.
"""

import hashlib
import io
import json
import os
import reprlib
import stat
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from texnet_core.atomic import replacing
from texnet_core.errors import ArtifactError, Range
from texnet_core.mapset import FloatArray
from texnet_core.model.families import FAMILIES, PYRAMID, Constants
from texnet_core.model.foreign_json import parse_json
from texnet_core.model.graph import NO_CLAMP, Graph
from texnet_core.model.header import Header, Provenance, damaged, expect, header_record, parse_header
from texnet_core.model.inputs import InputPlane
from texnet_core.model.nodes import Clamp
from texnet_core.model.parameters import Parameters, StoredParameters, pack, rounded, unpack

__all__ = [
    "Artifact",
    "Header",
    "Parameters",
    "Provenance",
    "read_artifact",
    "read_header",
    "read_preview",
    "rounded",
    "write_artifact",
]

MAGIC = b"TEXNET\r\n"
FORMAT_VERSION = 7  # raise settings.WORKER_PROTOCOL with it: files pass between add-on and backend
SUFFIX = ".texnet"

_PREFIX = struct.Struct("<8sII32s")
_MAX_HEADER = 64 * 1024
_MAX_PART = {"preview": 1024 * 1024, "parameters": 256 * 1024 * 1024}  # in their order in the file
_PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"

_FIRST_WITH = {"waves": 2, "repeat_channels": 4}  # format versions; generators of older ones have none
_FIRST_WITH_CLAMPS = 5
_FIRST_WITH_FAMILY = 6  # and without the number of channels, which follows from the maps
_FIRST_WITH_DETAIL = 7
_NO_DETAIL = {"detail_levels": 0, "detail_channels": 32}  # of older pyramids

_CHUNK = 64 * 1024  # bytes of a stream that are read at once


@dataclass(frozen=True)
class Artifact(Header):
    """A generator ready to run.

    Attributes:
        parameters: name -> float32, as `Design.parameter_shapes` says.
        preview_png: a small sample, or b"".
    """

    parameters: Parameters = field(default_factory=dict)
    preview_png: bytes = b""

    def input_plane(
        self, seed: int, height: int | None = None, width: int | None = None, phase: float = 0.0
    ) -> InputPlane:
        """What the inputs of a texture are windows of; see `Design.input_plane`."""
        return self.design.input_plane(seed, height, width, phase, self.parameters)

    def constants(self, plane: InputPlane) -> Constants:
        """The constants of the texture that is made of this plane, to be computed once before its first block."""
        return FAMILIES[self.family].prepare(self, plane)


def write_artifact(path: Path | str, artifact: Artifact) -> None:
    """Write an artifact to `path`, whole or not at all.

    Raises:
        OutputError: the place cannot be written.
        ArtifactError: the artifact is one that could not be read back.
    """
    data = to_bytes(artifact)
    from_bytes(data, str(path))
    with replacing(Path(path)) as temporary:
        temporary.write_bytes(data)


def read_artifact(path: Path | str) -> Artifact:
    """Read and check a whole artifact. It takes little more memory than the file has bytes.

    Raises:
        ArtifactError: missing, damaged, hostile, too new, or no artifact.
    """
    with _opened(Path(path)) as file:
        return _artifact(file)


def read_header(path: Path | str) -> Header:
    """Read the header alone, some kilobytes whatever the size of the file.

    Raises:
        ArtifactError: as for `read_artifact`, for what the header and the size of the file can show.
    """
    with _opened(Path(path)) as file:
        start = _start(file)
    return parse_header(start.raw, start.name, start.channels)


def read_preview(path: Path | str) -> bytes:
    """The preview as PNG bytes, b"" where there is none.

    Raises:
        ArtifactError: as for `read_artifact`, for what header, size and preview can show.
    """
    with _opened(Path(path)) as file:
        return bytes(_part(file, _start(file), "preview"))


def checkpoint_path(output: Path) -> Path:
    """Where the checkpoint of a run that makes `output` lies."""
    return output.with_name(output.name + ".checkpoint")


def without_clamps(graph: Graph) -> dict[str, FloatArray]:
    """Bounds that let everything through, for the activation clamps of a graph."""
    return {node.bound: np.full(node.channels, NO_CLAMP, np.float32) for node in graph.of(Clamp)}


def to_bytes(artifact: Artifact) -> bytes:
    """An artifact as the bytes of its file."""
    parameters = pack(artifact.parameters)
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
    return _artifact(_File(io.BytesIO(data), len(data), name))


@dataclass(frozen=True)
class _File:
    """An open file. Its size is known before anything is read, so that nothing else decides how much that is."""

    stream: BinaryIO
    size: int
    name: str

    def take(self, count: int) -> bytearray:
        """The next bytes, or fewer at the end of the file."""
        data = bytearray(min(count, self.size))
        del data[self.stream.readinto(data) :]  # type: ignore[attr-defined]
        return data


@dataclass(frozen=True)
class _Start:
    """What a file says before its two parts.

    Attributes:
        name: of the file, for messages.
        version: of its format.
        raw: the header as today's version writes it.
        channels: of all maps together, where it states them.
    """

    name: str
    version: int
    raw: dict[str, Any]
    channels: int | None


@contextmanager
def _opened(path: Path) -> Iterator[_File]:
    try:
        with path.open("rb") as stream:
            status = os.fstat(stream.fileno())
            if stat.S_ISREG(status.st_mode):
                yield _File(stream, status.st_size, str(path))
            else:
                data = _all_of(stream, str(path))
                yield _File(io.BytesIO(data), len(data), str(path))
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or error
        raise ArtifactError(
            f"{path} cannot be read ({why})", expected=f"a {SUFFIX} file", remedy="check the path"
        ) from error


def _all_of(stream: BinaryIO, name: str) -> bytes:
    """What comes out of a pipe, whose size nobody knows."""
    limit = _PREFIX.size + _MAX_HEADER + sum(_MAX_PART.values())
    data = bytearray()
    while chunk := stream.read(_CHUNK):
        data += chunk
        if len(data) > limit:
            raise damaged(name, f"it has more than {limit} bytes", "less")
    return bytes(data)


def _artifact(file: _File) -> Artifact:
    start = _start(file)
    header = parse_header(start.raw, file.name, start.channels)
    preview = bytes(_part(file, start, "preview"))
    packed = _part(file, start, "parameters")
    implied = without_clamps(header.graph) if start.version < _FIRST_WITH_CLAMPS else {}
    shapes = {key: shape for key, shape in header.design.parameter_shapes.items() if key not in implied}
    try:
        parameters = StoredParameters(unpack(packed, shapes) | implied)
    except ValueError as error:
        raise damaged(file.name, str(error), "float16 or float32 in the settings' shapes") from error
    known = {spec.name: getattr(header, spec.name) for spec in fields(Header)}
    return Artifact(**known, parameters=parameters, preview_png=preview)


def _start(file: _File) -> _Start:
    """All before the preview; what is left has the size that this states."""
    name, prefix = file.name, file.take(_PREFIX.size)
    if not file.size:
        raise ArtifactError(f"{name} is empty", expected=f"a {SUFFIX} file", remedy="get an undamaged copy of the file")
    if prefix[: len(MAGIC)] != MAGIC[: len(prefix)]:
        raise ArtifactError(f"{name} is not a TexNet generator", expected=f"a {SUFFIX} file", remedy="check the path")
    if len(prefix) < _PREFIX.size:
        raise _truncated(file)
    _, version, length, digest = _PREFIX.unpack(prefix)
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
    header = file.take(length)
    if len(header) < length:
        raise _truncated(file)
    if hashlib.sha256(header).digest() != digest:
        raise damaged(name, "its header does not match its checksum", "a matching one")
    raw = _header_json(header, name)
    _check_size(file, raw, _PREFIX.size + length)
    return _Start(name, version, raw, _brought_up_to_date(raw, version, name))


def _header_json(header: bytearray, name: str) -> dict[str, Any]:
    try:
        raw = parse_json(header)
    except ValueError as error:
        raise damaged(name, "its header is not JSON", "JSON") from error
    if not isinstance(raw, dict):
        raise damaged(name, "its header is not a JSON object", "an object")
    return raw


def _check_size(file: _File, raw: dict[str, Any], end: int) -> None:
    total = end + sum(_length(raw, key, file.name) for key in _MAX_PART)
    if file.size < total:
        raise _truncated(file, total)
    if file.size > total:
        raise damaged(file.name, f"it has {file.size} bytes, more than the {total} in its header", f"{total} bytes")


def _truncated(file: _File, total: int | None = None) -> ArtifactError:
    of_total = f" of the {total} in its header" if total else ""
    return damaged(file.name, f"it is truncated, with {file.size} bytes{of_total}", "all of it")


def _brought_up_to_date(raw: dict[str, Any], version: int, name: str) -> int | None:
    """Add to the header of an older file what it need not say; the channels of all maps, where it states them."""
    if version >= _FIRST_WITH_DETAIL:
        return None
    settings, channels = expect(raw, "settings", dict, name), None
    if version < _FIRST_WITH_FAMILY:
        raw["family"] = PYRAMID.name
        settings |= {key: 0 for key, first in _FIRST_WITH.items() if version < first}
        channels = expect(settings, "out_channels", int, name)
        del settings["out_channels"]
    if raw.get("family") == PYRAMID.name:
        settings |= _NO_DETAIL
    return channels


def _describe(part: bytes | bytearray) -> dict[str, Any]:
    return {"bytes": len(part), "sha256": hashlib.sha256(part).hexdigest()}


def _length(raw: dict[str, Any], key: str, name: str) -> int:
    """The length of a part, as the header states it."""
    length: int = expect(expect(raw, key, dict, name), "bytes", int, name)
    if not 0 <= length <= _MAX_PART[key]:
        raise damaged(name, f"it states {reprlib.repr(length)} bytes of {key}", f"at most {_MAX_PART[key]}")
    return length


def _part(file: _File, start: _Start, key: str) -> bytearray:
    """The part that comes next in the file."""
    part = file.take(_length(start.raw, key, file.name))
    if _describe(part) != start.raw[key]:
        raise damaged(file.name, f"the checksum of its {key} is not what its header says", "a matching one")
    if key == "preview" and part and not part.startswith(_PNG_SIGNATURE):
        raise damaged(file.name, "its preview is not a PNG", "PNG")
    return part

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
tensor shapes follow from the settings, not from the file. Files of versions before 5 hold no ceilings, and are read
as having none: 65504, the largest number in float16.
"""

import hashlib
import json
import math
import re
import struct
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, NoReturn, Self, TypeVar, get_args

import numpy as np
import numpy.typing as npt

from texnet_core.atomic import replacing
from texnet_core.errors import ArtifactError, RequestError
from texnet_core.mapset import ColorSpace, MapSpec
from texnet_core.model.architecture import NO_CEILING, ceiling_shapes, parameter_shapes
from texnet_core.patterns.waves import Wave
from texnet_core.settings import GeneratorSettings, as_fields, as_record, setting

MAGIC = b"TEXNET\r\n"
FORMAT_VERSION = 5  # raise settings.WORKER_PROTOCOL with it: files pass between add-on and backend
SUFFIX = ".texnet"

_PREFIX = struct.Struct("<8sII32s")
_MAX_HEADER = 64 * 1024
_MAX_PREVIEW = 1024 * 1024
_MAX_PARAMETERS = 64 * 1024 * 1024
_MAX_TEXT = 4000
_MAX_GIVEN_TEXT = 500
_PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"

_FIRST_WITH = {"waves": 2, "repeat_channels": 4}  # format versions; generators of older ones have none
_FIRST_WITH_CEILINGS = 5
_PARAMETER_TYPES = ("<f2", "<f4")  # the first came with format version 3

T = TypeVar("T")
Parameters = dict[str, npt.NDArray[np.float32]]


@dataclass(frozen=True)
class Provenance:
    """Whose surface this is. Free text, empty where unknown.

    Each text has at most 500 characters, so that the recorded command fits in the header too.

    Attributes:
        exemplar_sha256: of the exemplar's texels as the run saw them.
        command: the command that trained the generator, with file names but no folders.
        kind: what sort of surface, in a word (stone, wood, ...), for lists.
    """

    exemplar: str = ""
    author: str = setting("", "who made the exemplar", group="record")
    license: str = setting("", "license of the exemplar", group="record")
    source: str = setting("", "where the exemplar comes from", group="record", option="exemplar-source")
    exemplar_sha256: str = ""
    command: str = ""
    kind: str = ""

    def check(self) -> Self:
        """Return self, or raise RequestError for a text that is too long."""
        for spec in fields(self):
            limit, text = _MAX_TEXT if spec.name == "command" else _MAX_GIVEN_TEXT, getattr(self, spec.name)
            label = "the exemplar's name" if spec.name == "exemplar" else spec.name
            if not isinstance(text, str):
                raise RequestError(f"{text!r} for {label}", expected="text", remedy="give text")
            if len(text) > limit:
                found, expected = f"a text of {len(text)} characters for {label}", f"at most {limit}"
                raise RequestError(found, expected=expected, remedy="shorten it")
        return self


@dataclass(frozen=True)
class Header:
    """All that is known of a generator without its parameters.

    Attributes:
        settings: shape of the pyramid.
        maps: what its output channels are, in order.
        texels_per_exemplar: texels of output that show as much surface as the exemplar's short side.
        size_m: meters that these texels span, or None where unknown.
        waves: of the pattern that repeats, as (cycles per texel down, across) each; as many as `settings.waves`.
        training: settings of the run, for the record.
        quality: figures measured at its end, for the record.
        provenance: source and license of the exemplar.
    """

    settings: GeneratorSettings
    maps: tuple[MapSpec, ...]
    texels_per_exemplar: int = 256
    size_m: float | None = None
    waves: tuple[Wave, ...] = ()
    training: dict[str, Any] = field(default_factory=dict)
    quality: dict[str, Any] = field(default_factory=dict)
    provenance: Provenance = field(default_factory=Provenance)


@dataclass(frozen=True)
class Artifact(Header):
    """A generator ready to run.

    Attributes:
        parameters: name -> float32, as `architecture.parameter_shapes` says.
        preview_png: a small sample, or b"".
    """

    parameters: Parameters = field(default_factory=dict)
    preview_png: bytes = b""


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
    return _parse_header(_header_json(data, str(path))[0], str(path))


def read_preview(path: Path | str) -> bytes:
    """The preview as PNG bytes, b"" where there is none.

    Raises:
        ArtifactError: as for `read_artifact`, for what header and preview can show.
    """
    path = Path(path)
    data = _read_at_most(path, _PREFIX.size + _MAX_HEADER + _MAX_PREVIEW, whole=False)
    raw, end = _header_json(data, str(path))
    return _part(data, raw, "preview", end, _MAX_PREVIEW, str(path))


def checkpoint_path(output: Path) -> Path:
    """Where the checkpoint of a run that makes `output` lies."""
    return output.with_name(output.name + ".checkpoint")


def without_ceilings(settings: GeneratorSettings) -> Parameters:
    """The ceilings of a generator that has none."""
    return {name: np.full(shape, NO_CEILING, np.float32) for name, shape in ceiling_shapes(settings).items()}


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
    raw = {spec.name: getattr(artifact, spec.name) for spec in fields(Header)}
    raw |= {
        "settings": as_record(artifact.settings),
        "maps": [as_record(spec) for spec in artifact.maps],
        "provenance": as_record(artifact.provenance),
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
    raw, end = _header_json(data, name)
    header = _parse_header(raw, name)
    preview = _part(data, raw, "preview", end, _MAX_PREVIEW, name)
    end += len(preview)
    packed = _part(data, raw, "parameters", end, _MAX_PARAMETERS, name)
    if end + len(packed) != len(data):
        raise _damaged(name, f"{len(data)} bytes", f"{end + len(packed)}, as its header says")
    known = {spec.name: getattr(header, spec.name) for spec in fields(Header)}
    implied = without_ceilings(header.settings) if _version(data) < _FIRST_WITH_CEILINGS else {}
    parameters = _parse_parameters(packed, header.settings, implied, name)
    return Artifact(**known, parameters=parameters, preview_png=preview)


def _read_at_most(path: Path, limit: int, *, whole: bool) -> bytes:
    try:
        with path.open("rb") as file:
            data = file.read(limit + 1)
    except (OSError, ValueError) as error:
        raise ArtifactError(
            f"no readable file {path} ({getattr(error, 'strerror', error)})",
            expected=f"a {SUFFIX} file",
            remedy="check the path",
        ) from error
    if whole and len(data) > limit:
        raise _damaged(str(path), f"more than {limit} bytes", "less")
    return data[:limit]


def _header_json(data: bytes, name: str) -> tuple[dict[str, Any], int]:
    """The header as parsed JSON and where it ends."""
    if len(data) < _PREFIX.size or not data.startswith(MAGIC):
        raise ArtifactError(
            f"{name}, which is no TexNet artifact", expected=f"a {SUFFIX} file", remedy="check the path"
        )
    _, version, length, digest = _PREFIX.unpack_from(data)
    if version > FORMAT_VERSION:
        raise ArtifactError(
            f"{name} of format version {version}",
            expected=f"at most {FORMAT_VERSION}",
            remedy="update TexNet to read it",
        )
    if version < 1 or length > _MAX_HEADER:
        raise _damaged(
            name, f"version {version} and a header of {length} bytes", f"version 1 up, at most {_MAX_HEADER} bytes"
        )
    end = _PREFIX.size + length
    header = data[_PREFIX.size : end]
    if len(header) != length or hashlib.sha256(header).digest() != digest:
        raise _damaged(name, "a header that does not match its checksum", "a matching one")
    try:
        raw = json.loads(header, parse_constant=_refuse, parse_float=_finite, parse_int=_moderate)
    except (ValueError, RecursionError) as error:
        raise _damaged(name, "a header that is no JSON", "JSON") from error
    if not isinstance(raw, dict):
        raise _damaged(name, "a header that is no JSON object", "an object")
    if isinstance(raw.get("settings"), dict):
        raw["settings"] |= {name: 0 for name, first in _FIRST_WITH.items() if version < first}
    return raw, end


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
    described = _expect(raw, key, dict, name)
    length = _expect(described, "bytes", int, name)
    if not 0 <= length <= limit:
        raise _damaged(name, f"{length} bytes of {key}", f"at most {limit}")
    part = data[start : start + length]
    if _describe(part) != described:
        raise _damaged(name, f"{key} that do not match their length and checksum", "matching ones")
    if key == "preview" and part and not part.startswith(_PNG_SIGNATURE):
        raise _damaged(name, "a preview that is no PNG", "PNG")
    return part


def _halves(parameters: Parameters) -> dict[str, npt.NDArray[np.float16]]:
    """As float16; what is too large becomes infinite."""
    with np.errstate(over="ignore"):
        return {name: np.ascontiguousarray(array, np.float16) for name, array in parameters.items()}


def _parse_header(raw: dict[str, Any], name: str) -> Header:
    stated = _expect(raw, "settings", dict, name)
    if stated.keys() != {spec.name for spec in fields(GeneratorSettings)}:  # no default may ever change an old file
        raise _damaged(name, "settings that lack fields or have unknown ones", "those of the format version")
    settings = _parse_dataclass(GeneratorSettings, stated, name)
    try:
        settings.check()
    except RequestError as error:
        raise _damaged(name, error.found, error.expected) from error
    if settings.repeat_channels and settings.waves != 2:
        raise _damaged(name, f"noise of repeats with {settings.waves} waves", "two waves")
    maps = tuple(_parse_map(item, name) for item in _expect(raw, "maps", list, name))
    if sum(spec.channels for spec in maps) != settings.out_channels or len({m.name for m in maps}) != len(maps):
        raise _damaged(
            name, "maps that do not fit the output channels", f"{settings.out_channels} channels under unique names"
        )
    texels = _expect(raw, "texels_per_exemplar", int, name)
    size_m = None if raw.get("size_m") is None else _expect(raw, "size_m", float, name)
    if size_m is not None and size_m <= 0:
        raise _damaged(name, f"size_m {size_m}", "a positive number or null")
    return Header(
        settings=settings,
        maps=maps,
        texels_per_exemplar=texels,
        size_m=size_m,
        waves=_parse_waves(raw.get("waves", []), settings.waves, name),
        training=_parse_record(raw, "training", name),
        quality=_parse_record(raw, "quality", name),
        provenance=_parse_dataclass(Provenance, _expect(raw, "provenance", dict, name), name),
    )


def _parse_waves(items: Any, count: int, name: str) -> tuple[Wave, ...]:
    good = isinstance(items, list) and len(items) == count and all(_is_wave(item) for item in items)
    if not good:
        raise _damaged(name, "waves that do not fit the settings", f"{count} pairs of cycles per texel, at most 0.5")
    return tuple((float(down), float(across)) for down, across in items)


def _is_wave(item: Any) -> bool:
    numbers = isinstance(item, list) and len(item) == 2 and all(type(value) in (int, float) for value in item)
    return numbers and 1e-6 <= max(map(abs, item)) <= 0.5


def _parse_record(raw: dict[str, Any], key: str, name: str) -> dict[str, Any]:
    """A flat object of texts and numbers, kept for the record."""
    record: dict[str, Any] = _expect(raw, key, dict, name)
    for label, value in record.items():
        if not isinstance(value, str | int | float | bool | None) or len(str(value)) > _MAX_TEXT:
            raise _damaged(name, f"{type(value).__name__} for {label!r} in {key!r}", "a short text or a number")
    return record


def _parse_map(item: Any, name: str) -> MapSpec:
    if not isinstance(item, dict):
        raise _damaged(name, "a map that is no object", "an object")
    spec = _parse_dataclass(MapSpec, item, name)
    good_name = re.fullmatch("[a-z0-9_]{1,32}", spec.name)
    if not good_name or spec.channels not in (1, 3) or spec.color_space not in get_args(ColorSpace):
        raise _damaged(name, f"the map {item!r}"[:200], "a plain name, 1 or 3 channels and a known color space")
    return spec


def _parse_dataclass(kind: type[T], raw: dict[str, Any], name: str) -> T:
    """Build a flat dataclass whose fields are text or numbers; absent fields keep their defaults."""
    values, raw = {}, as_fields(raw)
    for spec in fields(kind):  # type: ignore[arg-type]
        if spec.name in raw:
            wanted = spec.type if isinstance(spec.type, type) else str
            values[spec.name] = _expect(raw, spec.name, wanted, name)
    try:
        return kind(**values)
    except TypeError as error:
        raise _damaged(name, f"an incomplete {kind.__name__}", "all of its fields") from error


def _expect(raw: dict[str, Any], key: str, kind: type, name: str) -> Any:
    value = raw.get(key)
    if kind is float and type(value) is int:
        value = float(value) if abs(value) < 2**53 else None
    if type(value) is not kind:
        raise _damaged(name, f"{type(value).__name__} for {key!r}", kind.__name__)
    if isinstance(value, str) and len(value) > _MAX_TEXT:
        raise _damaged(name, f"{len(value)} characters for {key!r}", f"at most {_MAX_TEXT}")
    return value


def _parse_parameters(packed: bytes, settings: GeneratorSettings, implied: Parameters, name: str) -> Parameters:
    """The parameters of a file, and those that it need not have for its age."""
    from safetensors import SafetensorError
    from safetensors.numpy import load

    try:
        tensors = load(packed)
    except (SafetensorError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise _damaged(name, f"parameters that cannot be read ({error})", "safetensors") from error
    found = {key: (tensor.dtype.str, tensor.shape) for key, tensor in tensors.items()}
    shapes = {key: shape for key, shape in parameter_shapes(settings).items() if key not in implied}
    if all(found != {key: (kind, shape) for key, shape in shapes.items()} for kind in _PARAMETER_TYPES):
        raise _damaged(name, "parameters that do not fit the settings", "float16 or float32 in the settings' shapes")
    if not all(bool(np.isfinite(tensor).all()) for tensor in tensors.values()):
        raise _damaged(name, "parameters that are not finite", "finite numbers")
    return {key: tensor.astype(np.float32, copy=False) for key, tensor in tensors.items()} | implied


def _damaged(name: str, found: str, expected: str) -> ArtifactError:
    return ArtifactError(f"{found} in {name}", expected=expected, remedy="get an undamaged copy of the file")

"""A generator's parameters, in memory and as the last part of a `.texnet` file.

In a file they are safetensors, all float16 if that holds them exactly, else all float32. Reading makes no copy: what a
file holds stays as it is until somebody asks for it.
Source of the format: safetensors (Hugging Face), 8 bytes of length, a JSON object, and the numbers of all tensors.
"""

import math
import struct
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from texnet_core.mapset import FloatArray
from texnet_core.model.foreign_json import parse_json

Parameters = Mapping[str, FloatArray]
Shapes = Mapping[str, tuple[int, ...]]

_LENGTH = struct.Struct("<Q")
_MAX_TABLE = 512 * 1024  # bytes of JSON; the largest pyramid has 10,000, a Pseudo Optimizer of five stages 60,000
_TYPES: dict[str, np.dtype[Any]] = {
    "F16": np.dtype("<f2"),
    "F32": np.dtype("<f4"),
}  # the first came with format version 3
_METADATA = "__metadata__"


class StoredParameters(Mapping[str, FloatArray]):
    """Parameters as a file has them, which become float32 when they are asked for."""

    def __init__(self, stored: Mapping[str, npt.NDArray[Any]]) -> None:
        self._stored = dict(stored)

    def as_kept(self, name: str) -> npt.NDArray[Any]:
        """A parameter without a copy, float16 where the file has that."""
        return self._stored[name]

    def __getitem__(self, name: str) -> FloatArray:
        return self._stored[name].astype(np.float32, copy=False)

    def __iter__(self) -> Iterator[str]:
        return iter(self._stored)

    def __len__(self) -> int:
        return len(self._stored)


def as_kept(parameters: Parameters, name: str) -> npt.NDArray[Any]:
    """A large parameter of which parts will be read: as it is in memory, float16 or float32."""
    return parameters.as_kept(name) if isinstance(parameters, StoredParameters) else parameters[name]


def rounded(parameters: Parameters) -> Parameters:
    """Parameters as float16 holds them, for a file of half the size; as they are where one is too large for that."""
    halves = {name: array.astype(np.float32) for name, array in _halves(parameters).items()}
    return halves if all(bool(np.isfinite(array).all()) for array in halves.values()) else parameters


def pack(parameters: Parameters) -> bytes:
    """Parameters as the bytes of a file."""
    from safetensors.numpy import save

    halves = _halves(parameters)
    exact = all(np.array_equal(halves[name], array) for name, array in parameters.items())
    return bytes(save(halves if exact else {name: np.ascontiguousarray(a) for name, a in parameters.items()}))


def unpack(packed: bytearray, shapes: Shapes) -> dict[str, npt.NDArray[Any]]:
    """The parameters in the bytes of a file, as views of these bytes.

    Args:
        packed: all of them, from anybody.
        shapes: what must be in them: name -> shape.

    Raises:
        ValueError: what they hold is something else, or not finite.
    """
    table, start = _table(packed)
    kind = _kind(table, shapes)
    views, end = {}, 0
    for name in sorted(table, key=lambda name: table[name]["data_offsets"]):
        count = math.prod(shapes[name])
        begin, end = end, end + count * kind.itemsize
        if table[name]["data_offsets"] != [begin, end] or start + end > len(packed):
            raise ValueError(f"its parameter {name} does not lie where it should")
        views[name] = np.frombuffer(packed, kind, count, start + begin).reshape(shapes[name])
    if start + end != len(packed):
        raise ValueError("its parameters are followed by something else")
    if not all(bool(np.isfinite(view).all()) for view in views.values()):
        raise ValueError("some of its parameters are not finite numbers")
    return views


def _kind(table: Mapping[str, Mapping[str, Any]], shapes: Shapes) -> np.dtype[Any]:
    """The one type of number that all tensors have."""
    found = {name: (facts["dtype"], tuple(facts["shape"])) for name, facts in table.items()}
    for kind, numbers in _TYPES.items():
        if found == {name: (kind, shape) for name, shape in shapes.items()}:
            return numbers
    raise ValueError("its parameters do not fit its settings")


def _table(packed: bytearray) -> tuple[dict[str, dict[str, Any]], int]:
    """What the bytes say of their tensors, and where the numbers begin."""
    length = _LENGTH.unpack_from(packed)[0] if len(packed) >= _LENGTH.size else 0
    start = _LENGTH.size + length
    if length > _MAX_TABLE or start > len(packed) or not length:
        raise ValueError("its parameters cannot be read")
    table = parse_json(packed[_LENGTH.size : start])
    if not isinstance(table, dict):
        raise ValueError("its parameters cannot be read")
    table.pop(_METADATA, None)
    if not all(_is_entry(facts) for facts in table.values()):
        raise ValueError("its parameters cannot be read")
    return table, start


def _is_entry(facts: Any) -> bool:
    if not isinstance(facts, dict) or facts.keys() != {"dtype", "shape", "data_offsets"}:
        return False
    lists = (facts["shape"], facts["data_offsets"])
    whole = all(isinstance(numbers, list) and all(type(it) is int for it in numbers) for numbers in lists)
    return whole and isinstance(facts["dtype"], str) and len(facts["data_offsets"]) == 2


def _halves(parameters: Parameters) -> dict[str, npt.NDArray[np.float16]]:
    """As float16; what is too large becomes infinite."""
    with np.errstate(over="ignore"):
        return {name: np.ascontiguousarray(array, np.float16) for name, array in parameters.items()}

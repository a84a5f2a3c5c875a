"""The inference form as an ONNX model, written from an artifact's settings.

The graph is made here rather than stored in the artifact, so that no graph ever comes from a file that
someone else made. ONNX's own Python package would add 9 MB a Python version to the add-on, and what is
needed of the format is this little: a model is nested protocol-buffer messages, of which a handful of kinds
are used. Tests hold the result against ONNX's checker and its reference evaluator.

Source of the field numbers: onnx.proto, ONNX 1.12 (IR version 8, opset 17).
"""

import struct
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from texnet_core.engines import fusion
from texnet_core.model import architecture
from texnet_core.model.architecture import Conv
from texnet_core.model.artifact import Artifact

_IR_VERSION, _OPSET = 8, 17
_FLOAT, _INT64, _BFLOAT16 = 1, 7, 16  # TensorProto.DataType
_TENSOR_TYPES = {"float32": _FLOAT, "int64": _INT64, "uint16": _BFLOAT16}
_ATTRIBUTE_FLOAT, _ATTRIBUTE_INT, _ATTRIBUTE_STRING, _ATTRIBUTE_INTS = 1, 2, 3, 7  # AttributeProto.AttributeType


def noise_input(level: int) -> str:
    """Name of the input that takes a level's noise, (1, input_channels, h, w)."""
    return f"noise{level}"


OUTPUT = "maps"


def build_model(artifact: Artifact) -> bytes:
    """The plain form: noise0 ... noiseK -> maps (1, out_channels, height, width), float32.

    Returns:
        A serialized ModelProto.
    """
    settings = artifact.settings
    graph = _Graph(artifact)
    features = graph.coarsest_branch()
    for level in range(settings.levels - 2, -1, -1):
        features = graph.join(features, level, graph.noise_branch(level))
    graph.finish(features)
    return graph.model()


def build_fused_model(artifact: Artifact, bf16: frozenset[str] = frozenset()) -> bytes:
    """The same function of the same inputs in the form that `fusion` explains.

    Args:
        artifact: the generator.
        bf16: names of the convolutions that are to run in bfloat16.
    """
    graph = _Graph(artifact, bf16)
    features = graph.coarsest_branch()
    for level in range(artifact.settings.levels - 2, -1, -1):
        features = graph.fused_join(features, level, graph.noise_branch(level))
    graph.finish(features)
    return graph.model()


def build_product(matrix: npt.NDArray[np.float32]) -> bytes:
    """A model that multiplies its input "a" by a square matrix: the yardstick of the benchmark."""
    side = matrix.shape[0]
    shape = b"".join(_message(1, _number(1, side)) for _ in range(2))
    value_type = _message(2, _message(1, _number(1, _FLOAT) + _message(2, shape)))
    graph = (
        _message(1, b"".join(_text(1, name) for name in ("a", "b")) + _text(2, "c") + _text(4, "MatMul"))
        + _text(2, "product")
        + _message(5, _tensor("b", matrix))
        + _message(11, _text(1, "a") + value_type)
        + _message(12, _text(1, "c") + value_type)
    )
    return _model(graph)


class _Graph:
    def __init__(self, artifact: Artifact, bf16: frozenset[str] = frozenset()) -> None:
        self._artifact, self._settings, self._parameters = artifact, artifact.settings, artifact.parameters
        self._halos = architecture.halos(artifact.settings)
        self._inputs: list[bytes] = []
        self._nodes: list[bytes] = []
        self._results: list[bytes] = []
        self._bf16_convs = bf16
        self._bf16: set[str] = set()  # names of values in bfloat16
        self._initializers: dict[str, bytes] = {}

    def input(self, name: str, channels: int) -> str:
        self._inputs.append(_value_info(name, channels))
        return name

    def noise_branch(self, level: int) -> str:
        noise = self.input(noise_input(level), self._settings.input_channels)
        return self.convolve(architecture.noise_branch(self._settings, level), noise)

    def coarsest_branch(self) -> str:
        return self.noise_branch(self._settings.levels - 1)

    def join(self, coarser: str, level: int, branch: str) -> str:
        upsampled = self.upsample(self.bound(coarser, level + 1), f"level{level}.upsampled")
        if crop := self._halos[level].crop:
            upsampled = self.crop(upsampled, crop, f"level{level}.cropped")
        joined = self.concat((upsampled, branch), f"level{level}.concat")
        return self.convolve(architecture.join(self._settings, level), joined)

    def fused_join(self, coarser: str, level: int, branch: str) -> str:
        first, *rest = architecture.join(self._settings, level)
        coarser = self._for_conv(first, self.bound(coarser, level + 1))
        branch = self._for_conv(first, branch)
        upsampling, weight, bias = fusion.fused_join(self._artifact, level)
        upsampled = self._node(
            "ConvTranspose",
            [coarser, self._constant(f"{first.name}.upsampling", upsampling, like=coarser)],
            f"{first.name}.upsampled",
            _ints("kernel_shape", [4, 4]),
            _ints("strides", [2, 2]),
            _ints("pads", [fusion.fused_crop(self._halos[level].crop)] * 4),
        )
        constants = [
            self._constant(f"{first.name}.branch", weight, like=branch),
            self._constant(f"{first.name}.bias", bias, like=branch),
        ]
        own = self._node("Conv", [branch, *constants], f"{first.name}.own", _ints("kernel_shape", [3, 3]))
        total = self._node("Add", [upsampled, own], f"{first.name}.sum")
        return self.convolve(tuple(rest), self._activate(total, f"{first.name}.activated"))

    def bound(self, features: str, level: int) -> str:
        """The features of a level, none of them above its ceiling."""
        ceiling = self._parameters[architecture.ceiling(level)].reshape(1, -1, 1, 1)
        constant = self._constant(architecture.ceiling(level), ceiling, like=features)
        return self._node("Min", [features, constant], f"level{level}.bounded")

    def finish(self, features: str) -> None:
        self.convolve((architecture.output(self._settings),), features, OUTPUT)
        self._results.append(_value_info(OUTPUT, self._settings.out_channels))

    def convolve(self, convs: tuple[Conv, ...], value: str, result: str = "") -> str:
        for conv in convs:
            value = self._for_conv(conv, value)
            names = [
                self._constant(f"{conv.name}.{part}", self._parameters[f"{conv.name}.{part}"], like=value)
                for part in ("weight", "bias")
            ]
            convolved = result or f"{conv.name}.convolved"
            self._node("Conv", [value, *names], convolved, _ints("kernel_shape", [conv.kernel, conv.kernel]))
            value = convolved
            if conv.activated:
                value = self._activate(value, f"{conv.name}.activated")
        return value

    def _for_conv(self, conv: Conv, value: str) -> str:
        """The value in the number format of a convolution."""
        low = conv.name in self._bf16_convs
        if low == (value in self._bf16):
            return value
        kind, suffix = (_BFLOAT16, "bf16") if low else (_FLOAT, "f32")
        cast = self._node("Cast", [value], f"{value}.{suffix}", _int("to", kind))
        if low:
            self._bf16.add(cast)
        return cast

    def _activate(self, value: str, result: str) -> str:
        return self._node("LeakyRelu", [value], result, _float("alpha", self._settings.leak))

    def upsample(self, value: str, result: str) -> str:
        scales = self._constant("scales", np.array([1, 1, 2, 2], np.float32))
        attributes = (
            _string("mode", "nearest"),
            _string("coordinate_transformation_mode", "asymmetric"),
            _string("nearest_mode", "floor"),
        )
        return self._node("Resize", [value, "", scales], result, *attributes)

    def crop(self, value: str, margin: int, result: str) -> str:
        starts = self._constant(f"crop{margin}.starts", np.array([margin, margin], np.int64))
        ends = self._constant(f"crop{margin}.ends", np.array([-margin, -margin], np.int64))
        axes = self._constant("crop.axes", np.array([2, 3], np.int64))
        return self._node("Slice", [value, starts, ends, axes], result)

    def concat(self, values: Sequence[str], result: str) -> str:
        return self._node("Concat", values, result, _int("axis", 1))

    def model(self) -> bytes:
        return _model(self._graph())

    def _graph(self) -> bytes:
        """Field numbers: GraphProto 1 node, 2 name, 5 initializer, 11 input, 12 output."""
        return b"".join(
            (
                *(_message(1, node) for node in self._nodes),
                _text(2, "generator"),
                *(_message(5, tensor) for tensor in self._initializers.values()),
                *(_message(11, value) for value in self._inputs),
                *(_message(12, value) for value in self._results),
            )
        )

    def _node(self, operator: str, inputs: Sequence[str], result: str, *attributes: bytes) -> str:
        """Field numbers: NodeProto 1 input, 2 output, 3 name, 4 op_type, 5 attribute."""
        names = b"".join(_text(1, name) for name in inputs)
        described = b"".join(_message(5, attribute) for attribute in attributes)
        if operator != "Cast" and any(name in self._bf16 for name in inputs):
            self._bf16.add(result)
        self._nodes.append(names + _text(2, result) + _text(3, result) + _text(4, operator) + described)
        return result

    def _constant(self, name: str, array: npt.NDArray[np.float32] | npt.NDArray[np.int64], like: str = "") -> str:
        """A constant, in bfloat16 where the value that it works on is."""
        self._initializers[name] = _tensor(name, _to_bf16(array) if like in self._bf16 else array)
        return name


def _to_bf16(array: npt.NDArray[Any]) -> npt.NDArray[np.uint16]:
    """The upper halves of float32, rounded to nearest, ties to even."""
    bits = np.ascontiguousarray(array, np.float32).view(np.uint32)
    return ((bits + np.uint32(0x7FFF) + ((bits >> np.uint32(16)) & np.uint32(1))) >> np.uint32(16)).astype(np.uint16)


def _model(graph: bytes) -> bytes:
    """ModelProto 1 ir_version, 2 producer_name, 7 graph, 8 opset_import."""
    return _number(1, _IR_VERSION) + _text(2, "texnet") + _message(7, graph) + _message(8, _number(2, _OPSET))


def _tensor(name: str, array: npt.NDArray[Any]) -> bytes:
    """TensorProto 1 dims, 2 data_type, 8 name, 9 raw_data (little-endian)."""
    kind = _TENSOR_TYPES[array.dtype.name]
    dims = b"".join(_number(1, side) for side in array.shape)
    raw = array.astype(array.dtype.newbyteorder("<")).tobytes()
    return dims + _number(2, kind) + _text(8, name) + _message(9, raw)


def _value_info(name: str, channels: int) -> bytes:
    """ValueInfoProto 1 name, 2 type; TypeProto 1 tensor_type; its Tensor 1 elem_type, 2 shape; Dimension 1, 2."""
    dims = (_number(1, 1), _number(1, channels), _text(2, f"{name}.height"), _text(2, f"{name}.width"))
    shape = b"".join(_message(1, dim) for dim in dims)
    return _text(1, name) + _message(2, _message(1, _number(1, _FLOAT) + _message(2, shape)))


# AttributeProto: 1 name, 2 f, 3 i, 4 s, 8 ints, 20 type


def _float(name: str, value: float) -> bytes:
    return _text(1, name) + _key(2, 5) + struct.pack("<f", value) + _number(20, _ATTRIBUTE_FLOAT)


def _int(name: str, value: int) -> bytes:
    return _text(1, name) + _number(3, value) + _number(20, _ATTRIBUTE_INT)


def _string(name: str, value: str) -> bytes:
    return _text(1, name) + _text(4, value) + _number(20, _ATTRIBUTE_STRING)


def _ints(name: str, values: list[int]) -> bytes:
    return _text(1, name) + b"".join(_number(8, value) for value in values) + _number(20, _ATTRIBUTE_INTS)


# The wire format of protocol buffers: a key (field number, wire type), then a varint or a length and bytes.


def _message(field: int, content: bytes) -> bytes:
    return _key(field, 2) + _varint(len(content)) + content


def _text(field: int, content: str) -> bytes:
    return _message(field, content.encode())


def _number(field: int, value: int) -> bytes:
    return _key(field, 0) + _varint(value)


def _key(field: int, wire_type: int) -> bytes:
    return _varint(field << 3 | wire_type)


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)

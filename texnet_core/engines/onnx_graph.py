"""A generator's graph as an ONNX model.

The model is made here rather than stored in the artifact, so that no graph ever comes from a file that
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

from texnet_core.mapset import FloatArray
from texnet_core.model import nodes
from texnet_core.model.artifact import Parameters
from texnet_core.model.graph import Graph
from texnet_core.model.nodes import Node

_IR_VERSION, _OPSET = 8, 17
_FLOAT, _INT64, _BFLOAT16 = 1, 7, 16  # TensorProto.DataType
_TENSOR_TYPES = {"float32": _FLOAT, "int64": _INT64, "uint16": _BFLOAT16}
_ATTRIBUTE_FLOAT, _ATTRIBUTE_INT, _ATTRIBUTE_STRING, _ATTRIBUTE_INTS = 1, 2, 3, 7  # AttributeProto.AttributeType


OUTPUT = "maps"


def build_model(graph: Graph, parameters: Parameters) -> bytes:
    """The model of a graph, with float32 inputs and outputs.

    Its inputs are (1, channels, h, w) for every input of the graph and (1, channels, 1, 1) for every constant, each
    under its name. Its output is "maps", (1, channels, height, width).

    Args:
        graph: in its inference form, fused or not; marked convolutions run in bfloat16.
        parameters: of that form.

    Returns:
        A serialized ModelProto.
    """
    writer = GraphWriter(graph, parameters)
    writer.write()
    return writer.model()


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


class GraphWriter:
    """Writes node after node; knows in which number format each value is."""

    def __init__(self, graph: Graph, parameters: Parameters) -> None:
        self.graph = graph
        self._parameters, self._output = parameters, graph.output
        self._made: set[str] = set()
        self._more: list[bytes] = []  # outputs besides the maps
        self._inputs: list[bytes] = []
        self._nodes: list[bytes] = []
        self._bf16: set[str] = set()  # names of values in bfloat16
        self._casts: set[str] = set()
        self._initializers: dict[str, bytes] = {}

    def write(self) -> None:
        """Write all nodes."""
        for node in self.graph.nodes:
            getattr(self, node.operation)(node)

    def parameter(self, name: str) -> FloatArray:
        """A parameter of the graph."""
        return self._parameters[name]

    def has(self, name: str) -> bool:
        """Whether a value of that name is made."""
        return name in self._made

    def also_return(self, name: str) -> None:
        """Make a value an output, float32 of any shape."""
        self._more.append(_text(1, name) + _message(2, _message(1, _number(1, _FLOAT))))

    def model(self) -> bytes:
        """Field numbers: GraphProto 1 node, 2 name, 5 initializer, 11 input, 12 output."""
        sides = (_text(2, f"{OUTPUT}.height"), _text(2, f"{OUTPUT}.width"))
        result = _value_info(OUTPUT, self._output.channels, sides)
        graph = b"".join(
            (
                *(_message(1, node) for node in self._nodes),
                _text(2, "generator"),
                *(_message(5, tensor) for tensor in self._initializers.values()),
                *(_message(11, value) for value in self._inputs),
                *(_message(12, value) for value in (result, *self._more)),
            )
        )
        return _model(graph)

    def input(self, node: nodes.Input) -> None:
        sides = (_text(2, f"{node.name}.height"), _text(2, f"{node.name}.width"))
        self._inputs.append(_value_info(node.name, node.channels, sides))

    def constant(self, node: nodes.Constant) -> None:
        self._inputs.append(_value_info(node.name, node.channels, (_number(1, 1), _number(1, 1))))

    def convolution(self, node: nodes.Convolution) -> None:
        value = self._in_format(node.inputs[0], node.bf16)
        self.node("Conv", node, [value, *self.own(node, value)], ints_attribute("kernel_shape", [node.kernel] * 2))

    def upsampling_convolution(self, node: nodes.UpsamplingConvolution) -> None:
        value = self._in_format(node.inputs[0], node.bf16)
        attributes = (
            ints_attribute("kernel_shape", [4, 4]),
            ints_attribute("strides", [2, 2]),
            ints_attribute("pads", [node.crop] * 4),
        )
        self.node("ConvTranspose", node, [value, *self.own(node, value)], *attributes)

    def leaky_relu(self, node: nodes.LeakyReLU) -> None:
        self.node("LeakyRelu", node, node.inputs, float_attribute("alpha", node.slope))

    def clamp(self, node: nodes.Clamp) -> None:
        bound = self._parameters[node.bound].reshape(1, -1, 1, 1)
        self.node("Min", node, [*node.inputs, self.constant_of(node.bound, bound, like=node.inputs[0])])

    def affine(self, node: nodes.Affine) -> None:
        x, scale, shift = self._alike(node.inputs)
        scaled = f"{node.name}.scaled"
        self.node("Mul", scaled, [x, scale])
        self.node("Add", node, [scaled, shift])

    def sigmoid(self, node: nodes.Sigmoid) -> None:
        self.node("Sigmoid", node, node.inputs)

    def pool(self, node: nodes.Pool) -> None:
        sides = ints_attribute("kernel_shape", [2, 2]), ints_attribute("strides", [2, 2])
        if node.halving == "average":
            self.node("AveragePool", node, node.inputs, *sides)
            return
        average, largest, total = (f"{node.name}.{part}" for part in ("average", "largest", "total"))
        self.node("AveragePool", average, node.inputs, *sides)
        self.node("MaxPool", largest, node.inputs, *sides)
        self.node("Add", total, [average, largest])
        self.node("Mul", node, [total, self.constant_of("half", np.array(0.5, np.float32), like=total)])

    def upsample(self, node: nodes.Upsample) -> None:
        scales = self.constant_of("scales", np.array([1, 1, 2, 2], np.float32))
        attributes = (
            string_attribute("mode", "nearest"),
            string_attribute("coordinate_transformation_mode", "asymmetric"),
            string_attribute("nearest_mode", "floor"),
        )
        self.node("Resize", node, [*node.inputs, "", scales], *attributes)

    def blur(self, node: nodes.Blur) -> None:
        tent = np.tile(np.array(node.weights, np.float32), (node.channels, 1, 1, 1))
        weight = self.constant_of(f"blur{node.channels}", tent, like=node.inputs[0])
        self.node("Conv", node, [*node.inputs, weight], int_attribute("group", node.channels))

    def crop(self, node: nodes.Crop) -> None:
        margin = node.margin
        starts = self.constant_of(f"crop{margin}.starts", np.array([margin, margin], np.int64))
        ends = self.constant_of(f"crop{margin}.ends", np.array([-margin, -margin], np.int64))
        axes = self.constant_of("crop.axes", np.array([2, 3], np.int64))
        self.node("Slice", node, [*node.inputs, starts, ends, axes])

    def concat(self, node: nodes.Concat) -> None:
        self.node("Concat", node, self._alike(node.inputs), int_attribute("axis", 1))

    def add(self, node: nodes.Add) -> None:
        self.node("Add", node, self._alike(node.inputs))

    def multiply(self, node: nodes.Multiply) -> None:
        self.node("Mul", node, self._alike(node.inputs))

    def own(self, node: Node, value: str) -> list[str]:
        """The parameters of a convolution, in the format of what it reads."""
        return [self.constant_of(name, self._parameters[name], like=value) for name in node.parameter_shapes]

    def _alike(self, values: Sequence[str]) -> list[str]:
        """The values in one number format: bfloat16 where all are."""
        low = all(value in self._bf16 for value in values)
        return [self._in_format(value, low) for value in values]

    def _in_format(self, value: str, low: bool) -> str:
        """The value in bfloat16 or in float32."""
        if low == (value in self._bf16):
            return value
        kind, suffix = (_BFLOAT16, "bf16") if low else (_FLOAT, "f32")
        cast = f"{value}.{suffix}"
        if cast not in self._casts:
            self._casts.add(cast)
            self.node("Cast", cast, [value], int_attribute("to", kind))
            self._bf16 |= {cast} if low else set()
        return cast

    def node(self, operator: str, node: Node | str, inputs: Sequence[str], *attributes: bytes) -> None:
        """Field numbers: NodeProto 1 input, 2 output, 3 name, 4 op_type, 5 attribute."""
        name = node if isinstance(node, str) else node.name
        result = OUTPUT if name == self._output.name else name
        self._made.add(name)
        if operator != "Cast" and any(value in self._bf16 for value in inputs):
            self._bf16.add(result)
        described = b"".join(_message(5, attribute) for attribute in attributes)
        read = b"".join(_text(1, value) for value in inputs)
        self._nodes.append(read + _text(2, result) + _text(3, result) + _text(4, operator) + described)

    def constant_of(self, name: str, array: FloatArray | npt.NDArray[np.int64], like: str = "") -> str:
        """A constant, in bfloat16 where the value that it works on is; several nodes may share it in both formats."""
        low = like in self._bf16
        stored = f"{name}.bf16" if low else name
        self._initializers[stored] = _tensor(stored, _to_bf16(array) if low else array)
        return stored


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


def _value_info(name: str, channels: int, sides: tuple[bytes, bytes]) -> bytes:
    """ValueInfoProto 1 name, 2 type; TypeProto 1 tensor_type; its Tensor 1 elem_type, 2 shape; Dimension 1, 2."""
    dims = (_number(1, 1), _number(1, channels), *sides)
    shape = b"".join(_message(1, dim) for dim in dims)
    return _text(1, name) + _message(2, _message(1, _number(1, _FLOAT) + _message(2, shape)))


# AttributeProto: 1 name, 2 f, 3 i, 4 s, 8 ints, 20 type


def float_attribute(name: str, value: float) -> bytes:
    return _text(1, name) + _key(2, 5) + struct.pack("<f", value) + _number(20, _ATTRIBUTE_FLOAT)


def int_attribute(name: str, value: int) -> bytes:
    return _text(1, name) + _number(3, value) + _number(20, _ATTRIBUTE_INT)


def string_attribute(name: str, value: str) -> bytes:
    return _text(1, name) + _text(4, value) + _number(20, _ATTRIBUTE_STRING)


def ints_attribute(name: str, values: list[int]) -> bytes:
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

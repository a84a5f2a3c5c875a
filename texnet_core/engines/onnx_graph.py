"""The inference form as an ONNX model, written from an artefact's settings.

The graph is made here rather than stored in the artefact, so that no graph ever comes from a file that
someone else made. ONNX's own Python package would add 9 MB a Python version to the add-on, and what is
needed of the format is this little: a model is nested protocol-buffer messages, of which a handful of kinds
are used. Tests hold the result against ONNX's checker and its reference evaluator.

Source of the field numbers: onnx.proto, ONNX 1.12 (IR version 8, opset 17).
"""

import struct
from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from texnet_core import architecture
from texnet_core.architecture import Conv
from texnet_core.artefact import Artefact
from texnet_core.engines import fusion

_IR_VERSION, _OPSET = 8, 17
_FLOAT, _INT64 = 1, 7  # TensorProto.DataType
_ATTRIBUTE_FLOAT, _ATTRIBUTE_INT, _ATTRIBUTE_STRING, _ATTRIBUTE_INTS = 1, 2, 3, 7  # AttributeProto.AttributeType


def noise_input(level: int) -> str:
    """Name of the input that takes a level's noise, (1, noise_channels, h, w)."""
    return f"noise{level}"


OUTPUT = "maps"


def build_model(artefact: Artefact) -> bytes:
    """The plain form: noise0 ... noiseK -> maps (1, out_channels, height, width), float32.

    Returns:
        A serialised ModelProto.
    """
    settings = artefact.settings
    graph = _Graph(artefact)
    features = graph.coarsest_branch()
    for level in range(settings.levels - 2, -1, -1):
        features = graph.join(features, level, graph.noise_branch(level))
    graph.finish(features)
    return graph.model()


def build_fused_model(artefact: Artefact) -> bytes:
    """The same function of the same inputs in the form that `fusion` explains."""
    graph = _Graph(artefact)
    features = graph.coarsest_branch()
    for level in range(artefact.settings.levels - 2, -1, -1):
        features = graph.fused_join(features, level, graph.noise_branch(level))
    graph.finish(features)
    return graph.model()


def build_fused_halves(artefact: Artefact, cut: int) -> tuple[bytes, bytes]:
    """The fused form as two models, so that each can have a number format of its own.

    Args:
        artefact: the generator.
        cut: the level whose features go from the first to the second.

    Returns:
        noise0 ... noiseK -> features, branch0 ... branch<cut-1>; and these -> maps.
    """
    settings = artefact.settings
    first = _Graph(artefact)
    features = first.coarsest_branch()
    for level in range(settings.levels - 2, cut - 1, -1):
        features = first.fused_join(features, level, first.noise_branch(level))
    first.result("features", features, architecture.level_channels(settings, cut))
    second = _Graph(artefact)
    features = second.input("features", architecture.level_channels(settings, cut))
    for level in range(cut - 1, -1, -1):
        name = f"branch{level}"
        first.result(name, first.noise_branch(level), settings.channels)
        features = second.fused_join(features, level, second.input(name, settings.channels))
    second.finish(features)
    return first.model(), second.model()


class _Graph:
    def __init__(self, artefact: Artefact) -> None:
        self._artefact, self._settings, self._parameters = artefact, artefact.settings, artefact.parameters
        self._halos = architecture.halos(artefact.settings)
        self._inputs: list[bytes] = []
        self._nodes: list[bytes] = []
        self._results: list[bytes] = []
        self._initializers: dict[str, bytes] = {}

    def input(self, name: str, channels: int) -> str:
        self._inputs.append(_value_info(name, channels))
        return name

    def result(self, name: str, value: str, channels: int) -> None:
        self._node("Identity", [value], name)
        self._results.append(_value_info(name, channels))

    def noise_branch(self, level: int) -> str:
        noise = self.input(noise_input(level), self._settings.noise_channels)
        return self.convolve(architecture.noise_branch(self._settings, level), noise)

    def coarsest_branch(self) -> str:
        return self.noise_branch(self._settings.levels - 1)

    def join(self, coarser: str, level: int, branch: str) -> str:
        upsampled = self.upsample(coarser, f"level{level}.upsampled")
        if crop := self._halos[level].crop:
            upsampled = self.crop(upsampled, crop, f"level{level}.cropped")
        joined = self.concat((upsampled, branch), f"level{level}.concat")
        return self.convolve(architecture.join(self._settings, level), joined)

    def fused_join(self, coarser: str, level: int, branch: str) -> str:
        first, *rest = architecture.join(self._settings, level)
        upsampling, weight, bias = fusion.fused_join(self._artefact, level)
        pads = _ints("pads", [fusion.fused_crop(self._halos[level].crop)] * 4)
        upsampled = self._node(
            "ConvTranspose",
            [coarser, self._constant(f"{first.name}.upsampling", upsampling)],
            f"{first.name}.upsampled",
            _ints("kernel_shape", [4, 4]),
            _ints("strides", [2, 2]),
            pads,
        )
        constants = [self._constant(f"{first.name}.branch", weight), self._constant(f"{first.name}.bias", bias)]
        own = self._node("Conv", [branch, *constants], f"{first.name}.own", _ints("kernel_shape", [3, 3]))
        total = self._node("Add", [upsampled, own], f"{first.name}.sum")
        return self.convolve(tuple(rest), self._activate(total, f"{first.name}.activated"))

    def finish(self, features: str) -> None:
        self.convolve((architecture.output(self._settings),), features, OUTPUT)
        self._results.append(_value_info(OUTPUT, self._settings.out_channels))

    def convolve(self, convs: tuple[Conv, ...], value: str, result: str = "") -> str:
        for conv in convs:
            names = [f"{conv.name}.weight", f"{conv.name}.bias"]
            for name in names:
                self._constant(name, self._parameters[name])
            convolved = result or f"{conv.name}.convolved"
            self._node("Conv", [value, *names], convolved, _ints("kernel_shape", [conv.kernel, conv.kernel]))
            value = convolved
            if conv.activated:
                value = self._activate(value, f"{conv.name}.activated")
        return value

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

    def concat(self, values: Iterable[str], result: str) -> str:
        return self._node("Concat", values, result, _int("axis", 1))

    def model(self) -> bytes:
        """Field numbers: ModelProto 1 ir_version, 2 producer_name, 7 graph, 8 opset_import."""
        opset = _number(2, _OPSET)
        return _number(1, _IR_VERSION) + _text(2, "texnet") + _message(7, self._graph()) + _message(8, opset)

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

    def _node(self, operator: str, inputs: Iterable[str], result: str, *attributes: bytes) -> str:
        """Field numbers: NodeProto 1 input, 2 output, 3 name, 4 op_type, 5 attribute."""
        names = b"".join(_text(1, name) for name in inputs)
        described = b"".join(_message(5, attribute) for attribute in attributes)
        self._nodes.append(names + _text(2, result) + _text(3, result) + _text(4, operator) + described)
        return result

    def _constant(self, name: str, array: npt.NDArray[np.float32] | npt.NDArray[np.int64]) -> str:
        """Field numbers: TensorProto 1 dims, 2 data_type, 8 name, 9 raw_data (little-endian)."""
        kind = _FLOAT if array.dtype == np.float32 else _INT64
        dims = b"".join(_number(1, side) for side in array.shape)
        raw = array.astype(array.dtype.newbyteorder("<")).tobytes()
        self._initializers[name] = dims + _number(2, kind) + _text(8, name) + _message(9, raw)
        return name


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

"""A graph over one whole period as an ONNX model: every convolution wraps, and what is global is there to be measured.

Networks that adapt are measured so, and it needs no torch.
"""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from texnet_core.engines.onnx_graph import GraphWriter, int_attribute, ints_attribute
from texnet_core.mapset import FloatArray
from texnet_core.model import nodes
from texnet_core.model.artifact import Artifact
from texnet_core.model.graph import Graph
from texnet_core.model.inputs import InputPlane
from texnet_core.model.parameters import Parameters

_END = np.iinfo(np.int64).max
_ROWS, _COLUMNS = 2, 3


def build_whole_model(artifact: Artifact) -> bytes:
    """The model of a generator over one period, a serialized ModelProto."""
    writer = WholeGraphWriter(artifact.graph, artifact.parameters, 0, {})
    writer.write()
    return writer.model()


def inputs_of_period(artifact: Artifact, plane: InputPlane) -> dict[str, FloatArray]:
    """What a graph is given to make a whole period: name -> (1, channels, h, w)."""
    assert plane.height is not None and plane.width is not None
    return {
        node.name: plane.window(node.level, 0, 0, plane.height >> node.level, plane.width >> node.level)[None]
        for node in artifact.graph.of(nodes.Input)
    }


class WholeGraphWriter(GraphWriter):
    """Writes a graph of a square period.

    Beside the maps, its model returns "NAME.mean" and "NAME.variance" of each instance norm, (1, channels, 1, 1), and
    "NAME.difference" of each gradient, (matrices, channels, channels).

    Args:
        graph: as it is trained.
        parameters: of that form.
        side: of the period in texels.
        targets: layer -> (matrices, channels, channels), for the gradients.
    """

    def __init__(self, graph: Graph, parameters: Parameters, side: int, targets: Mapping[str, FloatArray]) -> None:
        super().__init__(graph, parameters)
        self._side, self._targets = side, targets

    def convolution(self, node: nodes.Convolution) -> None:
        value = self._wrapped(node.inputs[0], node.kernel // 2)
        self.node("Conv", node, [value, *self.own(node, value)], ints_attribute("kernel_shape", [node.kernel] * 2))

    def blur(self, node: nodes.Blur) -> None:
        super().blur(replace(node, inputs=(self._wrapped(node.inputs[0], 1),)))

    def instance_norm(self, node: nodes.InstanceNorm) -> None:
        part = node.name
        scale, shift = (f"{part}.{kind}" for kind in ("scale", "shift"))
        axes, keep = ints_attribute("axes", [_ROWS, _COLUMNS]), int_attribute("keepdims", 1)
        self.node("ReduceMean", f"{part}.mean", node.inputs, axes, keep)
        self.node("Sub", f"{part}.centered", [*node.inputs, f"{part}.mean"])
        self.node("Mul", f"{part}.squared", [f"{part}.centered"] * 2)
        self.node("ReduceMean", f"{part}.variance", [f"{part}.squared"], axes, keep)
        epsilon = self.constant_of(f"{part}.epsilon", np.array(node.epsilon, np.float32))
        self.node("Add", f"{part}.safe", [f"{part}.variance", epsilon])
        self.node("Sqrt", f"{part}.spread", [f"{part}.safe"])
        self.node("Div", f"{part}.divided", [f"{part}.centered", f"{part}.spread"])
        named = [self.constant_of(name, self.parameter(name).reshape(1, -1, 1, 1)) for name in (scale, shift)]
        self.node("Mul", f"{part}.scaled", [f"{part}.divided", named[0]])
        self.node("Add", node, [f"{part}.scaled", named[1]])
        for measured in ("mean", "variance"):
            self.also_return(f"{part}.{measured}")

    def gram_gradient(self, node: nodes.GramGradient) -> None:
        (value,), part = node.inputs, node.name
        flat = self._flat(value, part)
        pulls = []
        differences = [self._difference(node, 0, flat, flat)]
        pulls.append(self._pulled(node, value, differences[0], 4.0))
        for number, axis in enumerate((_ROWS, _COLUMNS) if node.shift else (), 1):
            ahead, behind = (self._rolled(value, step, axis, f"{part}.{axis}") for step in (node.shift, -node.shift))
            difference = self._difference(node, number, flat, self._flat(ahead, f"{part}.{axis}"))
            self.node("Transpose", f"{difference}.turned", [difference], ints_attribute("perm", [0, 2, 1]))
            differences.append(difference)
            pulls += [
                self._pulled(node, ahead, difference, 2.0),
                self._pulled(node, behind, f"{difference}.turned", 2.0),
            ]
        self.node("Sum", node, pulls)
        self.node("Concat", f"{part}.difference", differences, int_attribute("axis", 0))
        self.also_return(f"{part}.difference")

    def _difference(self, node: nodes.GramGradient, number: int, first: str, second: str) -> str:
        """The Gram matrix of two flat values less its target, (1, channels, channels)."""
        name = f"{node.name}.matrix{number}"
        self.node("Transpose", f"{name}.there", [second], ints_attribute("perm", [0, 2, 1]))
        self.node("MatMul", f"{name}.sum", [first, f"{name}.there"])
        share = self.constant_of(f"{name}.share", np.array(1 / self._positions(node), np.float32))
        self.node("Mul", f"{name}.mean", [f"{name}.sum", share])
        target = self.constant_of(f"{name}.target", self._targets[node.layer][number][None])
        self.node("Sub", name, [f"{name}.mean", target])
        return name

    def _pulled(self, node: nodes.GramGradient, value: str, difference: str, factor: float) -> str:
        """A matrix times a value, and a factor."""
        name = f"{difference}.{value}.pull"
        share = factor / self._positions(node) if node.averaged else factor
        self.node(
            "Mul", f"{name}.scaled", [difference, self.constant_of(f"{name}.factor", np.array(share, np.float32))]
        )
        shape = self.constant_of(f"{name}.shape", np.array([node.channels, node.channels, 1, 1], np.int64))
        self.node("Reshape", f"{name}.kernel", [f"{name}.scaled", shape])
        self.node("Conv", name, [value, f"{name}.kernel"], ints_attribute("kernel_shape", [1, 1]))
        return name

    def _flat(self, value: str, part: str) -> str:
        """(1, channels, h, w) to (1, channels, positions)."""
        name = f"{part}.flat"
        self.node("Reshape", name, [value, self.constant_of("flat", np.array([0, 0, -1], np.int64))])
        return name

    def _positions(self, node: nodes.Node) -> int:
        return (self._side >> node.level) ** 2

    def _wrapped(self, value: str, margin: int) -> str:
        if not margin:
            return value
        for axis in (_ROWS, _COLUMNS):
            name = f"{value}.wrapped{margin}.{axis}"
            if not self.has(name):
                before = self._sliced(value, -margin, _END, axis, f"{name}.before")
                after = self._sliced(value, 0, margin, axis, f"{name}.after")
                self.node("Concat", name, [before, value, after], int_attribute("axis", axis))
            value = name
        return value

    def _rolled(self, value: str, step: int, axis: int, part: str) -> str:
        """A value whose place p shows what was at p + step."""
        name = f"{part}.rolled{step}"
        first = self._sliced(value, step, _END, axis, f"{name}.first")
        second = self._sliced(value, 0, step, axis, f"{name}.second")
        self.node("Concat", name, [first, second], int_attribute("axis", axis))
        return name

    def _sliced(self, value: str, start: int, end: int, axis: int, name: str) -> str:
        numbers = [self._whole(f"whole{number}", number) for number in (start, end, axis)]
        self.node("Slice", name, [value, *numbers])
        return name

    def _whole(self, name: str, number: int) -> str:
        array: npt.NDArray[np.int64] = np.array([number], np.int64)
        return self.constant_of(name, array)

"""Rearranging a graph so that it does less work and gives the same numbers.

A convolution that reads the concat of upsampled and other values is the sum of one over each, and nearest x2 followed
by a 3x3 convolution is one transposed convolution of stride 2 with a 4x4 kernel on the coarse grid. That saves 5 of 9
multiplications of its larger half and never writes the upsampled features nor the concat to memory.

The plain form is what the fused one is tested against.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np

from texnet_core.mapset import FloatArray
from texnet_core.model.artifact import Parameters
from texnet_core.model.graph import Graph
from texnet_core.model.nodes import Add, Concat, Convolution, Crop, Node, Upsample, UpsamplingConvolution


def fused(graph: Graph, parameters: Parameters) -> tuple[Graph, Parameters]:
    """An inference form and its parameters, rearranged where that saves work."""
    everything = dict(parameters)
    fusions = {conv.name: found for conv in graph.of(Convolution) if (found := _Fusion.of(graph, conv))}
    for fusion in fusions.values():
        everything |= fusion.parameters(everything)
    changed = graph.replaced(lambda node: fusions[node.name].nodes() if node.name in fusions else (node,))
    changed = _without_unused(changed)
    return changed, {name: everything[name] for name in changed.parameter_shapes}


@dataclass(frozen=True)
class _Part:
    """Some of the channels that a convolution reads.

    Attributes:
        value: where they come from; the coarse value where they were upsampled.
        channels: of the convolution's input.
        crop: cells that were cut from the upsampled value, or None where it was none.
    """

    value: Node
    channels: slice
    crop: int | None


@dataclass(frozen=True)
class _Fusion:
    """A convolution as the sum of one over other values and of one each over those that were upsampled."""

    conv: Convolution
    upsampled: list[_Part]
    others: list[_Part]

    @classmethod
    def of(cls, graph: Graph, conv: Convolution) -> "_Fusion | None":
        """What a convolution can be fused with, or None."""
        read = graph[conv.inputs[0]]
        if not isinstance(read, Concat) or not all(_is_of_three(reader) for reader in graph.consumers(read.name)):
            return None
        parts = list(_parts(graph, read))
        upsampled = [part for part in parts if part.crop is not None]
        others = [part for part in parts if part.crop is None]
        return cls(conv, upsampled, others) if upsampled and others else None

    def nodes(self) -> tuple[Node, ...]:
        """What stands in the convolution's place; the last one has its name."""
        conv, level = self.conv, self.conv.level
        names = tuple(part.value.name for part in self.others)
        channels = sum(part.value.channels for part in self.others)
        made: list[Node] = []
        if len(names) > 1:
            made.append(Concat(f"{conv.name}.others", names, channels, level))
            names = (made[-1].name,)
        made.append(replace(conv, name=f"{conv.name}.own", inputs=names, in_channels=channels))
        total = made[-1].name
        for number, part in enumerate(self.upsampled):
            coarse = part.value
            assert part.crop is not None
            # it makes 2n + 2 cells of n, of which the first and last two miss the contribution of a neighbor
            name, inputs, crop = self._name(number), (coarse.name,), part.crop + 2
            made.append(UpsamplingConvolution(name, inputs, conv.channels, level, coarse.channels, crop, conv.bf16))
            is_last = number == len(self.upsampled) - 1
            sum_name = conv.name if is_last else f"{conv.name}.sum{number}"
            made.append(Add(sum_name, (total, name), conv.channels, level))
            total = sum_name
        return tuple(made)

    def parameters(self, of_graph: Parameters) -> Parameters:
        """Those of the new nodes."""
        weight, bias = (of_graph[f"{self.conv.name}.{part}"] for part in ("weight", "bias"))
        own = np.concatenate([weight[:, part.channels] for part in self.others], axis=1)
        kernels = {
            f"{self._name(number)}.weight": _kernel_after_upsampling(weight[:, part.channels])
            for number, part in enumerate(self.upsampled)
        }
        return {f"{self.conv.name}.own.weight": own, f"{self.conv.name}.own.bias": bias, **kernels}

    def _name(self, number: int) -> str:
        return f"{self.conv.name}.upsampled{number}"


def _is_of_three(node: Node) -> bool:
    return isinstance(node, Convolution) and node.kernel == 3


def _parts(graph: Graph, concat: Concat) -> Iterable[_Part]:
    start = 0
    for name in concat.inputs:
        node = graph[name]
        channels = slice(start, start + node.channels)
        start += node.channels
        whole, crop = (graph[node.inputs[0]], node.margin) if isinstance(node, Crop) else (node, 0)
        if isinstance(whole, Upsample):
            yield _Part(graph[whole.inputs[0]], channels, crop)
        else:
            yield _Part(node, channels, None)


def _without_unused(graph: Graph) -> Graph:
    """The nodes that the output depends on."""
    used = {graph.output.name}
    for node in reversed(graph.nodes):
        if node.name in used:
            used.update(node.inputs)
    return Graph(tuple(node for node in graph.nodes if node.name in used))


def _kernel_after_upsampling(weight: FloatArray) -> FloatArray:
    """(out, in, 3, 3) after nearest x2 -> (in, out, 4, 4): a place sums what sees the coarse cell from it."""
    kernel = np.zeros((weight.shape[1], weight.shape[0], 4, 4), np.float32)
    seen = [[offset for offset in range(3) if place + offset in (2, 3)] for place in range(4)]
    for row in range(4):
        for column in range(4):
            kernel[:, :, row, column] = weight[:, :, seen[row]][:, :, :, seen[column]].sum((2, 3)).T
    return kernel

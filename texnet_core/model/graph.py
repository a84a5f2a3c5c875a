"""A generator's forward pass on paper: a small graph of nodes, and what follows from it. No torch in this module.

A family writes the graph as it is trained: convolutions of whole periods, which wrap around, and batch norms. All
else is derived here, for every family alike: the shapes of parameters, the crops and halos that valid convolutions
over a block need, and what a texel costs. So no two places can disagree. What runs a graph (the training form, the
engines, the benchmark's naive peer) goes through its nodes in order.

A value is named after the node that makes it. Level 0 has the texels of the output; a cell of level l spans 2^l texels.
"""

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TypeVar

from texnet_core.model.nodes import (
    Add,
    Affine,
    Blur,
    Clamp,
    Concat,
    Constant,
    Convolution,
    Crop,
    GramGradient,
    Halving,
    Input,
    InstanceNorm,
    LeakyReLU,
    Node,
    Norm,
    Pool,
    Shapes,
    Sigmoid,
    Upsample,
)

NO_CLAMP = 65504.0  # the largest number in float16

N = TypeVar("N", bound=Node)


@dataclass(frozen=True)
class Window:
    """What a block reads of an input: a window of its plane, in cells of its level."""

    name: str
    level: int
    top: int
    left: int
    height: int
    width: int

    @property
    def place(self) -> tuple[int, int, int, int, int]:
        """What an input plane is asked for: level, top, left, height, width."""
        return self.level, self.top, self.left, self.height, self.width


@dataclass(frozen=True)
class Graph:
    """Nodes in an order in which each stands behind those that it reads; the last one makes the maps."""

    nodes: tuple[Node, ...]

    def of(self, kind: type[N]) -> Iterator[N]:
        """The nodes of a kind, in order."""
        return (node for node in self.nodes if isinstance(node, kind))

    def __getitem__(self, name: str) -> Node:
        """The node of that name."""
        return self._by_name[name]

    @property
    def output(self) -> Node:
        """The node that makes the maps."""
        return self.nodes[-1]

    @cached_property
    def parameter_shapes(self) -> Shapes:
        """Name -> shape of every parameter but those of norms, which are folded into the others."""
        return {name: shape for node in self.nodes for name, shape in node.parameter_shapes.items()}

    @property
    def levels(self) -> int:
        """Scales that values have."""
        return 1 + max(node.level for node in self.nodes)

    @property
    def cell_texels(self) -> int:
        """Side of the coarsest cell, in texels of the output."""
        return 1 << (self.levels - 1)

    @property
    def flops_per_texel(self) -> float:
        """Floating-point operations for one texel of the output: two for a multiply and add, convolutions only.

        The plain form is counted, without halos; what an engine saves by rearranging it shows as speed.
        """
        return sum(2.0 * c.in_channels * c.channels * c.kernel**2 / 4.0**c.level for c in self.of(Convolution))

    @property
    def values_per_texel(self) -> float:
        """Numbers that convolutions read and write for one texel of the output, parameters and halos left out."""
        return sum((conv.in_channels + conv.channels) / 4.0**conv.level for conv in self.of(Convolution))

    def consumers(self, name: str) -> list[Node]:
        """The nodes that read a value."""
        return self._consumers.get(name, [])

    @cached_property
    def last_uses(self) -> dict[str, tuple[str, ...]]:
        """Node -> the values that nobody reads behind it."""
        last = {name: node.name for node in self.nodes for name in node.inputs}
        spent: dict[str, list[str]] = {}
        for value, node in last.items():
            spent.setdefault(node, []).append(value)
        return {node: tuple(values) for node, values in spent.items()}

    @cached_property
    def margins(self) -> dict[str, int]:
        """Value -> cells of its level that a block needs of it beyond its own, on every side.

        A kernel of size k eats (k - 1) / 2 a side. Upsampling doubles a margin, so the coarser value gives half of
        what the finer needs, rounded up; pooling halves one. For inputs this is the halo.
        """
        margins: dict[str, int] = {}
        for node in reversed(self.nodes):
            for name, needed in zip(node.inputs, self.needs(node, margins.get(node.name, 0)), strict=True):
                margins[name] = max(margins.get(name, 0), needed)
        return margins

    def overhead(self, height: int, width: int) -> float:
        """The convolutions' work for a block of so many texels, halos included, as a multiple of that without."""
        plain, whole = 0.0, 0.0
        for conv in self.of(Convolution):
            each, cell = conv.in_channels * conv.channels * conv.kernel**2, 1 << conv.level
            margin = 2 * cell * self.margins.get(conv.name, 0)
            plain += each * height * width / cell**2
            whole += each * (height + margin) * (width + margin) / cell**2
        return whole / plain

    def windows(self, top: int, left: int, height: int, width: int) -> list[Window]:
        """What to ask the input plane for, to make a block.

        Args:
            top: first row of the block in texels; like the other three a multiple of the coarsest cell.
            left: first column.
            height: rows.
            width: columns.
        """
        windows = []
        for node in self.of(Input):
            cell, margin = 1 << node.level, self.margins[node.name]
            corner = (top // cell - margin, left // cell - margin)
            windows.append(
                Window(node.name, node.level, *corner, height // cell + 2 * margin, width // cell + 2 * margin)
            )
        return windows

    def values_behind(self, kind: type[Node]) -> set[str]:
        """The values that depend on a node of that kind, those of the nodes themselves included."""
        found: set[str] = set()
        for node in self.nodes:
            if isinstance(node, kind) or found.intersection(node.inputs):
                found.add(node.name)
        return found

    def replaced(self, change: Callable[[Node], tuple[Node, ...]]) -> "Graph":
        """The graph with other nodes in the place of each."""
        return Graph(tuple(new for node in self.nodes for new in change(node)))

    def needs(self, node: Node, margin: int) -> list[int]:
        """The margin that a node needs of each of its inputs, for that margin of its own value."""
        if isinstance(node, Convolution):
            return [margin + node.kernel // 2]
        if isinstance(node, Blur):
            return [margin + 1]
        if isinstance(node, Upsample):
            return [(margin + 1) // 2]
        if isinstance(node, Pool):
            return [2 * margin]
        return [0 if isinstance(self[name], Constant) else margin for name in node.inputs]

    @cached_property
    def _by_name(self) -> Mapping[str, Node]:
        return {node.name: node for node in self.nodes}

    @cached_property
    def _consumers(self) -> dict[str, list[Node]]:
        found: dict[str, list[Node]] = {}
        for node in self.nodes:
            for name in node.inputs:
                found.setdefault(name, []).append(node)
        return found


class GraphBuilder:
    """Writes a graph node by node; knows channels and levels, so that a family need not say them twice."""

    def __init__(self) -> None:
        self._nodes: dict[str, Node] = {}

    def input(self, name: str, channels: int, level: int) -> str:
        """A window of the input plane, whose values lie in [0, 1]."""
        return self._put(Input(name, (), channels, level))

    def constant(self, name: str, channels: int) -> str:
        """Numbers of the texture, (channels,)."""
        return self._put(Constant(name, (), channels, 0))

    def convolution(
        self, value: str, name: str, channels: int, kernel: int, *, biased: bool = True, shared: str = ""
    ) -> str:
        """A convolution; the kernel size is odd."""
        read = self._nodes[value]
        node = Convolution(name, (value,), channels, read.level, read.channels, kernel, biased=biased, shared=shared)
        return self._put(node)

    def leaky_relu(self, value: str, slope: float) -> str:
        return self._put(LeakyReLU(f"{value}.activated", *self._like(value), slope))

    def norm(self, value: str) -> str:
        """A batch norm in training."""
        return self._put(Norm(f"{value}.norm", *self._like(value)))

    def instance_norm(self, value: str, epsilon: float) -> str:
        """A norm over all positions."""
        return self._put(InstanceNorm(f"{value}.norm", *self._like(value), epsilon))

    def gram_gradient(self, value: str, name: str, layer: str, stage: int, shift: int, *, averaged: bool) -> str:
        """The gradient of the Gram loss."""
        return self._put(GramGradient(name, *self._like(value), layer, stage, shift, averaged))

    def sigmoid(self, value: str, name: str) -> str:
        return self._put(Sigmoid(name, *self._like(value)))

    def add(self, first: str, second: str, name: str) -> str:
        read = self._nodes[first]
        return self._put(Add(name, (first, second), read.channels, read.level))

    def pool(self, value: str, name: str, halving: Halving) -> str:
        read = self._nodes[value]
        return self._put(Pool(name, (value,), read.channels, read.level + 1, halving))

    def clamp(self, value: str, bound: str) -> str:
        """An upper bound, the parameter of that name."""
        return self._put(Clamp(f"{value}.clamped", *self._like(value), bound))

    def affine(self, value: str, scale: str, shift: str) -> str:
        """Constants that scale and shift each channel."""
        read = self._nodes[value]
        return self._put(Affine(f"{value}.affine", (value, scale, shift), read.channels, read.level))

    def upsample(self, value: str) -> str:
        read = self._nodes[value]
        return self._put(Upsample(f"{value}.upsampled", (value,), read.channels, read.level - 1))

    def blur(self, value: str) -> str:
        return self._put(Blur(f"{value}.blurred", *self._like(value)))

    def concat(self, values: tuple[str, ...], name: str) -> str:
        read = [self._nodes[value] for value in values]
        return self._put(Concat(name, values, sum(node.channels for node in read), read[0].level))

    def graph(self) -> Graph:
        """All that was written; the last node makes the maps."""
        return Graph(tuple(self._nodes.values()))

    def _like(self, value: str) -> tuple[tuple[str], int, int]:
        read = self._nodes[value]
        return (value,), read.channels, read.level

    def _put(self, node: Node) -> str:
        if node.name in self._nodes:
            raise ValueError(f"two nodes are called {node.name}")
        self._nodes[node.name] = node
        return node.name


def without_norms(graph: Graph) -> Graph:
    """The graph of the folded parameters."""
    read = {node.name: node.inputs[0] for node in graph.of(Norm)}

    def origin(name: str) -> str:
        return origin(read[name]) if name in read else name

    def change(node: Node) -> tuple[Node, ...]:
        return () if isinstance(node, Norm) else (replace(node, inputs=tuple(map(origin, node.inputs))),)

    return graph.replaced(change)


def cropped(graph: Graph) -> Graph:
    """The graph for valid convolutions: what an upsampled or shared value has too much is cropped before it is read."""
    margins = graph.margins

    def surplus(node: Node, name: str, needed: int) -> int:
        given = graph[name]
        has = 2 * graph.needs(given, margins[name])[0] if isinstance(given, Upsample) else margins[name]
        return 0 if isinstance(given, Constant) else has - needed

    def change(node: Node) -> tuple[Node, ...]:
        crops, inputs = [], []
        for name, needed in zip(node.inputs, graph.needs(node, margins.get(node.name, 0)), strict=True):
            if margin := surplus(node, name, needed):
                read = graph[name]
                crops.append(Crop(f"{name}.cropped.{node.name}", (name,), read.channels, read.level, margin))
                name = crops[-1].name
            inputs.append(name)
        return (*crops, replace(node, inputs=tuple(inputs)))

    return graph.replaced(change)


def inference_form(graph: Graph) -> Graph:
    """What engines run: no norms, and valid convolutions over windows of the inputs."""
    return cropped(without_norms(graph))


def parameter_count(graph: Graph) -> int:
    """Numbers in all parameters of the inference form."""
    return sum(math.prod(shape) for shape in graph.parameter_shapes.values())

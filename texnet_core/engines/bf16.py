"""Which convolutions of a graph may run in bf16: some 95% of the multiplications of a pyramid.

What reads an input, and what is coarse, stays in float32, because an error there is carried through everything that
follows: with all convolutions in bf16 single texels of a shipped preset were off by 40 of 255 levels, with this
choice by 3 at most. So does what writes the texels, which would round each: 2 to 3% of the time. The same holds for
what writes or reads a coarser picture, to which a level of detail is added: with that in bf16 texels were off by 17
levels. And for the small convolution whose features such a picture is made of: with it normals were off by 4.3.
"""

from dataclasses import replace

from texnet_core.model.graph import Graph
from texnet_core.model.nodes import Blur, Convolution, Crop, Input, Node, Upsample

_LEVELS = 2  # the finest


def with_bf16(graph: Graph) -> Graph:
    """The graph with those convolutions marked; the same graph where there is no finer level to join."""
    if not any(graph.of(Upsample)):
        return graph
    behind_coarser = graph.values_behind(Upsample)
    read_on = {name for conv in graph.of(Convolution) for name in _depends_on(graph, conv)}
    pictures = _coarser_pictures(graph)
    features = {_convolution_before(graph, picture) for picture in pictures}

    def is_chosen(conv: Convolution) -> bool:
        if conv.level >= _LEVELS or conv.name not in read_on or _is_of_one_cell(graph, conv):
            return False
        read = _uncropped(graph, conv.inputs[0])
        if {conv.name, read.name} & pictures or conv.name in features:
            return False
        return conv.name in behind_coarser or (conv.level == 0 and not isinstance(read, Input))

    def change(node: Node) -> tuple[Node, ...]:
        return (replace(node, bf16=True) if isinstance(node, Convolution) and is_chosen(node) else node,)

    return graph.replaced(change)


def _coarser_pictures(graph: Graph) -> set[str]:
    """The convolutions whose results a level of detail enlarges as they are; features it enlarges activated."""
    enlarged = (_uncropped(graph, graph[blur.inputs[0]].inputs[0]) for blur in graph.of(Blur))
    return {node.name for node in enlarged if isinstance(node, Convolution)}


def _convolution_before(graph: Graph, name: str) -> str:
    """The convolution whose result another one reads, normed and activated."""
    node = graph[graph[name].inputs[0]]
    while not isinstance(node, Convolution):
        node = graph[node.inputs[0]]
    return node.name


def _uncropped(graph: Graph, value: str) -> Node:
    """The node that makes a value, before it is cropped."""
    node = graph[value]
    return graph[node.inputs[0]] if isinstance(node, Crop) else node


def _is_of_one_cell(graph: Graph, conv: Convolution) -> bool:
    """Whether all that it sees of the inputs is one cell: such maps say how much there is of other values."""
    behind = (graph[name] for name in _depends_on(graph, conv))
    return conv.kernel == 1 and all(node.kernel == 1 for node in behind if isinstance(node, Convolution))


def _depends_on(graph: Graph, node: Node) -> set[str]:
    """The values from which a node's is made."""
    found, ahead = set(), list(node.inputs)
    while ahead:
        if (name := ahead.pop()) not in found:
            found.add(name)
            ahead += graph[name].inputs
    return found

"""Running a graph in torch: one method a kind of node, and the walk through them.

The training form, the torch engine and the benchmark's naive peer differ in how a convolution sees what lies beyond
the edges, and in the number format; all else they share.
"""

from collections.abc import Callable, Mapping

import torch
from torch import Tensor
from torch.nn import functional as F

from texnet_core.model import nodes
from texnet_core.model.graph import Graph


class Operations:
    """What each node does with tensors (N, channels, h, w). Parameters are a subclass's business."""

    def convolution(self, node: nodes.Convolution, x: Tensor) -> Tensor:
        raise NotImplementedError

    def norm(self, node: nodes.Norm, x: Tensor) -> Tensor:
        raise NotImplementedError

    def clamp(self, node: nodes.Clamp, x: Tensor) -> Tensor:
        raise NotImplementedError

    def upsampling_convolution(self, node: nodes.UpsamplingConvolution, x: Tensor) -> Tensor:
        raise NotImplementedError

    def leaky_relu(self, node: nodes.LeakyReLU, x: Tensor) -> Tensor:
        return F.leaky_relu(x, node.slope)

    def affine(self, node: nodes.Affine, x: Tensor, scale: Tensor, shift: Tensor) -> Tensor:
        return x * scale[..., None, None] + shift[..., None, None]

    def sigmoid(self, node: nodes.Sigmoid, x: Tensor) -> Tensor:
        return torch.sigmoid(x)

    def pool(self, node: nodes.Pool, x: Tensor) -> Tensor:
        average = F.avg_pool2d(x, 2)
        return average if node.halving == "average" else (average + F.max_pool2d(x, 2)) / 2

    def upsample(self, node: nodes.Upsample, x: Tensor) -> Tensor:
        return F.interpolate(x, scale_factor=2, mode="nearest")

    def blur(self, node: nodes.Blur, x: Tensor) -> Tensor:
        tent = torch.tensor(node.weights, dtype=x.dtype, device=x.device)
        return F.conv2d(x, tent.expand(node.channels, 1, *tent.shape), groups=node.channels)

    def crop(self, node: nodes.Crop, x: Tensor) -> Tensor:
        return x[..., node.margin : -node.margin, node.margin : -node.margin]

    def concat(self, node: nodes.Concat, *parts: Tensor) -> Tensor:
        return torch.cat(parts, dim=1)

    def add(self, node: nodes.Add, a: Tensor, b: Tensor) -> Tensor:
        return a + b

    def multiply(self, node: nodes.Multiply, a: Tensor, b: Tensor) -> Tensor:
        return a * b


def run(graph: Graph, operations: Operations, given: Mapping[str, Tensor]) -> Tensor:
    """The maps that a graph makes, (N, channels, h, w).

    Args:
        graph: in any form.
        operations: what its nodes do.
        given: name -> value of every input, (N, channels, h, w), and constant, (channels,).
    """
    values = dict(given)
    for node in graph.nodes:
        if node.name in values:  # an input or a constant
            continue
        method: Callable[..., Tensor] = getattr(operations, node.operation)
        values[node.name] = method(node, *(values[name] for name in node.inputs))
        for name in graph.last_uses.get(node.name, ()):
            del values[name]  # so that no more is kept than what is still read
    return values[graph.output.name]

"""Norms with fixed statistics are folded into the convolutions around them, exactly.

A norm that alone reads a convolution is folded into that; any other into the convolution that it leads to, past
upsamplings and concats.
"""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from texnet_core.mapset import FloatArray
from texnet_core.model import nodes
from texnet_core.model.graph import Graph

Doubles = npt.NDArray[np.float64]
Affine = tuple[Doubles, Doubles]  # scale and shift of each channel, (channels,)

_ORDINARY_DEVIATIONS, _ORDINARY_SHARE = 3, 0.995


def folded(
    graph: Graph, convolutions: Mapping[str, tuple[FloatArray, FloatArray]], norms: Mapping[str, Affine]
) -> dict[str, FloatArray]:
    """The parameters of the convolutions of the inference form, float32.

    Args:
        graph: as it is trained.
        convolutions: name -> weight (out, in, kernel, kernel) and bias (out,).
        norms: name -> what it does, of every `nodes.Norm` of the graph.

    Raises:
        ValueError: a norm leads to something else than a convolution.
    """
    found, ways = {}, _Norms(graph, norms)
    for conv in graph.of(nodes.Convolution):
        weight, bias = (array.astype(np.float64) for array in convolutions[conv.name])
        scale, shift = ways.before(conv.inputs[0])
        bias = bias + (weight * shift[:, None, None]).sum((1, 2, 3))
        weight = weight * scale[:, None, None]
        scale, shift = ways.behind(conv)
        found[f"{conv.name}.weight"] = (weight * scale[:, None, None, None]).astype(np.float32)
        found[f"{conv.name}.bias"] = (bias * scale + shift).astype(np.float32)
    if left := {node.name for node in graph.of(nodes.Norm)} - ways.folded | ways.read_elsewhere():
        raise ValueError(f"not all that reads the norms {', '.join(sorted(left))} is a convolution")
    return found


def largest_ordinary(values: FloatArray) -> FloatArray:
    """What a clamp bounds each channel at, (channels,), of values (channels, ...) that it met.

    Three standard deviations above the mean of the channel, or higher where more than one value in 200 would reach
    that, for what is there in few places only, such as the joint of a tile, is no accident.
    """
    flat = values.reshape(len(values), -1).astype(np.float32, copy=False)
    rank = int(np.ceil(_ORDINARY_SHARE * flat.shape[1])) - 1
    usual = flat.mean(1) + _ORDINARY_DEVIATIONS * flat.std(1)
    largest: FloatArray = np.maximum(usual, np.partition(flat, rank, axis=1)[:, rank])
    return largest


class _Norms:
    """Where each norm can go.

    Attributes:
        folded: the names of those that were asked for.
    """

    def __init__(self, graph: Graph, norms: Mapping[str, Affine]) -> None:
        self._graph, self._norms = graph, norms
        self.folded: set[str] = set()

    def behind(self, conv: nodes.Convolution) -> Affine:
        """The norm that alone reads a convolution."""
        readers = self._graph.consumers(conv.name)
        if len(readers) == 1 and isinstance(readers[0], nodes.Norm):
            return self._affine(readers[0])
        return _identity(conv)

    def before(self, value: str) -> Affine:
        """What norms do to a value that a convolution reads, besides those that are folded into one before them."""
        node = self._graph[value]
        if isinstance(node, nodes.Concat):
            scales, shifts = zip(*map(self.before, node.inputs), strict=True)
            return np.concatenate(scales), np.concatenate(shifts)
        if isinstance(node, nodes.Upsample | nodes.Blur):
            return self.before(node.inputs[0])
        if isinstance(node, nodes.Norm) and not self._is_behind_a_convolution(node):
            return self._affine(node)
        return _identity(node)

    def read_elsewhere(self) -> set[str]:
        """The norms in front of convolutions that something else reads too, for which folding would not do."""
        in_front = (node for node in self._graph.of(nodes.Norm) if not self._is_behind_a_convolution(node))
        return {node.name for node in in_front if not self._leads_to_convolutions(node.name)}

    def _leads_to_convolutions(self, value: str) -> bool:
        return all(
            isinstance(node, nodes.Convolution)
            or (isinstance(node, nodes.Concat | nodes.Upsample | nodes.Blur) and self._leads_to_convolutions(node.name))
            for node in self._graph.consumers(value)
        )

    def _is_behind_a_convolution(self, node: nodes.Norm) -> bool:
        (read,) = node.inputs
        return isinstance(self._graph[read], nodes.Convolution) and len(self._graph.consumers(read)) == 1

    def _affine(self, node: nodes.Norm) -> Affine:
        self.folded.add(node.name)
        return self._norms[node.name]


def _identity(node: nodes.Node) -> Affine:
    return np.ones(node.channels), np.zeros(node.channels)

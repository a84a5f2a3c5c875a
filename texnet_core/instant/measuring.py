"""Graphs that are run once, to be measured, and what they see of a mask. It takes onnxruntime and no torch."""

import numpy as np

from texnet_core.engines import available_cores
from texnet_core.engines.onnx_graph import GraphWriter
from texnet_core.errors import EngineError
from texnet_core.mapset import FloatArray, Mask
from texnet_core.model import nodes
from texnet_core.model.graph import Graph


def run_once(writer: GraphWriter, names: list[str], given: dict[str, FloatArray]) -> list[FloatArray]:
    """Values of a graph that was written.

    Args:
        writer: of the graph.
        names: of what its model returns.
        given: name -> input.

    Raises:
        EngineError: onnxruntime failed.
    """
    from texnet_core.engines.onnx_engine import opened_to_measure

    try:
        found: list[FloatArray] = opened_to_measure(writer.model(), available_cores()).run(names, given)
    except Exception as error:  # its errors share no base class of their own
        raise EngineError(
            f"ONNX Runtime failed ({error})", expected="measures", remedy="free some memory and try again"
        ) from error
    return found


def visible_shares(graph: Graph, mask: Mask) -> dict[str, FloatArray]:
    """How much is visible of the cell of each position of each value, borders left out as convolutions leave them."""
    shares: dict[str, FloatArray] = {}
    for node in graph.nodes:
        if isinstance(node, nodes.Input):
            shares[node.name] = mask.astype(np.float32)
            continue
        share = shares[node.inputs[0]]
        if isinstance(node, nodes.Convolution) and (margin := node.kernel // 2):
            share = share[margin:-margin, margin:-margin]
        elif isinstance(node, nodes.Pool):
            height, width = (length // 2 for length in share.shape)
            share = share[: 2 * height, : 2 * width].reshape(height, 2, width, 2).mean((1, 3))
        shares[node.name] = share
    return shares

"""How what a generator makes is cut into blocks, where halos cost more than the blocks themselves.

A pyramid's halos are 4% of its work. A Pseudo Optimizer of five stages looks 440 texels around each block, so that a
block of 128 texels would cost 36 times its share of the whole. Such graphs get larger blocks, and a short period is
made at once, with convolutions that wrap.
"""

from texnet_core.model.graph import Graph
from texnet_core.model.inputs import InputPlane

_MOST_OVERHEAD = 3.0  # the work of a block as a multiple of its share of the whole
_LARGEST_BLOCK = 1024  # texels a side
_LARGEST_PERIOD = 2**20  # texels that are made at once
_FEWEST_CELLS = 4  # of the coarsest, along each axis of such a period: a kernel wraps around once


def block_shape(graph: Graph, usual: tuple[int, int]) -> tuple[int, int]:
    """The usual shape, or so many times that that halos are no more than some of the work, or memory sets an end."""
    height, width = usual
    while graph.overhead(height, width) > _MOST_OVERHEAD and max(height, width) < _LARGEST_BLOCK:
        height, width = 2 * height, 2 * width
    return height, width


def is_made_at_once(graph: Graph, usual: tuple[int, int], plane: InputPlane) -> bool:
    """Whether a period of the plane is better made as one piece."""
    if plane.height is None or plane.width is None or plane.height * plane.width > _LARGEST_PERIOD:
        return False
    if min(plane.height, plane.width) < _FEWEST_CELLS * graph.cell_texels:
        return False
    return graph.overhead(*usual) > _MOST_OVERHEAD

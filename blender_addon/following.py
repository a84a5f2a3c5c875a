"""What nodes of TexNet's remember in custom properties: values follow the generator until somebody changes them."""

import math
from typing import Any

DISTANCE = "texnet_distance"  # of a Bump node: the distance that it was given
DEPTH = "texnet_depth"  # of a Displacement node: the scale that it was given
LENGTHS = {DISTANCE: "Distance", DEPTH: "Scale"}  # of relief: custom property -> the input that it is about
OCCLUSION = "texnet_occlusion"  # marks the Mix node that multiplies occlusion into a color


def follow(node: Any, socket: Any, key: str, value: float, told: float | None) -> None:
    """Give a socket its value, unless somebody has changed what it was given last.

    Args:
        node: that remembers it.
        socket: of the node.
        key: of the custom property.
        value: of the generator.
        told: what the user asks for instead, whatever anybody has changed.
    """
    if told is not None or not is_changed(socket.default_value, node.get(key, math.nan)):
        socket.default_value = value if told is None else told
    node[key] = value


def is_changed(value: float, given: float) -> bool:
    """Whether a value is another than was given; where nothing was, it is nobody's."""
    return not math.isnan(given) and not math.isclose(
        value, given, rel_tol=1e-5, abs_tol=1e-6
    )  # Blender's floats have 24 bits

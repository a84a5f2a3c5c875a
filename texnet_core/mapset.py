"""Maps and map sets: what a generator makes. A single picture is a map set with one map."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

# Images and the like: (height, width, channels) as a rule.
FloatArray = npt.NDArray[np.float32]

ColorSpace = Literal["sRGB", "data"]


@dataclass(frozen=True)
class MapSpec:
    """What one map is.

    Attributes:
        name: "albedo", "roughness", ...; lower-case letters, digits and underscores.
        channels: 1 or 3.
        color_space: "sRGB" for colors as a screen shows them, "data" for linear measurements.
    """

    name: str
    channels: int = 3
    color_space: ColorSpace = "sRGB"


ALBEDO = MapSpec("albedo")

# Map name -> (height, width, channels), values in [0, 1], in the order of the generator's channels.
MapSet = dict[str, npt.NDArray[np.generic]]


def split_channels(stack: npt.NDArray[np.generic], maps: tuple[MapSpec, ...]) -> MapSet:
    """Cut a (height, width, all channels) stack into its maps, without copying."""
    result: MapSet = {}
    start = 0
    for spec in maps:
        result[spec.name] = stack[..., start : start + spec.channels]
        start += spec.channels
    return result

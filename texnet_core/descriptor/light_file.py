"""The file of the light descriptor's weights, and what must be in it. No torch here."""

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import numpy as np

from texnet_core.descriptor.shipped import read_shipped
from texnet_core.mapset import FloatArray
from texnet_core.model.families.described import DESCRIPTORS, INPUT, PREFIX

FILE = Path(__file__).with_name("light.safetensors")

SCALE, SHIFT = 4.0, -1.8  # the first convolution reads SCALE x + SHIFT of colors x in [0, 1]

# Layer -> principal components of VGG-19's that its head makes.
COMPONENTS = {
    "relu1_1": 12,
    "relu1_2": 24,
    "relu2_1": 40,
    "relu2_2": 48,
    "relu3_1": 64,
    "relu3_2": 80,
    "relu4_1": 96,
    "relu5_1": 96,
}

# Width of each block, and the layers that its convolutions are, "" where a convolution is none.
BLOCKS = (
    (32, ("relu1_1", "relu1_2")),
    (64, ("relu2_1", "relu2_2")),
    (112, ("relu3_1", "relu3_2", "")),
    (128, ("", "relu4_1")),
    (128, ("", "relu5_1")),
)


def _shapes() -> dict[str, tuple[int, ...]]:
    shapes: dict[str, tuple[int, ...]] = {}
    read = 3
    for block, (width, layers) in enumerate(BLOCKS, 1):
        for number, layer in enumerate(layers, 1):
            shapes |= {f"conv{block}_{number}.weight": (width, read, 3, 3), f"conv{block}_{number}.bias": (width,)}
            read = width
            if layer:
                shapes |= {f"{layer}.weight": (COMPONENTS[layer], width, 1, 1), f"{layer}.bias": (COMPONENTS[layer],)}
    return shapes


# The descriptor as a part of a graph with a tap at each of these layers, and not at one of each scale alone.
ALL_LAYERS = replace(
    DESCRIPTORS["light"],
    taps=("conv1_1", "conv1_2", "conv2_1", "conv2_2", "conv3_1", "conv3_2", "conv4_2", "conv5_2"),
    heads=tuple(COMPONENTS.values()),
)

# Name of a parameter -> its shape: convolutions, and a head for each layer.
SHAPES = _shapes()


def read_light(file: Path = FILE) -> dict[str, FloatArray]:
    """Read and check the weights, float32.

    Args:
        file: a safetensors file with the parameters of `SHAPES`, in any floating point format of numpy's.

    Raises:
        WeightsError: it is missing, damaged, or of another network.
    """
    return read_shipped(file, SHAPES, "the weights of the light descriptor")


def light_parameters(layers: Iterable[str]) -> dict[str, FloatArray]:
    """The weights that ship as parameters of a graph that `described.describe` writes.

    Args:
        layers: whose heads the taps of the graph have, in order.
    """
    weights = read_light()
    given: dict[str, FloatArray] = {
        f"{INPUT}.weight": np.float32(SCALE) * np.eye(3, dtype=np.float32)[:, :, None, None],
        f"{INPUT}.bias": np.full(3, SHIFT, np.float32),
    }
    given |= {f"{PREFIX}{name}": array for name, array in weights.items() if name.startswith("conv")}
    for number, layer in enumerate(layers):
        given |= {f"{PREFIX}head{number}.{kind}": weights[f"{layer}.{kind}"] for kind in ("weight", "bias")}
    return given

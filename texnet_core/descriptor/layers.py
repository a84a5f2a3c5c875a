"""What the layers of a descriptor are called, and what a name says. Descriptors and losses share it.

"relu3_1" is a layer of VGG-19 after its ReLU, or what the light descriptor says of it; "relu3_1/2" is the same layer of
the picture at half its size.
"""

import re
from collections.abc import Iterable

from torch import Tensor

FeatureMaps = dict[str, Tensor]  # layer -> (N, C, h, w) float32

# 3x3 neighborhoods of the image itself, as 27 channels. ReLU features alone let a fine cross-hatch pass.
PATCHES = "patches3x3"

# The layers of the default recipe: fine detail from the image and the first two blocks, structure above.
DEFAULT_LAYERS = (PATCHES, "relu1_1", "relu1_2", "relu2_1", "relu2_2", "relu3_1", "relu3_2", "relu4_1", "relu5_1")

_STRUCTURE_STRIDES = (2, 4, 8)


def octave_layer(layer: str, factor: int) -> str:
    """The name of a layer of the picture made smaller by `factor`."""
    return layer if factor == 1 else f"{layer}/{factor}"


def stride(layer: str) -> int:
    """Texels of the picture from one texel of the layer to the next, along each axis."""
    in_octave, factor = _strides(layer)
    return in_octave * factor


def stride_in_octave(layer: str) -> int:
    """The same in texels of the octave's own picture: how deep in the network the layer lies."""
    return _strides(layer)[0]


def structure_layers(layers: Iterable[str]) -> tuple[str, ...]:
    """Of each octave the first layer that has stride 2 in it, the first of stride 4 and the first of stride 8.

    They show where things lie to a few texels. Finer layers would say the same at many times the cost, and one layer
    says it for its neighbors of equal stride.
    """
    first: dict[tuple[int, int], str] = {}
    for layer in layers:
        first.setdefault(_strides(layer), layer)
    return tuple(layer for (in_octave, _), layer in first.items() if in_octave in _STRUCTURE_STRIDES)


def _strides(layer: str) -> tuple[int, int]:
    """Texels of the octave's picture a texel of the layer, and texels of the picture a texel of the octave's."""
    name, _, factor = layer.partition("/")
    block = re.fullmatch(r"relu(\d)_\d", name)
    return 2 ** (int(block[1]) - 1) if block else 1, int(factor or 1)


POOLED_TEXELS = max(map(stride, DEFAULT_LAYERS))  # of the picture, that one texel of the deepest layer stands for

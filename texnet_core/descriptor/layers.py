"""What the taps of a descriptor are called, and what a name says. Descriptors and losses share it.

"relu3_1" is a layer of VGG-19 after its ReLU; "relu3_1/2" is the same layer of the picture at half its size.
"""

import re
from collections.abc import Iterable

# 3x3 neighborhoods of the image itself, as 27 channels. ReLU features alone leave room for a fine cross-hatch.
PATCHES = "patches3x3"

_STRUCTURE_STRIDES = (2, 4, 8)


def octave_tap(tap: str, factor: int) -> str:
    """The name of a tap of the picture made smaller by `factor`."""
    return tap if factor == 1 else f"{tap}/{factor}"


def stride(tap: str) -> int:
    """Texels of the picture from one texel of the tap to the next, along each axis."""
    layer_stride, factor = _strides(tap)
    return layer_stride * factor


def layer_stride(tap: str) -> int:
    """The same in texels of the octave's own picture: how deep in the network the tap lies."""
    return _strides(tap)[0]


def structure_taps(taps: Iterable[str]) -> tuple[str, ...]:
    """Of each octave the first tap whose layer has stride 2, the first of stride 4 and the first of stride 8.

    They show where things lie to a few texels. Finer taps would say the same at many times the cost, and one tap
    says it for its neighbors of equal stride.
    """
    first: dict[tuple[int, int], str] = {}
    for tap in taps:
        first.setdefault(_strides(tap), tap)
    return tuple(tap for (layer_stride, _), tap in first.items() if layer_stride in _STRUCTURE_STRIDES)


def _strides(tap: str) -> tuple[int, int]:
    """Texels of the octave's picture a texel of the layer, and texels of the picture a texel of the octave's."""
    layer, _, factor = tap.partition("/")
    block = re.fullmatch(r"relu(\d)_\d", layer)
    return 2 ** (int(block[1]) - 1) if block else 1, int(factor or 1)

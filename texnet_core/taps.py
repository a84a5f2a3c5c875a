"""What the taps of a descriptor are called, and what a name says. Descriptors and losses share it.

"relu3_1" is a layer of VGG-19 after its ReLU; "relu3_1/2" is the same layer of the picture at half its size.
"""

import re
from collections.abc import Iterable

# 3x3 neighbourhoods of the image itself, as 27 channels. ReLU features alone leave room for a fine cross-hatch.
PATCHES = "patches3x3"

_STRUCTURE_STRIDES = (2, 4, 8)


def octave_tap(tap: str, factor: int) -> str:
    """The name of a tap of the picture made smaller by `factor`."""
    return tap if factor == 1 else f"{tap}/{factor}"


def stride(tap: str) -> int:
    """Texels of the picture from one texel of the tap to the next, along each axis."""
    layer, _, factor = tap.partition("/")
    block = re.fullmatch(r"relu(\d)_\d", layer)
    return (2 ** (int(block[1]) - 1) if block else 1) * int(factor or 1)


def structure_taps(taps: Iterable[str]) -> tuple[str, ...]:
    """The first tap of stride 2, of 4 and of 8, as far as there are any.

    They show where things lie to a few texels. Finer taps would say the same at many times the cost, and one tap
    says it for its neighbours of equal stride.
    """
    first: dict[int, str] = {}
    for tap in taps:
        first.setdefault(stride(tap), tap)
    return tuple(first[step] for step in _STRUCTURE_STRIDES if step in first)

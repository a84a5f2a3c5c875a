"""At which sizes a run sees its exemplar: first as a whole, then with twice the texels, and again.

A network sees shapes of up to some hundred texels in a sample. So the exemplar is learned as a whole at about twice the
size of a sample, and what is finer is added level by level. What is larger, the network sees on smaller copies.
"""

import math
from dataclasses import replace

from texnet_core.model.families.pyramid import MOST_DETAIL
from texnet_core.settings import TrainSettings

_AUTO_SIDE = 1024  # of the exemplar, in texels, up to which detail is learned where nobody says it
_SIDES = {"256": 256, "512": 512, "1024": 1024}
_WHOLE = 2  # sizes of a sample that an exemplar has, as it is learned as a whole
_WORTHWHILE = 1.5  # times the size of a sample; an exemplar that is hardly larger is learned at that size
_MOST_COPIES = 4  # that are compared


def with_side(settings: TrainSettings, short_side: int) -> tuple[TrainSettings, int]:
    """The settings with the side at which an exemplar is learned as a whole, where they leave that open.

    Args:
        settings: of the run.
        short_side: of the exemplar in texels, as far as it takes part.

    Returns:
        The settings, and the largest side at which detail is learned; 0 where none is.
    """
    if settings.exemplar_size and settings.detail == "auto":
        return settings, 0  # whoever sets the scale means the scale
    most = short_side if settings.detail == "full" else min(short_side, _SIDES.get(settings.detail, _AUTO_SIDE))
    if settings.exemplar_size or most < _WORTHWHILE * settings.size:
        return settings, most
    octaves = max(0, round(math.log2(most / (_WHOLE * settings.size))))
    return replace(settings, exemplar_size=most >> min(octaves, MOST_DETAIL)), most


def fitting_octaves(size: int, side: int) -> int:
    """How many sizes of samples and exemplar are compared: 1 where they are alike, 3 for an exemplar of twice the size.

    A sample then shows a smaller part of the surface, at more texels, and shapes outgrow what a network sees.

    Args:
        size: side of a sample.
        side: of the exemplar.
    """
    return min(_MOST_COPIES, max(1, 1 + round(2 * math.log2(side / size))))


def octaves_between(side: int, most: int) -> int:
    """How often a side can be doubled without being larger than `most`, 0 to `MOST_DETAIL`."""
    return 0 if most < side else min(MOST_DETAIL, int(math.log2(most / side)))

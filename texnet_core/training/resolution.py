"""At which sizes a run sees its exemplar: first as a whole, then with twice the texels, and again.

A network sees shapes of up to some hundred texels in a sample. So a wall of large stones is first learned small, and
gravel larger, at a size at which what it shows has some texels; what is finer is added level by level.
"""

import math
from dataclasses import replace

from texnet_core.mapset import FloatArray
from texnet_core.model.families.pyramid import MOST_DETAIL
from texnet_core.pictures.structure import median_cycles
from texnet_core.settings import TrainSettings

_AUTO_SIDE = 1024  # of the exemplar, in texels, up to which detail is learned where nobody says it
_SIDES = {"256": 256, "512": 512, "1024": 1024}
_WAVE_TEXELS = 7  # that the median wave is to have, as the exemplar is learned as a whole
_LARGEST = 2  # sizes of a sample that an exemplar has then
_SMALLEST = 0.9
_WORTHWHILE = 1.5  # times the size of a sample; an exemplar that is hardly larger is learned at that size


def with_side(settings: TrainSettings, image: FloatArray) -> tuple[TrainSettings, int]:
    """The settings with the side at which an exemplar is learned as a whole, where they leave that open.

    Args:
        settings: of the run.
        image: the exemplar as far as it takes part, (height, width, 3) in [0, 1].

    Returns:
        The settings, and the largest side at which detail is learned; 0 where none is.
    """
    if settings.exemplar_size and settings.detail == "auto":
        return settings, 0  # whoever sets the scale means the scale
    short = min(image.shape[:2])
    most = short if settings.detail == "full" else min(short, _SIDES.get(settings.detail, _AUTO_SIDE))
    if settings.exemplar_size or most < _WORTHWHILE * settings.size:
        return settings, most
    return replace(settings, exemplar_size=_whole_side(settings.size, most, median_cycles(image))), most


def _whole_side(size: int, most: int, cycles: float) -> int:
    """Of a side, its half, its quarter and so on, the one that suits a sample and what the exemplar shows best."""
    wanted = min(max(_WAVE_TEXELS * cycles, size), _LARGEST * size)
    halves = [most >> octaves for octaves in range(MOST_DETAIL + 1)]
    fitting = [side for side in halves if side >= _SMALLEST * size]
    return min(fitting, key=lambda side: abs(math.log(side / wanted)))


def octaves_between(side: int, most: int) -> int:
    """How often a side can be doubled without being larger than `most`, 0 to `MOST_DETAIL`."""
    return 0 if most < side else min(MOST_DETAIL, int(math.log2(most / side)))

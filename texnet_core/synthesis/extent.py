"""How much surface a texture shows: by the scale of its features alone, or by the meters that it is to cover.

With `covers`, the size in texels decides how sharp a texture is, and nothing else: equal seeds show the same
features at the same places at any size, because the period in the generator's own texels is the same.
"""

import math
from collections.abc import Callable

from texnet_core.errors import RequestError
from texnet_core.lengths import length_text, rounded_down, rounded_up
from texnet_core.model.header import Header
from texnet_core.model.real_size import texels_per_meter
from texnet_core.settings import MAX_SIZE
from texnet_core.synthesis.request import TextureRequest

_MOST = 64  # of the generator's texels in one of the texture along an axis, and the other way round
_FEW = 3300  # of its texels a side; so many are quickly made, however small the texture


def native_texels(request: TextureRequest, header: Header) -> Callable[[int], float]:
    """How many texels the generator makes for so many of the texture, before axes are fitted to whole cells.

    Raises:
        RequestError: the texture is to cover more or less than can be made.
    """
    scale = float(request.scale)
    if not request.covers:
        return lambda texels: texels / scale
    check_covers(request, header)
    across, width = request.covers * texels_per_meter(header) / scale, request.width
    return lambda texels: across * (texels / width)  # in this order, so that no size rounds otherwise


def covers_range(request: TextureRequest, header: Header) -> tuple[float, float]:
    """The least and the most meters that a texture of this size, scale and tiling can cover.

    A period has at least one of the generator's coarsest cells. A texture shows at most 65536 of its texels a side, and
    no more than 64 of them in each of its own, unless it is small.
    """
    cell = header.graph.cell_texels
    low = max(1 / _MOST, *(cell / period for period in request.periods if period is not None), 0)
    longest = max(request.width, request.height)
    high = min(max(_MOST, _FEW / longest), MAX_SIZE / longest)
    meters = float(request.scale) * request.width / texels_per_meter(header)
    return low * meters, high * meters


def usual_covers(header: Header) -> float:
    """Meters that suit a generator: 1, 2 or 5 times a power of ten, near what 2048 of its own texels show."""
    meters = TextureRequest.width / texels_per_meter(header)
    power = 10.0 ** math.floor(math.log10(meters))
    return min((factor * power for factor in (1, 2, 5, 10)), key=lambda round_: abs(math.log(round_ / meters)))


def check_covers(request: TextureRequest, header: Header) -> None:
    """Raise RequestError where the texture is to cover more or less than can be made; 0 is always right."""
    if not request.covers:
        return
    low, high = covers_range(request, header)
    if not low <= request.covers <= high:
        at = f"for {request.width}x{request.height} texels of this generator"
        allowed = f"{length_text(rounded_up(low))} to {length_text(rounded_down(high))}"
        raise RequestError(
            f"covers {length_text(request.covers)} is out of range ({allowed} {at})",
            expected=allowed,
            remedy="cover that much, or choose another scale",
        )

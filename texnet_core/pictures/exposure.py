"""Linear light as a picture: what is brighter than white, and what is no number."""

import numpy as np

from texnet_core.mapset import FloatArray, Mask
from texnet_core.pictures.color import linear_to_srgb

_WHITE = 1.0045  # half a level of 255 above it in sRGB
_NEGATIVE = 1e-3
_CLIPPED_AT_MOST = 0.1
_CLIPPED_AFTER_LOWERING = 0.01


def expose(light: FloatArray, seen: Mask | None) -> tuple[FloatArray, Mask | None, list[str]]:
    """Make sRGB of linear light.

    What is brighter than white is clipped. Where that would be more than a tenth of the picture, its exposure is
    lowered first, until one texel in a hundred is clipped. Texels that are no numbers take no part.

    Args:
        light: (h, w, 3) of sRGB's primaries, without bounds.
        seen: (h, w), which texels take part; None for all.

    Returns:
        (h, w, 3) in [0, 1], which texels take part, and notes.

    Raises:
        ValueError: no texel that takes part is a number.
    """
    notes: list[str] = []
    numbers = ~np.isnan(light).any(axis=2)
    seen = numbers if seen is None else seen & numbers
    if not seen.any():
        raise ValueError("no texel is a number")
    if lost := int(numbers.size - np.count_nonzero(numbers)):
        is_or_are = "is no number and takes" if lost == 1 else "are no numbers and take"
        notes.append(f"{lost} of its texels {is_or_are} no part")
    # a color out of sRGB's range is brighter than white in one channel too, and negative in another
    brightest = np.where(light.min(axis=2) < -_NEGATIVE, 0, light.max(axis=2))
    share = float((brightest[seen] > _WHITE).mean())
    if share > _CLIPPED_AT_MOST:
        white = float(np.quantile(brightest[seen], 1 - _CLIPPED_AFTER_LOWERING, method="lower"))
        if np.isfinite(white):
            light = light / np.float32(white)
            notes.append(
                f"{_percent(share)} of the picture is brighter than white: "
                f"its exposure is lowered by {np.log2(white):.1f} stops"
            )
            share = 0.0
    if share > 0:
        notes.append(f"{_percent(share)} of the picture is brighter than white and is clipped")
    return linear_to_srgb(np.nan_to_num(light, posinf=1.0, neginf=0.0)), None if seen.all() else seen, notes


def _percent(share: float) -> str:
    return f"{100 * share:.1f}%" if share >= 0.001 else "less than 0.1%"

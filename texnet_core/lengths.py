"""Lengths as people write them, such as 2m, 50cm or 3ft. All else counts in meters."""

import math
import re
from collections.abc import Callable
from numbers import Real

from texnet_core.errors import RequestError

_METERS = {"": 1.0, "mm": 0.001, "cm": 0.01, "m": 1.0, "km": 1000.0, "in": 0.0254, "ft": 0.3048}
_SHOWN = ("km", "m", "cm", "mm")


def parse_length(value: object) -> float:
    """Meters, from a number of them or from a text with a unit: mm, cm, m, km, in or ft.

    Raises:
        RequestError: it is no length. Whether a length makes sense is for others to say.
    """
    if not isinstance(value, bool) and isinstance(value, Real):  # NumPy's numbers too
        return float(value)
    match = re.fullmatch(r"\s*(-?(?:\d{1,12}(?:\.\d{0,12})?|\.\d{1,12}))\s*([a-z]*)\s*", str(value).lower(), re.ASCII)
    if match is None or match[2] not in _METERS:
        raise RequestError(
            f"{value!r} is not a length", expected="2m, 50cm or 3ft", remedy="write meters, or 2m, 50cm, 20mm, 3ft, 8in"
        )
    return float(match[1]) * _METERS[match[2]]


def length_text(meters: float) -> str:
    """Meters in the unit that suits them, to three digits: 0.064 is "6.4 cm"."""
    unit = next((unit for unit in _SHOWN if abs(meters) >= _METERS[unit]), _SHOWN[-1])
    return f"{float(f'{meters / _METERS[unit]:.3g}'):.12g} {unit}"


def rounded_down(meters: float) -> float:
    """To three digits, never more than it was, so that it can be named as a bound."""
    return _to_three_digits(meters, math.floor)


def rounded_up(meters: float) -> float:
    """To three digits, never less than it was."""
    return _to_three_digits(meters, math.ceil)


def _to_three_digits(meters: float, whole: Callable[[float], int]) -> float:
    last = 10.0 ** (math.floor(math.log10(meters)) - 2)
    return whole(meters / last) * last

"""JSON from anybody: read without surprises, or refused."""

import json
import math
from typing import Any, NoReturn


def parse_json(text: bytes | bytearray) -> Any:
    """The value that the JSON stands for.

    Raises:
        ValueError: it is no JSON in UTF-8, or has numbers that no file of ours has: NaN, infinite, or endless.
    """
    try:
        return json.loads(text, parse_constant=_refuse, parse_float=_finite, parse_int=_moderate)
    except RecursionError as error:
        raise ValueError("it is nested too deep") from error


def _refuse(text: str) -> NoReturn:
    raise ValueError(f"{text[:20]} is no number that may stand here")


def _finite(text: str) -> float:
    value = float(text)
    return value if math.isfinite(value) else _refuse(text)


def _moderate(text: str) -> int:
    return int(text) if len(text) < 20 else _refuse(text)

"""The loss curve that a run recorded: from the artifact's text to points. The text may come from anybody."""

import math
import re
from collections.abc import Mapping
from itertools import pairwise
from typing import Any

KEY = "loss_curve"
_MOST_POINTS = 500
_MOST_LOSS = 1e30  # differences of larger ones may be no numbers
_POINT = re.compile(r"(\d{1,9}):(-?\d[0-9.e+-]{0,30})")

Curve = tuple[tuple[int, float], ...]


def read_loss_curve(training: Mapping[str, Any]) -> Curve:
    """The recorded (step, loss) pairs, steps rising; () where there are none or they make no sense.

    Args:
        training: an artifact's record of its run; its "loss_curve" is a text "step:loss step:loss ...".
    """
    words = str(training.get(KEY, "")).split()
    try:
        points = tuple(_point(word) for word in words)
    except ValueError:
        return ()
    rising = all(before[0] < after[0] for before, after in pairwise(points))
    return points if rising and 2 <= len(points) <= _MOST_POINTS else ()


def _point(word: str) -> tuple[int, float]:
    match = _POINT.fullmatch(word)
    loss = float(match[2]) if match else math.nan
    if match is None or not abs(loss) < _MOST_LOSS:
        raise ValueError(f"{word[:50]!r} is no point of a curve")
    return int(match[1]), loss


def place(curve: Curve, width: float, height: float) -> list[tuple[float, float]]:
    """The curve's points in a box, x to the right by step, y down from the largest loss; by logarithms if it can be."""
    steps, losses = [step for step, _ in curve], [loss for _, loss in curve]
    heights = [math.log(loss) for loss in losses] if min(losses) > 0 else losses
    first, span = steps[0], steps[-1] - steps[0]
    top, depth = max(heights), max(heights) - min(heights) or 1.0
    return [
        ((step - first) / span * width, (top - value) / depth * height)
        for step, value in zip(steps, heights, strict=True)
    ]

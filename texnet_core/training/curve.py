"""The loss of a whole run in a few numbers, however long it was."""

_MOST_POINTS = 60

Curve = list[tuple[int, float]]  # (steps, their mean loss), all of equal length but the last


def extend_curve(curve: Curve, loss: float) -> None:
    """Take in the loss of one more step; where the curve is full, pairs of its points become one."""
    if not curve or curve[-1][0] == curve[0][0]:
        if len(curve) == _MOST_POINTS:
            curve[:] = [_joined(*pair) for pair in zip(curve[::2], curve[1::2], strict=True)]
        curve.append((1, loss))
    else:
        curve[-1] = _joined(curve[-1], (1, loss))


def curve_text(curve: Curve, begun: int = 0) -> str:
    """The curve for the record: "100:1.234 200:0.987 ...", each the last step of a point and its mean loss.

    Args:
        curve: the losses.
        begun: steps that were taken before the first of them.
    """
    step, words = begun, []
    for steps, loss in curve:
        step += steps
        words.append(f"{step}:{loss:.4g}")
    return " ".join(words)


def _joined(first: tuple[int, float], second: tuple[int, float]) -> tuple[int, float]:
    steps = first[0] + second[0]
    return steps, (first[0] * first[1] + second[0] * second[1]) / steps

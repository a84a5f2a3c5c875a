"""What the comparison of starts found, as tables."""

from collections.abc import Iterator
from statistics import fmean

from tests.bench.figures import DISTANCES

Row = dict[str, object]

_FIGURES = (
    "validation loss",
    *DISTANCES,
    "diversity",
    "memorisation",
    "seam",
    "copies of the start",
    "likeness to the start",
    "seconds",
)
_MOST_WORSE = 1.02
_DIVERSE = (0.95, 1.1)


def table(rows: list[Row]) -> str:
    """Every generator, in Markdown; distances are shares of the quadrants'."""
    lines = [_line(["exemplar", "steps", "start", *_FIGURES, "note"]), _line(["---"] * (len(_FIGURES) + 4))]
    for row in rows:
        start = f"{row['start']}: {row['source']}" if row["source"] else row["start"]
        lines.append(
            _line([row["exemplar"], row["steps"], start, *(_told(row.get(it)) for it in _FIGURES), row["note"]])
        )
    return "\n".join(lines)


def answers(rows: list[Row], cold: str, warm: str) -> str:
    """What is asked of warm starts, and what the rows say to it."""
    found = {(row["exemplar"], row["start"], row["steps"]): row for row in rows}
    budgets = sorted({row["steps"] for row in rows})
    lines = ["", _line(["question", "answer"]), _line(["---", "---"])]
    lines += [_line(answer) for steps in budgets if 2 * steps in budgets for answer in _half(found, cold, warm, steps)]
    lines += [_line(answer) for steps in budgets for answer in _equal(found, cold, warm, steps)]
    return "\n".join(lines)


def _half(found: dict, cold: str, warm: str, steps: int) -> Iterator[list[str]]:
    """Whether a warm run is where a cold one of twice its steps is."""
    pairs = list(_pairs(found, (warm, steps), (cold, 2 * steps)))
    if pairs:
        good = sum(one["validation loss"] <= other["validation loss"] for one, other in pairs)
        yield [f"validation loss after {steps} warm steps at most that after {2 * steps} cold ones", _of(good, pairs)]


def _equal(found: dict, cold: str, warm: str, steps: int) -> Iterator[list[str]]:
    """What a warm run has of a cold one of as many steps, and what it has of its start and of the exemplar."""
    pairs = list(_pairs(found, (warm, steps), (cold, steps)))
    if not pairs:
        return
    for name in ("validation loss", *DISTANCES):
        share = fmean(one[name] / other[name] for one, other in pairs)
        said = "" if name == "validation loss" else f", {'yes' if share <= _MOST_WORSE else 'no'}"
        yield [f"{name}, {steps} warm steps over {steps} cold ones, mean; at most {_MOST_WORSE}", f"{share:.3f}{said}"]
    low, high = _DIVERSE
    between = [low <= one["diversity"] <= high for one, _ in pairs]
    values = [one["diversity"] for one, _ in pairs]
    told = f"{_of(sum(between), pairs)}; {min(values):.2f} to {max(values):.2f}"
    yield [f"diversity after {steps} warm steps, {low} to {high}", told]
    for name in ("memorisation", "copies of the start", "likeness to the start"):
        values = [abs(one[name]) for one, _ in pairs if one.get(name) is not None]
        if values:
            yield [f"{name} after {steps} warm steps, mean and most", f"{fmean(values):.3f}, {max(values):.3f}"]


def _pairs(found: dict, first: tuple[str, int], second: tuple[str, int]) -> Iterator[tuple[Row, Row]]:
    """The rows of exemplars that have both."""
    for name in sorted({exemplar for exemplar, _, _ in found}):
        if (name, *first) in found and (name, *second) in found:
            yield found[name, *first], found[name, *second]


def _of(good: int, pairs: list) -> str:
    return f"{good} of {len(pairs)}"


def _told(value: object) -> str:
    return f"{value:.3f}" if isinstance(value, float) else "" if value is None else str(value)


def _line(cells: list) -> str:
    return f"| {' | '.join(map(str, cells))} |"

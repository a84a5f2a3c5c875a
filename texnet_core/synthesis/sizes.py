"""Sizes as people write them: 2048x1024, with a small or a capital X or the sign for times."""

import re

_SIDES = re.compile(r"(-?\d{1,9})(?: ?[xX\u00d7] ?(-?\d{1,9}))?")


def parse_size(text: str) -> tuple[int, int] | None:
    """(width, height) for 2048x1024, or for 2048, which has both; None for what is no size.

    Which numbers may be sizes is for others to judge.
    """
    match = _SIDES.fullmatch(text.strip())
    return None if match is None else (int(match[1]), int(match[2] or match[1]))


def parse_grid(text: str) -> tuple[int, int] | None:
    """(columns, rows) for 3x2, both from 1 on; None for what is no grid."""
    match = _SIDES.fullmatch(text.strip())
    if match is None or match[2] is None or min(int(match[1]), int(match[2])) < 1:
        return None
    return int(match[1]), int(match[2])

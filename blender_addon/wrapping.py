"""Sentences as labels."""

import textwrap
from typing import Any

from .wording import sentence

_UNIT_WIDTH = 7  # pixels of an average letter at scale 1


def wrapped(layout: Any, text: str, context: Any, icon: str, lines: int = 0) -> None:
    """A sentence as a label of several lines, since Blender's own cuts off what does not fit.

    Args:
        layout: where it is drawn.
        text: the sentence.
        context: tells the width.
        icon: before the first line.
        lines: rows that it takes at the least, so that what stands below does not jump.
    """
    scale = context.preferences.system.ui_scale
    letters = max(20, int((context.region.width - 60 * scale) / (_UNIT_WIDTH * scale)))
    column = layout.column(align=True)
    column.scale_y = 0.8
    found = textwrap.wrap(sentence(text), letters)
    for number, line in enumerate(found + [""] * (lines - len(found))):
        column.label(text=line, icon=icon if number == 0 else "BLANK1")

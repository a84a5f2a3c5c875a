"""Sentences as labels."""

import textwrap
from typing import Any

from ..wording import sentence

_UNIT_WIDTH = 7  # pixels of an average letter at scale 1


def wrapped(layout: Any, text: str, context: Any, icon: str) -> None:
    """A sentence as a label of several lines, since Blender's own cuts off what does not fit."""
    scale = context.preferences.system.ui_scale
    letters = max(20, int((context.region.width - 60 * scale) / (_UNIT_WIDTH * scale)))
    column = layout.column(align=True)
    column.scale_y = 0.8
    for number, line in enumerate(textwrap.wrap(sentence(text), letters)):
        column.label(text=line, icon=icon if number == 0 else "BLANK1")

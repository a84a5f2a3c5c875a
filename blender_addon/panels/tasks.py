"""What the panel says of itself: errors, notes, what is being made."""

from typing import Any

from .. import session
from ..wrapping import wrapped


def draw_messages(layout: Any, context: Any) -> None:
    if session.problem is not None:
        box = layout.box()
        wrapped(box, session.problem.message, context, icon="ERROR")
        row = box.row(align=True)
        row.operator("texnet.copy_details", icon="COPYDOWN")
        row.operator("texnet.dismiss", icon="X")
    if session.note:
        box = layout.box()
        wrapped(box, session.note, context, icon="INFO")
        box.operator("texnet.dismiss", icon="X")


def draw_tasks(layout: Any) -> None:
    for index, task in enumerate(session.tasks):
        column = layout.column(align=True)
        column.label(text=task.title)
        row = column.row(align=True)
        row.progress(factor=task.fraction, text=task.text)
        row.operator("texnet.cancel", text="", icon="X").index = index

"""Operators that go on while the user works: a timer takes in what the worker says, and Esc ends them one by one."""

from collections.abc import Sequence
from typing import Any

import bpy

from .. import escape, session
from ..wording import sentence
from .base import CANCELLED, EXPECTED_ERRORS, Interactive, Status, failed

_POLL_S = 0.1


class Modal(Interactive):
    """An operator with a task under way."""

    _task: session.MakingTask

    def modal(self, context: Any, event: Any) -> Status:
        is_escape = event.type == "ESC" and event.value == "PRESS"
        if is_escape and self._is_first() and escape.is_meant(context, event):
            self._task.cancel()
            return {"RUNNING_MODAL"}  # the next one in the queue must not hear it too
        if event.type != "TIMER":
            return {"PASS_THROUGH"}
        status: Status = CANCELLED
        try:
            status = self._advance(context)
        except EXPECTED_ERRORS as error:
            status = failed(self, error)
        finally:
            if status != {"PASS_THROUGH"}:
                self._clean_up(context)
        return status

    def cancel(self, context: Any) -> None:
        """Blender ends the operator itself: on loading a file or quitting."""
        self._task.cancel()
        self._clean_up(context)

    def _advance(self, context: Any) -> Status:
        """Take in what the worker says, and what follows from it; {"PASS_THROUGH"} while there is more to come."""
        if not self._task.poll():
            self._show(context)
            return {"PASS_THROUGH"}
        if self._task.job.result is None:
            self.report({"INFO"}, "Canceled")  # type: ignore[attr-defined]
            return CANCELLED
        return self._take_in(context)

    def _take_in(self, context: Any) -> Status:
        """What follows from the result of the task; FINISHED is an undo step, {"PASS_THROUGH"} where another begins."""
        raise NotImplementedError

    def _tell(self, notes: Sequence[str]) -> None:
        """Let the panel and Blender's report say what the user should know, a clause each."""
        if notes:
            session.show_note(". ".join(map(sentence, notes)))
            self.report({"WARNING"}, session.note)  # type: ignore[attr-defined]

    def _watch(self, context: Any, task: session.MakingTask) -> Status:
        """Begin: the task is known to the session already."""
        self._task, self._shown = task, ""
        self._timer = context.window_manager.event_timer_add(_POLL_S, window=context.window)
        context.window_manager.modal_handler_add(self)
        _live.append(self)
        self._show(context)
        return {"RUNNING_MODAL"}

    def _is_first(self) -> bool:
        """Whether nothing else is asked for earlier: Esc ends one at a time."""
        return self._task in _tasks()[:1]

    def _show(self, context: Any) -> None:
        if self._task.text == self._shown:  # drawing costs time that the worker could use
            return
        self._shown = self._task.text
        if self._is_first() and context.workspace is not None:
            context.workspace.status_text_set(_draw_status)
        session.redraw()

    def _clean_up(self, context: Any) -> None:
        context.window_manager.event_timer_remove(self._timer)
        session.end(self._task)
        if self in _live:
            _live.remove(self)
        workspaces: Any = bpy.data.workspaces
        if not _live and workspaces:
            workspaces[0].status_text_set(None)  # of all of them
        session.redraw()


# Operators under way: Blender does not tell them that the add-on goes.
_live: list[Modal] = []


def _tasks() -> list[session.MakingTask]:
    """Those under way, in their order."""
    return [task for task in session.tasks if isinstance(task, session.MakingTask)]


def _draw_status(header: Any, context: Any) -> None:
    """The status bar while pictures are made."""
    layout = header.layout
    tasks = _tasks()
    if tasks:
        waiting = f"   {len(tasks) - 1} waiting" if len(tasks) > 1 else ""
        row = layout.row()
        row.ui_units_x = 16
        row.progress(factor=tasks[0].fraction, text=f"{tasks[0].title}: {tasks[0].text}")
        layout.label(text=f"Cancel{waiting}", icon="EVENT_ESC")


def register() -> None:
    """Nothing to do before the first of them."""


def unregister() -> None:
    for operator in list(_live):
        operator.cancel(bpy.context)

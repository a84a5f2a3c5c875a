"""What operators share: how they begin and end, why their button is gray, how they report errors."""

from collections.abc import Callable
from typing import Any, Literal

import bpy

from texnet_core.errors import TexnetError

from .. import session
from ..worker_process import WorkerError

Status = set[Literal["RUNNING_MODAL", "CANCELLED", "FINISHED", "PASS_THROUGH", "INTERFACE"]]

FINISHED: Status = {"FINISHED"}
CANCELLED: Status = {"CANCELLED"}

EXPECTED_ERRORS = (TexnetError, WorkerError, OSError)


class Reporting:
    """An operator whose `run` may raise: an error becomes one line in Blender's report and in the panel."""

    def execute(self, context: Any) -> Status:
        return reporting(self, lambda: self.run(context))

    def run(self, context: Any) -> Status:
        """What the operator does, all of it before this returns."""
        raise NotImplementedError


class Interactive(Reporting):
    """An operator that has another beginning in a window, where it must not keep the user waiting."""

    def invoke(self, context: Any, event: Any) -> Status:
        if bpy.app.background or context.window is None:
            return self.execute(context)
        return reporting(self, lambda: self.begin(context, event))

    def begin(self, context: Any, event: Any) -> Status:
        """What happens at once when the button is pressed."""
        raise NotImplementedError


class Confirmed(Interactive):
    """An operator that asks first, where there is somebody to answer."""

    def begin(self, context: Any, event: Any) -> Status:
        title = self.bl_label  # type: ignore[attr-defined]
        manager = context.window_manager
        status: Status = manager.invoke_confirm(self, event, title=title, message=self.question(context))
        return status

    def question(self, context: Any) -> str:
        """What to ask; may raise what `run` may."""
        raise NotImplementedError


class Guarded:
    """An operator whose button is gray while something stands in its way."""

    @classmethod
    def poll(cls, context: Any) -> bool:
        if found := cls.obstacle(context):
            cls.poll_message_set(found)  # type: ignore[attr-defined]
        return not found

    @classmethod
    def obstacle(cls, context: Any) -> str:
        """What the user has to do first, as the tooltip of a gray button says it; "" if nothing."""
        raise NotImplementedError


def reporting(operator: Any, action: Callable[[], Status]) -> Status:
    """Run an action; an error becomes one line in Blender's report and in the panel."""
    try:
        return action()
    except EXPECTED_ERRORS as error:
        return failed(operator, error)


def failed(operator: Any, error: Exception) -> Status:
    session.show_problem(error)
    session.redraw()
    operator.report({"ERROR"}, str(error))
    return CANCELLED

"""What operators share: how they end, how they tell of errors, how classes come and go."""

from collections.abc import Callable
from typing import Any, Literal

import bpy

from texnet_core.errors import TexnetError

from .. import session, worker_client

Status = set[Literal["RUNNING_MODAL", "CANCELLED", "FINISHED", "PASS_THROUGH", "INTERFACE"]]

FINISHED: Status = {"FINISHED"}
CANCELLED: Status = {"CANCELLED"}

EXPECTED_ERRORS = (TexnetError, worker_client.WorkerError, OSError)


class Reporting:
    """An operator whose `run` may raise: an error becomes one line in Blender's report and in the panel."""

    def execute(self, context: Any) -> Status:
        return reporting(self, lambda: self.run(context))

    def run(self, context: Any) -> Status:
        """What the operator does."""
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


def registration(*classes: Any) -> tuple[Callable[[], None], Callable[[], None]]:
    """The functions `register` and `unregister` of a module with these classes."""

    def register() -> None:
        for item in classes:
            bpy.utils.register_class(item)

    def unregister() -> None:
        for item in reversed(classes):
            bpy.utils.unregister_class(item)

    return register, unregister

"""How a module's classes come to Blender and go again."""

from collections.abc import Callable
from typing import Any

import bpy


def registration(*classes: Any) -> tuple[Callable[[], None], Callable[[], None]]:
    """The functions `register` and `unregister` of a module with these classes."""

    def register() -> None:
        for item in classes:
            bpy.utils.register_class(item)

    def unregister() -> None:
        for item in reversed(classes):
            bpy.utils.unregister_class(item)

    return register, unregister

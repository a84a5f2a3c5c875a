"""How a module's classes come to Blender and go again."""

from collections.abc import Callable, Mapping
from typing import Any

import bpy


def registration(
    *classes: Any, pointers: Mapping[tuple[Any, str], Any] | None = None
) -> tuple[Callable[[], None], Callable[[], None]]:
    """The functions `register` and `unregister` of a module with these classes.

    Args:
        classes: of the module, in the order in which they come.
        pointers: (type of Blender's, name) -> which of the classes its property of that name holds.
    """

    def register() -> None:
        for item in classes:
            bpy.utils.register_class(item)
        for (owner, name), kind in (pointers or {}).items():
            setattr(owner, name, bpy.props.PointerProperty(type=kind))

    def unregister() -> None:
        for owner, name in pointers or ():
            delattr(owner, name)
        for item in reversed(classes):
            bpy.utils.unregister_class(item)

    return register, unregister

"""What is drawn: the panel "TexNet", a module for each of its sections, and entries in Blender's menus."""

from . import editors, menus

_MODULES = (editors, menus)


def register() -> None:
    for module in _MODULES:
        module.register()


def unregister() -> None:
    for module in reversed(_MODULES):
        module.unregister()

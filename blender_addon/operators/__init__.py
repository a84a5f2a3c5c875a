"""One module a topic: making textures, the library, the history, training, and small tools."""

from . import batch, generate, history, library, tools, training

_MODULES = (generate, batch, library, history, training, tools)


def register() -> None:
    for module in _MODULES:
        module.register()


def unregister() -> None:
    for module in reversed(_MODULES):
        module.unregister()

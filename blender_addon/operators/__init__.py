"""One module a topic: making textures, the library, the history, training, and small tools."""

from . import batch, generate, history, library, size, tools, training

_MODULES = (generate, batch, library, history, training, size, tools)


def register() -> None:
    for module in _MODULES:
        module.register()


def unregister() -> None:
    for module in reversed(_MODULES):
        module.unregister()

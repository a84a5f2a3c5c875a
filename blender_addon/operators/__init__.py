"""One module a topic: making textures, pictures in a style, the library, the history, training, and small tools."""

from . import batch, generate, history, instant, library, mixing, modal, size, stylize, tools, training

_MODULES = (generate, mixing, instant, batch, stylize, library, history, training, size, tools, modal)


def register() -> None:
    for module in _MODULES:
        module.register()


def unregister() -> None:
    for module in reversed(_MODULES):
        module.unregister()

"""One module a topic: making textures, pictures in a style, the library, assets, the history, training, tools."""

from . import assets, batch, generate, history, instant, library, mixing, modal, size, stylize, tools, training

_MODULES = (generate, mixing, instant, batch, stylize, library, history, training, size, tools, assets, modal)


def register() -> None:
    for module in _MODULES:
        module.register()


def unregister() -> None:
    for module in reversed(_MODULES):
        module.unregister()

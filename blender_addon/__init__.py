"""TexNet in Blender: a panel and an operator that put seamless textures into image nodes.

Synthesis runs in a worker process (see `worker_client`), never in Blender's own.
"""

from . import operators, panel, properties, worker_client

_MODULES = (properties, operators, panel)


def register() -> None:
    for module in _MODULES:
        module.register()


def unregister() -> None:
    for module in reversed(_MODULES):
        module.unregister()
    worker_client.stop_shared()

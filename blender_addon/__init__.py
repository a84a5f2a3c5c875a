"""TexNet in Blender: seamless textures from a panel, from operators and from scripts (`api`).

Synthesis and training run in worker processes (see `worker_client`), never in Blender's own.
"""

from . import library, look_fields, operators, panels, preferences, preview, properties, session, training

_MODULES = (preferences, library, preview, training, properties, look_fields, operators, panels)


def register() -> None:
    for module in _MODULES:
        module.register()


def unregister() -> None:
    session.stop()
    session.clear_problem()
    for module in reversed(_MODULES):
        module.unregister()

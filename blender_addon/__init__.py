"""TexNet in Blender: seamless textures and pictures in a style from a panel, from operators and from scripts (`api`).

Synthesis and training run in worker processes (see `worker_client`), never in Blender's own.
"""

import sys
from importlib import invalidate_caches
from importlib.util import find_spec

if find_spec("texnet_core") is None:  # Blender unpacks it where the add-on is enabled
    raise ImportError(f"TexNet is not enabled; run bpy.ops.preferences.addon_enable(module={__package__!r}) first")


def _drop_core_of_before() -> None:
    """An update in a running Blender leaves the version before loaded, which may not fit; it is loaded anew."""
    invalidate_caches()
    version = sys.modules.get("texnet_core.version")  # which the first cores lack
    if version is not None and version.__version__ == version.installed_version():
        return
    for name in [name for name in sys.modules if name.partition(".")[0] == "texnet_core"]:
        del sys.modules[name]


_drop_core_of_before()

from . import (  # noqa: E402
    assets,
    backend_test,
    choice_properties,
    library,
    look_fields,
    map_properties,
    operators,
    panels,
    preferences,
    preview,
    properties,
    run_icons,
    session,
    style_preview,
    style_properties,
    training,
)

_MODULES = (
    preferences,
    library,
    assets,
    preview,
    style_preview,
    run_icons,
    backend_test,
    training,
    style_properties,
    choice_properties,
    map_properties,
    properties,
    look_fields,
    operators,
    panels,
)


def register() -> None:
    for module in _MODULES:
        module.register()


def unregister() -> None:
    session.stop()
    session.clear_problem()
    for module in reversed(_MODULES):
        module.unregister()

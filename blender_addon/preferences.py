"""The add-on's preferences: where generators and pictures go, and the optional backend."""

import os
import shutil
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import bpy

from texnet_core.errors import RequestError
from texnet_core.paths import user_text

from . import backend
from .fields import choice, path_property
from .registration import registration
from .wrapping import wrapped

ROOT = __package__ or ""
_STORAGES = (
    ("PACK", "In the .blend", "Pack the pixels into the .blend file, so that there are no other files to look after"),
    ("FILE", "Next to the .blend", "Write PNG files to a folder called textures, next to the saved .blend file"),
)
_PURPOSE = (
    "textures are made without it. A backend, a Python with PyTorch outside Blender, learns generators from your own "
    "pictures, and makes textures on the graphics card. Run the command of step 1 in a terminal, and wait until it ends"
)
_TURN_S = 2.0  # of the ring that shows that a test goes on
_CONVENTIONS = (
    ("AUTO", "Automatic", "Take the convention from the file; torchvision's own file needs no statement"),
    ("torchvision", "Torchvision", "RGB from 0 to 1, normalized by the mean and standard deviation of ImageNet"),
    ("oxford", "Oxford", "BGR from 0 to 255 minus the mean, as in the original Caffe model"),
)


class TEXNET_preferences(bpy.types.AddonPreferences):
    bl_idname = ROOT

    library: path_property(
        "Library",
        "Folder for your own generators; leave empty to use a folder in Blender's user files",
        "DIR_PATH",
    )
    gallery_part: bpy.props.StringProperty(
        name="Gallery Part", description="Part of the gallery that the panel shows", default="ALL", options={"HIDDEN"}
    )
    storage: choice(_STORAGES, "Store Images", "Where to keep the pixels of new images")
    python: path_property(
        "Python Interpreter",
        "Python of the backend, which Detect Backend fills in; leave empty to work without one",
    )
    use_backend: bpy.props.BoolProperty(
        name="Generate with Backend",
        description="Use the backend for generating as well, on the GPU if it has one",
        default=True,
    )
    vgg19: path_property(
        "VGG-19 Weights",
        "File with VGG-19 weights; leave empty to use the cache or, where VGG-19 is asked for, a download. "
        "Without them, training compares by a light network, which comes with the add-on",
    )
    vgg19_input: choice(_CONVENTIONS, "Weights Convention", "How the network that the weights belong to expects images")

    def draw(self, context: Any) -> None:
        """Files, then the backend: what it is for, the three steps that set it up, its settings."""
        layout: Any = self.layout
        layout.use_property_split = True
        layout.operator("texnet.open_manual", icon="HELP")
        layout.prop(self, "library")
        layout.prop(self, "storage")
        box = layout.box()
        box.label(text="Training and Graphics Card (Optional)", icon="SETTINGS")
        wrapped(box, _PURPOSE, context, icon="INFO")
        row = box.row(align=True)
        row.operator("texnet.copy_install_command", text="1. Copy Install Command", icon="COPYDOWN")
        row.operator("texnet.detect_backend", text="2. Detect Backend", icon="VIEWZOOM")
        row.operator("texnet.test_backend", text="3. Test Backend", icon="CHECKMARK")
        if backend.tested_since is not None:
            row = box.row(align=True)
            seconds = time.monotonic() - backend.tested_since
            row.progress(factor=seconds / _TURN_S % 1, type="RING", text=f"Testing, {seconds:.0f} s")
            row.operator("texnet.cancel_test", text="", icon="X")
        for line in backend.report:
            wrapped(box, line, context, icon="DOT")
        box.prop(self, "python")
        box.prop(self, "use_backend")
        box.prop(self, "vgg19")
        if self.vgg19:
            box.prop(self, "vgg19_input")


def preferences() -> Any:
    """The preferences, wherever the add-on is installed.

    Raises:
        RequestError: it is installed, but not enabled.
    """
    everything: Any = bpy.context.preferences
    found = everything.addons.get(ROOT)
    if found is None:
        raise RequestError(
            "TexNet is not enabled",
            expected="the enabled add-on",
            remedy=f"run bpy.ops.preferences.addon_enable(module={ROOT!r}) first",
        )
    return found.preferences


def save_later() -> None:
    """Let Blender save the preferences when it quits; what a script sets of an add-on's does not count by itself."""
    everything: Any = bpy.context.preferences
    everything.is_dirty = True


def user_file(text: str | os.PathLike[str]) -> Path:
    """The path that a text means: `//` is the folder of the .blend file, `~` the user's, and `$NAME` a variable.

    Raises:
        RequestError: it names a variable that is not set.
    """
    return Path(bpy.path.abspath(user_text(os.fspath(text))))


def library_folder() -> Path:
    """Folder with the user's generators; made if missing.

    Raises:
        OSError: it cannot be made.
        RequestError: it names a variable that is not set.
    """
    chosen = preferences().library
    if chosen.startswith("//") and not bpy.data.filepath:
        chosen = ""  # beside a .blend that is nowhere yet
    if not chosen:
        return _default_library()
    folder = user_file(chosen)
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _default_library() -> Path:
    """The folder that is taken where none is chosen, with what version 0.1.0 kept in the folder of the add-on."""
    folder = data_folder("library")
    former = Path(bpy.utils.extension_path_user(ROOT, path="library"))
    if former.is_dir():
        for file in former.iterdir():
            if not (folder / file.name).exists():
                shutil.move(file, folder / file.name)
        with suppress(OSError):  # what is there under the same name stays
            former.rmdir()
    return folder


def data_folder(name: str) -> Path:
    """A folder for what the user makes, which stays where the add-on is removed; made if missing.

    Raises:
        OSError: it cannot be made.
    """
    folder = bpy.utils.user_resource("DATAFILES", path=os.path.join("texnet", name), create=True)
    if not folder:
        raise OSError(f"Blender's folder for {name} cannot be made")
    return Path(folder)


def user_folder(name: str) -> Path:
    """A folder of the add-on's own in Blender's user files, which goes with the add-on; made if missing.

    Raises:
        OSError: it cannot be made.
    """
    return Path(bpy.utils.extension_path_user(ROOT, path=name, create=True))


def backend_python() -> str:
    """The user's Python, "" where there is none."""
    chosen: str = preferences().python
    try:
        return str(user_file(chosen)) if chosen else ""
    except RequestError:  # whoever starts it says that there is no such file
        return chosen


def is_online_allowed() -> bool:
    return bool(bpy.app.online_access)


register, unregister = registration(TEXNET_preferences)

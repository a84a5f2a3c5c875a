"""The add-on's preferences: where generators and pictures go, and the optional backend."""

from pathlib import Path
from typing import Any, Literal

import bpy

_ROOT = __package__ or ""


def path_property(name: str, description: str, subtype: Literal["FILE_PATH", "DIR_PATH"] = "FILE_PATH") -> Any:
    """A StringProperty for a path, which may start with //, beside the .blend: since 4.5, properties must say so."""
    options: Any = {"PATH_SUPPORTS_BLEND_RELATIVE"} if bpy.app.version >= (4, 5, 0) else set()
    return bpy.props.StringProperty(name=name, description=description, subtype=subtype, options=options)


class TEXNET_preferences(bpy.types.AddonPreferences):  # noqa: N801
    bl_idname = _ROOT

    library: path_property(  # type: ignore[valid-type]
        "Library",
        "Folder with your own generators. Empty: a folder of the add-on in Blender's user files",
        "DIR_PATH",
    )
    storage: bpy.props.EnumProperty(  # type: ignore[valid-type]
        name="Keep Images",
        description="Where the pixels of new images are kept",
        items=(
            ("PACK", "In the .blend", "Packed into the file that you save; nothing else to look after"),
            ("FILE", "Beside the .blend", "As PNG files in a folder textures beside the saved file"),
        ),
    )
    python: path_property(  # type: ignore[valid-type]
        "Python",
        "Python with texnet and torch, for training and for the GPU. Empty: no backend",
    )
    use_backend: bpy.props.BoolProperty(  # type: ignore[valid-type]
        name="Generate with the Backend",
        description="Use the backend for generating too, on the GPU where it has one",
        default=True,
    )
    vgg19: path_property(  # type: ignore[valid-type]
        "VGG-19 Weights",
        "File with VGG-19 weights for training without a download. Empty: the usual cache, then a download; "
        "where neither can be had, training compares patches, which need no weights",
    )

    vgg19_input: bpy.props.EnumProperty(  # type: ignore[valid-type]
        name="Their Input",
        description="What pictures the weights expect, where the file does not say",
        items=(
            ("AUTO", "As the File Says", "Torchvision's own file and files that name their convention"),
            ("torchvision", "Torchvision", "RGB in [0, 1], normalized with ImageNet's mean and deviation"),
            ("oxford", "Oxford", "BGR in [0, 255] less the mean, as in the original Caffe model"),
        ),
    )

    def draw(self, context: Any) -> None:
        """Three groups: files, backend, its buttons."""
        layout: Any = self.layout
        layout.use_property_split = True
        layout.prop(self, "library")
        layout.prop(self, "storage")
        box = layout.box()
        box.label(text="Backend (optional: training, GPU)", icon="SETTINGS")
        box.prop(self, "python")
        row = box.row(align=True)
        row.operator("texnet.detect_backend", icon="VIEWZOOM")
        row.operator("texnet.test_backend", icon="CHECKMARK")
        row.operator("texnet.copy_install_command", icon="COPYDOWN")
        box.prop(self, "use_backend")
        box.prop(self, "vgg19")
        if self.vgg19:
            box.prop(self, "vgg19_input")
        from . import session

        for line in session.backend_report:
            box.label(text=line)


def preferences() -> Any:
    """The preferences, wherever the add-on is installed."""
    everything: Any = bpy.context.preferences
    return everything.addons[_ROOT].preferences


def library_folder() -> Path:
    """Folder with the user's generators; made if missing.

    Raises:
        OSError: it cannot be made.
    """
    chosen = preferences().library
    if chosen.startswith("//") and not bpy.data.filepath:
        chosen = ""  # beside a .blend that is nowhere yet
    folder = Path(bpy.path.abspath(chosen)) if chosen else user_folder("library")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def user_folder(name: str) -> Path:
    """A folder of the add-on's own in Blender's user files; made if missing.

    Raises:
        OSError: it cannot be made.
    """
    return Path(bpy.utils.extension_path_user(_ROOT, path=name, create=True))


def backend_python() -> str:
    """The user's Python, "" where there is none."""
    return bpy.path.abspath(preferences().python) if preferences().python else ""


def is_online_allowed() -> bool:
    return bool(bpy.app.online_access)


def register() -> None:
    bpy.utils.register_class(TEXNET_preferences)


def unregister() -> None:
    bpy.utils.unregister_class(TEXNET_preferences)

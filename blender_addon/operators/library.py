"""Choosing, importing, revealing and removing generators."""

from collections.abc import Callable
from typing import Any

import bpy

from texnet_core.model.artifact import SUFFIX

from .. import library
from ..fields import own_source_property, path_property
from ..instant_methods import FIRST_METHOD
from ..preferences import library_folder, user_file
from ..properties import source_items
from ..registration import registration
from ..request import first_preset, first_style
from .base import FINISHED, Confirmed, Reporting, Status

# what is chosen where the file that was has gone
_FIRST: dict[library.Kind, Callable[[], str]] = {
    "TEXTURE": first_preset,
    "STYLE": first_style,
    "NETWORK": lambda: FIRST_METHOD,
}


class TEXNET_OT_search_source(bpy.types.Operator):
    """Find a generator by name"""

    bl_idname = "texnet.search_source"
    bl_label = "Find Generator"
    bl_property = "source"
    bl_options = {"INTERNAL", "UNDO"}

    source: bpy.props.EnumProperty(name="Generator", description="Generator to use", items=source_items)

    def invoke(self, context: Any, event: Any) -> Status:
        context.window_manager.invoke_search_popup(self)
        return FINISHED

    def execute(self, context: Any) -> Status:
        context.scene.texnet.source_name = self.source
        return FINISHED


class TEXNET_OT_import_generator(Reporting, bpy.types.Operator):
    """Copy a .texnet file into your library and select it; styles go to Stylize, networks to From Image, Now"""

    bl_idname = "texnet.import_generator"
    bl_label = "Import Generator"
    bl_options = {"REGISTER", "UNDO"}

    filepath: path_property("File Path", "Generator file to copy")
    filter_glob: bpy.props.StringProperty(
        name="File Filter", description="Names of the files to show", default=f"*{SUFFIX}", options={"HIDDEN"}
    )

    def invoke(self, context: Any, event: Any) -> Status:
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    def run(self, context: Any) -> Status:
        source = library.import_file(user_file(self.filepath))
        context.scene.texnet.choose(source.name, library.kind_of(source))
        self.report({"INFO"}, f"{source.title} was added to your library")
        return FINISHED


class TEXNET_OT_reveal_library(Reporting, bpy.types.Operator):
    """Open the folder of your library in the file browser of the system"""

    bl_idname = "texnet.reveal_library"
    bl_label = "Open Library Folder"

    def run(self, context: Any) -> Status:
        bpy.ops.wm.path_open(filepath=str(library_folder()))
        return FINISHED


class TEXNET_OT_remove_generator(Confirmed, bpy.types.Operator):
    """Delete the selected generator from your library"""

    bl_idname = "texnet.remove_generator"
    bl_label = "Remove Generator"

    source: own_source_property()

    @classmethod
    def description(cls, context: Any, properties: Any) -> str:
        source = library.find_any(properties.source or context.scene.texnet.source_name)
        if source is not None and source.is_preset:
            return f"{source.title} ships with TexNet and stays; generators of your library can be deleted"
        return "Delete the selected generator from your library"

    def question(self, context: Any) -> str:
        return f"Delete {library.check_own(self._name(context)).title} from your library?"

    def run(self, context: Any) -> Status:
        source = library.check_own(self._name(context))
        kind = library.kind_of(source)  # while its file is there
        library.remove(source)
        context.scene.texnet.choose(_FIRST[kind](), kind)
        self.report({"INFO"}, f"Removed {source.title}")
        return FINISHED

    def _name(self, context: Any) -> str:
        return self.source or context.scene.texnet.source_name  # type: ignore[no-any-return]


register, unregister = registration(
    TEXNET_OT_search_source, TEXNET_OT_import_generator, TEXNET_OT_reveal_library, TEXNET_OT_remove_generator
)

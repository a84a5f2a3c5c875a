"""Choosing, importing, revealing and removing generators."""

from pathlib import Path
from typing import Any

import bpy

from texnet_core.artefact import SUFFIX
from texnet_core.errors import RequestError

from .. import library
from ..preferences import library_folder
from ..properties import source_items
from .base import FINISHED, Status, registration, reporting


class TEXNET_OT_search_source(bpy.types.Operator):  # noqa: N801
    """Find a generator by its name"""  # noqa: D415

    bl_idname = "texnet.search_source"
    bl_label = "Search"
    bl_property = "source"
    bl_options = {"INTERNAL"}  # noqa: RUF012

    source: bpy.props.EnumProperty(name="Source", description="Generator to use", items=source_items)  # type: ignore[valid-type]

    def invoke(self, context: Any, event: Any) -> Status:
        context.window_manager.invoke_search_popup(self)
        return FINISHED

    def execute(self, context: Any) -> Status:
        context.scene.texnet.source_name = self.source
        return FINISHED


class TEXNET_OT_import_generator(bpy.types.Operator):  # noqa: N801
    """Copy a .texnet file into your library and choose it"""  # noqa: D415

    bl_idname = "texnet.import_generator"
    bl_label = "Import Generator"

    filepath: bpy.props.StringProperty(name="File", description="Generator to copy", subtype="FILE_PATH")  # type: ignore[valid-type]
    filter_glob: bpy.props.StringProperty(default=f"*{SUFFIX}", options={"HIDDEN"})  # type: ignore[valid-type]

    def invoke(self, context: Any, event: Any) -> Status:
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    def execute(self, context: Any) -> Status:
        def run() -> Status:
            source = library.import_file(Path(bpy.path.abspath(self.filepath)))
            context.scene.texnet.source_name = source.name
            self.report({"INFO"}, f"{source.title} is in your library")
            return FINISHED

        return reporting(self, run)


class TEXNET_OT_reveal_library(bpy.types.Operator):  # noqa: N801
    """Open the folder of your library in the system's file browser"""  # noqa: D415

    bl_idname = "texnet.reveal_library"
    bl_label = "Reveal Library"

    def execute(self, context: Any) -> Status:
        return reporting(self, lambda: _opened(library_folder()))


class TEXNET_OT_remove_generator(bpy.types.Operator):  # noqa: N801
    """Delete the chosen generator from your library"""  # noqa: D415

    bl_idname = "texnet.remove_generator"
    bl_label = "Remove Generator"

    source: bpy.props.StringProperty(  # type: ignore[valid-type]
        name="Source", description="File of the library. Empty: the one chosen in the panel"
    )

    @classmethod
    def poll(cls, context: Any) -> bool:
        chosen = library.find(context.scene.texnet.source_name)
        if chosen is not None and chosen.is_preset:
            cls.poll_message_set("Presets ship with TexNet; only your own generators can be removed")
            return False
        return True

    def invoke(self, context: Any, event: Any) -> Status:
        return context.window_manager.invoke_confirm(self, event)  # type: ignore[no-any-return]

    def execute(self, context: Any) -> Status:
        def run() -> Status:
            name = self.source or context.scene.texnet.source_name
            source = library.find(name)
            if source is None:
                raise RequestError(f"no generator {name!r}", expected="a file of your library", remedy="choose one")
            library.remove(source)
            context.scene.texnet.source_name = library.list_sources()[0].name
            self.report({"INFO"}, f"Removed {source.title}")
            return FINISHED

        return reporting(self, run)


def _opened(folder: Path) -> Status:
    bpy.ops.wm.path_open(filepath=str(folder))
    return FINISHED


register, unregister = registration(
    TEXNET_OT_search_source, TEXNET_OT_import_generator, TEXNET_OT_reveal_library, TEXNET_OT_remove_generator
)

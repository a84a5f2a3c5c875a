"""Choosing, importing, revealing and removing generators."""

from pathlib import Path
from typing import Any

import bpy

from texnet_core.model.artifact import SUFFIX

from .. import library
from ..preferences import library_folder, path_property
from ..properties import source_items
from .base import FINISHED, Reporting, Status, registration, reporting


class TEXNET_OT_search_source(bpy.types.Operator):  # noqa: N801
    """Find a generator by its name"""  # noqa: D415

    bl_idname = "texnet.search_source"
    bl_label = "Search"
    bl_property = "source"
    bl_options = {"INTERNAL", "UNDO"}  # noqa: RUF012

    source: bpy.props.EnumProperty(name="Source", description="Generator to use", items=source_items)  # type: ignore[valid-type]

    def invoke(self, context: Any, event: Any) -> Status:
        context.window_manager.invoke_search_popup(self)
        return FINISHED

    def execute(self, context: Any) -> Status:
        context.scene.texnet.source_name = self.source
        return FINISHED


class TEXNET_OT_import_generator(Reporting, bpy.types.Operator):  # noqa: N801
    """Copy a .texnet file into your library and choose it"""  # noqa: D415

    bl_idname = "texnet.import_generator"
    bl_label = "Import Generator"
    bl_options = {"REGISTER", "UNDO"}  # noqa: RUF012

    filepath: path_property(  # type: ignore[valid-type]
        "File", "Generator to copy"
    )
    filter_glob: bpy.props.StringProperty(default=f"*{SUFFIX}", options={"HIDDEN"})  # type: ignore[valid-type]

    def invoke(self, context: Any, event: Any) -> Status:
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    def run(self, context: Any) -> Status:
        source = library.import_file(Path(bpy.path.abspath(self.filepath)))
        context.scene.texnet.source_name = source.name
        self.report({"INFO"}, f"{source.title} is in your library")
        return FINISHED


class TEXNET_OT_reveal_library(Reporting, bpy.types.Operator):  # noqa: N801
    """Open the folder of your library in the system's file browser"""  # noqa: D415

    bl_idname = "texnet.reveal_library"
    bl_label = "Reveal Library"

    def run(self, context: Any) -> Status:
        bpy.ops.wm.path_open(filepath=str(library_folder()))
        return FINISHED


class TEXNET_OT_remove_generator(Reporting, bpy.types.Operator):  # noqa: N801
    """Delete the chosen generator from your library"""  # noqa: D415

    bl_idname = "texnet.remove_generator"
    bl_label = "Remove Generator"

    source: bpy.props.StringProperty(  # type: ignore[valid-type]
        name="Source", description="File of the library. Empty: the one chosen in the panel"
    )

    def invoke(self, context: Any, event: Any) -> Status:
        def run() -> Status:
            title = library.check_own(self._name(context)).title
            manager = context.window_manager
            status: Status = manager.invoke_confirm(
                self, event, title="Remove Generator", message=f"Delete {title} from your library?"
            )
            return status

        return reporting(self, run)

    def run(self, context: Any) -> Status:
        source = library.check_own(self._name(context))
        library.remove(source)
        context.scene.texnet.source_name = library.list_sources()[0].name
        self.report({"INFO"}, f"Removed {source.title}")
        return FINISHED

    def _name(self, context: Any) -> str:
        return self.source or context.scene.texnet.source_name  # type: ignore[no-any-return]


register, unregister = registration(
    TEXNET_OT_search_source, TEXNET_OT_import_generator, TEXNET_OT_reveal_library, TEXNET_OT_remove_generator
)

"""The operator `texnet.batch`: many textures in one call."""

from pathlib import Path
from typing import Any

import bpy

from texnet_core.errors import RequestError

from .. import api, session
from ..preferences import path_property
from ..properties import choice, count_property
from .base import FINISHED, Reporting, Status, registration
from .generate import TextureOptions, set_options

_GOALS = (
    ("MATERIALS", "New Materials", "A material for each texture"),
    ("SELECTED", "Selected Objects", "One material for each selected object, each with a seed of its own"),
    ("FOLDER", "Folder", "PNG files in a folder"),
)


class TEXNET_OT_batch(TextureOptions, Reporting, bpy.types.Operator):  # noqa: N801
    """Make many textures: materials, one for each selected object, or files in a folder"""  # noqa: D415

    bl_idname = "texnet.batch"
    bl_label = "Batch of Textures"
    bl_options = {"UNDO"}  # noqa: RUF012

    source: bpy.props.StringProperty(  # type: ignore[valid-type]
        name="Sources", description="Presets or .texnet files, by commas. Empty: all presets and your library"
    )
    count: count_property()  # type: ignore[valid-type]
    goal: choice(_GOALS, "Goal", "What becomes of the textures")  # type: ignore[valid-type]
    folder: path_property(  # type: ignore[valid-type]
        "Folder", "Where the files go", "DIR_PATH"
    )

    def invoke(self, context: Any, event: Any) -> Status:
        """Ask for the settings first: Blender waits while a batch is made."""
        settings = context.scene.texnet
        set_options(self, settings.request(None))
        return context.window_manager.invoke_props_dialog(self)  # type: ignore[no-any-return]

    def run(self, context: Any) -> Status:
        session.clear_problem()
        sources = _sources_in(self.source)
        options = {name: getattr(self, name) for name in ("seed", "tile", "scale", "depth")}
        options["size"] = (self.width, self.height)
        if self.goal == "SELECTED":
            made = len(api.fill(context.selected_objects, sources, world_size=self.world_size, **options))
        elif self.goal == "FOLDER":
            if not self.folder:
                raise RequestError("no folder", expected="one for the files", remedy="choose a folder")
            api.check(sources, self.count, **options)
            made = sum(len(api.save(source, self.folder, self.count, **options)) for source in sources)
        else:
            api.check(sources, self.count, **options)
            made = sum(len(api.materials(source, self.count, **options)) for source in sources)
        self.report({"INFO"}, f"Made {made}")
        return FINISHED


def _sources_in(text: str) -> list[str]:
    """Sources by commas; a file that has one in its name stands alone."""
    if Path(bpy.path.abspath(text)).is_file():
        return [text]
    return [part.strip() for part in text.split(",") if part.strip()] or api.sources()


register, unregister = registration(TEXNET_OT_batch)

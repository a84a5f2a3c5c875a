"""The operator `texnet.batch`: many textures in one call."""

import os
from typing import Any

import bpy

from texnet_core.errors import RequestError
from texnet_core.mapset import names_in

from .. import api, masks, session, slots
from ..fields import choice, count_property, path_property
from ..registration import registration
from ..request import rounded
from ..rollback import all_or_nothing
from ..wording import counted
from .base import FINISHED, Reporting, Status
from .generate import TextureOptions, set_options

_GOALS = (
    ("MATERIALS", "New Materials", "Create a material for each texture"),
    ("SELECTED", "Selected Objects", "Create a material for each selected object, each with its own seed"),
    ("FOLDER", "Image Files", "Write PNG files to a folder"),
)


class TEXNET_OT_batch(TextureOptions, Reporting, bpy.types.Operator):
    """Generate many textures: as materials, for the selected objects, or as files in a folder"""

    bl_idname = "texnet.batch"
    bl_label = "Generate Batch"
    bl_options = {"UNDO"}

    source: bpy.props.StringProperty(
        name="Sources",
        description="Presets or .texnet files, separated by commas; leave empty to use all presets and your library",
    )
    count: count_property()
    goal: choice(_GOALS, "Output", "What to create")
    folder: path_property("Folder", "Folder for the image files", "DIR_PATH")

    def invoke(self, context: Any, event: Any) -> Status:
        """Ask for the settings first: Blender waits while a batch is made."""
        settings = context.scene.texnet
        set_options(self, settings.request(None))
        return context.window_manager.invoke_props_dialog(self)  # type: ignore[no-any-return]

    def run(self, context: Any) -> Status:
        session.clear_problem()
        with all_or_nothing(*context.selected_objects):
            made = self._make(context)
        slots.include_all_in_undo(context.view_layer)
        self.report({"INFO"}, f"Created {made}")
        return FINISHED

    def _make(self, context: Any) -> str:
        """Make all of it and say what that is."""
        sources = _sources_in(self.source)
        options = {name: getattr(self, name) for name in ("seed", "tile")}
        options |= {"size": (self.width, self.height), "depth": int(self.depth)}
        options |= {"scale": rounded(self.scale), "covers": rounded(self.covers)}
        options |= {name: getattr(self, name) for name in ("texture", "mix", "mix_to", "maps", "material")}
        options |= {"mix_mask": masks.named(self.mix_mask)} if self.mix_mask else {}
        look = self.look()
        if self.goal == "SELECTED":
            mapping = {"world_size": self.world_size, "set_mapping": self.set_mapping}
            filled = api.fill(context.selected_objects, sources, **mapping, **look, **options)
            return counted(len(filled), "material")
        if self.goal == "FOLDER":
            if not self.folder:
                raise RequestError("no folder is given", expected="a folder for the files", remedy="choose a folder")
            api.check(sources, self.count, **options)
            return counted(sum(len(api.save(source, self.folder, self.count, **options)) for source in sources), "file")
        api.check(sources, self.count, **options)
        made = sum(len(api.materials(source, self.count, **look, **options)) for source in sources)
        return counted(made, "material")


def _sources_in(text: str) -> list[str]:
    """Sources by commas; a file that has one in its name stands alone."""
    if os.path.isfile(bpy.path.abspath(text)):  # unlike pathlib's, never raises
        return [text]
    return names_in(text) or api.sources()


register, unregister = registration(TEXNET_OT_batch)

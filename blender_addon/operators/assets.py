"""Materials in the Asset Browser: the library of all generators, and what the user saves there."""

from dataclasses import replace
from typing import Any, Literal

import bpy

from texnet_core.errors import RequestError
from texnet_core.mapset import names_in

from .. import asset_library, assets, creation, favorites, library, reveal, session, shown
from ..asset_facts import Facts
from ..current_set import active_material
from ..registration import registration
from ..request import MAX_INT, options_of
from ..wording import counted
from .base import FINISHED, Guarded, Interactive, Reporting, Status, reporting
from .history import run_other
from .modal import Modal
from .tools import random_seed

_FILE = "FILE"
_DIALOG_WIDTH = 400  # of a dialog with sentences in its fields


class _OnAssets(Modal):
    """An operator whose task writes assets."""

    def _new_task(self, context: Any) -> Any:
        """What is to be done."""
        raise NotImplementedError

    def _said(self, result: dict[str, Any]) -> str:
        """A sentence on what came of it."""
        raise NotImplementedError

    def run(self, context: Any) -> Status:
        session.clear_problem()
        with session.finished(self._new_task(context)) as result:
            return self._told(result)

    def begin(self, context: Any, event: Any) -> Status:
        return self._start(context)

    def _start(self, context: Any) -> Status:
        session.clear_problem()
        task = self._new_task(context)
        session.start(task)
        return self._watch(context, task)

    def _take_in(self, context: Any) -> Status:
        return self._told(self._task.job.result or {})

    def _told(self, result: dict[str, Any]) -> Status:
        reveal.refresh_assets()
        self.report({"INFO"}, self._said(result))  # type: ignore[attr-defined]
        self._tell(result["notes"])
        return FINISHED


class TEXNET_OT_update_asset_library(_OnAssets, bpy.types.Operator):
    """Put all presets and your own generators into the Asset Browser, as materials to drag; what is there stays"""

    bl_idname = "texnet.update_asset_library"
    bl_label = "Update Asset Browser"

    source: bpy.props.StringProperty(
        name="Source", description="Preset name or file path of the only generator to put there; leave empty for all"
    )
    again: bpy.props.BoolProperty(name="Make Again", description="Make also what is up to date")

    def _new_task(self, context: Any) -> assets.AssetTask:
        return assets.library_task([self.source] if self.source else [], again=self.again)

    def _said(self, result: dict[str, Any]) -> str:
        made = counted(result["made"], "material")
        return f"{made} went to the Asset Browser" if result["made"] else "Nothing has changed"


_places: list[tuple[str, str, str]] = []  # Blender does not own the texts


def _place_items(operator: Any, context: Any) -> list[tuple[str, str, str]]:
    _places[:] = [(_FILE, "This File", "Keep the asset in the .blend file that is open")]
    _places.extend((found.name, found.name, f"Write a file to {found.path}") for found in asset_library.others())
    return _places


class TEXNET_OT_save_as_asset(Guarded, _OnAssets, bpy.types.Operator):
    """Save the active material as an asset, with a picture of it, in the catalog TexNet"""

    bl_idname = "texnet.save_as_asset"
    bl_label = "Save as Asset"
    bl_options = {"UNDO"}

    place: bpy.props.EnumProperty(
        name="Place", description="Where to keep the asset", items=_place_items, options={"SKIP_SAVE"}
    )
    into: bpy.props.StringProperty(
        name="Into", description="Name of an asset library or path of its folder, instead of a place of the list"
    )
    material: bpy.props.StringProperty(
        name="Material", description="Name of the material; leave empty to use that of the active object"
    )
    kind: bpy.props.StringProperty(
        name="Kind",
        description="Kind of surface, which names the catalog; leave empty to use the generator's",
        options={"SKIP_SAVE"},
    )
    tags: bpy.props.StringProperty(
        name="Tags", description="Words to search by, with commas between them", options={"SKIP_SAVE"}
    )
    author: bpy.props.StringProperty(
        name="Author", description="Who made it; leave empty to use the generator's", options={"SKIP_SAVE"}
    )
    license: bpy.props.StringProperty(
        name="License", description="Leave empty to use that of the generator", options={"SKIP_SAVE"}
    )
    description: bpy.props.StringProperty(
        name="Description",
        description="A sentence on the asset; leave empty to use the generator's",
        options={"SKIP_SAVE"},
    )
    replace: bpy.props.BoolProperty(
        name="Replace", description="Replace an asset of that name in the library", options={"SKIP_SAVE"}
    )

    _is_asked, _is_taken = False, False  # in a dialog; whether the place has an asset of that name

    @classmethod
    def obstacle(cls, context: Any) -> str:
        return "" if any(material.is_editable for material in bpy.data.materials) else "Generate a material first"

    def _new_task(self, context: Any) -> assets.AssetTask:
        return assets.saving_task(self._saving(context))

    def _saving(self, context: Any) -> assets.Saving:
        material = bpy.data.materials.get(self.material) if self.material else active_material(context)
        if material is None:
            found = f"no material is called {self.material!r}" if self.material else "the active object has no material"
            raise RequestError(found, expected="a material", remedy="select an object that has one")
        told = Facts(self.author, self.license, self.description, tuple(names_in(self.tags)))
        into = self.into or (self.place if self.place != _FILE else "")
        return assets.saving_of(material, into, told=told, kind=self.kind, replace_file=self.replace)

    def begin(self, context: Any, event: Any) -> Status:
        try:
            self._saving(context)  # what is wrong is said before anything is asked
        except assets.TakenError:
            self._is_taken = True
        self._is_asked = True
        ask = context.window_manager.invoke_props_dialog
        status: Status = ask(self, width=_DIALOG_WIDTH, title=self.bl_label, confirm_text="Save")
        return status

    def draw(self, context: Any) -> None:
        layout: Any = self.layout
        layout.use_property_split, layout.use_property_decorate = True, False
        for name in ("kind", "tags", "author", "license", "description"):
            layout.prop(self, name)
        if self._is_taken:
            layout.label(text="An asset of that name is in the library already", icon="INFO")
            layout.prop(self, "replace")

    def execute(self, context: Any) -> Status:
        if self._is_asked:
            return reporting(self, lambda: self._start(context))
        return super().execute(context)

    def _said(self, result: dict[str, Any]) -> str:
        return f"Saved {result['file']}" if result["file"] else "The material is an asset of this file"


class _OnMaterial(Guarded):
    """An operator on the texture of TexNet's that the active material shows."""

    @classmethod
    def obstacle(cls, context: Any) -> str:
        request = shown.request_on(active_material(context))
        return "" if request is not None else "Select an object with a texture of TexNet's"


class TEXNET_OT_vary_material(_OnMaterial, Interactive, bpy.types.Operator):
    """Generate the texture of the active material again, with another seed or in another size"""

    bl_idname = "texnet.vary_material"
    bl_label = "Vary Material"

    seed: bpy.props.IntProperty(
        name="Seed",
        description="Seed of the new texture; -1 takes a random one, -2 that of the old",
        default=-1,
        min=-2,
        max=MAX_INT,
    )
    width: bpy.props.IntProperty(name="Width", description="New width in texels; 0 keeps it", default=0, min=0)
    height: bpy.props.IntProperty(name="Height", description="New height in texels; 0 keeps it", default=0, min=0)

    def begin(self, context: Any, event: Any) -> Status:
        return self._vary(context, "INVOKE_DEFAULT")

    def run(self, context: Any) -> Status:
        return self._vary(context, "EXEC_DEFAULT")

    def _vary(self, context: Any, mode: Literal["EXEC_DEFAULT", "INVOKE_DEFAULT"]) -> Status:
        material = active_material(context)
        request = shown.request_on(material)
        creation.check_target("ACTIVE_MATERIAL", context.view_layer.objects.active)
        assert request is not None
        seed = {-1: random_seed(), -2: request.seed}.get(self.seed, self.seed)
        changed = replace(request, seed=seed, width=self.width or request.width, height=self.height or request.height)
        values = options_of(changed) | {"destination": "UDIM" if changed.udim else "ACTIVE_MATERIAL"}
        return run_other("generate", mode, **values, udim=changed.udim or (0, 0), set_mapping=False)


class TEXNET_OT_make_material_local(_OnMaterial, Reporting, bpy.types.Operator):
    """Make the active material, which is linked from another file, part of this one, so that it can be changed"""

    bl_idname = "texnet.make_material_local"
    bl_label = "Make Local"
    bl_options = {"REGISTER", "UNDO"}

    def run(self, context: Any) -> Status:
        material = active_material(context)
        if material.is_editable:
            raise RequestError(
                f"{material.name} is local already", expected="a linked one", remedy="change it as it is"
            )
        local = material.make_local()
        self.report({"INFO"}, f"{local.name} is part of this file now")
        return FINISHED


class TEXNET_OT_toggle_favorite(Reporting, bpy.types.Operator):
    """Add the selected generator to the favorites of the gallery, or remove it from them"""

    bl_idname = "texnet.toggle_favorite"
    bl_label = "Favorite"

    source: bpy.props.StringProperty(
        name="Source", description="Preset name or file path; leave empty to use the generator selected in the panel"
    )

    def run(self, context: Any) -> Status:
        name = self.source or context.scene.texnet.source_name
        if library.find(name) is None:
            raise RequestError(
                f"{name!r} is no generator", expected="a preset or a file", remedy="select a generator of the gallery"
            )
        favorites.toggle_favorite(name)
        session.redraw()
        return FINISHED


register, unregister = registration(
    TEXNET_OT_update_asset_library,
    TEXNET_OT_save_as_asset,
    TEXNET_OT_vary_material,
    TEXNET_OT_make_material_local,
    TEXNET_OT_toggle_favorite,
)

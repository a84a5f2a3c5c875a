"""What can be done with a texture that was made earlier."""

from dataclasses import replace
from typing import Any, Literal

import bpy

from texnet_core.errors import RequestError
from texnet_core.settings import MAX_SIZE

from .. import cleanup, creation, history, images, ownership, reveal, slots
from ..registration import registration
from ..request import options_of
from ..rollback import all_or_nothing
from ..wording import counted
from ..worker_process import WorkerError
from .base import FINISHED, Guarded, Interactive, Reporting, Status


class _HistoryOptions(Guarded):
    """Of operators that work on an image by name, or on the one selected in the list."""

    image: bpy.props.StringProperty(
        name="Image", description="Name of an image made by TexNet; leave empty to use the one selected in the history"
    )

    @classmethod
    def obstacle(cls, context: Any) -> str:
        return "" if any(map(history.is_entry, bpy.data.images)) else "Generate a texture first"

    def _entry(self, context: Any) -> Any:
        """The image that is meant, or None."""
        return bpy.data.images.get(self.image) if self.image else history.chosen(context.scene)

    def _painted(self, context: Any) -> Any:
        """The image, where it is a picture in a style, else None."""
        image = self._entry(context)
        return image if history.is_painted(image) else None

    def _image(self, context: Any) -> Any:
        image = self._entry(context)
        if image is None or history.request_of(image) is None:
            found = f"{self.image!r} is not a texture made by TexNet" if self.image else "no texture is selected"
            raise RequestError(found, expected="a texture of the history", remedy="select one in the history")
        return image

    def _request(self, context: Any) -> Any:
        return history.request_of(self._image(context))

    def _apply(self, context: Any, material: Any, target: Any) -> None:
        """Show the texture on a material, as wide as it was made for."""
        image = self._image(context)
        _, world_size = history.place_of(image)
        creation.apply(material, creation.set_of(image), self._request(context), target, world_size)
        reveal.show_textures()


def _generate(request: Any, context: Any, mode: Literal["EXEC_DEFAULT", "INVOKE_DEFAULT"]) -> Status:
    """Put it where the panel says; make only an image where it cannot go there."""
    settings = context.scene.texnet
    destination: creation.Destination = "UDIM" if request.udim else settings.destination
    if creation.obstacle(destination, context.view_layer.objects.active):
        destination = "IMAGE"
    values = options_of(request)
    values |= {"destination": destination, "udim": request.udim or (0, 0), "set_mapping": settings.set_mapping}
    return run_other("generate", mode, **values)


def run_other(name: str, mode: Literal["EXEC_DEFAULT", "INVOKE_DEFAULT"], **values: Any) -> Status:
    """Another operator of TexNet's, whose errors are raised as this one's."""
    try:
        status: Status = getattr(bpy.ops.texnet, name)(mode, **values)  # type: ignore[attr-defined]
    except RuntimeError as error:  # so do operators tell scripts of errors
        raise WorkerError(str(error).strip().removeprefix("Error: ")) from None
    return status


class TEXNET_OT_regenerate(_HistoryOptions, Interactive, bpy.types.Operator):
    """Generate the selected texture again, or paint the selected picture again in its place"""

    bl_idname = "texnet.regenerate"
    bl_label = "Regenerate"

    factor: bpy.props.IntProperty(
        name="Size Factor", description="How many times as wide and high as before", default=1, min=1, max=16
    )

    def begin(self, context: Any, event: Any) -> Status:
        return self._remake(context, "INVOKE_DEFAULT")

    def run(self, context: Any) -> Status:
        return self._remake(context, "EXEC_DEFAULT")

    def _remake(self, context: Any, mode: Literal["EXEC_DEFAULT", "INVOKE_DEFAULT"]) -> Status:
        if (painted := self._painted(context)) is not None:
            return run_other("stylize", mode, again=painted.name)
        request = self._request(context)
        width, height = request.width * self.factor, request.height * self.factor
        if max(width, height) > MAX_SIZE:
            raise RequestError(
                f"{width} x {height} texels are too many", expected=f"at most {MAX_SIZE} a side",
                remedy=f"choose a size factor that keeps both sides within {MAX_SIZE} texels",
            )  # fmt: skip
        return _generate(replace(request, width=width, height=height), context, mode)

    @classmethod
    def description(cls, context: Any, properties: Any) -> str:
        if history.is_painted(bpy.data.images.get(properties.image)):
            return "Paint the picture again as it was, and let what shows it show the new one"
        again = "Generate the selected texture again"
        if properties.factor == 1:
            return again
        return f"{again}, with {properties.factor} times the resolution; without Covers, on a larger area"


class TEXNET_OT_copy_settings(_HistoryOptions, Reporting, bpy.types.Operator):
    """Copy the settings of the selected texture to the panel"""

    bl_idname = "texnet.copy_settings"
    bl_label = "Copy Settings"
    bl_options = {"REGISTER", "UNDO"}

    def run(self, context: Any) -> Status:
        if (painted := self._painted(context)) is not None:
            request = history.style_request_of(painted)
            if request is None:
                raise RequestError(
                    f"the settings of {painted.name} are unreadable", expected="a record", remedy="paint it again"
                )
            context.scene.texnet.stylize.take_over(request, images.mask_of(painted))
            return FINISHED
        context.scene.texnet.take_over(self._request(context), *history.place_of(self._image(context)))
        return FINISHED


class TEXNET_OT_use_texture(_HistoryOptions, Reporting, bpy.types.Operator):
    """Connect the selected texture to the active material"""

    bl_idname = "texnet.use_texture"
    bl_label = "Apply Texture"
    bl_options = {"REGISTER", "UNDO"}

    def run(self, context: Any) -> Status:
        target = context.view_layer.objects.active
        creation.check_target("ACTIVE_MATERIAL", target)
        with all_or_nothing(target, target.active_material):
            self._apply(context, creation.material_of(target), target)
        slots.include_all_in_undo(context.view_layer)
        return FINISHED


class TEXNET_OT_texture_to_material(_HistoryOptions, Reporting, bpy.types.Operator):
    """Create a material that shows the selected texture, on the active object if it can have one"""

    bl_idname = "texnet.texture_to_material"
    bl_label = "New Material"
    bl_options = {"REGISTER", "UNDO"}

    def run(self, context: Any) -> Status:
        target = context.view_layer.objects.active
        before = target.active_material if target is not None else None
        with all_or_nothing(target, before):
            material = creation.new_material(self._request(context).title)
            self._apply(context, material, target)
            note = creation.assign(material, target)
            ownership.keep(before)
        slots.include_all_in_undo(context.view_layer)
        reveal.frame_nodes(material)
        if note:
            self.report({"WARNING"}, note)
        self.report({"INFO"}, f"Created {material.name}")
        return FINISHED


class TEXNET_OT_remove_texture(_HistoryOptions, Reporting, bpy.types.Operator):
    """Remove the selected texture from the .blend file, wherever it is used"""

    bl_idname = "texnet.remove_texture"
    bl_label = "Remove Texture"
    bl_options = {"REGISTER", "UNDO"}

    def run(self, context: Any) -> Status:
        painted = self._painted(context)
        gone = [painted] if painted is not None else creation.set_of(self._image(context)).values()
        for image in gone:
            bpy.data.images.remove(image)
        return FINISHED


class TEXNET_OT_remove_unused(Guarded, Reporting, bpy.types.Operator):
    """Remove the textures and the materials made by TexNet that nothing uses"""

    bl_idname = "texnet.remove_unused"
    bl_label = "Remove Unused"
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def obstacle(cls, context: Any) -> str:
        return "" if any(map(history.is_entry, bpy.data.images)) else "Generate a texture first"

    def run(self, context: Any) -> Status:
        materials, textures = cleanup.remove_unused()
        self.report({"INFO"}, f"Removed {counted(textures, 'texture')} and {counted(materials, 'material')}")
        return FINISHED


register, unregister = registration(
    TEXNET_OT_regenerate,
    TEXNET_OT_copy_settings,
    TEXNET_OT_use_texture,
    TEXNET_OT_texture_to_material,
    TEXNET_OT_remove_texture,
    TEXNET_OT_remove_unused,
)

"""What can be done with a texture that was made earlier."""

from dataclasses import replace
from typing import Any, Literal

import bpy

from texnet_core.errors import RequestError
from texnet_core.settings import MAX_SIZE

from .. import creation, history, nodes, worker_client
from ..request import OPTIONS
from .base import FINISHED, Reporting, Status, registration, reporting


class _HistoryOperator(Reporting):
    """Works on an image by name, or on the one chosen in the list."""

    image: bpy.props.StringProperty(  # type: ignore[valid-type]
        name="Image", description="Name of an image that TexNet made. Empty: the one chosen in the history"
    )

    @classmethod
    def poll(cls, context: Any) -> bool:
        if history.chosen(context.scene) is None and not any(map(history.is_entry, bpy.data.images)):
            cls.poll_message_set("Generate a texture first")  # type: ignore[attr-defined]
            return False
        return True

    def _image(self, context: Any) -> Any:
        image = bpy.data.images.get(self.image) if self.image else history.chosen(context.scene)
        if image is None or history.request_of(image) is None:
            found = f"no texture of TexNet's called {self.image!r}" if self.image else "no texture chosen"
            raise RequestError(found, expected="one of the history", remedy="choose one in the list")
        return image

    def _request(self, context: Any) -> Any:
        return history.request_of(self._image(context))


def _generate(request: Any, context: Any, mode: Literal["EXEC_DEFAULT", "INVOKE_DEFAULT"]) -> Status:
    """Make it where the panel says; as an image where it cannot go there."""
    settings = context.scene.texnet
    destination: creation.Destination = "UDIM" if request.udim else settings.destination
    if creation.obstacle(destination, context.view_layer.objects.active):
        destination = "IMAGE"
    values = {name: getattr(request, name) for name in ("source", *OPTIONS)}
    values |= {"destination": destination, "udim": request.udim or (0, 0), "world_size": settings.world_width}
    texnet: Any = bpy.ops.texnet  # type: ignore[attr-defined]
    try:
        status: Status = texnet.generate(mode, **values)
    except RuntimeError as error:  # so do operators tell scripts of errors
        raise worker_client.WorkerError(str(error).strip().removeprefix("Error: ")) from None
    return status


class TEXNET_OT_regenerate(_HistoryOperator, bpy.types.Operator):  # noqa: N801
    """Make the chosen texture again"""  # noqa: D415

    bl_idname = "texnet.regenerate"
    bl_label = "Regenerate"

    factor: bpy.props.IntProperty(  # type: ignore[valid-type]
        name="Times", description="Make it this many times as large", default=1, min=1, max=16
    )

    def invoke(self, context: Any, event: Any) -> Status:
        return reporting(
            self, lambda: self._remake(context, "EXEC_DEFAULT" if bpy.app.background else "INVOKE_DEFAULT")
        )

    def run(self, context: Any) -> Status:
        return self._remake(context, "EXEC_DEFAULT")

    def _remake(self, context: Any, mode: Literal["EXEC_DEFAULT", "INVOKE_DEFAULT"]) -> Status:
        request = self._request(context)
        width, height = request.width * self.factor, request.height * self.factor
        if max(width, height) > MAX_SIZE:
            raise RequestError(f"{width}x{height}", expected=f"at most {MAX_SIZE} a side", remedy="keep its size")
        return _generate(replace(request, width=width, height=height), context, mode)

    @classmethod
    def description(cls, context: Any, properties: Any) -> str:
        if properties.factor == 1:
            return "Make the chosen texture again"
        return f"Make it again, {properties.factor} times as wide and high: the same features on a larger area"


class TEXNET_OT_copy_settings(_HistoryOperator, bpy.types.Operator):  # noqa: N801
    """Set the panel to what the chosen texture was made with"""  # noqa: D415

    bl_idname = "texnet.copy_settings"
    bl_label = "Copy Settings"
    bl_options = {"REGISTER", "UNDO"}  # noqa: RUF012

    def run(self, context: Any) -> Status:
        context.scene.texnet.take_over(self._request(context))
        return FINISHED


class TEXNET_OT_use_texture(_HistoryOperator, bpy.types.Operator):  # noqa: N801
    """Show the chosen texture on the active material"""  # noqa: D415

    bl_idname = "texnet.use_texture"
    bl_label = "Use"
    bl_options = {"REGISTER", "UNDO"}  # noqa: RUF012

    def run(self, context: Any) -> Status:
        image, target = self._image(context), context.view_layer.objects.active
        creation.check_target("ACTIVE_MATERIAL", target)
        nodes.wire(creation.material_of(target), creation.set_of(image))
        return FINISHED


class TEXNET_OT_remove_texture(_HistoryOperator, bpy.types.Operator):  # noqa: N801
    """Take the chosen texture out of the file, wherever it is used"""  # noqa: D415

    bl_idname = "texnet.remove_texture"
    bl_label = "Remove"
    bl_options = {"REGISTER", "UNDO"}  # noqa: RUF012

    def run(self, context: Any) -> Status:
        for image in creation.set_of(self._image(context)).values():
            bpy.data.images.remove(image)
        return FINISHED


register, unregister = registration(
    TEXNET_OT_regenerate, TEXNET_OT_copy_settings, TEXNET_OT_use_texture, TEXNET_OT_remove_texture
)

"""Small tools of the panel: random seed, cancel, tile check, errors."""

import random
from pathlib import Path
from typing import Any

import bpy

from texnet_core.errors import RequestError

from .. import nodes, session
from ..current_set import active_material
from ..fields import core_number
from ..registration import registration
from .base import CANCELLED, FINISHED, Guarded, Reporting, Status

_REPEATS = 3
_MANUAL = Path(__file__).parents[1] / "manual" / "addon.txt"


class TEXNET_OT_roll_seed(bpy.types.Operator):
    """Choose a random seed, which gives another variation of the same surface"""

    bl_idname = "texnet.roll_seed"
    bl_label = "Randomize Seed"
    bl_options = {"REGISTER", "UNDO"}

    def execute(self, context: Any) -> Status:
        context.scene.texnet.seed = random_seed()
        return FINISHED


def random_seed() -> int:
    """Short, so that it can be read out and typed again."""
    return random.SystemRandom().randrange(100_000)


class TEXNET_OT_use_seed(bpy.types.Operator):
    """Choose this seed"""

    bl_idname = "texnet.use_seed"
    bl_label = "Use Seed"
    bl_options = {"REGISTER", "UNDO"}

    seed: core_number("seed")

    def execute(self, context: Any) -> Status:
        context.scene.texnet.seed = self.seed
        return FINISHED


class TEXNET_OT_turn_seeds(bpy.types.Operator):
    """Show other seeds in the grid"""

    bl_idname = "texnet.turn_seeds"
    bl_label = "Show Other Seeds"
    bl_options = {"UNDO"}

    step: bpy.props.IntProperty(name="Step", description="How many seeds to go on, or back", default=9)

    def execute(self, context: Any) -> Status:
        settings = context.scene.texnet
        settings.first_seed = max(0, settings.first_seed + self.step)
        return FINISHED


class TEXNET_OT_cancel(Guarded, bpy.types.Operator):
    """Cancel this task"""

    bl_idname = "texnet.cancel"
    bl_label = "Cancel"

    index: bpy.props.IntProperty(
        name="Index", description="Position of the task in the queue; -1 cancels all tasks", default=-1, min=-1
    )

    @classmethod
    def obstacle(cls, context: Any) -> str:
        return "" if session.tasks else "No task is running"

    def execute(self, context: Any) -> Status:
        for task in session.tasks if self.index < 0 else session.tasks[self.index : self.index + 1]:
            task.cancel()
        return FINISHED


class TEXNET_OT_tile_check(Reporting, bpy.types.Operator):
    """Repeat the texture three times along each axis, in the Image Editor or on the active material"""

    bl_idname = "texnet.tile_check"
    bl_label = "Tile Check"
    bl_options = {"REGISTER", "UNDO"}

    def run(self, context: Any) -> Status:
        space = context.space_data
        if space is not None and space.type == "IMAGE_EDITOR":
            _toggle_in_editor(context, space)
        else:
            _toggle_on_object(context)
        return FINISHED


class TEXNET_OT_copy_details(bpy.types.Operator):
    """Copy the details of the error to the clipboard, for a bug report"""

    bl_idname = "texnet.copy_details"
    bl_label = "Copy Details"

    def execute(self, context: Any) -> Status:
        if session.problem is None:
            return CANCELLED
        version = ".".join(map(str, bpy.app.version))
        context.window_manager.clipboard = f"Blender {version}\n{session.problem.message}\n\n{session.problem.details}"
        self.report({"INFO"}, "Details copied to the clipboard")
        return FINISHED


class TEXNET_OT_open_manual(Guarded, bpy.types.Operator):
    """Open the manual, which the add-on brings along; it needs no network"""

    bl_idname = "texnet.open_manual"
    bl_label = "Open Manual"

    @classmethod
    def obstacle(cls, context: Any) -> str:
        return "" if _MANUAL.is_file() else "The manual comes with the zip; this add-on runs from a checkout"

    def execute(self, context: Any) -> Status:
        bpy.ops.wm.url_open(url=_MANUAL.as_uri())
        return FINISHED


class TEXNET_OT_dismiss(bpy.types.Operator):
    """Hide the message"""

    bl_idname = "texnet.dismiss"
    bl_label = "Dismiss"

    def execute(self, context: Any) -> Status:
        session.clear_problem()
        return FINISHED


def is_checked(context: Any) -> bool:
    """Whether the tile check is on where the panel stands."""
    space = context.space_data
    if space is not None and space.type == "IMAGE_EDITOR":
        return bool(space.show_repeat)
    material = active_material(context)
    if material is None or not material.use_nodes:  # which must not be switched on while drawing
        return False
    return any(nodes.CHECKED in socket.node for socket in nodes.mapping_scales(material))


def _toggle_in_editor(context: Any, space: Any) -> None:
    space.show_repeat = not space.show_repeat
    region = next((region for region in context.area.regions if region.type == "WINDOW"), None)
    if region is None or space.image is None or bpy.app.background:
        return
    with context.temp_override(region=region):
        bpy.ops.image.view_all(fit_view=True)
        if space.show_repeat:
            width, height = space.image.size
            bpy.ops.image.view_zoom_ratio(ratio=min(region.width / width, region.height / height) / _REPEATS)


def _toggle_on_object(context: Any) -> None:
    material = active_material(context)
    sockets = nodes.mapping_scales(material) if material is not None and not nodes.has_tiles(material) else []
    if not sockets:
        raise RequestError(
            "the active material has no repeating texture made by TexNet",
            expected="a texture to repeat",
            remedy="generate one first",
        )
    is_on = any(nodes.CHECKED in socket.node for socket in sockets)
    repeats = sockets[0].default_value[0]
    for socket in sockets:
        if is_on:
            if nodes.CHECKED in socket.node:
                socket.default_value = socket.node[nodes.CHECKED][:]
                del socket.node[nodes.CHECKED]
        else:
            before = tuple(socket.default_value)
            socket.node[nodes.CHECKED] = before
            socket.default_value = tuple(_REPEATS * value for value in before)
    nodes.scale_relief(material, repeats, sockets[0].default_value[0])


register, unregister = registration(
    TEXNET_OT_roll_seed,
    TEXNET_OT_use_seed,
    TEXNET_OT_turn_seeds,
    TEXNET_OT_cancel,
    TEXNET_OT_tile_check,
    TEXNET_OT_copy_details,
    TEXNET_OT_open_manual,
    TEXNET_OT_dismiss,
)

"""Textures that come to a mix in the panel, and go again."""

from typing import Any

import bpy

from ..registration import registration
from .base import CANCELLED, FINISHED, Status


def _of_white_property() -> Any:
    return bpy.props.BoolProperty(name="Of White", description="Whether it is the mix that white of the mask shows")


def _mix(context: Any, of_white: bool) -> Any:
    choice = context.scene.texnet.file_choice
    return choice.white if of_white else choice.black


class TEXNET_OT_add_to_mix(bpy.types.Operator):
    """Mix another texture of the file into this one"""

    bl_idname = "texnet.add_to_mix"
    bl_label = "Add Texture to Mix"
    bl_options = {"INTERNAL", "UNDO"}

    of_white: _of_white_property()

    def execute(self, context: Any) -> Status:
        if not context.scene.texnet.file_choice.names:
            return CANCELLED
        _mix(context, self.of_white).add()
        return FINISHED


class TEXNET_OT_take_from_mix(bpy.types.Operator):
    """Take this texture out of the mix"""

    bl_idname = "texnet.take_from_mix"
    bl_label = "Remove Texture from Mix"
    bl_options = {"INTERNAL", "UNDO"}

    of_white: _of_white_property()
    index: bpy.props.IntProperty(name="Index", description="Position of the texture among those after the first", min=0)

    def execute(self, context: Any) -> Status:
        _mix(context, self.of_white).others.remove(self.index)
        context.scene.texnet.follow_live()
        return FINISHED


register, unregister = registration(TEXNET_OT_add_to_mix, TEXNET_OT_take_from_mix)

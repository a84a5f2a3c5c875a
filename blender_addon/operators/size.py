"""Real sizes of what is there: objects with textures, and generators whose size nobody stated."""

from typing import Any

import bpy

from .. import sizing, slots
from ..fields import own_source_property
from ..registration import registration
from .base import FINISHED, Guarded, Reporting, Status


class TEXNET_OT_apply_size(Guarded, Reporting, bpy.types.Operator):
    """Scale the mappings of all selected objects so that their textures have their real size, without generating"""

    bl_idname = "texnet.apply_size"
    bl_label = "Apply Size to Selected"
    bl_options = {"REGISTER", "UNDO"}

    width: bpy.props.FloatProperty(
        name="Width",
        description="Meters that the width of each texture spans; 0 takes what each was made to cover",
        default=0.0,
        min=0.0,
        precision=3,
    )

    @classmethod
    def obstacle(cls, context: Any) -> str:
        return "" if context.selected_objects else "Select objects with textures"

    def run(self, context: Any) -> Status:
        result = sizing.apply_size(context.selected_objects, self.width)
        slots.include_all_in_undo(context.view_layer)
        self.report({"WARNING"} if result.left else {"INFO"}, result.text)
        return FINISHED


class TEXNET_OT_state_size(Reporting, bpy.types.Operator):
    """Write into a generator of your library how much surface its picture shows, which gives its textures real sizes"""

    bl_idname = "texnet.state_size"
    bl_label = "State Real Size"

    source: own_source_property()
    size: bpy.props.FloatProperty(
        name="Short Side of the Picture (m)",
        description="Meters of surface that the picture of the generator shows along its short side",
        default=1.0,
        min=0.001,
        soft_max=100.0,
        precision=3,
    )

    def invoke(self, context: Any, event: Any) -> Status:
        return context.window_manager.invoke_props_dialog(self)  # type: ignore[no-any-return]

    def draw(self, context: Any) -> None:
        layout: Any = self.layout
        layout.prop(self, "size")

    def run(self, context: Any) -> Status:
        sizing.state_size(self.source or context.scene.texnet.source_name, self.size)
        return FINISHED


register, unregister = registration(TEXNET_OT_apply_size, TEXNET_OT_state_size)

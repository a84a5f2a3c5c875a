"""The operator `texnet.stylize`: images painted in a style, at once from scripts and beside other work in a window."""

from typing import Any

import bpy

from texnet_core.errors import Cancelled, RequestError

from .. import session, slots, style_preview, stylizing, subjects
from ..fields import from_original_property, goal_property, keep_colors_property, style_number, wrap_property
from ..registration import registration
from ..request import STYLE_OPTIONS, StylizeRequest, first_style, rounded
from ..wording import clause, counted
from .base import CANCELLED, FINISHED, Reporting, Status
from .modal import Modal
from .tools import random_seed


class TEXNET_OT_stylize(Modal, bpy.types.Operator):
    """Paint images in a style, and show the results in their place"""

    bl_idname = "texnet.stylize"
    bl_label = "Stylize"
    bl_options = {"UNDO"}

    style: bpy.props.StringProperty(
        name="Style", description="Name of a style or path of its .texnet file; leave empty to use the first style"
    )
    goal: goal_property()
    strength: style_number("strength", "Strength")
    mask: bpy.props.StringProperty(
        name="Strength Mask",
        description="Name of an image that is white where all of the strength applies and black where none does",
    )
    seed: style_number("seed", "Seed")
    noise: style_number("noise", "Noise")
    scale: style_number("scale", "Stroke Size")
    wrap: wrap_property()
    keep_colors: keep_colors_property()
    from_original: from_original_property()
    again: bpy.props.StringProperty(
        name="Again",
        description="Name of a picture that was painted in a style, to paint it once more as it was; nothing else is "
        "read then",
    )

    def run(self, context: Any) -> Status:
        session.clear_problem()
        task = stylizing.PaintingTask(self._painting(context))
        try:
            with session.finished(task):
                self._place(context, task)
        except Cancelled:
            return CANCELLED
        return FINISHED

    def begin(self, context: Any, event: Any) -> Status:
        painting = self._painting(context)
        session.clear_problem()
        task = stylizing.PaintingTask(painting)
        session.start(task)
        return self._watch(context, task)

    def _painting(self, context: Any) -> stylizing.Painting:
        """All that is to be done; raises TexnetError before anything is begun."""
        if self.again:
            painting = stylizing.again(bpy.data.images.get(self.again))
        else:
            found = subjects.find(self.goal, context, from_original=self.from_original)
            if reason := subjects.obstacle(self.goal, found):
                raise RequestError("there is nothing to paint", expected="an image", remedy=clause(reason))
            painting = stylizing.Painting(self._request(), found, stylizing.mask_named(self.mask))
        painting.request.file()
        return painting

    def _request(self) -> StylizeRequest:
        values = {name: getattr(self, name) for name in STYLE_OPTIONS}
        values |= {name: rounded(values[name]) for name in ("strength", "noise", "scale")}
        style = bpy.path.abspath(self.style) if self.style else first_style()
        if not style:
            raise RequestError("no style is given", expected="a style", remedy="choose a style, or train one")
        return StylizeRequest(source=style, **values)

    def _take_in(self, context: Any) -> Status:
        self._place(context, self._task)
        return FINISHED

    def _place(self, context: Any, task: Any) -> None:
        made = stylizing.place(task)
        slots.include_all_in_undo(context.view_layer)
        context.scene.texnet.history_image = made[0].name
        self._tell(task.notes)
        seconds = task.job.result["seconds"]
        self.report(
            {"INFO"}, f"Painted {counted(len(made), 'image')} in {task.painting.request.title}, in {seconds:.1f} s"
        )


class TEXNET_OT_roll_style_seed(bpy.types.Operator):
    """Choose a random seed, which gives another variation of the same strokes"""

    bl_idname = "texnet.roll_style_seed"
    bl_label = "Randomize Style Seed"
    bl_options = {"REGISTER", "UNDO"}

    def execute(self, context: Any) -> Status:
        context.scene.texnet.stylize.seed = random_seed()
        return FINISHED


class TEXNET_OT_update_style_preview(Reporting, bpy.types.Operator):
    """Read the image again for the preview, after it was painted on or rendered anew"""

    bl_idname = "texnet.update_style_preview"
    bl_label = "Update Preview"
    bl_options = {"INTERNAL"}

    def run(self, context: Any) -> Status:
        style_preview.forget()
        session.redraw()
        return FINISHED


register, unregister = registration(TEXNET_OT_stylize, TEXNET_OT_roll_style_seed, TEXNET_OT_update_style_preview)

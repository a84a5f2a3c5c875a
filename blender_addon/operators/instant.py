"""The operator `texnet.from_image_now`: a generator from an image at once, and its first texture."""

from dataclasses import replace
from typing import Any

import bpy

from texnet_core.errors import Cancelled
from texnet_core.synthesis.extent import usual_covers

from .. import instant, library, session
from ..fields import generator_name_property, path_property, real_width_property
from ..instant_methods import FIRST_METHOD
from ..preferences import user_file
from ..registration import registration
from ..request import rounded
from .base import CANCELLED, Status
from .generate import Generating


class TEXNET_OT_from_image_now(Generating, bpy.types.Operator):
    """Make a seamless texture from an image at once, without training, and add its generator to your library"""

    bl_idname = "texnet.from_image_now"
    bl_label = "From Image, Now"
    bl_options = {"UNDO"}

    exemplar: path_property("Image File", "Image file of a surface; leave empty to use an image of this .blend file")
    image: bpy.props.StringProperty(
        name="Image", description="Name of the image of this .blend file, if there is no image file"
    )
    mask: bpy.props.StringProperty(
        name="Mask", description="Name of an image of the same size that is white where the image takes part"
    )
    method: bpy.props.StringProperty(
        name="Method",
        description="What makes the generator: instant, collage, or the file of a network that adapts",
        default=FIRST_METHOD,
    )
    name: generator_name_property()
    real_width: real_width_property(precision=3)
    covers_usual: bpy.props.BoolProperty(
        name="Automatic Width", description="Cover as much as suits the detail of the image at 2048 texels"
    )

    @classmethod
    def description(cls, context: Any, properties: Any) -> str:
        if not (properties.image or properties.exemplar):
            return "Choose an image first"
        return "Make a seamless texture of this image now; Destination and size are those above"

    def run(self, context: Any) -> Status:
        session.clear_problem()
        self._aim(context)
        try:
            task = self._task_now()
            with session.finished(task):
                self._take(task)
        except Cancelled:
            return CANCELLED
        return self._make_all()

    def begin(self, context: Any, event: Any) -> Status:
        self._aim(context)
        session.clear_problem()
        task = self._task_now()
        session.start(task)
        return self._watch(context, task)

    def _take_in(self, context: Any) -> Status:
        if not isinstance(self._task, instant.InstantTask):
            return super()._take_in(context)
        self._take(self._task)
        requests = self._requests()
        session.end(self._task)
        self._task = self._first(requests)
        return {"PASS_THROUGH"}

    def _take(self, task: instant.InstantTask) -> None:
        """Take the generator into the library; its texture comes next."""
        self.source = instant.keep(task)
        card = library.card_named(self.source)
        if self.covers_usual and card is not None:
            self.covers = usual_covers(card)
            self._target = replace(self._target, world_size=self.mapped_width)
        self._tell(task.notes)

    def _place(self, task: session.SynthesisTask, number: int) -> None:
        super()._place(task, number)
        settings: Any = bpy.context.scene.texnet  # type: ignore[union-attr]
        settings.choose(self.source, "TEXTURE")

    def _task_now(self) -> instant.InstantTask:
        """The task, with the texels read; an image file is an image of Blender's for so long."""
        mask = instant.image_named(self.mask) if self.mask else None
        loaded: Any = instant.loaded(user_file(self.exemplar)) if self.exemplar else None
        try:
            image = loaded or instant.image_named(self.image)
            method = bpy.path.abspath(self.method)
            return instant.InstantTask(instant.Wanted(image, method, mask, self.name, rounded(self.real_width)))
        finally:
            if loaded is not None:
                bpy.data.images.remove(loaded)


register, unregister = registration(TEXNET_OT_from_image_now)

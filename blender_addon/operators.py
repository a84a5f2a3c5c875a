"""The operator `texnet.generate`: synchronous from scripts and in background, modal from the interface."""

from pathlib import Path
from typing import Any, Literal

import bpy

from texnet_core.errors import TexnetError
from texnet_core.presets import find_source
from texnet_core.settings import SynthesisSettings

from . import images, nodes, worker_client
from .properties import synthesis_int

Status = set[Literal["RUNNING_MODAL", "CANCELLED", "FINISHED", "PASS_THROUGH", "INTERFACE"]]

_POLL_S = 0.1


class TEXNET_OT_generate(bpy.types.Operator):  # noqa: N801
    """Make a seamless texture and wire it to the Base Color of the active material"""  # noqa: D415 - Blender's tooltips end so

    bl_idname = "texnet.generate"
    bl_label = "Generate Texture"
    bl_options = {"REGISTER", "UNDO"}  # noqa: RUF012

    source: bpy.props.StringProperty(name="Source", description="Name of a preset, or path of a .texnet file")  # type: ignore[valid-type]
    width: synthesis_int("width")  # type: ignore[valid-type]
    height: synthesis_int("height")  # type: ignore[valid-type]
    seed: synthesis_int("seed")  # type: ignore[valid-type]

    @classmethod
    def poll(cls, context: Any) -> bool:
        target = context.view_layer.objects.active
        if target is None or not hasattr(target.data, "materials"):
            cls.poll_message_set("Select an object that can have a material")
            return False
        if not all(block is None or block.is_editable for block in (target, target.data, target.active_material)):
            cls.poll_message_set("The active object or its material is linked from a library and cannot be edited")
            return False
        return True

    def execute(self, context: Any) -> Status:
        try:
            job = self._submit()
            try:
                while not job.poll(_POLL_S):
                    pass
                return self._finish(context, job)
            finally:
                job.close()
        except (TexnetError, worker_client.WorkerError) as error:
            self.report({"ERROR"}, str(error))
            return {"CANCELLED"}

    def invoke(self, context: Any, event: Any) -> Status:
        try:
            self._job = self._submit()
        except (TexnetError, worker_client.WorkerError) as error:
            self.report({"ERROR"}, str(error))
            return {"CANCELLED"}
        self._target = context.view_layer.objects.active.name
        self._timer = context.window_manager.event_timer_add(_POLL_S, window=context.window)
        context.window_manager.modal_handler_add(self)
        return {"RUNNING_MODAL"}

    def modal(self, context: Any, event: Any) -> Status:
        if event.type == "ESC" and event.value == "PRESS":
            self._job.cancel()
        if event.type != "TIMER":
            return {"PASS_THROUGH"}
        running = False
        try:
            running = not self._job.poll()
            if running:
                self._show(context)
                return {"PASS_THROUGH"}
            return self._finish(context, self._job)
        except worker_client.WorkerError as error:
            self.report({"ERROR"}, str(error))
            return {"CANCELLED"}
        finally:
            if not running:
                self._clean_up(context)

    def cancel(self, context: Any) -> None:
        """Blender ends the operator itself: on loading a file or quitting."""
        self._job.cancel()
        self._clean_up(context)

    def _submit(self) -> worker_client.Job:
        SynthesisSettings(width=self.width, height=self.height, seed=self.seed).check()
        path = find_source(bpy.path.abspath(self.source))
        return worker_client.shared().submit(str(path), self.width, self.height, self.seed)

    def _finish(self, context: Any, job: worker_client.Job) -> Status:
        if job.result is None:
            self.report({"INFO"}, "Cancelled")
            return {"CANCELLED"}
        # the interface stayed live meanwhile: the object may have gone
        target = bpy.data.objects.get(getattr(self, "_target", "")) or context.view_layer.objects.active
        if target is None:
            self.report({"ERROR"}, "found no active object; expected the one to texture; select it and generate again")
            return {"CANCELLED"}
        stem = Path(self.source).stem
        for made in job.result["maps"]:
            name = f"{stem}_{made['name']}_{self.seed}"
            image = images.image_from_npy(Path(made["file"]), name, is_data=made["colour_space"] == "data")
            if made["name"] == "albedo":
                nodes.wire_base_color(nodes.material_of(target), image)
        self.report({"INFO"}, f"Made {stem}, {self.width}x{self.height}, in {job.result['seconds']:.1f} s")
        return {"FINISHED"}

    def _show(self, context: Any) -> None:
        percent = 100 * self._job.done / self._job.total if self._job.total else 0
        context.workspace.status_text_set(f"TexNet: {percent:.0f}%   Esc: cancel")

    def _clean_up(self, context: Any) -> None:
        context.window_manager.event_timer_remove(self._timer)
        if context.workspace is not None:
            context.workspace.status_text_set(None)
        self._job.close()


def register() -> None:
    bpy.utils.register_class(TEXNET_OT_generate)


def unregister() -> None:
    bpy.utils.unregister_class(TEXNET_OT_generate)

"""Learning a generator from a picture, and the backend that this needs."""

import shutil
from pathlib import Path
from typing import Any

import bpy

from texnet_core.errors import EngineError, RequestError

from .. import backend, backend_test, lessons, library, session, standing, training
from ..exemplar import exemplar_of
from ..fields import (
    content_property,
    derive_property,
    descriptor_property,
    detail_property,
    flatten_property,
    generator_name_property,
    generator_size_property,
    learns_property,
    maps_property,
    minutes_property,
    path_property,
    quality_property,
    real_width_property,
    training_size_property,
)
from ..preferences import backend_python, preferences, save_later, user_file
from ..registration import registration
from ..request import first_preset, first_style, rounded
from .base import CANCELLED, FINISHED, Confirmed, Guarded, Interactive, Reporting, Status


class TEXNET_OT_train(Guarded, Interactive, bpy.types.Operator):
    """Train a generator or a style on an image and add it to your library"""

    bl_idname = "texnet.train"
    bl_label = "Train from Image"

    exemplar: path_property(
        "Exemplar File",
        "Image file to learn from, or folder or .zip with the maps of a material; leave empty to use this .blend file",
    )
    material: bpy.props.StringProperty(
        name="Material", description="Name of the material of this .blend file whose maps are learned"
    )
    maps: maps_property()
    image: bpy.props.StringProperty(
        name="Image", description="Name of the image of this .blend file to learn from, if there is no exemplar file"
    )
    mask: bpy.props.StringProperty(
        name="Mask",
        description="Name of an image of the exemplar's size that is white where the exemplar takes part, or its file",
    )
    learns: learns_property()
    content: content_property()
    name: generator_name_property()
    quality: quality_property("CUSTOM")
    minutes: minutes_property()
    steps: bpy.props.IntProperty(
        name="Steps", description="Number of optimizer updates instead of minutes; 0 uses the default", default=0, min=0
    )
    start: bpy.props.StringProperty(
        name="Start",
        description="Parameters to begin with: auto for those that fit best of what ships, instant for those of From "
        "Image, Now, cold for random ones, or a preset or a file of your library",
    )
    size: training_size_property()
    detail: detail_property()
    flatten: flatten_property()
    derive: derive_property()
    real_width: real_width_property(precision=3)
    generator_size: generator_size_property()
    descriptor: descriptor_property()
    resume: bpy.props.BoolProperty(
        name="Continue",
        description="Continue the unfinished training of this name; one that was too short gets more time",
    )
    replace: bpy.props.BoolProperty(
        name="Replace", description="Start again, and replace what your library has under this name at the end"
    )

    @classmethod
    def description(cls, context: Any, properties: Any) -> str:
        if not (properties.image or properties.material or properties.exemplar):
            return "Choose what to learn from first"
        if properties.resume:
            return (
                "Continue this training; one that was too short gets as many minutes again, or the steps of the quality"
            )
        if properties.replace:
            return "Start again. A generator of this name stays until the new one is complete"
        if properties.learns == "STYLE":
            return "Train a style on this image and add it to your library; other images can then be painted in it"
        if properties.material:
            return "Train a generator on all maps of this material and add it to your library"
        return "Train a generator on this and add it to your library"

    @classmethod
    def obstacle(cls, context: Any) -> str:
        if not backend_python():
            return "Set up training in the add-on's preferences first"
        if training.running() is not None:
            return "Wait for the training that is running, or cancel it"
        return ""

    def begin(self, context: Any, event: Any) -> Status:
        session.clear_problem()
        training.start(self._options())
        return FINISHED

    def run(self, context: Any) -> Status:
        task = training.TrainTask(self._options())
        try:
            task.wait()
            for note in task.job.notes:
                self.report({"WARNING"}, note)
            if task.job.result is None:
                return CANCELLED
            self.report({"INFO"}, task.outcome)
            return FINISHED
        finally:
            task.close()

    def _exemplar(self) -> Any:
        """The path, the material or the image that is named."""
        if self.exemplar:
            return self.exemplar
        kind, name = ("material", self.material) if self.material else ("image", self.image)
        blocks: Any = bpy.data.materials if self.material else bpy.data.images
        found = blocks.get(name) if name else None
        if found is None:
            text = f"no {kind} is called {name!r}" if name else "no image is given"
            raise RequestError(text, expected="an image of a surface", remedy="choose an image of a surface")
        return found

    def _options(self) -> training.TrainingOptions:
        exemplar = self._exemplar()
        output = library.new_file(self.name or lessons.name_of(exemplar))
        there = standing.standing_of(output)
        resume = self.resume and there.can_resume
        if not (resume or self.replace):
            standing.check_free(there)
        content = user_file(self.content) if self.content else None  # before there are copies that would be left
        mask, mask_is_copy = self._mask()
        try:
            lesson = lessons.lesson_of(exemplar)
        except BaseException:
            if mask_is_copy and mask is not None:
                shutil.rmtree(mask.parent, ignore_errors=True)
            raise
        minutes = self.minutes + there.spent_minutes if resume and self.minutes else self.minutes
        return training.TrainingOptions(
            lesson.path, output, maps=self.maps, quality="" if self.quality == "CUSTOM" else self.quality.lower(),
            minutes=minutes, steps=self.steps, start=self.start, size=self.size,
            detail=self.detail, flatten=self.flatten, derive=self.derive, real_width=rounded(self.real_width),
            generator_size=self.generator_size, descriptor=self.descriptor,
            resume=resume, replace=self.replace and not resume, is_copy=lesson.is_copy,
            mask=mask, mask_is_copy=mask_is_copy,
            is_style=self.learns == "STYLE", content=content,
        )  # fmt: skip

    def _mask(self) -> tuple[Path | None, bool]:
        """The file of the mask, if there is one, and whether it is a copy; an image of that name goes before a file."""
        if not self.mask:
            return None, False
        image = bpy.data.images.get(self.mask)
        return exemplar_of(image) if image is not None else (user_file(self.mask), False)


class TEXNET_OT_discard_training(Confirmed, bpy.types.Operator):
    """Delete this unfinished training; a generator that is a sketch of it goes too"""

    bl_idname = "texnet.discard_training"
    bl_label = "Discard Training"

    name: bpy.props.StringProperty(name="Name", description="Name of the unfinished training in your library")

    def question(self, context: Any) -> str:
        return f"Delete the unfinished training of {self._standing().output.stem}?"

    def run(self, context: Any) -> Status:
        there = self._standing()
        standing.discard(there)
        session.clear_problem()
        settings = context.scene.texnet
        if there.kind == "SHORT" and settings.source_name == str(there.output):
            settings.source_name = first_preset()
        if there.kind == "SHORT" and settings.stylize.style_name == str(there.output):
            settings.stylize.style_name = first_style()
        self.report({"INFO"}, f"Discarded the training of {there.output.stem}")
        return FINISHED

    def _standing(self) -> standing.Standing:
        return standing.standing_of(library.new_file(self.name))


class TEXNET_OT_use_free_name(bpy.types.Operator):
    """Give the new generator a name that your library does not have yet"""

    bl_idname = "texnet.use_free_name"
    bl_label = "Use a Free Name"
    bl_options = {"INTERNAL", "UNDO"}

    def execute(self, context: Any) -> Status:
        settings = context.scene.texnet
        there = standing.standing_in_panel(settings)
        if there is None:
            return CANCELLED
        settings.generator_name = standing.free_name(there.output)
        return FINISHED


class TEXNET_OT_test_backend(Guarded, Interactive, bpy.types.Operator):
    """Start the Python of the backend, report its versions, and generate a texture of 64 x 64 texels"""

    bl_idname = "texnet.test_backend"
    bl_label = "Test Backend"

    @classmethod
    def obstacle(cls, context: Any) -> str:
        return "" if backend_python() else "Choose a Python interpreter first, or press Detect Backend"

    def begin(self, context: Any, event: Any) -> Status:
        backend_test.start(backend_python())
        return FINISHED

    def run(self, context: Any) -> Status:
        backend.report = ()
        backend.report = backend_test.try_out(backend_python())
        self.report({"INFO"}, "; ".join(backend.report))
        return FINISHED


class TEXNET_OT_cancel_test(bpy.types.Operator):
    """Stop testing the backend"""

    bl_idname = "texnet.cancel_test"
    bl_label = "Stop Test"
    bl_options = {"INTERNAL"}

    def execute(self, context: Any) -> Status:
        backend_test.cancel()
        return FINISHED


class TEXNET_OT_detect_backend(Reporting, bpy.types.Operator):
    """Look for a Python with texnet on PATH and in the usual folders"""

    bl_idname = "texnet.detect_backend"
    bl_label = "Detect Backend"

    def run(self, context: Any) -> Status:
        found = backend.find_backends()
        if not found:
            raise EngineError(
                "no Python with texnet was found", expected="one on PATH or in the usual folders",
                remedy="run the install command in a terminal, or choose a Python interpreter",
            )  # fmt: skip
        preferences().python = str(found[0])
        save_later()
        self.report({"INFO"}, f"Found {found[0]}")
        return FINISHED


class TEXNET_OT_copy_install_command(bpy.types.Operator):
    """Copy the command that installs a backend, to run it in a terminal and then press Detect Backend"""

    bl_idname = "texnet.copy_install_command"
    bl_label = "Copy Install Command"

    def execute(self, context: Any) -> Status:
        context.window_manager.clipboard = backend.install_command(backend.bundled_wheel())
        self.report(
            {"INFO"}, "Command copied; paste it into a terminal, wait until it has finished, then press Detect Backend"
        )
        return FINISHED


register, unregister = registration(
    TEXNET_OT_train,
    TEXNET_OT_discard_training,
    TEXNET_OT_use_free_name,
    TEXNET_OT_test_backend,
    TEXNET_OT_cancel_test,
    TEXNET_OT_detect_backend,
    TEXNET_OT_copy_install_command,
)

"""Learning a generator from a picture, and the backend that this needs."""

from pathlib import Path
from typing import Any

import bpy

from texnet_core.errors import EngineError, RequestError

from .. import backend, library, session, training, worker_client
from ..exemplar import exemplar_of
from ..fields import (
    flatten_property,
    generator_name_property,
    generator_size_property,
    minutes_property,
    path_property,
    training_size_property,
)
from ..preferences import backend_python, preferences, user_file
from ..registration import registration
from .base import CANCELLED, FINISHED, Guarded, Interactive, Reporting, Status


class TEXNET_OT_train(Guarded, Interactive, bpy.types.Operator):
    """Train a generator on an image of a surface and add it to your library"""

    bl_idname = "texnet.train"
    bl_label = "Train from Image"

    exemplar: path_property(
        "Exemplar File", "Image file to learn from; leave empty to use an image of this .blend file"
    )
    image: bpy.props.StringProperty(
        name="Image", description="Name of the image of this .blend file to learn from, if there is no exemplar file"
    )
    name: generator_name_property()
    minutes: minutes_property()
    steps: bpy.props.IntProperty(
        name="Steps", description="Number of optimizer updates instead of minutes; 0 uses the default", default=0, min=0
    )
    size: training_size_property()
    flatten: flatten_property()
    generator_size: generator_size_property()
    resume: bpy.props.BoolProperty(name="Resume", description="Continue the unfinished run of this name")

    @classmethod
    def obstacle(cls, context: Any) -> str:
        if not backend_python():
            return "Choose a Python with texnet and torch in the add-on's preferences"
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

    def _options(self) -> training.TrainingOptions:
        image: Any = None if self.exemplar else bpy.data.images.get(self.image)
        if image is not None:
            output = training.output_for(image, self.name)
        elif self.exemplar:
            output = library.new_file(self.name or Path(self.exemplar).stem)
        else:
            found = f"no image is called {self.image!r}" if self.image else "no image is given"
            raise RequestError(found, expected="an image of a surface", remedy="choose an image of a surface")
        can_resume = training.resumable(output)
        if output.exists() and not can_resume:
            raise RequestError(
                f"your library already has a generator called {output.stem}",
                expected="a new name",
                remedy="choose another name",
            )
        path, is_copy = exemplar_of(image) if image else (user_file(self.exemplar), False)
        resume = self.resume and can_resume
        return training.TrainingOptions(
            path, output, minutes=self.minutes, steps=self.steps, size=self.size, flatten=self.flatten,
            generator_size=self.generator_size, resume=resume, is_copy=is_copy,
        )  # fmt: skip


class TEXNET_OT_test_backend(Guarded, Reporting, bpy.types.Operator):
    """Start the Python of the backend, report its versions, and generate a texture of 64 x 64 texels"""

    bl_idname = "texnet.test_backend"
    bl_label = "Test Backend"

    @classmethod
    def obstacle(cls, context: Any) -> str:
        return "" if backend_python() else "Choose a Python interpreter first, or press Detect Backend"

    def run(self, context: Any) -> Status:
        backend.report = ()
        backend.report = _tested(backend_python())
        session.redraw()
        self.report({"INFO"}, "; ".join(backend.report))
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


def _tested(python: str) -> tuple[str, ...]:
    """What a backend can do, in lines for the Preferences."""
    worker = worker_client.Worker(python, worker_client.backend_environment())
    try:
        job = worker.submit({"job": "probe"})
        try:
            job.wait()
            session.check_protocol(worker)
            assert job.result is not None
            found = job.result
        finally:
            job.close()
    finally:
        worker.process.stop()
    torch = f"torch {found['torch']}" if found.get("torch") else "no torch"
    can = "can train and generate" if found.get("can_train") else "can generate, but not train"
    return (
        f"Python {found['python']}, texnet {found['version']}, {torch}",
        f"{found['device_name']}: 64 x 64 texels in {found['seconds']:.2f} s ({found['engine']}); {can}",
    )


register, unregister = registration(
    TEXNET_OT_train, TEXNET_OT_test_backend, TEXNET_OT_detect_backend, TEXNET_OT_copy_install_command
)

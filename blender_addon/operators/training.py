"""Learning a generator from a picture, and the backend that this needs."""

from pathlib import Path
from typing import Any

import bpy

from texnet_core.errors import EngineError, RequestError
from texnet_core.settings import TrainSettings

from .. import backend, library, session, training, worker_client
from ..preferences import backend_python, path_property, preferences
from ..properties import core_flag, core_number, generator_property
from .base import CANCELLED, FINISHED, Reporting, Status, registration, reporting


class TEXNET_OT_train(Reporting, bpy.types.Operator):  # noqa: N801
    """Learn a generator from a picture of a surface; the result lands in your library"""  # noqa: D415

    bl_idname = "texnet.train"
    bl_label = "Train from Image"

    exemplar: path_property(  # type: ignore[valid-type]
        "Exemplar", "Picture file. Empty: the image below"
    )
    image: bpy.props.StringProperty(  # type: ignore[valid-type]
        name="Image", description="Name of an image of this file, instead of a picture file"
    )
    name: bpy.props.StringProperty(name="Name", description="Of the generator. Empty: the picture's")  # type: ignore[valid-type]
    minutes: core_number("minutes", "Minutes", TrainSettings)  # type: ignore[valid-type]
    steps: bpy.props.IntProperty(  # type: ignore[valid-type]
        name="Steps", description="Optimizer updates instead of minutes. 0: the core's default", default=0, min=0
    )
    size: core_number("size", "Size", TrainSettings)  # type: ignore[valid-type]
    flatten: core_flag("flatten", "Even Lighting", TrainSettings)  # type: ignore[valid-type]
    generator: generator_property()  # type: ignore[valid-type]
    resume: bpy.props.BoolProperty(name="Resume", description="Go on with the unfinished run of this name")  # type: ignore[valid-type]

    @classmethod
    def poll(cls, context: Any) -> bool:
        if not backend_python():
            cls.poll_message_set("Name a Python with texnet and torch in the add-on's Preferences")
            return False
        if training.running() is not None:
            cls.poll_message_set("One training at a time: wait for the one under way or cancel it")
            return False
        return True

    def invoke(self, context: Any, event: Any) -> Status:
        if bpy.app.background:
            return self.execute(context)

        def run() -> Status:
            session.clear_problem()
            training.start(self._request())
            return FINISHED

        return reporting(self, run)

    def run(self, context: Any) -> Status:
        task = training.TrainTask(self._request())
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

    def _request(self) -> training.TrainRequest:
        image: Any = None if self.exemplar else bpy.data.images.get(self.image)
        if image is not None:
            output = training.output_for(image, self.name)
        elif self.exemplar:
            output = library.new_file(self.name or Path(self.exemplar).stem)
        else:
            raise RequestError(f"no image {self.image!r}", expected="a picture of a surface", remedy="choose an image")
        can_resume = training.resumable(output)
        if output.exists() and not can_resume:
            raise RequestError(f"{output.stem} in your library", expected="a new name", remedy="give another name")
        path, is_copy = training.exemplar_of(image) if image else (Path(bpy.path.abspath(self.exemplar)), False)
        resume = self.resume and can_resume
        return training.TrainRequest(
            path, output, minutes=self.minutes, steps=self.steps, size=self.size, flatten=self.flatten,
            generator=self.generator, resume=resume, is_copy=is_copy,
        )  # fmt: skip


class TEXNET_OT_test_backend(Reporting, bpy.types.Operator):  # noqa: N801
    """Start the backend's Python, ask what it has, and make a texture of 64 x 64 with it"""  # noqa: D415

    bl_idname = "texnet.test_backend"
    bl_label = "Test Backend"

    @classmethod
    def poll(cls, context: Any) -> bool:
        if not backend_python():
            cls.poll_message_set("Name a Python first, or press Detect")
            return False
        return True

    def run(self, context: Any) -> Status:
        session.backend_report = ()
        session.backend_report = _tested(backend_python())
        session.redraw()
        self.report({"INFO"}, "; ".join(session.backend_report))
        return FINISHED


class TEXNET_OT_detect_backend(Reporting, bpy.types.Operator):  # noqa: N801
    """Look for a Python with texnet on PATH and in the usual places"""  # noqa: D415

    bl_idname = "texnet.detect_backend"
    bl_label = "Detect"

    def run(self, context: Any) -> Status:
        found = backend.find_backends()
        if not found:
            raise EngineError(
                "no Python with texnet", expected="one on PATH or in the usual places",
                remedy="copy the install command into a terminal, or name a Python",
            )  # fmt: skip
        preferences().python = str(found[0])
        self.report({"INFO"}, f"Found {found[0]}")
        return FINISHED


class TEXNET_OT_copy_install_command(bpy.types.Operator):  # noqa: N801
    """Copy the command that sets up a backend; paste it into a terminal, then press Detect"""  # noqa: D415

    bl_idname = "texnet.copy_install_command"
    bl_label = "Copy Install Command"

    def execute(self, context: Any) -> Status:
        context.window_manager.clipboard = backend.install_command(backend.bundled_wheel())
        self.report({"INFO"}, "Copied. Paste it into a terminal, wait until it is done, then press Detect")
        return FINISHED


def _tested(python: str) -> tuple[str, ...]:
    """What a backend can do, in lines for the Preferences."""
    worker = worker_client.WorkerProcess(python, worker_client.backend_environment())
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
        worker.stop()
    torch = f"torch {found['torch']}" if found.get("torch") else "no torch"
    can = "trains and generates" if found.get("can_train") else "generates, but cannot train"
    return (
        f"Python {found['python']}, texnet {found['version']}, {torch}",
        f"{found['device_name']}: 64 x 64 texels with {found['engine']} in {found['seconds']:.2f} s; {can}",
    )


register, unregister = registration(
    TEXNET_OT_train, TEXNET_OT_test_backend, TEXNET_OT_detect_backend, TEXNET_OT_copy_install_command
)

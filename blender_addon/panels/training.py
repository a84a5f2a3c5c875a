"""The section "Train from Image"."""

from typing import Any

from .. import training
from ..preferences import ROOT, backend_python
from .wrapping import wrapped


def draw_training(layout: Any, settings: Any, context: Any) -> None:
    header, body = layout.panel("TEXNET_training", default_closed=True)
    header.label(text="Train from Image")
    if body is None:
        return
    if not backend_python():
        column = body.column()
        column.label(text="Training needs a backend", icon="INFO")
        button = column.operator("preferences.addon_show", text="Open Preferences", icon="PREFERENCES")
        button.module = ROOT
        return
    body.template_ID(settings, "exemplar", open="image.open")
    body.prop(settings, "generator_name")
    body.prop(settings, "minutes")
    body.prop(settings, "train_size")
    body.prop(settings, "generator")
    body.prop(settings, "flatten")
    run = training.running()
    if run is not None:
        _draw_run(body, run, context)
        return
    button = body.operator("texnet.train", text="Train", icon="PLAY")
    _set_training(button, settings, resume=False)
    if training.can_resume(settings):
        button = body.operator("texnet.train", text="Resume", icon="FILE_REFRESH")
        _set_training(button, settings, resume=True)


def _set_training(button: Any, settings: Any, *, resume: bool) -> None:
    button.image = settings.exemplar.name if settings.exemplar is not None else ""
    button.name, button.minutes, button.size = settings.generator_name, settings.minutes, settings.train_size
    button.generator_size, button.flatten, button.resume = settings.generator, settings.flatten, resume


def _draw_run(layout: Any, run: training.TrainTask, context: Any) -> None:
    row = layout.row()
    for name, label in (("sample", "Current Sample"), ("plot", "Loss")):
        if icon := training.icon_of(name):
            box = row.box()
            box.label(text=label)
            box.template_icon(icon, scale=4.5)
    for note in run.job.notes:
        wrapped(layout, note, context, icon="INFO")

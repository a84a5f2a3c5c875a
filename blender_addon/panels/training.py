"""The section "Train from Image"."""

from typing import Any

import bpy

from .. import material_maps, run_icons, standing, training
from ..current_set import active_material
from ..map_properties import LABELS
from ..preferences import ROOT, backend_python
from ..wrapping import wrapped

_COMMON = ("mask", "generator_name")
_WANTED = {
    "IMAGE": "choose an image of a surface",
    "MATERIAL": "select an object whose material shows images behind a Principled BSDF",
    "FOLDER": "choose a folder or a .zip with the maps of a material",
}
_FIELDS = {
    "TEXTURE": (
        *_COMMON,
        *("derive", "quality", "detail", "train_size", "generator", "picture_width", "flatten", "descriptor"),
    ),
    "STYLE": (*_COMMON, "minutes", "train_size", "content"),
}


def draw_training(layout: Any, settings: Any, context: Any) -> None:
    header, body = layout.panel("TEXNET_training", default_closed=True)
    header.label(text="Train from Image" if settings.learns == "TEXTURE" else "Train a Style from Image")
    if body is None:
        return
    if not backend_python():
        needed = "learning from your own pictures needs PyTorch, which is set up once; From Image, Now needs nothing"
        wrapped(body, needed, context, icon="INFO")
        button = body.operator("preferences.addon_show", text="Set Up Training", icon="PREFERENCES")
        button.module = ROOT
        return
    run = training.running()
    if run is not None:
        _draw_run(body, run, context)
    fields = body.column()
    fields.enabled = run is None
    row = fields.row(heading="Learn")
    row.prop(settings, "learns", expand=True)
    _draw_exemplar(fields, settings, context)
    for name in _FIELDS[settings.learns]:
        if name == "derive" and settings.learn_from != "IMAGE":
            continue  # a material has maps of its own
        fields.prop(settings, name)
        if name == "quality" and settings.quality == "CUSTOM":
            own = fields.box().column()
            for custom in ("minutes", "start_from"):
                own.prop(settings, custom)
    if run is None:
        _draw_buttons(body, settings, context)


def _draw_exemplar(layout: Any, settings: Any, context: Any) -> None:
    """What is learned from."""
    if settings.learns == "TEXTURE":
        row = layout.row()
        row.use_property_split = False  # beside a label, the buttons would be too narrow for their names
        row.prop(settings, "learn_from", expand=True)
    if settings.learns == "STYLE" or settings.learn_from == "IMAGE":
        layout.template_ID(settings, "exemplar", open="image.open")
    elif settings.learn_from == "FOLDER":
        layout.prop(settings, "exemplar_path")
    else:
        material = active_material(bpy.context)
        names = [LABELS[name] for name in LABELS if name in material_maps.maps_of(material)]
        if names:
            wrapped(layout, f"{material.name}: {', '.join(names)}", context, icon="MATERIAL")


def _draw_buttons(layout: Any, settings: Any, context: Any) -> None:
    """Train; where something stands under the name, what can be done with that."""
    there = standing.standing_in_panel(settings)
    if there is None or there.kind == "FREE":
        row = layout.row()
        row.enabled = standing.exemplar_in_panel(settings) is not None
        is_style = settings.learns == "STYLE"
        _set_training(
            row.operator("texnet.train", text="Train a Style" if is_style else "Train", icon="PLAY"), settings
        )
        if standing.exemplar_in_panel(settings) is None:
            wanted = "choose a painting, or an image of a material" if is_style else _WANTED[settings.learn_from]
            wrapped(layout, wanted, context, icon="INFO")
        return
    box = layout.box()
    wrapped(box, there.text, context, icon="INFO")
    row = box.row(align=True)
    if there.can_resume:
        _set_training(row.operator("texnet.train", text="Continue", icon="PLAY"), settings, resume=True)
    _set_training(row.operator("texnet.train", text="Replace", icon="FILE_REFRESH"), settings, replace=True)
    if there.can_resume:
        row.operator("texnet.discard_training", text="Discard", icon="TRASH").name = there.output.stem
    else:
        row.operator("texnet.use_free_name", text="Other Name", icon="GREASEPENCIL")


def _set_training(button: Any, settings: Any, *, resume: bool = False, replace: bool = False) -> None:
    exemplar = standing.exemplar_in_panel(settings)
    button.image, button.material, button.exemplar = "", "", ""
    if isinstance(exemplar, str):
        button.exemplar = exemplar
    elif exemplar is not None:
        setattr(button, "material" if isinstance(exemplar, bpy.types.Material) else "image", exemplar.name)
    button.mask = settings.mask.name if settings.mask is not None else ""
    button.name, button.size = settings.generator_name, settings.train_size
    is_custom = settings.learns == "STYLE" or settings.quality == "CUSTOM"
    button.quality = "CUSTOM" if is_custom else settings.quality
    button.minutes, button.start = (settings.minutes, settings.start) if is_custom else (0.0, "")
    button.generator_size, button.flatten = settings.generator, settings.flatten
    button.detail = settings.detail
    button.derive = settings.derive and button.image != ""
    button.real_width, button.descriptor = settings.real_width, settings.descriptor
    button.learns, button.content = settings.learns, settings.content
    button.resume, button.replace = resume, replace


def _draw_run(layout: Any, run: training.TrainTask, context: Any) -> None:
    """What the run under way has come to."""
    box = layout.box()
    if not run.losses:
        box.label(text="Preparing", icon="TIME")
    else:
        row = box.row()
        for name, label in (("sample", "Current Sample"), ("plot", f"Loss {run.losses[-1]:.3g}")):
            if icon := run_icons.icon_of(name):
                column = row.column()
                column.label(text=label)
                column.template_icon(icon, scale=4.5)
    for note in run.job.notes:
        wrapped(box, note, context, icon="INFO")

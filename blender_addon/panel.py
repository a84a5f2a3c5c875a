"""The panel "TexNet" in the sidebars of the Shader Editor and the Image Editor, and under Material properties."""

import textwrap
from typing import Any

import bpy

from . import creation, history, library, preview, session, training
from .operators.generate import set_options
from .operators.tools import is_checked
from .preferences import backend_python
from .registration import registration
from .wording import sentence

_UNIT_WIDTH = 7  # pixels of an average letter at scale 1


class _TexnetPanel:
    bl_label = "TexNet"

    def draw(self, context: Any) -> None:
        layout: Any = self.layout  # type: ignore[attr-defined]
        layout.use_property_split = True
        layout.use_property_decorate = False
        settings = context.scene.texnet
        _draw_messages(layout, context)
        _draw_source(layout, settings, context)
        _draw_texture(layout, settings)
        _draw_generate(layout, settings, context)
        _draw_tasks(layout)
        _draw_history(layout, settings, context)
        _draw_training(layout, settings, context)


def _draw_messages(layout: Any, context: Any) -> None:
    if session.problem is not None:
        box = layout.box()
        _wrapped(box, session.problem.message, context, icon="ERROR")
        row = box.row(align=True)
        row.operator("texnet.copy_details", icon="COPYDOWN")
        row.operator("texnet.dismiss", icon="X")
    if session.note:
        box = layout.box()
        _wrapped(box, session.note, context, icon="INFO")
        box.operator("texnet.dismiss", icon="X")


def _draw_source(layout: Any, settings: Any, context: Any) -> None:
    request = settings.request(None)
    preview.want(request)
    split = layout.split(factor=0.38)
    split.template_icon_view(settings, "source", show_labels=True, scale=3.6, scale_popup=5.0)
    column = split.column(align=True)
    column.prop(settings, "source", text="")
    row = column.row(align=True)
    row.operator("texnet.search_source", text="", icon="VIEWZOOM")
    row.operator("texnet.import_generator", text="", icon="IMPORT")
    row.operator("texnet.reveal_library", text="", icon="FILE_FOLDER")
    row.operator("texnet.remove_generator", text="", icon="TRASH").source = settings.source_name
    source = library.find(request.source)
    if source is None or library.card_of(source) is None:
        _wrapped(layout, f"{request.source} cannot be read", context, icon="ERROR")
    icon = preview.icon_for(request.source)
    if icon:
        box = layout.box()
        box.template_icon(icon, scale=8.0)
        row = box.row()
        row.alignment = "CENTER"
        row.label(text="Live Preview (256 x 256 Texels)")


def _draw_texture(layout: Any, settings: Any) -> None:
    column = layout.column()
    column.prop(settings, "side")
    if settings.side == "CUSTOM":
        sides = column.column(align=True)
        sides.prop(settings, "width")
        sides.prop(settings, "height")
        column.prop(settings, "link_sides")
    row = column.row(align=True)
    row.prop(settings, "seed")
    row.operator("texnet.roll_seed", text="", icon="FILE_REFRESH")
    column.prop(settings, "count")
    row = column.row(align=True, heading="Tiling")
    row.prop(settings, "tile_x", toggle=True)
    row.prop(settings, "tile_y", toggle=True)
    column.prop(settings, "scale", slider=True)
    column.prop(settings, "depth")


def _draw_generate(layout: Any, settings: Any, context: Any) -> None:
    target = context.view_layer.objects.active
    column = layout.column()
    column.prop(settings, "destination")
    if settings.destination in ("NEW_MATERIAL", "ACTIVE_MATERIAL"):
        row = column.row(heading="Real-World Size", align=True)
        row.prop(settings, "use_world_size", text="")
        sub = row.row()
        sub.enabled = settings.use_world_size
        sub.prop(settings, "world_size", text="")
    layout.operator_context = "INVOKE_DEFAULT"
    row = layout.row(align=True)
    row.scale_y = 1.5
    reason = creation.obstacle(settings.destination, target)
    generate = row.row(align=True)
    generate.enabled = not reason
    button = generate.operator("texnet.generate", text="Generate", icon="TEXTURE")
    set_options(button, settings.request(None))
    button.count, button.destination = settings.count, settings.destination
    button.world_size = settings.world_width
    row.operator("texnet.tile_check", text="", icon="MESH_GRID", depress=is_checked(context))
    if reason:
        _wrapped(layout, reason, context, icon="INFO")


def _draw_tasks(layout: Any) -> None:
    for index, task in enumerate(session.tasks):
        column = layout.column(align=True)
        column.label(text=task.title)
        row = column.row(align=True)
        row.progress(factor=task.fraction, text=task.text)
        row.operator("texnet.cancel", text="", icon="X").index = index


def _draw_history(layout: Any, settings: Any, context: Any) -> None:
    header, body = layout.panel("TEXNET_history", default_closed=True)
    header.label(text="History")
    if body is None:
        return
    body.template_list("TEXNET_UL_history", "", bpy.data, "images", settings, "history_index", rows=3)
    image = history.chosen(context.scene)
    request = history.request_of(image)
    if request is None:
        return
    body.label(text=image.name)
    column = body.column(align=True)
    row = column.row(align=True)
    row.operator("texnet.regenerate", icon="FILE_REFRESH").image = image.name
    larger = row.operator("texnet.regenerate", text="Double Size", icon="FULLSCREEN_ENTER")
    larger.image, larger.factor = image.name, 2
    row = column.row(align=True)
    row.operator("texnet.copy_settings", icon="COPYDOWN").image = image.name
    row.operator("texnet.use_texture", text="Apply", icon="MATERIAL").image = image.name
    column.operator("texnet.remove_texture", icon="TRASH").image = image.name


def _draw_training(layout: Any, settings: Any, context: Any) -> None:
    header, body = layout.panel("TEXNET_training", default_closed=True)
    header.label(text="Train from Image")
    if body is None:
        return
    if not backend_python():
        column = body.column()
        column.label(text="Training needs a backend", icon="INFO")
        button = column.operator("preferences.addon_show", text="Open Preferences", icon="PREFERENCES")
        button.module = __package__
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
        _wrapped(layout, note, context, icon="INFO")


def _wrapped(layout: Any, text: str, context: Any, icon: str) -> None:
    """A sentence as a label of several lines, since Blender's own cuts off what does not fit."""
    scale = context.preferences.system.ui_scale
    letters = max(20, int((context.region.width - 60 * scale) / (_UNIT_WIDTH * scale)))
    column = layout.column(align=True)
    column.scale_y = 0.8
    for number, line in enumerate(textwrap.wrap(sentence(text), letters)):
        column.label(text=line, icon=icon if number == 0 else "BLANK1")


class TEXNET_UL_history(bpy.types.UIList):
    """TexNet's textures among all images."""

    def draw_item(
        self, context: Any, layout: Any, data: Any, item: Any, icon: Any, active_data: Any, *unused: Any
    ) -> None:
        picture = item.preview.icon_id if item.preview is not None else 0
        request = history.request_of(item)
        title = f"{request.title}, seed {request.seed}" if request is not None else item.name
        layout.label(text=title, icon_value=picture or icon)
        if request is not None:
            row = layout.row()
            row.alignment = "RIGHT"
            row.label(text=f"{request.width} x {request.height}")

    def filter_items(self, context: Any, data: Any, name: str) -> Any:
        """Show one image for each texture, the newest on top."""
        wanted = self.filter_name.lower()
        shown = [history.is_entry(image) and wanted in image.name.lower() for image in getattr(data, name)]
        flags = [self.bitflag_filter_item if show else 0 for show in shown]
        return flags, history.newest_first(getattr(data, name))


class TEXNET_PT_shader_editor(_TexnetPanel, bpy.types.Panel):
    bl_space_type = "NODE_EDITOR"
    bl_region_type = "UI"
    bl_category = "TexNet"

    @classmethod
    def poll(cls, context: Any) -> bool:
        return bool(context.space_data.tree_type == "ShaderNodeTree")


class TEXNET_PT_image_editor(_TexnetPanel, bpy.types.Panel):
    bl_space_type = "IMAGE_EDITOR"
    bl_region_type = "UI"
    bl_category = "TexNet"


class TEXNET_PT_material(_TexnetPanel, bpy.types.Panel):
    bl_space_type = "PROPERTIES"
    bl_region_type = "WINDOW"
    bl_context = "material"


register, unregister = registration(
    TEXNET_UL_history, TEXNET_PT_shader_editor, TEXNET_PT_image_editor, TEXNET_PT_material
)

"""The section "Asset Browser", and the row for the texture that the active material shows."""

from typing import Any

from .. import asset_library, shown
from ..current_set import active_material
from ..wording import counted
from ..wrapping import wrapped


def draw_shown(layout: Any, context: Any) -> None:
    """What can be done with the texture on the active material, wherever the material comes from."""
    material = active_material(context)
    request = shown.request_on(material)
    if request is None:
        return
    box = layout.box()
    name = request.title if material.name.startswith(request.title) else f"{material.name}: {request.title}"
    wrapped(box, f"{name}, Seed {request.seed}, {request.size_text}", context, icon="MATERIAL")
    if not material.is_editable:
        wrapped(box, f"{material.name} is linked from another file, so it cannot be changed", context, icon="LINKED")
        box.operator("texnet.make_material_local", icon="LIBRARY_DATA_DIRECT")
        return
    column = box.column(align=True)
    column.operator_context = "INVOKE_DEFAULT"
    row = column.row(align=True)
    row.operator("texnet.vary_material", text="New Seed", icon="FILE_REFRESH").seed = -1
    row.operator("texnet.copy_settings", text="", icon="COPYDOWN").image = shown.image_of(material).name
    row = column.row(align=True)
    for text, width, height in (
        ("Half Size", request.width // 2, request.height // 2),
        ("Double Size", request.width * 2, request.height * 2),
    ):
        button = row.operator("texnet.vary_material", text=text)
        button.seed, button.width, button.height = -2, width, height


def draw_assets(layout: Any, context: Any) -> None:
    header, body = layout.panel("TEXNET_assets", default_closed=True)
    header.label(text="Asset Browser")
    if body is None:
        return
    wrapped(body, _state(), context, icon="INFO")
    column = body.column(align=True)
    column.operator_context = "INVOKE_DEFAULT"
    column.operator("texnet.update_asset_library", icon="ASSET_MANAGER")
    column.operator_menu_enum("texnet.save_as_asset", "place", text="Save Material as Asset", icon="FILE_TICK")


def _state() -> str:
    """What the library lacks, for people."""
    try:
        lacking = len(asset_library.outdated())
        is_known = asset_library.registered() is not None
    except OSError:
        return "the folder of the asset library cannot be made"
    if lacking:
        return f"{counted(lacking, 'generator')} can become materials to drag from the Asset Browser"
    return "all generators are in the Asset Browser" if is_known else "the Asset Browser does not show the library"

"""Whether Esc is meant for TexNet.

Blender shows a key to the modal operator that began last, then to the ones before it, and last to the keys of the area
under the mouse. Menus, dialogs and text fields that are open count as modal operators, and keep what they take: Esc
that closes one never gets here. What began earlier, or comes later in that order, has to be asked for.
"""

from typing import Any

_AREAS = ("VIEW_3D", "NODE_EDITOR", "IMAGE_EDITOR", "PROPERTIES")  # where nothing else waits for Esc


def is_meant(context: Any, event: Any) -> bool:
    """Whether nothing else listens to Esc: no animation plays, no other operator runs, and the mouse is in an editor.

    The editors are those that have the panel, and the 3D View. In others Esc has a meaning of its own, as in the file
    browser.
    """
    if any(window.screen.is_animation_playing for window in context.window_manager.windows):
        return False
    window = context.window
    if window is None or any(not _is_own(operator) for operator in window.modal_operators):
        return False
    area = next((area for area in window.screen.areas if _holds(area, event.mouse_x, event.mouse_y)), None)
    return area is not None and area.type in _AREAS and not _shows_render(area)


def _is_own(operator: Any) -> bool:
    return bool(operator.bl_idname.lower().startswith("texnet"))


def _holds(area: Any, x: int, y: int) -> bool:
    return bool(area.x <= x < area.x + area.width and area.y <= y < area.y + area.height)


def _shows_render(area: Any) -> bool:
    """Whether Esc leads back from a rendered picture to what was there before."""
    image = area.spaces.active.image if area.type == "IMAGE_EDITOR" else None
    return image is not None and image.type == "RENDER_RESULT"

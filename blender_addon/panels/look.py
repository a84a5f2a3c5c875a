"""How the surface of the active material answers to light."""

from typing import Any

from .. import looks, occlusion, relief
from ..current_set import active_material

_FIELDS = (
    ("relief", relief.factor_of),
    ("bump", looks.bump_of),
    ("roughness", looks.roughness_of),
    ("metallic", looks.metallic_of),
    ("true_displacement", relief.true_of),
    ("multiply_ao", occlusion.multiplied_of),
)


def draw_look(layout: Any, context: Any) -> None:
    """Fields of how the active material shows its maps and what it derives; nothing where there is neither."""
    material = active_material(context)
    shown = [name for name, read in _FIELDS if read(material) is not None]
    if not shown:
        return
    column = layout.column(align=True)
    for name in shown:
        column.prop(material.texnet_look, name, slider=True)

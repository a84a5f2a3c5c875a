"""Relief, roughness, metal and the like of a material as fields: what is shown and set are the values in its nodes."""

from typing import Any

import bpy

from . import looks, occlusion, relief
from .fields import core_number, core_switch
from .registration import registration
from .request import SetLook


def _of(read: Any) -> Any:
    return lambda self: read(self.id_data) or 0


def _to(write: Any) -> Any:
    return lambda self, value: write(self.id_data, value)


class TexnetLook(bpy.types.PropertyGroup):
    """Fields of a material: of how it shows its maps, and of what it derives in their place."""

    bump: core_number("bump", kind=looks.Look, subtype="FACTOR", get=_of(looks.bump_of), set=_to(looks.set_bump))
    roughness: bpy.props.FloatProperty(
        name="Roughness",
        description="Mean roughness; dark and bright places keep their distance from it",
        min=0.0,
        max=1.0,
        subtype="FACTOR",
        get=_of(looks.roughness_of),
        set=_to(looks.set_roughness),
    )
    metallic: core_number(
        "metallic", kind=looks.Look, subtype="FACTOR", get=_of(looks.metallic_of), set=_to(looks.set_metallic)
    )
    relief: core_number("relief", kind=SetLook, soft_max=2.0, get=_of(relief.factor_of), set=_to(relief.set_factor))
    true_displacement: core_switch(
        "true_displacement", SetLook, get=lambda self: bool(relief.true_of(self.id_data)), set=_to(relief.set_true)
    )
    multiply_ao: core_switch(
        "multiply_ao",
        SetLook,
        get=lambda self: bool(occlusion.multiplied_of(self.id_data)),
        set=_to(occlusion.set_multiplied),
    )


register, unregister = registration(TexnetLook, pointers={(bpy.types.Material, "texnet_look"): TexnetLook})

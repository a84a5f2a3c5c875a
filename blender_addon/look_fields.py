"""Bump, roughness and metal of a material as fields: what is shown and set are the values in its nodes."""

from typing import Any

import bpy

from . import looks
from .fields import core_number
from .registration import registration


def _of(read: Any) -> Any:
    return lambda self: read(self.id_data) or 0.0


def _to(write: Any) -> Any:
    return lambda self, value: write(self.id_data, value)


class TexnetLook(bpy.types.PropertyGroup):
    """Fields of a material that derives what its generator does not make."""

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


register, unregister = registration(TexnetLook, pointers={(bpy.types.Material, "texnet_look"): TexnetLook})

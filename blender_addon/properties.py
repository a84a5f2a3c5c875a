"""What the panel remembers with the scene. Ranges and defaults come from the core's settings."""

from dataclasses import fields
from typing import Any

import bpy

from texnet_core.presets import list_presets
from texnet_core.settings import SynthesisSettings

_BLENDER_MAX_INT = 2**31 - 1


def synthesis_int(name: str) -> Any:
    """An IntProperty for a field of SynthesisSettings."""
    field: Any = next(field for field in fields(SynthesisSettings) if field.name == name)
    low, high = int(field.metadata["low"]), min(int(field.metadata["high"]), _BLENDER_MAX_INT)
    subtype: Any = "PIXEL" if name in ("width", "height") else "NONE"
    text = str(field.metadata["help"])
    return bpy.props.IntProperty(
        name=name.capitalize(),
        description=text[0].upper() + text[1:],
        default=field.default,
        min=low,
        max=high,
        subtype=subtype,
    )


def _preset_items(self: Any, context: Any) -> list[tuple[str, str, str]]:
    # Blender does not keep the strings of a dynamic enum alive, so somebody has to
    global _items
    _items = [(name, name.replace("-", " ").title(), f"The preset {name}") for name in list_presets()]
    return _items


_items: list[tuple[str, str, str]] = []


class TexnetSceneSettings(bpy.types.PropertyGroup):
    """The panel's fields."""

    origin: bpy.props.EnumProperty(  # type: ignore[valid-type]
        name="Source",
        description="Where the generator comes from",
        items=(
            ("PRESET", "Preset", "A generator that ships with TexNet"),
            ("FILE", "File", "A .texnet file of your own"),
        ),
    )
    preset: bpy.props.EnumProperty(name="Preset", description="Generator that ships with TexNet", items=_preset_items)  # type: ignore[valid-type]
    file: bpy.props.StringProperty(name="File", description="Generator made by training", subtype="FILE_PATH")  # type: ignore[valid-type]
    width: synthesis_int("width")  # type: ignore[valid-type]
    height: synthesis_int("height")  # type: ignore[valid-type]
    seed: synthesis_int("seed")  # type: ignore[valid-type]

    @property
    def source(self) -> str:
        """The SOURCE for the operator."""
        return self.preset if self.origin == "PRESET" else bpy.path.abspath(self.file)


def register() -> None:
    bpy.utils.register_class(TexnetSceneSettings)
    scene_type: Any = bpy.types.Scene
    scene_type.texnet = bpy.props.PointerProperty(type=TexnetSceneSettings)


def unregister() -> None:
    scene_type: Any = bpy.types.Scene
    del scene_type.texnet
    bpy.utils.unregister_class(TexnetSceneSettings)

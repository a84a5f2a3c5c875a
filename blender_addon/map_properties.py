"""Which of the maps that a generator makes the panel asks for."""

from collections.abc import Iterable
from typing import Any

import bpy

from texnet_core.mapset import MATERIAL_MAPS, MapSpec

from .registration import registration

LABELS = {
    "albedo": "Color",
    "normal": "Normal",
    "roughness": "Roughness",
    "metallic": "Metallic",
    "height": "Height",
    "ao": "Occlusion",
    "opacity": "Opacity",
    "emission": "Emission",
}


class TexnetMapChoice(bpy.types.PropertyGroup):
    """A switch for each map that a material may have; maps of other names are always made."""

    def chosen(self, maps: Iterable[MapSpec]) -> list[str]:
        """The names of those that are wanted, of what a generator makes."""
        return [spec.name for spec in maps if getattr(self, spec.name, True)]

    def text(self, maps: tuple[MapSpec, ...]) -> str:
        """The same as a request has them: "" for all, which nothing at all counts as too."""
        names = self.chosen(maps)
        return "" if len(names) in (0, len(maps)) else ",".join(names)

    def take_over(self, maps: str) -> None:
        """Set the switches to what a request asks for."""
        names = maps.split(",") if maps else [*LABELS]
        for name in LABELS:
            setattr(self, name, name in names)


def _switch(name: str) -> Any:
    label = LABELS[name]
    return bpy.props.BoolProperty(name=label, description=f"Make the map {label} of the material", default=True)


TexnetMapChoice.__annotations__ |= {spec.name: _switch(spec.name) for spec in MATERIAL_MAPS}

register, unregister = registration(TexnetMapChoice)

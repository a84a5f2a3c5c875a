"""Which maps the panel asks for: of those that a generator makes, and of those that its look tells."""

from typing import Any

import bpy

from texnet_core.mapset import MATERIAL_MAPS, MapSpec
from texnet_core.model.header import Header
from texnet_core.model.look_maps import derived_maps

from .registration import registration
from .request import TextureRequest

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


def maps_as_images_property() -> Any:
    return bpy.props.BoolProperty(
        name="Maps as Images",
        description="Make normal, roughness and height as images too, as the look says, for export and other programs. "
        "Without it, nodes work them out of the color",
        default=TextureRequest.material,
    )


class TexnetMapChoice(bpy.types.PropertyGroup):
    """A switch for each map that a material may have; maps of other names are always made."""

    material: maps_as_images_property()

    def maps_of(self, card: Header) -> tuple[MapSpec, ...]:
        """All maps that a generator's textures come with."""
        return (*card.maps, *self._derived(card))

    def chosen(self, card: Header) -> list[str]:
        """The names of those that are wanted."""
        return [spec.name for spec in self.maps_of(card) if getattr(self, spec.name, True)]

    def options(self, card: Header | None) -> dict[str, Any]:
        """The same as a request has them; where no map is wanted, all are made."""
        if card is None:
            return {}
        names = self.chosen(card)
        text = "" if len(names) in (0, len(self.maps_of(card))) else ",".join(names)
        return {"maps": text, "material": bool(self._derived(card))}

    def take_over(self, request: TextureRequest) -> None:
        """Set the switches to what a request asks for."""
        self.material = request.material
        names = request.maps.split(",") if request.maps else [*LABELS]
        for name in LABELS:
            setattr(self, name, name in names)

    def _derived(self, card: Header) -> tuple[MapSpec, ...]:
        return derived_maps(card) if self.material else ()


def _switch(name: str) -> Any:
    label = LABELS[name]
    return bpy.props.BoolProperty(name=label, description=f"Make the map {label} of the material", default=True)


TexnetMapChoice.__annotations__ |= {spec.name: _switch(spec.name) for spec in MATERIAL_MAPS}

register, unregister = registration(TexnetMapChoice)

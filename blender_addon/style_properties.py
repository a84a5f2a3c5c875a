"""What the section Stylize remembers with the scene."""

from typing import Any

import bpy

from . import library
from .fields import choice, from_original_property, goal_property, keep_colors_property, style_number, wrap_property
from .gallery import gallery_of
from .registration import registration
from .request import STYLE_OPTIONS, StylizeRequest, first_style, rounded

_PREVIEWS = (
    ("MIDDLE", "Middle", "The middle of the picture, texel by texel"),
    ("WHOLE", "Whole", "All of the picture, made smaller; a large one takes some seconds"),
)

style_items, _chosen_number, _choose_number = gallery_of(library.list_own_styles, "style_name")


class TexnetStyleSettings(bpy.types.PropertyGroup):
    """The fields of the section."""

    # The name is what is saved: a number would mean another style once the library has grown.
    style_name: bpy.props.StringProperty(
        name="Style Name", description="Name or file path of the style", default=first_style()
    )
    style: bpy.props.EnumProperty(
        name="Style",
        description="Style that ships with TexNet or is in your library",
        items=style_items,
        get=_chosen_number,
        set=_choose_number,
    )
    goal: goal_property()
    strength: style_number("strength", "Strength", subtype="FACTOR")
    mask: bpy.props.PointerProperty(
        type=bpy.types.Image,
        name="Strength Mask",
        description="Image that is white where all of the strength applies and black where none does",
    )
    seed: style_number("seed", "Seed")
    noise: style_number("noise", "Noise", subtype="FACTOR", soft_max=2.0)
    scale: style_number("scale", "Stroke Size", subtype="FACTOR")
    wrap: wrap_property()
    keep_colors: keep_colors_property()
    from_original: from_original_property()
    preview_shows: choice(_PREVIEWS, "Live Preview", "Part of the picture that the live preview shows")

    @property
    def path(self) -> str:
        """The style, wherever it lies."""
        return str(bpy.path.abspath(self.style_name))

    def request(self) -> StylizeRequest:
        """What the fields ask for."""
        return StylizeRequest(
            source=self.path,
            strength=rounded(self.strength),
            noise=rounded(self.noise),
            seed=self.seed,
            scale=rounded(self.scale),
            wrap=self.wrap,
            keep_colors=self.keep_colors,
        )

    def options(self) -> dict[str, Any]:
        """The fields as properties of the operator that paints."""
        request = self.request()
        values = {name: getattr(request, name) for name in STYLE_OPTIONS}
        mask = self.mask.name if self.mask is not None else ""
        own = {"goal": self.goal, "mask": mask, "from_original": self.from_original}
        return values | own | {"style": request.source}

    def take_over(self, request: StylizeRequest, mask: Any) -> None:
        """Set the fields to those of a request, and where it was painted."""
        self.style_name, self.mask = request.source, mask
        for name in STYLE_OPTIONS:
            setattr(self, name, getattr(request, name))


register, unregister = registration(TexnetStyleSettings)

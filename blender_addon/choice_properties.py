"""What the panel remembers of files that hold several textures: one of them, a mix, or two that a mask tells apart."""

from collections.abc import Mapping
from typing import Any

import bpy

from . import library
from .gallery import Shown, enum_of
from .registration import registration
from .request import TextureRequest, mix_text


def _names_for(settings: Any) -> tuple[str, ...]:
    """The textures of the file that is chosen in a scene."""
    card = library.card_named(settings.id_data.texnet.source_path)
    return card.textures if card is not None else ()


def _shown(part: Any) -> list[Shown]:
    return [(name, name, f"{name}, a texture of the file", 0) for name in _names_for(part)]


_items, _chosen_number, _choose_number = enum_of(_shown, "texture_name")


def _follow_live(part: Any, context: Any) -> None:
    part.id_data.texnet.follow_live()


def _begin_white(choice: Any, context: Any) -> None:
    """Let white show another texture than black, where nobody has said which."""
    names = choice.names
    if choice.mask is not None and not choice.white.first.texture_name and len(names) > 1:
        choice.white.first.texture_name = names[1]
    _follow_live(choice, context)


class TexnetMixPart(bpy.types.PropertyGroup):
    """A texture and its share of a mix."""

    # The name is what is saved: a number would mean another texture of another file.
    texture_name: bpy.props.StringProperty(
        name="Texture Name", description="Name of a texture that the file holds", update=_follow_live
    )
    texture: bpy.props.EnumProperty(
        name="Texture",
        description="One of the textures that the file holds",
        items=_items,
        get=_chosen_number,
        set=_choose_number,
    )
    share: bpy.props.FloatProperty(
        name="Share",
        description="How much of the mix this texture is, against the others",
        default=1.0,
        min=0.0,
        max=1.0,
        subtype="FACTOR",
        update=_follow_live,
    )

    @property
    def name_used(self) -> str:
        """The texture, which is the first of the file where that has none of this name."""
        return _names_for(self)[_chosen_number(self)]


class TexnetMix(bpy.types.PropertyGroup):
    """One texture, or several with their shares."""

    first: bpy.props.PointerProperty(type=TexnetMixPart, name="First", description="Texture of the mix that is first")
    others: bpy.props.CollectionProperty(
        type=TexnetMixPart, name="Others", description="Textures of the mix beside the first"
    )

    @property
    def is_mixed(self) -> bool:
        return len(self.others) > 0

    @property
    def text(self) -> str:
        """As requests have it."""
        if not self.is_mixed:
            return str(self.first.name_used)
        shares: dict[str, float] = {}
        for part in (self.first, *self.others):
            shares[part.name_used] = shares.get(part.name_used, 0.0) + part.share
        return mix_text(shares)

    def add(self) -> None:
        """Add a texture that is not in it yet, if there is one."""
        names = _names_for(self)
        used = {part.name_used for part in (self.first, *self.others)}
        self.others.add().texture_name = next((name for name in names if name not in used), names[0])

    def take_over(self, shares: Mapping[str, float]) -> None:
        """Hold these; none for the first of the file."""
        self.others.clear()
        self.first.texture_name, self.first.share = "", 1.0
        for number, (name, share) in enumerate(shares.items()):
            part = self.others.add() if number else self.first
            part.texture_name, part.share = name, share

    def forget_unknown(self, names: tuple[str, ...]) -> None:
        """Begin anew where the file that is chosen now lacks one of these."""
        if any(part.texture_name not in ("", *names) for part in (self.first, *self.others)):
            self.take_over({})


class TexnetChoiceSettings(bpy.types.PropertyGroup):
    """The fields."""

    black: bpy.props.PointerProperty(
        type=TexnetMix, name="Black", description="What is shown, where there is a mask by its black"
    )
    white: bpy.props.PointerProperty(type=TexnetMix, name="White", description="What white of the mask shows")
    mask: bpy.props.PointerProperty(
        type=bpy.types.Image,
        name="Mix Mask",
        description="Image that is white where another texture is shown; it is stretched over all of the texture",
        update=_begin_white,
    )

    @property
    def names(self) -> tuple[str, ...]:
        """The textures of the file that is chosen; () where it holds one, which leaves no choice."""
        return _names_for(self)

    def options(self) -> dict[str, str]:
        """The fields of a request."""
        if not self.names:
            return {}
        shown = {"mix" if self.black.is_mixed else "texture": self.black.text}
        return shown | ({"mix_to": self.white.text, "mix_mask": self.mask.name} if self.mask is not None else {})

    def take_over(self, request: TextureRequest) -> None:
        """Set the fields to those of a request."""
        self.black.take_over(request.start)
        self.white.take_over(request.end)
        self.mask = bpy.data.images.get(request.mix_mask) if request.mix_mask else None

    def forget_unknown(self) -> None:
        """Begin anew where another file is chosen, whose textures are others."""
        if names := self.names:
            self.black.forget_unknown(names)
            self.white.forget_unknown(names)


register, unregister = registration(TexnetMixPart, TexnetMix, TexnetChoiceSettings)

"""Real size without making a texture again: of objects that are there, and of generators whose size nobody stated."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Literal

import bpy

from texnet_core.errors import RequestError
from texnet_core.model import card

from . import creation, history, library, nodes, preview, surface
from .request import TextureRequest
from .rollback import all_or_nothing
from .wording import counted

Scale = tuple[float, float, float]

_SAME = 1e-3  # two scales that differ by less are one


@dataclass
class Sized:
    """What became of objects whose textures were to have their size.

    Attributes:
        objects: whose textures have it now.
        copies: materials that were copied, because objects that share one need different mappings.
        left: objects that were left as they are, each with the reason.
    """

    objects: list[Any] = field(default_factory=list)
    copies: list[Any] = field(default_factory=list)
    left: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        """For the user, in one line."""
        copied = f"; {counted(len(self.copies), 'material')} copied, since objects that share one differ in scale"
        left = f"; left as they are: {', '.join(self.left)}" if self.left else ""
        return f"Sized {counted(len(self.objects), 'object')}{copied if self.copies else ''}{left}"


@dataclass(frozen=True)
class _Use:
    """A slot of an object with a texture of TexNet's, and the mapping that it needs."""

    holder: Any
    slot: int
    scale: Scale
    coordinates: Literal["UV", "Object"]

    def is_like(self, other: "_Use") -> bool:
        """Whether one material serves both."""
        return self.coordinates == other.coordinates and _is_same(self.scale, other.scale)


def apply_size(objects: Iterable[Any], meters: float = 0.0) -> Sized:
    """Give the textures on objects their size on the surface, by their mappings alone.

    A mapping belongs to a material. Where objects that share one need different mappings, the most of them keep it and
    the others get copies; objects that are not among these keep what they see in any case.

    Args:
        objects: some of which may have no texture.
        meters: that a texture's width spans; 0 for what each was made to cover.

    Raises:
        RequestError: none of them has a texture whose width is known.
    """
    chosen = list(objects)
    result = Sized()
    uses = _uses(chosen, meters, result)
    if not uses:
        found = f"no object has a texture with a known width ({', '.join(result.left) or 'none is selected'})"
        raise RequestError(
            found, expected="a texture made with Covers", remedy="select objects with such textures, or give a width"
        )
    materials = [material for material, _ in uses.values()]
    holders = {use.holder.session_uid: use.holder for _, group in uses.values() for use in group}
    with all_or_nothing(*holders.values(), *(material for material in materials if material.is_editable)):
        for material, group in uses.values():
            _size(material, group, _is_used_elsewhere(material, chosen), result)
    result.objects = list(holders.values())
    return result


def state_size(name: str, meters: float) -> None:
    """Write into a generator of the library how many meters the short side of its picture shows.

    Raises:
        TexnetError: no such generator, a preset, a size that makes no sense, or a file that cannot be written.
    """
    card.state(library.check_own(name).file, size_m=meters)
    preview.forget()


def _uses(objects: list[Any], meters: float, result: Sized) -> dict[int, tuple[Any, list[_Use]]]:
    """Session uid of each material -> it and where it is used; objects without any go to the result's `left`."""
    uses: dict[int, tuple[Any, list[_Use]]] = {}
    for holder in objects:
        if not holder.is_editable:
            result.left.append(f"{holder.name} (linked from another file)")
            continue
        reason = "no texture of TexNet's"
        for number, slot in enumerate(getattr(holder, "material_slots", ())):
            request = _request_on(slot.material)
            if request is None:
                continue
            width = meters or request.covers
            if not width:
                reason = "made without Covers"
                continue
            reason = ""
            scale = surface.mapping_scale(holder, surface.scene_units(width), request.width / request.height)
            use = _Use(holder, number, scale, "UV" if surface.has_uv(holder) else "Object")
            uses.setdefault(slot.material.session_uid, (slot.material, []))[1].append(use)
        if reason:
            result.left.append(f"{holder.name} ({reason})")
    return uses


def _request_on(material: Any) -> TextureRequest | None:
    """What the first repeating texture of TexNet's on a material was made from."""
    if material is None or material.node_tree is None or nodes.has_tiles(material):
        return None
    if not nodes.mapping_scales(material):
        return None
    textures = (node for node in material.node_tree.nodes if node.type == "TEX_IMAGE")
    return next(filter(None, (history.request_of(node.image) for node in textures)), None)


def _size(material: Any, uses: list[_Use], is_used_elsewhere: bool, result: Sized) -> None:
    groups: list[list[_Use]] = []
    for use in uses:
        group = next((group for group in groups if group[0].is_like(use)), None)
        if group is None:
            groups.append([use])
        else:
            group.append(use)
    groups.sort(key=len, reverse=True)
    now = tuple(nodes.mapping_scales(material)[0].default_value)
    for number, group in enumerate(groups):
        if _is_same(now, group[0].scale):
            continue
        keeps = number == 0 and not is_used_elsewhere and material.is_editable
        own = material if keeps else material.copy()
        nodes.use_coordinates(own, group[0].coordinates)
        nodes.set_mapping_scale(own, group[0].scale)
        request = _request_on(own)
        if request is not None:
            creation.fit_relief(own, request, group[0].holder)
        if not keeps:
            result.copies.append(own)
            for use in group:
                _assign(use, own)


def _assign(use: _Use, material: Any) -> None:
    """Put a material into one slot of one object, and into no other object's."""
    slot = use.holder.material_slots[use.slot]
    if slot.link == "DATA" and (use.holder.data.users > 1 or not use.holder.data.is_editable):
        slot.link = "OBJECT"
    slot.material = material


def _is_used_elsewhere(material: Any, objects: list[Any]) -> bool:
    others = (other for other in bpy.data.objects if other not in objects)
    return any(slot.material == material for other in others for slot in other.material_slots)


def _is_same(first: tuple[float, ...], second: tuple[float, ...]) -> bool:
    return all(abs(one - other) <= _SAME * max(abs(one), abs(other)) for one, other in zip(first, second, strict=True))

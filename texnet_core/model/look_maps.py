"""The maps that a look stands for, so that colors alone become a material.

All of them follow from a texel and its four neighbors, so a window of them is the same window of the whole.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np

from texnet_core.mapset import (
    ALBEDO,
    MATERIAL_MAPS,
    FloatArray,
    MapSet,
    MapSpec,
    is_picture,
    normals_of_slopes,
    split_channels,
)
from texnet_core.model.header import Header
from texnet_core.model.look import Look
from texnet_core.pictures.color import LUMINANCE, srgb_to_linear

RELIEF = 0.02  # from the darkest to the brightest place at full bump, as a share of what the exemplar shows

_DERIVED = {spec.name: replace(spec, derived=True) for spec in MATERIAL_MAPS}


def derived_maps(header: Header) -> tuple[MapSpec, ...]:
    """What a look adds to the maps that a generator makes, in the order of a material: () where it adds nothing.

    Normals and height come together, and only where the generator makes neither and the look has relief.
    """
    look, made = header.look, {spec.name for spec in header.maps}
    if look is None or not any(is_picture([spec]) for spec in header.maps):
        return ()
    wanted = {"roughness"}
    if look.metallic:
        wanted.add("metallic")
    if look.bump and not made & {"normal", "height"}:
        wanted |= {"normal", "height"}
    return tuple(spec for name, spec in _DERIVED.items() if name in wanted - made)


def relief_of(header: Header) -> float:
    """From height 0 to 1 as a share of what the exemplar shows: the generator's own, or that of its look."""
    makes_relief = any(spec.name in ("normal", "height") for spec in header.maps)
    if makes_relief or header.look is None:
        return header.relief
    return RELIEF * abs(header.look.bump)


def metallic_of(header: Header) -> float:
    """Of the surface all over, where no map says it."""
    return header.look.metallic if header.look is not None else 0.0


@dataclass(frozen=True)
class Derivation:
    """Adds the maps of a look to those that a generator makes.

    Attributes:
        made: what the generator makes.
        derived: what is added.
        look: from which it follows.
        relief: from height 0 to 1, in texels.
    """

    made: tuple[MapSpec, ...]
    derived: tuple[MapSpec, ...]
    look: Look
    relief: float

    def of(self, texels: FloatArray) -> FloatArray:
        """All maps of a window, derived ones last.

        Args:
            texels: (h + 2, w + 2, channels) in [0, 1], what the generator makes of the window and one texel round it.

        Returns:
            (h, w, all channels) in [0, 1].
        """
        within = texels[1:-1, 1:-1]
        albedo = np.asarray(split_channels(texels, self.made)[ALBEDO.name], np.float32)
        maps = look_maps(albedo, self.look, self.relief)
        return np.concatenate([within, *(maps[spec.name] for spec in self.derived)], axis=2, dtype=np.float32)


def look_maps(albedo: FloatArray, look: Look, relief: float) -> MapSet:
    """What a look says of a window of a color map.

    Args:
        albedo: (h + 2, w + 2, 3) sRGB, the window and one texel round it.
        look: where it is dark, the height is low, unless the bump is below 0.
        relief: from height 0 to 1, in texels.

    Returns:
        Roughness, metallic and height, (h, w, 1) each, and normals, (h, w, 3), in [0, 1].
    """
    red, green, blue = np.moveaxis(srgb_to_linear(albedo) * LUMINANCE, 2, 0)
    # added by hand: a product of matrices rounds by the shape of the window
    tone = np.clip(((red + green + blue) - np.float32(look.dark)) / np.float32(look.spread), 0, 1)
    height = 1 - tone if look.bump < 0 else tone
    half = np.float32(relief / 2)
    down, across = (height[2:, 1:-1] - height[:-2, 1:-1]) * half, (height[1:-1, 2:] - height[1:-1, :-2]) * half
    inner = tone[1:-1, 1:-1, None]
    found = {
        "normal": normals_of_slopes(down, across),
        "roughness": look.roughness_dark + (look.roughness_bright - look.roughness_dark) * inner,
        "metallic": np.full_like(inner, look.metallic),
        "height": height[1:-1, 1:-1, None],
    }
    return {name: plane.astype(np.float32) for name, plane in found.items()}


def lit_maps(
    made: MapSet, specs: Iterable[MapSpec], header: Header, relief: float
) -> tuple[MapSet, tuple[MapSpec, ...]]:
    """A texture as a material that can be lit: what its generator does not make follows from its color and its look.

    Args:
        made: map name -> (height, width, channels) in [0, 1], which repeats; of the generator's maps, or derived too.
        specs: what they are.
        header: of the generator.
        relief: from height 0 to 1 as a share of the texture's short side, as `relief_within` tells it.

    Returns:
        The maps, and what they are.
    """
    added = [spec for spec in derived_maps(header) if spec.name not in made]
    if header.look is None or ALBEDO.name not in made or not added:
        return made, tuple(specs)
    albedo = np.asarray(made[ALBEDO.name], np.float32)
    round_it = np.pad(albedo, ((1, 1), (1, 1), (0, 0)), mode="wrap")
    found = look_maps(round_it, header.look, relief * min(albedo.shape[:2]))
    return made | {spec.name: found[spec.name] for spec in added}, (*specs, *added)


def relief_within(header: Header, side: float) -> float:
    """`relief_of` as a share of so many of the generator's texels."""
    return relief_of(header) * header.texels_per_exemplar / side

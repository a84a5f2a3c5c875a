"""The maps that a look stands for, so that a color alone can be lit as a material."""

import numpy as np

from texnet_core.mapset import MATERIAL_MAPS, FloatArray, MapSet, MapSpec
from texnet_core.model.header import Header
from texnet_core.model.look import Look
from texnet_core.pictures.color import LUMINANCE, srgb_to_linear

RELIEF = 0.02  # from the darkest to the brightest place at full bump, as a share of what the exemplar shows

_SPECS = {spec.name: spec for spec in MATERIAL_MAPS}


def lit_maps(made: MapSet, header: Header, side: int) -> tuple[MapSet, tuple[MapSpec, ...], float]:
    """A texture as a material that can be lit: what its generator does not make follows from its color and its look.

    Args:
        made: map name -> (height, width, channels) in [0, 1], as the generator made it.
        header: of the generator.
        side: texels of the texture's short side.

    Returns:
        The maps, what they are, and the relief: from height 0 to 1 as a share of the texture's short side.
    """
    exemplar = header.texels_per_exemplar / side
    if header.look is None or "albedo" not in made:
        return made, header.maps, header.relief * exemplar
    derived = look_maps(np.asarray(made["albedo"], np.float32), header.look)
    has_relief = bool(made.keys() & {"normal", "height"})
    if has_relief or not header.look.bump:
        del derived["height"]
    added = {name: plane for name, plane in derived.items() if name not in made}
    relief = header.relief if has_relief else RELIEF * abs(header.look.bump)
    return made | added, (*header.maps, *(_SPECS[name] for name in added)), relief * exemplar


def look_maps(albedo: FloatArray, look: Look) -> MapSet:
    """What a look says of a color map: (h, w, 3) sRGB to roughness, metallic and height, (h, w, 1) each, in [0, 1].

    The height is low where it is dark, unless the bump is below 0.
    """
    tone = np.clip((srgb_to_linear(albedo) @ LUMINANCE - look.dark) / look.spread, 0, 1)[..., None]
    roughness = look.roughness_dark + (look.roughness_bright - look.roughness_dark) * tone
    height = 1 - tone if look.bump < 0 else tone
    found = {"roughness": roughness, "metallic": np.full_like(tone, look.metallic), "height": height}
    return {name: plane.astype(np.float32) for name, plane in found.items()}

"""What a point of a surface sends to the viewer: diffuse and GGX reflection of the key light and the environment.

Sources: Walter and others, "Microfacet Models for Refraction through Rough Surfaces" (EGSR 2007), for GGX; Heitz (JCGT
2014) for its shadowing; Schlick (1994) for Fresnel; Karis, "Physically Based Shading on Mobile" (2014), for how much of
an environment is reflected; Lagarde and de Rousiers (SIGGRAPH 2014) for how occlusion dims that; the Khronos PBR
neutral tone mapper (2024), which keeps base colors as they are.
"""

from dataclasses import dataclass

import numpy as np

from texnet_core.mapset import FloatArray
from texnet_core.rendering.light import KEY_COLOR, diffuse_light, dot, reflected_light

_DIELECTRIC = 0.04  # what dielectrics reflect straight on: an index of refraction of 1.5
_LEAST_ALPHA = 0.002
_COMPRESSED_FROM, _DESATURATION = 0.8 - _DIELECTRIC, 0.15  # of the tone mapper


@dataclass(frozen=True)
class Points:
    """Points of a surface; colors are linear light.

    Attributes:
        base: (..., 3).
        normals: (..., 3) unit vectors in the coordinates of the light.
        alpha: (...) of GGX: the square of the roughness.
        metallic: (...).
        ao: (...), 1 where nothing is occluded.
        emission: (..., 3).
    """

    base: FloatArray
    normals: FloatArray
    alpha: FloatArray
    metallic: FloatArray
    ao: FloatArray
    emission: FloatArray


def shaded(points: Points, view: FloatArray, key: FloatArray, lit: FloatArray) -> FloatArray:
    """Linear light toward the viewer, (..., 3).

    Args:
        points: of the surface.
        view: (..., 3) or (3,) unit vectors from the surface to the viewer.
        key: (3,) unit vector to the key light.
        lit: (...) share of the key light that reaches the point.
    """
    normals, alpha = points.normals, np.maximum(points.alpha, _LEAST_ALPHA)
    metallic = points.metallic[..., None]
    straight_on = _DIELECTRIC * (1 - metallic) + points.base * metallic
    matte = points.base * (1 - metallic)
    facing = np.clip(dot(normals, view), 0.02, 1)

    direct = _key_light(normals, view, key, alpha, straight_on, matte, facing)
    mirrored = 2 * facing[..., None] * normals - view
    reflects = _environment_share(straight_on, np.sqrt(alpha), facing)
    seen = np.clip((facing + points.ao) ** np.exp2(-16 * np.sqrt(alpha) - 1) - 1 + points.ao, 0, 1)
    around = matte * (diffuse_light(normals) * points.ao[..., None])
    around += reflects * reflected_light(mirrored, alpha, facing) * seen[..., None]
    return direct * lit[..., None] + around + points.emission


def _key_light(
    normals: FloatArray,
    view: FloatArray,
    key: FloatArray,
    alpha: FloatArray,
    straight_on: FloatArray,
    matte: FloatArray,
    facing: FloatArray,
) -> FloatArray:
    halfway = view + key
    halfway = halfway / np.sqrt(dot(halfway, halfway))[..., None]
    reached = np.clip(dot(normals, key), 0, 1)
    square = alpha * alpha
    spread = np.clip(dot(normals, halfway), 0, 1) ** 2 * (square - 1) + 1
    density = square / (np.pi * spread * spread)
    shadowing = 0.5 / (
        reached * np.sqrt(facing * facing * (1 - square) + square)
        + facing * np.sqrt(reached * reached * (1 - square) + square)
        + 1e-6
    )
    fresnel = straight_on + (1 - straight_on) * ((1 - dot(halfway, view)) ** 5)[..., None]
    # both over pi, as the color of the key light is
    glossy = fresnel * (np.pi * density * shadowing)[..., None]
    result: FloatArray = (matte * (1 - fresnel) + glossy) * (reached[..., None] * np.array(KEY_COLOR, np.float32))
    return result


def _environment_share(straight_on: FloatArray, roughness: FloatArray, facing: FloatArray) -> FloatArray:
    """How much of an even environment a surface reflects: Karis' fit."""
    x, y = 1 - roughness, -0.0275 * roughness + 0.0425
    bend = np.minimum(x * x, np.exp2(-9.28 * facing)) * x + y
    scale = -1.04 * bend + (1.04 - 0.572 * roughness)
    offset = 1.04 * bend + (0.022 * roughness - 0.04)
    share: FloatArray = np.clip(straight_on * scale[..., None] + offset[..., None], 0, 1)
    return share


def tone_mapped(light: FloatArray) -> FloatArray:
    """Linear light of any strength to linear light in [0, 1], (..., 3)."""
    darkest = np.minimum(np.minimum(light[..., :1], light[..., 1:2]), light[..., 2:])
    offset = np.where(darkest < 2 * _DIELECTRIC, darkest - darkest * darkest / (4 * _DIELECTRIC), _DIELECTRIC)
    light = light - offset
    peak = np.maximum(np.maximum(light[..., :1], light[..., 1:2]), light[..., 2:])
    room = 1 - _COMPRESSED_FROM
    compressed = 1 - room * room / (np.maximum(peak, _COMPRESSED_FROM) + room - _COMPRESSED_FROM)
    toward_white = 1 - 1 / (_DESATURATION * (peak - compressed) + 1)
    bright = light * compressed / np.maximum(peak, 1e-6) * (1 - toward_white) + compressed * toward_white
    return np.clip(np.where(peak < _COMPRESSED_FROM, light, bright), 0, 1).astype(np.float32)

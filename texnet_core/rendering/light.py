"""The light that materials are shown in: a key light, and a soft environment of a sky and a few lamps.

Directions have x to the right, y up and z toward the viewer. The lamps of the environment are spherical Gaussians, so
that what a rough surface reflects of them is a formula. Sources: Wang and others, "All-Frequency Rendering of Dynamic,
Spatially-Varying Reflectance" (SIGGRAPH Asia 2009), for the Gaussians and their products, and for the cosine as one.
"""

from dataclasses import dataclass

import numpy as np

from texnet_core.mapset import FloatArray

_COSINE_SHARPNESS, _COSINE_HEIGHT = 2.133, 1.17  # a clamped cosine as a spherical Gaussian
_MOST_SHARP = 1e5  # of a reflection, so that mirrors stay finite


@dataclass(frozen=True)
class Lamp:
    """A part of the environment that shines: light of `color` from around `toward`, narrower where it is sharper."""

    toward: tuple[float, float, float]
    sharpness: float
    color: tuple[float, float, float]


# Light that falls on a surface at right angles, over pi: white that is lit by this alone comes out at this value.
KEY_COLOR = (0.74, 0.72, 0.69)
KEY_TOWARD_SPHERE = (-0.50, 0.62, 0.60)
KEY_TOWARD_PLANE = (-0.62, 0.62, 0.48)  # lower, so that relief shows

_HORIZON, _RISE = (0.23, 0.235, 0.245), (0.13, 0.14, 0.16)  # of the sky: at eye level, and from there to straight up
_LAMPS = (
    Lamp((-0.55, 0.55, 0.63), 14.0, (0.95, 0.93, 0.9)),  # a large one around the key light
    Lamp((0.9, 0.25, 0.35), 18.0, (0.55, 0.6, 0.68)),  # from the right
    Lamp((0.2, 0.75, -0.63), 10.0, (0.8, 0.82, 0.85)),  # from behind, for the rim
    Lamp((-0.1, 0.3, 0.95), 4.0, (0.4, 0.4, 0.4)),  # from the front, for planes of metal
)


def unit(vector: tuple[float, float, float]) -> FloatArray:
    """(3,) at length one."""
    values = np.array(vector, np.float32)
    return values / np.linalg.norm(values)


def dot(one: FloatArray, other: FloatArray) -> FloatArray:
    """Scalar products of (..., 3) vectors."""
    result: FloatArray = np.multiply(one[..., 0], other[..., 0])
    for axis in (1, 2):
        result = result + np.multiply(one[..., axis], other[..., axis])
    return result


def diffuse_light(normals: FloatArray) -> FloatArray:
    """What the environment sends to surfaces, over pi: (..., 3) unit vectors to (..., 3) linear light."""
    sky: FloatArray = _color(_HORIZON) + _color(_RISE) * (normals[..., 1:2] * np.float32(2 / 3))
    for lamp in _LAMPS:
        seen = _product(lamp.sharpness, np.float32(_COSINE_SHARPNESS), dot(normals, unit(lamp.toward)))
        sky += _color(lamp.color) * (np.float32(_COSINE_HEIGHT / np.pi) * seen)[..., None]
    return sky


def reflected_light(directions: FloatArray, alpha: FloatArray, facing: FloatArray) -> FloatArray:
    """What surfaces see of the environment where they reflect, as (..., 3) linear light.

    Args:
        directions: (..., 3) of the mirrored view.
        alpha: (...) of GGX: the square of the roughness.
        facing: (...) cosine between normal and view.
    """
    sharpness = np.minimum(2 / (alpha * alpha) / (4 * np.maximum(facing, 0.1)), _MOST_SHARP)
    whole = _total(sharpness)
    # the mean of a direction over a Gaussian is shorter by the Langevin function, about 1 - 1 / sharpness
    shorter = 1 / np.tanh(np.minimum(sharpness, 50)) - 1 / sharpness
    light: FloatArray = _color(_HORIZON) + _color(_RISE) * (directions[..., 1] * shorter)[..., None]
    for lamp in _LAMPS:
        share = _product(lamp.sharpness, sharpness, dot(directions, unit(lamp.toward))) / whole
        light += _color(lamp.color) * share[..., None]
    return light


def _color(values: tuple[float, float, float]) -> FloatArray:
    return np.array(values, np.float32)


def _total(sharpness: FloatArray) -> FloatArray:
    """The integral of a spherical Gaussian of height one."""
    result: FloatArray = np.float32(2 * np.pi) / sharpness * (1 - np.exp(-2 * sharpness))
    return result


def _product(one: float, other: FloatArray | np.float32, cosine: FloatArray) -> FloatArray:
    """The integral of the product of two spherical Gaussians whose axes meet at this cosine."""
    middle = np.sqrt(np.maximum(one * one + other * other + 2 * one * other * cosine, 1e-6))
    # middle - one - other, without the difference of large numbers
    height: FloatArray = np.exp(-2 * one * other * (1 - cosine) / (middle + one + other))
    return height * _total(middle)

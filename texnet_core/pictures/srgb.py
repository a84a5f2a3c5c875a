"""From values as files have them to sRGB: by the profile, else by what the format says, else they are sRGB."""

import numpy as np

from texnet_core.mapset import FloatArray, Mask
from texnet_core.pictures.color import by_rows, linear_to_srgb
from texnet_core.pictures.decoded import Decoded, ToLight
from texnet_core.pictures.exposure import expose
from texnet_core.pictures.icc import Profile, ProfileError, is_srgb, open_profile


def to_srgb(decoded: Decoded, seen: Mask | None) -> tuple[FloatArray, Mask | None, list[str]]:
    """The colors of a picture.

    Args:
        decoded: its values.
        seen: (h, w), which texels take part; None for all.

    Returns:
        (h, w, 3) float32 sRGB in [0, 1], which texels take part, and notes.

    Raises:
        ValueError: no texel that takes part is a number.
    """
    notes: list[str] = []
    profile = _usable_profile(decoded, notes)
    values = three_channels(decoded)
    if profile is not None and profile.by_tables is not None:
        if profile.space == "RGB" and is_srgb(profile.by_tables):
            return values, seen, notes
        image = profile.by_tables(decoded.values if profile.space == decoded.space else values)
        if decoded.space == "gray":
            image = np.repeat(image.mean(axis=2, keepdims=True), 3, axis=2)
        return image, seen, [f"converted from {profile.name} to sRGB"]
    name, to_light, unbounded = _interpretation(decoded, profile)
    if to_light is None or (not unbounded and is_srgb(_by_light(to_light))):
        return values, seen, notes
    notes.append(f"converted from {name} to sRGB")
    light = by_rows(to_light, values, np.float32)
    if not unbounded:
        return linear_to_srgb(light), seen, notes
    image, seen, more = expose(light, seen)
    return image, seen, notes + more


def _by_light(to_light: ToLight) -> ToLight:
    return lambda values: linear_to_srgb(to_light(values))


def _usable_profile(decoded: Decoded, notes: list[str]) -> Profile | None:
    if not decoded.profile:
        return None
    try:
        profile = open_profile(decoded.profile)
        if profile.space != decoded.space and (profile.space, decoded.space) != ("RGB", "gray"):
            raise ProfileError(f"is for {profile.space}, where the picture is {decoded.space},")
    except ProfileError as error:
        notes.append(_left_out(error))
        return None
    return profile


def _left_out(error: ProfileError) -> str:
    return f"its color profile {error} and is left out"


def _interpretation(decoded: Decoded, profile: Profile | None) -> tuple[str, ToLight | None, bool]:
    if profile is not None:
        return profile.name, profile.to_light, decoded.unbounded
    if decoded.encoding is None:
        return "", None, False
    return decoded.encoding.name, decoded.encoding.to_light, decoded.unbounded or decoded.encoding.unbounded


def three_channels(decoded: Decoded) -> FloatArray:
    """Values as (h, w, 3), without a look at what they stand for: gray three times, inks subtracted from white."""
    if decoded.space == "RGB":
        return decoded.values
    if decoded.space == "gray":
        return np.repeat(decoded.values, 3, axis=2)
    return (1 - decoded.values[..., :3]) * (1 - decoded.values[..., 3:])

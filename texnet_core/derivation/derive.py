"""One picture to a map set."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from texnet_core.derivation.network import read_from_colors
from texnet_core.derivation.relief import normals_of, unit_height
from texnet_core.derivation.settings import DerivationSettings
from texnet_core.derivation.surroundings import resized
from texnet_core.errors import RequestError
from texnet_core.mapset import MATERIAL_MAPS, FloatArray, Mask, channels_of, split_channels
from texnet_core.pictures.masks import check_picture
from texnet_core.pictures.reading import Picture, filled
from texnet_core.pictures.resizing import check_short_side

LEAST_SIDE = 16

_SIDE = 512  # texels of the short side at which larger pictures are looked at
_CELL = 16  # texels of which the sides of a picture that wraps are multiples while it is looked at
_DARK_IS_DEEP = 0.5  # texels between black and white, beside what the network says
_DARK_IS_ROUGH = 0.3  # roughness between them, likewise
_DERIVED = ("normal", "roughness", "height", "ao")

# What `derive_maps` makes: the colors as they are, and four maps that are marked.
DERIVED_MAPS = tuple(
    replace(spec, derived=spec.name in _DERIVED) for spec in MATERIAL_MAPS if spec.name in ("albedo", *_DERIVED)
)


def derive_maps(
    albedo: FloatArray,
    *,
    wraps: bool = DerivationSettings.wraps,
    mask: Mask | None = None,
    strength: float = DerivationSettings.strength,
) -> Picture:
    """Guess the other maps of a material from its colors.

    Normals are the slopes of the height. Equal pictures give equal maps. docs/materials.md says how good they are.

    Args:
        albedo: (height, width, 3) sRGB float32 in [0, 1], at least `LEAST_SIDE` texels a side.
        wraps: whether the picture tiles; then all maps do.
        mask: (height, width), True where a texel takes part; None where all do.
        strength: how many times as much relief, 0 to 4.

    Returns:
        The maps `DERIVED_MAPS` as one picture, with its relief.

    Raises:
        ImageError: the picture is too small or no picture, or the mask none of it.
        RequestError: the strength is out of range.
        EngineError: onnxruntime failed.
    """
    DerivationSettings(wraps, strength).check()
    check_picture(albedo, mask)
    check_short_side(albedo, LEAST_SIDE)
    albedo = np.ascontiguousarray(albedo, np.float32)
    read, height = _read(albedo, wraps)
    height *= np.float32(strength)
    stack = np.empty((*albedo.shape[:2], channels_of(DERIVED_MAPS)), np.float32)
    maps = split_channels(stack, DERIVED_MAPS)
    maps["albedo"][...] = albedo
    for rows, normals in normals_of(height, wraps):
        maps["normal"][rows] = normals
    heights, texels = unit_height(height)
    maps["height"][..., 0] = heights
    for channel, name in enumerate(("roughness", "ao")):
        np.clip(read[..., channel], 0, 1, out=maps[name][..., 0])
    image = stack if mask is None else filled(stack, mask)
    return Picture(image, mask, maps=DERIVED_MAPS, relief=texels / min(albedo.shape[:2]))


def with_derived_maps(picture: Picture, wanted: Sequence[str] = ()) -> Picture:
    """A picture with the maps that `derive_maps` guesses of it, and a note that says so.

    Args:
        picture: of colors alone.
        wanted: names of the maps to have, the colors among them; none: all.

    Raises:
        RequestError: a map is wanted that is not derived.
        ImageError, EngineError: as `derive_maps` raises them.
    """
    known = [spec.name for spec in DERIVED_MAPS]
    for name in wanted:
        if name not in known:
            raise RequestError(f"{name} cannot be derived of a picture", expected=known, remedy="leave it out")
    made = derive_maps(picture.image, mask=picture.mask)
    kept = tuple(spec for spec in made.maps if not wanted or spec.name in wanted)
    parts = split_channels(made.image, made.maps)
    guessed = ", ".join(spec.name for spec in kept if spec.derived)
    return replace(
        made,
        image=made.image if kept == made.maps else np.concatenate([parts[spec.name] for spec in kept], axis=2),
        maps=kept,
        notes=[*picture.notes, f"derived from the colors, not measured: {guessed}"],
    )


def _read(albedo: FloatArray, wraps: bool) -> tuple[FloatArray, FloatArray]:
    """Roughness and occlusion, (h, w, 2), and the height in texels, (h, w), of a picture of any size."""
    height, width = albedo.shape[:2]
    scale = min(1.0, _SIDE / min(height, width))
    rows, columns = (_seen(side * scale, wraps) for side in (height, width))
    small = resized(albedo, rows, columns, wraps)
    light = small.mean(axis=2)
    read = read_from_colors(small, wraps)
    read[..., 0] += np.float32(_DARK_IS_DEEP) * light
    read[..., 1] -= np.float32(_DARK_IS_ROUGH) * (light - light.mean())
    read = resized(read, height, width, wraps)
    relief = read[..., 0] * np.float32(min(height, width) / min(rows, columns))
    if small is not albedo:  # what is too fine for the picture that was looked at is deep where it is dark
        fine = albedo.mean(axis=2) - resized(light[..., None], height, width, wraps)[..., 0]
        relief += np.float32(_DARK_IS_DEEP) * fine
    return read[..., 1:], relief


def _seen(side: float, wraps: bool) -> int:
    """Texels along an axis of the picture that is looked at: whole cells where it wraps."""
    return max(_CELL, round(side / _CELL) * _CELL) if wraps else round(side)

"""A material becomes an asset: its catalog, its tags, and the picture that shows it."""

from typing import Any

import numpy as np
import numpy.typing as npt

from .asset_facts import Facts

Pixels = npt.NDArray[np.uint8]

_SPHERE = 0.94  # diameter of a lit sphere, as a share of its picture
_EDGE = 0.75  # pixels that are cut off at its rim, where the ground shines through


def mark(material: Any, facts: Facts, picture: Pixels | None) -> None:
    """Make an asset of a local material, or change what it says of itself.

    Args:
        material: of the file.
        facts: to be written on it; what is empty stays as it was.
        picture: of a lit sphere, (side, side, 3), first row on top; None leaves the preview alone.
    """
    material.asset_mark()
    data = material.asset_data
    for name in ("author", "license", "description", "catalog_id"):
        if value := getattr(facts, name):
            setattr(data, name, value)
    for tag in facts.tags:
        data.tags.new(tag, skip_if_exists=True)
    if picture is not None:
        show(material.preview_ensure(), picture)


def show(preview: Any, picture: Pixels) -> None:
    """Let a preview or an icon show a lit sphere, without the ground behind it."""
    side = len(picture)
    preview.image_size = (side, side)
    preview.image_pixels_float.foreach_set(cut_out(picture).ravel())


def cut_out(picture: Pixels) -> npt.NDArray[np.float32]:
    """A lit sphere as (side, side, 4) in [0, 1], last row first as Blender has it, transparent around the sphere."""
    side = len(picture)
    places = np.arange(side, dtype=np.float32) - (side - 1) / 2
    distance = np.hypot(places[:, None], places[None])
    rgba = np.empty((side, side, 4), np.float32)
    rgba[..., :3] = picture[::-1] / np.float32(255)
    rgba[..., 3] = np.clip(_SPHERE * side / 2 - _EDGE - distance + 0.5, 0, 1)
    return rgba

"""Pixels into image datablocks."""

from pathlib import Path
from typing import Any

import bpy
import numpy as np


def image_from_npy(file: Path, name: str, *, is_data: bool) -> bpy.types.Image:
    """A new, packed image with the pixels of a worker's .npy file.

    Args:
        file: (height, width, 1 or 3), first row on top, uint8 or float32 in [0, 1].
        name: wanted name; Blender makes it unique.
        is_data: linear measurements rather than colours.
    """
    pixels = np.load(file, allow_pickle=False)
    height, width, _ = pixels.shape
    # name and colour space come before the pixels: setting them later loses generated pixels
    image = bpy.data.images.new(
        name, width, height, alpha=False, float_buffer=pixels.dtype != np.uint8, is_data=is_data
    )
    image.pixels.foreach_set(_rgba_bottom_up(pixels))
    image.update()
    image.pack()  # unpacked generated pixels reopen black
    return image


def _rgba_bottom_up(pixels: Any) -> Any:
    """Flat float32 RGBA with the last row first, which is how Blender holds pixels."""
    height, width, _ = pixels.shape
    rgba = np.ones((height, width, 4), np.float32)
    rgba[..., :3] = pixels[::-1]
    if pixels.dtype == np.uint8:
        rgba[..., :3] /= 255
    return rgba.ravel()

"""The textures of this file that TexNet made, newest last: read from the images themselves."""

from typing import Any

import bpy

from . import images
from .request import TextureRequest


def is_entry(image: Any) -> bool:
    """Whether an image stands for its set in the list: one entry for all maps of a texture."""
    record = images.record_of(image)
    return record is not None and bool(record.get("leads"))


def chosen(scene: Any) -> Any:
    """The image that is chosen in the list, or None."""
    index = scene.texnet.history_index
    image = bpy.data.images[index] if 0 <= index < len(bpy.data.images) else None
    return image if image is not None and is_entry(image) else None


def request_of(image: Any) -> TextureRequest | None:
    """What an image was made from, or None where its record does not tell."""
    record = images.record_of(image)
    try:
        return TextureRequest.from_record(record) if record is not None else None
    except (KeyError, TypeError, ValueError):
        return None

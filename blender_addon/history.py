"""The textures of this file that TexNet made: read from the images themselves."""

from typing import Any

import bpy

from texnet_core.errors import TexnetError

from . import images
from .request import TextureRequest


def is_entry(image: Any) -> bool:
    """Whether an image stands for its set in the list: one entry for all maps of a texture."""
    record = images.record_of(image)
    return record is not None and bool(record.get("leads"))


def chosen(scene: Any) -> Any:
    """The image that is chosen in the list, or None."""
    image: Any = bpy.data.images.get(scene.texnet.history_image)
    return image if image is not None and is_entry(image) else None


def newest_first(blocks: Any) -> list[int]:
    """For each image its place in the list."""
    times = [(images.record_of(image) or {}).get("made", 0.0) for image in blocks]
    ranks = sorted(range(len(times)), key=lambda index: -float(times[index]))
    places = [0] * len(times)
    for place, index in enumerate(ranks):
        places[index] = place
    return places


def request_of(image: Any) -> TextureRequest | None:
    """What an image was made from, or None where its record does not tell."""
    record = images.record_of(image)
    try:
        return TextureRequest.from_record(record) if record is not None else None
    except (TexnetError, KeyError, TypeError, ValueError):
        return None

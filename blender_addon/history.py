"""The textures and pictures of this file that TexNet made: read from the images themselves."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any, TypeVar

import bpy

from texnet_core.errors import TexnetError

from . import images, surface
from .fields import DESTINATIONS
from .request import StylizeRequest, TextureRequest

R = TypeVar("R", TextureRequest, StylizeRequest)


def is_entry(image: Any) -> bool:
    """Whether an image stands for its set in the list: one entry for all maps of a texture, or for a picture."""
    record = images.record_of(image)
    return is_painted(image) or (record is not None and bool(record.get("leads")))


def is_painted(image: Any) -> bool:
    """Whether an image is a picture in a style."""
    return images.style_record_of(image) is not None


def chosen(scene: Any) -> Any:
    """The image that is chosen in the list, or None."""
    image: Any = bpy.data.images.get(scene.texnet.history_image)
    return image if image is not None and is_entry(image) else None


def newest_first(blocks: Any) -> list[int]:
    """For each image its place in the list."""
    records = (images.style_record_of(image) or images.record_of(image) or {} for image in blocks)
    times = [images.time_of(record) for record in records]
    ranks = sorted(range(len(times)), key=lambda index: -times[index])
    places = [0] * len(times)
    for place, index in enumerate(ranks):
        places[index] = place
    return places


def remember(made: Iterable[Any], destination: str, world_size: float, variation: tuple[int, int]) -> None:
    """Write on the images of one texture where they were to go, and which of several variations they are.

    Args:
        made: its images.
        destination: what was to happen with them.
        world_size: scene units that the width was to span, 0 where the mapping was left alone.
        variation: its number from 0, and how many there are.
    """
    number, count = variation
    for image in made:
        record = image[images.PROPERTY]
        record["destination"], record["world_size"] = destination, world_size
        if count > 1:
            record["variation"] = [number + 1, count]


def place_of(image: Any) -> tuple[str, float]:
    """(destination, width on the surface in scene units) that `remember` wrote, 0 where the mapping was left alone.

    Of what a script made there is no destination, and the width is what the texture covers.
    """
    record = images.record_of(image) or {}
    if "world_size" not in record:
        request = request_of(image)
        return "", surface.scene_units(request.covers) if request is not None else 0.0
    destination, world_size = record.get("destination"), record.get("world_size")
    return (
        destination if destination in DESTINATIONS else "",
        float(world_size) if isinstance(world_size, int | float) and world_size > 0 else 0.0,
    )


def title_of(image: Any) -> str:
    """A line for the list: Rusty Metal · 12 · 2048, and what else tells it from its neighbors."""
    if is_painted(image):
        return _painted_title(image)
    request = request_of(image)
    if request is None:
        return str(image.name)
    sides = str(request.width) if request.width == request.height else f"{request.width} x {request.height}"
    parts = [request.title, str(request.seed), sides]
    if request.udim:
        parts.append("{} x {} tiles".format(*request.udim))
    variation = (images.record_of(image) or {}).get("variation")
    if isinstance(variation, list) and len(variation) == 2:
        parts.append("{} of {}".format(*variation))
    return " · ".join(parts)


def _painted_title(image: Any) -> str:
    """Starry Night · wall.png · 80%."""
    request, content = style_request_of(image), images.content_of(image)
    if request is None:
        return str(image.name)
    shown = content.name if content is not None else "Render" if is_rendered(image) else "a picture that has gone"
    return " · ".join([request.title, shown, f"{100 * request.strength:.0f}%"])


def is_rendered(image: Any) -> bool:
    """Whether a picture in a style shows a rendered one."""
    return bool((images.style_record_of(image) or {}).get("rendered"))


def style_request_of(image: Any) -> StylizeRequest | None:
    """How a picture was painted, or None where its record does not tell."""
    return _told(StylizeRequest, images.style_record_of(image))


def request_of(image: Any) -> TextureRequest | None:
    """What an image was made from, or None where its record does not tell. A mask has the name that it has now."""
    request = _told(TextureRequest, images.record_of(image))
    mask = images.mix_mask_of(image) if request is not None else None
    return replace(request, mix_mask=mask.name) if request is not None and mask is not None else request


def _told(kind: type[R], record: dict[str, Any] | None) -> R | None:
    """The request in a record, which anybody may have changed."""
    try:
        return kind.from_record(record) if record is not None else None
    except (TexnetError, KeyError, TypeError, ValueError, OverflowError, AttributeError):
        return None

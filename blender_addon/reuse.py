"""A texture that is in the file already is not made again."""

from dataclasses import replace
from typing import Any

import bpy

from texnet_core.errors import RequestError, TexnetError
from texnet_core.model.artifact import read_header

from . import images, masks, session, worker_client
from .request import TextureRequest
from .worker_process import Message

Images = dict[str, bpy.types.Image]

_FOUND = "found"  # of a result: map name -> number of the image that is there


class FoundTask(session.SynthesisTask):
    """A texture that needs no worker, as the task that would make it: it has ended when it begins."""

    def __init__(self, request: TextureRequest, found: Images) -> None:
        self.request, self.note = request, ""
        self._on_backend = False
        numbers = {name: image.session_uid for name, image in found.items()}
        job: Any = worker_client.StandIn({_FOUND: numbers, "seconds": 0.0})
        session.Task.__init__(self, f"{request.title} {request.size_text}", job)


def task_for(request: TextureRequest) -> session.SynthesisTask:
    """The task for a texture; no worker is asked where it is in the file, unchanged."""
    request = masks.settled(request, masks.kept(request.mix_mask))
    found = existing(request)
    return session.SynthesisTask(request) if found is None else FoundTask(request, found)


def existing(request: TextureRequest) -> Images | None:
    """All maps of a texture with the very same settings: map name -> image; None where any is missing or was changed.

    The request is settled: what its mask shows counts, not how the mask is called. An image counts as changed where it
    was painted on, saved since or not, and where its generator's file is younger.
    """
    try:
        file = request.file()
        names = [spec.name for spec in request.chosen_of(read_header(file))]
        modified = file.stat().st_mtime
    except (OSError, TexnetError):
        return None
    sets: dict[str, Images] = {}
    for image in bpy.data.images:
        record = images.record_of(image)
        if record is not None and _is_intact(image, record, modified) and _is_of(record, request):
            sets.setdefault(record["set"], {})[record["map"]] = image
    found = next((found for found in sets.values() if found.keys() == set(names)), None)
    return {name: found[name] for name in names} if found is not None else None  # nodes come in the order of the maps


def is_found(result: Message) -> bool:
    """Whether a result is that of a `FoundTask`."""
    return _FOUND in result


def images_of(result: Message) -> Images:
    """The images of such a result.

    Raises:
        RequestError: one has gone in the meantime.
    """
    known = {image.session_uid: image for image in bpy.data.images}
    found = {name: known.get(number) for name, number in result[_FOUND].items()}
    if not all(found.values()):
        raise RequestError("the texture that was there has gone", expected="it", remedy="generate it again")
    return found  # type: ignore[return-value]


def _is_of(record: dict[str, Any], request: TextureRequest) -> bool:
    try:
        return replace(TextureRequest.from_record(record), mix_mask=request.mix_mask) == request
    except (TexnetError, KeyError, TypeError, ValueError):
        return False


def _is_intact(image: Any, record: dict[str, Any], modified: float) -> bool:
    """Whether an image is what its record says, and its generator no other since."""
    if image.library is not None or image.is_dirty or images.time_of(record) < modified:
        return False
    return bool(record.get("bytes")) and images.bytes_of(image) == record["bytes"]

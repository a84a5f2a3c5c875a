"""The live preview: the panel says what it wants to show, and gets it a moment later.

Drawing only asks. A timer starts the worker's jobs, takes in the pixels and draws again, so that the picture follows
whatever changed the settings: a slider, an undo, a script.

The preview is the upper left corner of the very texture. Where that takes long, because the texture is resampled from
up to sixteen times as many texels, a draft comes first: a small tile of the same seed and scale, repeated.
"""

import time
from dataclasses import replace
from typing import Any

import bpy
import bpy.utils.previews
import numpy as np
import numpy.typing as npt

from texnet_core.errors import TexnetError
from texnet_core.model.real_size import texels_per_meter
from texnet_core.settings import MIN_SIZE

from . import library, session, worker_client
from .request import TextureRequest
from .worker_process import WorkerError

SIDE = 256

_TICK_S = 0.01
_IDLE_TICKS = 50  # a timer that has nothing to do ends itself
_MOST_PER_TEXEL = 8.0  # of the generator's texels along an axis; more would not be live, so there the draft is all
_PAUSE_S = 5.0  # after a failure; drawing asks again and again
_CELL = 256  # sizes that are a multiple of every generator's coarsest cell are made as they are


class Follower:
    """Brings a picture nearer to what is wanted, step by step.

    Attributes:
        source: whose picture is shown, "" before the first.
    """

    def __init__(self) -> None:
        self._icons = bpy.utils.previews.new()
        self._icons.new("live")
        self._wanted: TextureRequest | None = None
        self._steps: list[TextureRequest] = []  # what is still to be made for it
        self._job: worker_client.PendingJob | None = None
        self._making: TextureRequest | None = None
        self._idle = 0
        self._failed_at = -_PAUSE_S
        self.source = ""

    @property
    def icon(self) -> int:
        return int(self._icons["live"].icon_id)

    def want(self, request: TextureRequest) -> bool:
        """Set what is wanted; whether that is something new."""
        request = replace(request, depth=8, udim=None)  # neither changes the picture
        if request == self._wanted or time.monotonic() - self._failed_at < _PAUSE_S:
            return False
        self._wanted = request
        self._steps = steps_to(request)
        if self._job is not None and self._making is not None and is_slow(self._making):
            self._job.cancel()  # what is quick may finish: it is nearer to the slider than what is shown
        return True

    def tick(self) -> float | None:
        """One step; the seconds until the next, or None once all is done."""
        try:
            self._take_in()
            if self._job is None and self._steps:
                self._making = self._steps.pop(0)
                self._job = _submit(self._making)
        except (TexnetError, WorkerError, OSError):
            self.drop()  # Generate will say what is wrong
            self._failed_at = time.monotonic()
        self._idle = 0 if self._job is not None else self._idle + 1
        return None if self._idle > _IDLE_TICKS else _TICK_S

    def drop(self) -> None:
        """Give up what is under way."""
        if self._job is not None:
            self._job.close()
        self._job = self._wanted = None
        self._steps = []

    def remove(self) -> None:
        self.drop()
        bpy.utils.previews.remove(self._icons)

    def _take_in(self) -> None:
        if self._job is None or self._making is None or not self._job.poll():
            return
        if self._job.result is not None:
            self._show(_pixels_of(self._job), self._making.source)
        self._job.close()
        self._job = None

    def _show(self, pixels: npt.NDArray[np.uint8], source: str) -> None:
        icon: Any = self._icons["live"]
        rgba = np.full((SIDE, SIDE, 4), 255, np.uint8)
        rgba[..., :3] = pixels[::-1]
        icon.image_size = (SIDE, SIDE)
        icon.image_pixels.foreach_set(rgba.reshape(-1).view(np.int32))
        self.source = source
        session.redraw()


_follower: Follower | None = None


def want(request: TextureRequest) -> None:
    """Ask for the preview of a request; to be called while drawing."""
    if _follower is None or bpy.app.background or not _follower.want(request):
        return
    if not bpy.app.timers.is_registered(_tick):
        bpy.app.timers.register(_tick, persistent=True)


def forget() -> None:
    """Make the picture again when it is next wanted: a file has changed."""
    if _follower is not None:
        _follower.drop()


def icon_for(source: str) -> int:
    """Number of the icon with the last picture of a source, 0 where there is none yet."""
    return _follower.icon if _follower is not None and _follower.source == source else 0


def make(request: TextureRequest) -> npt.NDArray[np.uint8]:
    """The pixels of a preview at once, (256, 256, 3), first row on top; for scripts.

    Raises:
        TexnetError: the request does not make sense.
        WorkerError: the worker failed.
    """
    job = _submit(request)
    try:
        job.wait()
        return _pixels_of(job)
    finally:
        job.close()


def steps_to(request: TextureRequest) -> list[TextureRequest]:
    """What is shown on the way to the preview of a request, ending with that itself where it is live enough."""
    if not is_slow(request):
        return [request]
    per_texel = _native_per_texel(request)
    draft = draft_of(request, per_texel)
    return [draft] if per_texel > _MOST_PER_TEXEL else [draft, request]


def is_slow(request: TextureRequest) -> bool:
    """Whether the texture is resampled, so that its corner takes up to many times as long as that of another."""
    return bool(request.covers) or request.scale != 1 or bool(request.width % _CELL or request.height % _CELL)


def draft_of(request: TextureRequest, per_texel: float) -> TextureRequest:
    """A tile of at most the preview's size, made of about as many of the generator's texels or fewer.

    Args:
        request: whose draft it is.
        per_texel: how many of the generator's texels make one of the texture along an axis.
    """
    side = max(MIN_SIZE, min(SIDE, round(SIDE / per_texel)))
    covers = request.covers * side / request.width  # as many meters a texel
    return replace(request, width=side, height=side, covers=covers, tile="xy")


def _native_per_texel(request: TextureRequest) -> float:
    card = library.card_named(request.source) if request.covers else None
    if card is None:
        return 1 / request.scale
    return request.covers * texels_per_meter(card) / request.scale / request.width


def _submit(request: TextureRequest) -> worker_client.PendingJob:
    # a square tile that is smaller than the preview is asked for once and repeated here
    is_tile = request.tile == "xy" and request.width == request.height < SIDE
    size = request.width if is_tile else SIDE
    return worker_client.bundled().submit(request.preview_job() | {"size": size, "engine": "onnx"})


def _pixels_of(job: worker_client.PendingJob) -> npt.NDArray[np.uint8]:
    """The worker's pixels, repeated where they are one tile."""
    assert job.result is not None
    pixels = np.load(job.result["file"], allow_pickle=False)
    repeats = -(-SIDE // len(pixels))
    tiled: npt.NDArray[np.uint8] = np.tile(pixels, (repeats, repeats, 1))[:SIDE, :SIDE]
    return tiled


def _tick() -> float | None:
    return _follower.tick() if _follower is not None else None


def register() -> None:
    global _follower
    _follower = Follower()


def unregister() -> None:
    global _follower
    if bpy.app.timers.is_registered(_tick):
        bpy.app.timers.unregister(_tick)
    if _follower is not None:
        _follower.remove()
    _follower = None

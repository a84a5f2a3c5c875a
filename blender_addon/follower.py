"""Pictures that follow what is wanted: drawing only asks; a timer starts jobs of the worker and takes in the results.

So a picture follows whatever changed the settings: a slider, an undo, a script.
"""

import time
import zlib
from collections.abc import Callable, Sequence
from typing import Any, Protocol

import bpy
import bpy.utils.previews
import numpy as np
import numpy.typing as npt

from texnet_core.errors import TexnetError

from . import session, worker_client
from .worker_process import WorkerError

SIDE = 256
BLANK = np.full((SIDE, SIDE, 3), 40, np.uint8)

_TICK_S = 0.01
_IDLE_TICKS = 50  # a timer that has nothing to do ends itself
_PAUSE_S = 5.0  # after a failure; drawing asks again and again
_FRESH_S = 2.0  # how long an image that is being painted on counts as read
_PAINTED_SIDE = 2048  # texels; a larger one is not read again and again

Pixels = npt.NDArray[np.uint8]


class Step(Protocol):
    """One picture on the way to what is wanted."""

    @property
    def caption(self) -> str:
        """What it shows, as a label."""

    @property
    def whole(self) -> bool:
        """All of something made smaller, which may take seconds."""

    @property
    def is_slow(self) -> bool:
        """Whether it is given up as soon as something else is wanted."""

    def submit(self) -> worker_client.PendingJob:
        """Ask the worker for it."""

    def pixels_of(self, job: worker_client.PendingJob) -> Pixels:
        """The finished picture, first row on top, at most 256 a side."""


class PictureFollower:
    """Brings a picture nearer to what is wanted, step by step.

    Attributes:
        caption: what the picture shows, "" before the first.
    """

    def __init__(self) -> None:
        self._icons = bpy.utils.previews.new()
        self._wanted: object = None
        self._steps: list[Any] = []  # what is still to be made for it
        self._job: worker_client.PendingJob | None = None
        self._making: Any = None
        self._idle = 0
        self._failed_at = -_PAUSE_S
        self._timer = self.tick  # the very same object for Blender's timers
        self._stamp = 0.0
        self._painted: dict[int, tuple[float, int]] = {}  # image -> when it was looked at, and its digest
        self.caption = ""

    def icon(self, name: str = "live") -> int:
        """Number of an icon; blank before there is a picture."""
        if name not in self._icons:
            self._icons.new(name)
            self._draw(name, BLANK)
        return int(self._icons[name].icon_id)

    def follow(self, wanted: object, steps: Callable[[], Sequence[Step]]) -> bool:
        """Set what is wanted; whether that is something new.

        Args:
            wanted: equal for what is the same.
            steps: what leads to it.
        """
        if wanted == self._wanted or self._is_pausing():
            return False
        self._wanted = wanted
        try:
            self._steps = list(steps())
        except (TexnetError, OSError):  # a panel must not fail while it is drawn; its button will say what is wrong
            self._steps = []
        if self._job is not None and self._making is not None and self._making.is_slow:
            self._job.cancel()  # what is quick may finish: it is nearer to the slider than what is shown
        return True

    def state_of(self, images: Sequence[Any]) -> tuple[Any, ...]:
        """What tells that images have changed, be they painted on."""
        settings = [
            (image.session_uid, *image.size, image.colorspace_settings.name, image.alpha_mode, image.filepath)
            for image in images
        ]
        return (self._stamp, *settings, *map(self._painted_on, images))

    def _painted_on(self, image: Any) -> int | None:
        """What the pixels of an image were a moment ago that is being painted on; None of any other."""
        if not image.is_dirty or max(image.size) > _PAINTED_SIDE:
            return None
        looked_at, digest = self._painted.get(image.session_uid, (-_FRESH_S, 0))
        if self._job is None and time.monotonic() - looked_at > _FRESH_S:
            values = np.empty(len(image.pixels), np.float32)
            image.pixels.foreach_get(values)
            digest = zlib.crc32(values.tobytes())
            self._painted[image.session_uid] = time.monotonic(), digest
        return digest

    def touch(self) -> None:
        """Take all images for changed."""
        self._stamp = time.monotonic()

    def start(self) -> None:
        """Let a timer bring it there."""
        if not bpy.app.timers.is_registered(self._timer):
            bpy.app.timers.register(self._timer, persistent=True)

    def tick(self) -> float | None:
        """One step; the seconds until the next, or None once all is done."""
        try:
            self._take_in()
            if self._job is None and (step := self._next()) is not None:
                self._making = step
                self._job = step.submit()
        except (TexnetError, WorkerError, OSError):
            self.drop()  # the button will say what is wrong
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
        if bpy.app.timers.is_registered(self._timer):
            bpy.app.timers.unregister(self._timer)
        self.drop()
        bpy.utils.previews.remove(self._icons)

    def _is_pausing(self) -> bool:
        return time.monotonic() - self._failed_at < _PAUSE_S

    def _next(self) -> Any:
        """What is to be made now, or None."""
        return self._steps.pop(0) if self._steps else None

    def _take_in(self) -> None:
        if self._job is None or self._making is None or not self._job.poll():
            return
        if self._job.result is not None:
            self._show(self._making.pixels_of(self._job), self._making)
        self._job.close()
        self._job = None

    def _show(self, pixels: Pixels, step: Any) -> None:
        self.icon()
        self._draw("live", pixels)
        self.caption = step.caption or self.caption
        session.redraw()

    def _draw(self, name: str, pixels: Pixels) -> None:
        """Give an icon its pixels, in the middle of a square."""
        height, width = pixels.shape[:2]
        rgba = np.zeros((SIDE, SIDE, 4), np.uint8)
        top, left = (SIDE - height) // 2, (SIDE - width) // 2
        rgba[top : top + height, left : left + width, :3] = pixels
        rgba[top : top + height, left : left + width, 3] = 255
        icon: Any = self._icons[name]
        icon.image_size = (SIDE, SIDE)
        icon.image_pixels.foreach_set(np.ascontiguousarray(rgba[::-1]).reshape(-1).view(np.int32))

"""The live preview: the panel says what it wants to show, and gets it a moment later.

Drawing only asks. A timer starts the worker's jobs, takes in the pixels and draws again, so that the picture follows
whatever changed the settings: a slider, an undo, a script.

The preview is the upper left corner of the very texture, or all of it made smaller. Where that takes long a draft
comes first. Beside it there may be a grid of nine seeds; its pictures are made one after the other, whenever the
preview has none to make.
"""

import time
from dataclasses import replace
from typing import Any

import bpy
import bpy.utils.previews
import numpy as np

from texnet_core.errors import TexnetError

from . import session, worker_client
from .preview_jobs import SIDE, Pixels, Step, quick, steps_to
from .request import MAX_INT, TextureRequest
from .worker_process import WorkerError

SEEDS = 9

_TICK_S = 0.01
_IDLE_TICKS = 50  # a timer that has nothing to do ends itself
_PAUSE_S = 5.0  # after a failure; drawing asks again and again
_BLANK = np.full((SIDE, SIDE, 3), 40, np.uint8)


class Follower:
    """Brings a picture nearer to what is wanted, step by step.

    Attributes:
        caption: what the picture shows, "" before the first.
    """

    def __init__(self) -> None:
        self._icons = bpy.utils.previews.new()
        self._wanted: tuple[TextureRequest, bool] | None = None
        self._grid: tuple[TextureRequest, int] | None = None
        self._steps: list[Step] = []  # what is still to be made for it
        self._seeds: list[int] = []  # whose picture in the grid is still to be made
        self._job: worker_client.PendingJob | None = None
        self._making: Step | None = None
        self._idle = 0
        self._failed_at = -_PAUSE_S
        self.caption = ""

    def icon(self, name: str) -> int:
        """Number of the icon "live" or "seed 0" to "seed 8"; blank before there is a picture."""
        if name not in self._icons:
            self._icons.new(name)
            self._draw(name, _BLANK)
        return int(self._icons[name].icon_id)

    def want(self, request: TextureRequest, *, whole: bool = False) -> bool:
        """Set what is wanted; whether that is something new."""
        request = replace(request, depth=8, udim=None)  # neither changes the picture
        if (request, whole) == self._wanted or self._is_pausing():
            return False
        self._wanted = request, whole
        try:
            self._steps = steps_to(request, whole=whole)
        except (TexnetError, OSError):  # a panel must not fail while it is drawn; Generate will say what is wrong
            self._steps = []
        if self._job is not None and self._making is not None and self._making.is_slow:
            self._job.cancel()  # what is quick may finish: it is nearer to the slider than what is shown
        return True

    def want_seeds(self, request: TextureRequest, first: int) -> bool:
        """Set from which seed on the grid shows nine; whether that is something new."""
        request = replace(request, depth=8, udim=None, seed=0)
        if (request, first) == self._grid or self._is_pausing():
            return False
        self._grid = request, first
        self._seeds = [first + number for number in range(SEEDS) if first + number <= MAX_INT]
        return True

    def tick(self) -> float | None:
        """One step; the seconds until the next, or None once all is done."""
        try:
            self._take_in()
            if self._job is None and (step := self._next()) is not None:
                self._making = step
                self._job = step.submit()
        except (TexnetError, WorkerError, OSError):
            self.drop()  # Generate will say what is wrong
            self._failed_at = time.monotonic()
        self._idle = 0 if self._job is not None else self._idle + 1
        return None if self._idle > _IDLE_TICKS else _TICK_S

    def drop(self) -> None:
        """Give up what is under way."""
        if self._job is not None:
            self._job.close()
        self._job = self._wanted = self._grid = None
        self._steps, self._seeds = [], []

    def remove(self) -> None:
        self.drop()
        bpy.utils.previews.remove(self._icons)

    def _is_pausing(self) -> bool:
        return time.monotonic() - self._failed_at < _PAUSE_S

    def _next(self) -> Step | None:
        """What is to be made now: the preview, then the grid, and last a whole tile, which takes seconds."""
        is_long = len(self._steps) == 1 and self._steps[0].whole
        if self._steps and not (is_long and self._seeds):
            return self._steps.pop(0)
        return self._next_seed()

    def _next_seed(self) -> Step | None:
        if self._grid is None or not self._seeds:
            return None
        request = replace(self._grid[0], seed=self._seeds[0])
        return Step(quick(request), False, "")

    def _take_in(self) -> None:
        if self._job is None or self._making is None or not self._job.poll():
            return
        if self._job.result is not None:
            self._show(self._making.pixels_of(self._job), self._making)
        self._job.close()
        self._job = None

    def _show(self, pixels: Pixels, step: Step) -> None:
        name = "live" if step.caption else self._seed_shown(step)
        if name:
            self.icon(name)
            self._draw(name, pixels)
        self.caption = step.caption or self.caption
        session.redraw()

    def _seed_shown(self, step: Step) -> str:
        """The place in the grid that a seed's picture is for; "" where the grid is of something else meanwhile."""
        if self._grid is None or step != self._next_seed():
            return ""
        return f"seed {self._seeds.pop(0) - self._grid[1]}"

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


_follower: Follower | None = None


def want(request: TextureRequest, *, whole: bool = False) -> None:
    """Ask for the preview of a request; to be called while drawing."""
    if _follower is not None and not bpy.app.background and _follower.want(request, whole=whole):
        _start()


def want_seeds(request: TextureRequest, first: int) -> None:
    """Ask for the pictures of nine seeds; to be called while drawing."""
    if _follower is not None and not bpy.app.background and _follower.want_seeds(request, first):
        _start()


def forget() -> None:
    """Make the pictures again when they are next wanted: a file has changed."""
    if _follower is not None:
        _follower.drop()


def icon_of(name: str) -> int:
    """Number of the icon "live" or "seed 0" to "seed 8"."""
    return _follower.icon(name) if _follower is not None else 0


def caption() -> str:
    """What the live preview shows, as a label."""
    return (_follower.caption if _follower is not None else "") or "Live Preview"


def _start() -> None:
    if not bpy.app.timers.is_registered(_tick):
        bpy.app.timers.register(_tick, persistent=True)


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

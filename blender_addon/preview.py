"""The live preview of textures: the panel says what it wants to show, and gets it a moment later.

The preview is a lit sphere or plane of all maps, the upper left corner of the very texture, or all of it made smaller.
Where that takes long a draft comes first. Beside it there may be a grid of nine seeds; its pictures are made one after
the other, whenever the preview has none to make.
"""

from dataclasses import replace
from typing import Any

import bpy

from . import session
from .follower import PictureFollower, Pixels
from .preview_jobs import Shows, Step, quick, steps_to
from .request import MAX_INT, TextureRequest

SEEDS = 9


class Follower(PictureFollower):
    """The picture of a texture, under the name "live", and the grid, "seed 0" to "seed 8"."""

    def __init__(self) -> None:
        self._grid: tuple[TextureRequest, int, tuple[Any, ...]] | None = None
        self._seeds: list[int] = []  # whose picture in the grid is still to be made
        super().__init__()

    def want(self, request: TextureRequest, shows: Shows = "CORNER") -> bool:
        """Set what is wanted; whether that is something new."""
        request = replace(request, depth=8, udim=None, maps="")  # none changes the picture
        state = self._mask_state(request)
        return self.follow((request, shows, state), lambda: _steps_to(request, shows, state))

    def want_seeds(self, request: TextureRequest, first: int) -> bool:
        """Set from which seed on the grid shows nine; whether that is something new."""
        request = replace(request, depth=8, udim=None, seed=0, maps="")
        state = self._mask_state(request)
        if (request, first, state) == self._grid or self._is_pausing():
            return False
        self._grid = request, first, state
        self._seeds = [first + number for number in range(SEEDS) if first + number <= MAX_INT]
        return True

    def drop(self) -> None:
        super().drop()
        self._grid, self._seeds = None, []

    def _mask_state(self, request: TextureRequest) -> tuple[Any, ...]:
        """What tells that the mask of a mix has changed; () where there is none."""
        mask = bpy.data.images.get(request.mix_mask) if request.mix_mask else None
        return self.state_of([mask]) if mask is not None else ()

    def _next(self) -> Step | None:
        """What is to be made now: the preview, then the grid, and last a whole tile, which takes seconds."""
        is_long = len(self._steps) == 1 and self._steps[0].whole
        if self._steps and not (is_long and self._seeds):
            step: Step = self._steps.pop(0)
            return step
        return self._next_seed()

    def _next_seed(self) -> Step | None:
        if self._grid is None or not self._seeds:
            return None
        request, _, state = self._grid
        return Step(quick(replace(request, seed=self._seeds[0])), False, "", state)

    def _show(self, pixels: Pixels, step: Step) -> None:
        if step.caption:
            super()._show(pixels, step)
        elif name := self._seed_shown(step):
            self.icon(name)
            self._draw(name, pixels)
            session.redraw()

    def _seed_shown(self, step: Step) -> str:
        """The place in the grid that a seed's picture is for; "" where the grid is of something else meanwhile."""
        if self._grid is None or step != self._next_seed():
            return ""
        return f"seed {self._seeds.pop(0) - self._grid[1]}"


def _steps_to(request: TextureRequest, shows: Shows, state: tuple[Any, ...]) -> list[Step]:
    return [replace(step, state=state) for step in steps_to(request, shows)]


_follower: Follower | None = None


def want(request: TextureRequest, shows: Shows) -> None:
    """Ask for the preview of a request; to be called while drawing."""
    if _follower is not None and not bpy.app.background and _follower.want(request, shows):
        _follower.start()


def want_seeds(request: TextureRequest, first: int) -> None:
    """Ask for the pictures of nine seeds; to be called while drawing."""
    if _follower is not None and not bpy.app.background and _follower.want_seeds(request, first):
        _follower.start()


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


def register() -> None:
    global _follower
    _follower = Follower()


def unregister() -> None:
    global _follower
    if _follower is not None:
        _follower.remove()
    _follower = None

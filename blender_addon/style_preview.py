"""The live preview of the section Stylize: what the chosen image becomes, in its middle or all of it.

The image is read once, and again when it is another one or was painted on. Its colors are measured on samples of all
images that are to be painted, so that the preview has the colors of the result.
"""

import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import bpy
import numpy as np

from texnet_core.errors import RequestError
from texnet_core.pictures.color_statistics import ColorStatistics

from . import contents, subjects, worker_client
from .blocks import by_uid
from .follower import SIDE, PictureFollower, Pixels
from .request import StylizeRequest

_SAMPLES = 256  # along an axis of an image, for its colors
_MOST_TEXELS = 2**25  # of images that are read for their colors; beyond, the first one's own will do
_WHOLE_SIDE = 2048  # a larger picture is made smaller first, which makes its strokes larger


@dataclass(frozen=True)
class Wanted:
    """What is to be shown.

    Attributes:
        request: the style and how it is used.
        found: the images; the first is shown.
        mask_uid: of the image that says where, 0 for everywhere.
        whole: all of it made smaller, not its middle.
        state: of these images; another one where they changed.
    """

    request: StylizeRequest
    found: subjects.Found
    mask_uid: int
    whole: bool
    state: tuple[Any, ...]


class _Read:
    """An image as the worker gets it."""

    def __init__(self) -> None:
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._key: object = None
        self.shape = (0, 0)
        self.colors: ColorStatistics | None = None

    def file(self, name: str) -> str:
        assert self._folder is not None
        return str(Path(self._folder.name) / f"{name}.npy")

    def update(self, wanted: Wanted) -> None:
        """Read it unless that was done.

        Raises:
            TexnetError: it cannot be read.
        """
        key = (wanted.found.subjects, wanted.mask_uid, wanted.state)
        if key == self._key:
            return
        self.forget()
        images = [subject.image for subject in wanted.found.subjects]
        if not images or images[0] is None:
            raise RequestError("there is nothing to show", expected="an image", remedy="choose one")
        self._folder = tempfile.TemporaryDirectory(prefix="texnet-", ignore_cleanup_errors=True)
        first = contents.read(images[0])[0]
        levels, self.shape = first.levels, first.shape
        np.save(self.file("content"), levels)
        if wanted.mask_uid:
            mask = by_uid(bpy.data.images, wanted.mask_uid)
            if mask is None:
                raise RequestError("the mask has gone", expected="it", remedy="choose another one")
            np.save(self.file("mask"), contents.read_mask(mask, self.shape))
        samples = [_samples(levels)]
        if sum(image.size[0] * image.size[1] for image in images if image is not None) <= _MOST_TEXELS:
            others = (contents.read(image) for image in images[1:] if image is not None)
            samples += [_samples(part.levels) for parts in others for part in parts]
        self.colors = ColorStatistics.of(samples)
        self._key = key

    def forget(self) -> None:
        if self._folder is not None:
            self._folder.cleanup()
        self._folder = self._key = None


@dataclass(frozen=True)
class StyleStep:
    """One picture on the way; see `follower.Step`."""

    wanted: Wanted
    read: _Read
    caption: str

    @property
    def whole(self) -> bool:
        return self.wanted.whole

    @property
    def is_slow(self) -> bool:
        return self.wanted.whole or self.wanted.request.scale < 1

    def submit(self) -> worker_client.PendingJob:
        self.read.update(self.wanted)
        request = replace(self.wanted.request, colors=self.read.colors)
        larger = max(self.read.shape) / _WHOLE_SIDE
        if self.whole and larger > 1:
            height, width = (round(side / larger) for side in self.read.shape)
            request = replace(request, width=width, height=height)
        job = request.job() | {"job": "preview_style", "content": self.read.file("content"), "engine": "onnx"}
        job |= {"strength_map": self.read.file("mask")} if self.wanted.mask_uid else {}
        return worker_client.bundled().submit(job | {"size": SIDE, "whole": self.whole})

    def pixels_of(self, job: worker_client.PendingJob) -> Pixels:
        assert job.result is not None
        pixels: Pixels = np.load(job.result["file"], allow_pickle=False)
        return pixels


class StyleFollower(PictureFollower):
    """The picture of an image in a style."""

    def __init__(self) -> None:
        self._read = _Read()
        super().__init__()

    def want(self, request: StylizeRequest, found: subjects.Found, mask: Any = None, *, whole: bool = False) -> bool:
        """Set what is wanted; whether that is something new."""
        mask_uid = mask.session_uid if mask is not None else 0
        blocks = [block for block in (*(subject.image for subject in found.subjects), mask) if block is not None]
        wanted = Wanted(request, replace(found, left=()), mask_uid, whole, self.state_of(blocks))
        return self.follow(wanted, lambda: self._steps_to(wanted) if found.subjects else [])

    def forget(self) -> None:
        """Read the image again."""
        self.touch()
        self.drop()

    def remove(self) -> None:
        super().remove()
        self._read.forget()

    def _steps_to(self, wanted: Wanted) -> list[StyleStep]:
        middle = StyleStep(replace(wanted, whole=False), self._read, "Middle of the Picture")
        if not wanted.whole:
            return [middle]
        is_large = max(wanted.found.subjects[0].image.size) > _WHOLE_SIDE
        caption = "All of the Picture, in Larger Strokes" if is_large else "All of the Picture"
        return [middle, StyleStep(wanted, self._read, caption)]


def _samples(levels: contents.Levels) -> Any:
    """Some of the visible texels, in [0, 1]."""
    steps = tuple(max(1, side // _SAMPLES) for side in levels.shape[:2])
    some = levels[:: steps[0], :: steps[1]] / np.float32(np.iinfo(levels.dtype).max)
    return some[..., :3].reshape(-1, 3) if levels.shape[2] == 3 else some[some[..., 3] > 0][:, :3]


_follower: StyleFollower | None = None


def want(request: StylizeRequest, found: subjects.Found, mask: Any, *, whole: bool) -> None:
    """Ask for the preview; to be called while drawing."""
    if _follower is not None and not bpy.app.background and _follower.want(request, found, mask, whole=whole):
        _follower.start()


def forget() -> None:
    """Read the image again when it is next wanted."""
    if _follower is not None:
        _follower.forget()


def icon() -> int:
    """Number of the icon."""
    return _follower.icon() if _follower is not None else 0


def caption() -> str:
    """What the preview shows, as a label."""
    return (_follower.caption if _follower is not None else "") or "Live Preview"


def register() -> None:
    global _follower
    _follower = StyleFollower()


def unregister() -> None:
    global _follower
    if _follower is not None:
        _follower.remove()
    _follower = None

"""Lit spheres of generators, for the gallery and the Asset Browser: made once, by the worker, and kept in a file."""

import hashlib
from functools import lru_cache
from pathlib import Path
from typing import Any

import bpy
import numpy as np
import numpy.typing as npt

from texnet_core.atomic import replacing
from texnet_core.errors import TexnetError
from texnet_core.model.header import Header

from . import session, worker_client
from .preferences import user_folder
from .request import TextureRequest
from .worker_process import Message, WorkerError

SIDE = 256  # of the pictures
_TEXELS = 384  # of the texture on a sphere, which show one and a half exemplars
_EXEMPLAR = 256
_FORM = 1  # of the pictures: another one draws them anew
_TICK_S = 0.1

Pixels = npt.NDArray[np.uint8]


def has_sphere(card: Header | None) -> bool:
    """Whether a generator is shown as a sphere: it says how its surface answers to light."""
    return card is not None and not card.paints and not card.adapts and (card.look is not None or len(card.maps) > 1)


def job_for(request: TextureRequest, card: Header) -> Message:
    """The worker's request for a sphere with a texture like that of a request."""
    scale = min(1.0, max(0.25, _EXEMPLAR / card.texels_per_exemplar))
    values = {"width": _TEXELS, "height": _TEXELS, "scale": scale, "covers": 0.0, "tile": "xy", "depth": 8}
    return request.job() | values | {"job": "sphere", "udim": None, "size": SIDE, "engine": "onnx"}


def kept(file: Path) -> Path | None:
    """The picture of a generator, if there is one: an array of uint8, (side, side, 3), first row on top.

    Raises:
        OSError: the generator's file cannot be read.
    """
    found = _place_of(file)
    return found if found.is_file() else None


def keep(file: Path, picture: Path) -> Path:
    """Take over a picture that the worker has made; returns where it is kept.

    Raises:
        OutputError: it cannot be kept.
    """
    target = _place_of(file)
    with replacing(target) as temporary:
        temporary.write_bytes(picture.read_bytes())
    return target


def pixels_of(picture: Path) -> Pixels:
    """A picture that is kept.

    Raises:
        OSError, ValueError: it cannot be read.
    """
    found: Pixels = np.load(picture, allow_pickle=False)
    if found.dtype != np.uint8 or found.ndim != 3 or found.shape[0] != found.shape[1] or found.shape[2] != 3:
        raise ValueError("no picture of a sphere")
    return found


def _place_of(file: Path) -> Path:
    state = file.stat()
    return user_folder("thumbnails") / f"sphere{_FORM}-{digest(file, state.st_mtime_ns, state.st_size)}.npy"


@lru_cache(maxsize=512)
def digest(file: Path, modified_ns: int, size: int) -> str:
    """Of a generator's bytes: a zip that is installed again gives all files new times."""
    return hashlib.sha256(file.read_bytes()).hexdigest()[:24]


class Drawer:
    """Draws the spheres that are wanted, one by one, while the worker has nothing else to do."""

    def __init__(self) -> None:
        self._wanted: dict[Path, tuple[str, Header]] = {}
        self._failed: set[Path] = set()
        self._job: worker_client.PendingJob | None = None
        self._file: Path | None = None
        self._timer = self.tick  # the very same object for Blender's timers
        self.drawn: Any = lambda file: None

    def want(self, name: str, file: Path, card: Header) -> None:
        """Ask for the sphere of a source; to be called while drawing."""
        if bpy.app.background or file in self._wanted or file in self._failed:
            return
        self._wanted[file] = name, card
        if not bpy.app.timers.is_registered(self._timer):
            bpy.app.timers.register(self._timer, persistent=True)

    def tick(self) -> float | None:
        """One step; the seconds until the next, or None once all is done."""
        try:
            self._take_in()
            if self._job is None and self._wanted and not session.tasks:
                self._file = next(iter(self._wanted))
                name, card = self._wanted[self._file]
                self._job = worker_client.bundled().submit(job_for(TextureRequest(source=name), card))
        except WorkerError as error:
            if error.is_bystander:
                self._put_back()
            else:
                self._give_up()
        except (TexnetError, OSError, ValueError):
            self._give_up()
        return _TICK_S if self._wanted else None

    def remove(self) -> None:
        if bpy.app.timers.is_registered(self._timer):
            bpy.app.timers.unregister(self._timer)
        if self._job is not None:
            self._job.close()

    def _take_in(self) -> None:
        if self._job is None or self._file is None or not self._job.poll():
            return
        if self._job.result is not None:
            keep(self._file, Path(self._job.result["file"]))
            self.drawn(self._file)
            session.redraw()
        self._finish()

    def _give_up(self) -> None:
        """It keeps its plain picture."""
        if self._file is not None:
            self._failed.add(self._file)
        self._finish()

    def _finish(self) -> None:
        if self._file is not None:
            self._wanted.pop(self._file, None)
        self._put_back()

    def _put_back(self) -> None:
        """Nothing is drawn now; what is wanted still is."""
        if self._job is not None:
            self._job.close()
        self._job = self._file = None

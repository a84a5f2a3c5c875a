"""A generator from an image at once: the task of a worker, and its file into the library. No backend is needed."""

import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import bpy
import numpy as np

from texnet_core.atomic import as_output_error, replacing
from texnet_core.errors import ImageError, NoImageError, RequestError
from texnet_core.model.artifact import SUFFIX, Header, read_header
from texnet_core.presets import find_source

from . import contents, exemplar, library, session
from .gallery import Shown
from .instant_methods import FIRST_METHOD, METHODS
from .request import title_of


@dataclass(frozen=True)
class Wanted:
    """What is to be made of which image.

    Attributes:
        image: a still image.
        method: what makes a generator of it: one of `METHODS`, or the file of a network that adapts.
        mask: an image of the same size, white where it takes part, or None.
        name: of the generator; "" for that of the image and the method.
        real_width: meters that the image's width shows, 0 where unknown.
    """

    image: Any
    method: str = FIRST_METHOD
    mask: Any = None
    name: str = ""
    real_width: float = 0.0

    @property
    def title(self) -> str:
        """What the generator is to be called."""
        labels = {name: label for name, label, _ in METHODS}
        method = labels.get(self.method) or title_of(self.method)
        return self.name or f"{Path(self.image.name).stem or self.image.name} {method}"


class InstantTask(session.MakingTask):
    """A generator on its way.

    Attributes:
        wanted: what it is made of.
    """

    def __init__(self, wanted: Wanted) -> None:
        check_method(wanted.method)
        self.wanted = wanted
        library.new_file(wanted.title)  # that the name can be one is known before anything is read
        self._notes: list[str] = []
        self._folder = tempfile.TemporaryDirectory(prefix="texnet-", ignore_cleanup_errors=True)
        try:
            self._message = self._written()
            super().__init__(wanted.title)
        except BaseException:
            self._folder.cleanup()
            raise

    def message(self) -> dict[str, Any]:
        return self._message

    def close(self) -> None:
        super().close()
        self._folder.cleanup()

    @property
    def file(self) -> Path:
        """Where the worker puts it."""
        return Path(self._folder.name) / f"made{SUFFIX}"

    @property
    def notes(self) -> list[str]:
        """What the user should know, a clause each."""
        return list(dict.fromkeys([note for note in (self.note, *self._notes, *self.job.notes) if note]))

    def _written(self) -> dict[str, Any]:
        """The worker's request, with the texels where the worker finds them."""
        exemplar.check_image(self.wanted.image)
        (part,) = contents.read(self.wanted.image)
        self._notes += part.notes
        message: dict[str, Any] = {"job": "adapt", "source": self.wanted.method, "name": self.wanted.title}
        message |= {"output": str(self.file)}
        message |= {"exemplar": self._saved("exemplar", part.levels), "real_width": self.wanted.real_width}
        if self.wanted.mask is not None:
            self._check_mask(part.shape)
            message["mask"] = self._saved("mask", contents.read_mask(self.wanted.mask, part.shape))
        return message

    def _saved(self, name: str, levels: contents.Levels) -> str:
        file = Path(self._folder.name) / f"{name}.npy"
        with as_output_error(file):
            np.save(file, levels)
        return str(file)

    def _check_mask(self, shape: tuple[int, int]) -> None:
        width, height = self.wanted.mask.size
        if (height, width) != shape:
            raise ImageError(
                f"the mask {self.wanted.mask.name} has {width}x{height} pixels, and the image {shape[1]}x{shape[0]}",
                expected="a mask of the image's size",
                remedy="scale the mask to the image's size",
            )


def methods(also: str = "") -> list[Shown]:
    """What makes a generator of an image: the core's own, then networks of the library, and the file `also`."""
    networks = (
        (source.name, source.title, f"A new surface like that of the image, by the network {source.title}", 0)
        for source in library.list_networks(also)
    )
    return [*((*method, 0) for method in METHODS), *networks]


def check_method(method: str) -> None:
    """Raise TexnetError where nothing makes a generator of an image under that name."""
    known = [name for name, _, _ in METHODS]
    if method in known:
        return
    if not method.endswith(SUFFIX):
        remedy = "choose one of these, or the file of a network that adapts"
        raise RequestError(f"no method is called {method!r}", expected=known, remedy=remedy)
    if not read_header(find_source(method)).adapts:
        raise RequestError(
            f"{title_of(method)} has a surface of its own and makes nothing of images",
            expected="a network that adapts",
            remedy="choose another method",
        )


def keep(task: InstantTask) -> str:
    """Take a finished generator into the library; one of the very same image that is there serves as well.

    Returns:
        The source: the path of its file.

    Raises:
        OutputError: it cannot be kept.
    """
    card, number = read_header(task.file), 1
    file = first = library.new_file(task.title)
    while file.exists():
        if _is_same(file, card):
            return str(file)
        number += 1
        file = first.with_stem(f"{first.stem} {number}")
    with replacing(file) as temporary:
        shutil.copyfile(task.file, temporary)
    return str(file)


def loaded(file: Path) -> Any:
    """An image of a file.

    Raises:
        NoImageError: Blender cannot load it.
    """
    try:
        return bpy.data.images.load(str(file))
    except RuntimeError as error:
        raise NoImageError(f"{file} cannot be loaded ({error})", expected="an image", remedy="check the path") from None


def image_named(name: str) -> Any:
    """The image of that name.

    Raises:
        RequestError: there is none.
    """
    image: Any = bpy.data.images.get(name) if name else None
    if image is None:
        found = f"no image is called {name!r}" if name else "no image is given"
        raise RequestError(found, expected="an image of a surface", remedy="choose an image of a surface")
    return image


def _is_same(file: Path, card: Header) -> bool:
    """Whether a file of the library was made of the same picture in the same way."""
    there = library.card_named(str(file))
    if there is None:
        return False
    return _made_of(there) == _made_of(card)


def _made_of(card: Header) -> tuple[object, ...]:
    """What tells generators apart: also those of a run, which may bear the name of one that was made at once."""
    return card.family, card.settings, card.training, card.size_m, card.provenance.exemplar_sha256

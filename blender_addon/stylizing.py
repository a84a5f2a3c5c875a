"""Painting images in a style: the task of a worker, and its result into the file."""

import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import bpy
import numpy as np

from texnet_core.atomic import as_output_error
from texnet_core.errors import RequestError

from . import contents, history, images, masks, reveal, session, subjects, worker_client
from .blocks import by_uid
from .preferences import preferences
from .request import StylizeRequest
from .rollback import all_or_nothing
from .wording import counted

_MAX_SUFFIX = 40  # letters of a style in the name of an image


@dataclass(frozen=True)
class Painting:
    """What is to be painted and where it goes.

    Attributes:
        request: the style and how it is used.
        found: the images and the nodes that show them.
        mask_uid: of the image that says where, 0 for everywhere.
        replaced_uid: of a picture that this one takes the place of in the Image Editors, 0 for none.
    """

    request: StylizeRequest
    found: subjects.Found
    mask_uid: int = 0
    replaced_uid: int = 0


class PaintingTask(session.MakingTask):
    """Images on their way. They are read one at a time, so that the interface stays usable, and then sent off.

    Attributes:
        painting: what is to be done.
    """

    def __init__(self, painting: Painting) -> None:
        self.painting = painting
        self._message = painting.request.job()
        self._unread = list(painting.found.subjects)
        self._parts: list[list[contents.Part]] = []
        self._pictures: list[dict[str, str]] = []
        self._folder = tempfile.TemporaryDirectory(prefix="texnet-", ignore_cleanup_errors=True)
        try:
            super().__init__(f"{painting.request.title}: {subjects.title_of(painting.found)}")
        except BaseException:
            self._folder.cleanup()
            raise

    def poll(self, timeout_s: float = 0.0) -> bool:
        if not self._unread:
            return super().poll(timeout_s)
        if self.job.cancelled:
            return True
        self._read(self._unread.pop(0))
        if not self._unread:
            self.job = self._submit()
        return False

    def message(self) -> dict[str, Any]:
        one_look = len(self._pictures) > 1
        wrap = {"wrap": "none"} if any(part.tile for parts in self._parts for part in parts) else {}
        return self._message | wrap | {"pictures": self._pictures, "one_look": one_look}

    def close(self) -> None:
        super().close()
        self._folder.cleanup()

    def results(self) -> list[tuple[subjects.Subject, list[contents.Part], list[dict[str, Any]]]]:
        """For each subject its parts and what the worker made of them."""
        assert self.job.result is not None
        made = iter(self.job.result["pictures"])
        return [
            (subject, parts, [next(made) for _ in parts])
            for subject, parts in zip(self.painting.found.subjects, self._parts, strict=True)
        ]

    @property
    def notes(self) -> list[str]:
        """What the user should know."""
        texts = [self.note] if self.note else []
        texts += [note for parts in self._parts for part in parts for note in part.notes]
        if self.painting.found.left:
            texts.append(f"left as they are: {', '.join(self.painting.found.left)}")
        return list(dict.fromkeys(texts))

    def _submit(self) -> Any:
        return worker_client.StandIn() if self._unread else super()._submit()

    def _read(self, subject: subjects.Subject) -> None:
        """Write the texels of an image where the worker finds them."""
        image = subject.image
        if image is None:
            raise RequestError("the image has gone", expected="it", remedy="choose another one")
        mask = by_uid(bpy.data.images, self.painting.mask_uid)
        if mask is None and self.painting.mask_uid:
            raise RequestError("the mask has gone", expected="it", remedy="choose another one")
        parts = contents.read(image)
        for part in parts:
            number = len(self._pictures)
            file = Path(self._folder.name) / f"content_{number}.npy"
            tile = f".{part.tile}" if part.tile else ""
            picture = {"content": str(file), "name": f"{len(self._parts)}{tile}"}
            with as_output_error(file):
                np.save(file, part.levels)
                if mask is not None:
                    picture["strength_map"] = str(file.with_name(f"mask_{number}.npy"))
                    np.save(picture["strength_map"], contents.read_mask(mask, part.shape))
            self._pictures.append(picture)
        self._parts.append([contents.without_levels(part) for part in parts])


def place(task: PaintingTask) -> list[Any]:
    """Take the finished pictures into the file, and let nodes and editors show them; all of it or nothing.

    Returns:
        The new images.

    Raises:
        OutputError: they cannot be kept.
    """
    painting = task.painting
    keep_beside = preferences().storage == "FILE"
    made: list[tuple[subjects.Subject, Any]] = []
    with all_or_nothing():
        for subject, parts, results in task.results():
            content = subject.image
            name = f"{_stem(content)} {painting.request.title[:_MAX_SUFFIX]}"
            files = [Path(result["file"]) for result in results]
            image = contents.made_image(files, parts, name, keep_beside=keep_beside)
            made.append((subject, image))
            settled = StylizeRequest.from_record(results[0]["request"] | {"source": painting.request.source})
            images.set_style_record(image, settled, content, by_uid(bpy.data.images, painting.mask_uid))
        spots = [(spot, image) for subject, image in made for spot in subject.spots]
        with subjects.shown_by(spots) as gone:
            if gone:
                task.note = f"{counted(len(gone), 'node')} that showed the picture has gone; it is an image of the file"
            _show(painting, [image for _, image in made])
    return [image for _, image in made]


def _show(painting: Painting, made: list[Any]) -> None:
    if painting.found.in_editor:
        reveal.show_image(made[0])
    elif painting.replaced_uid:
        reveal.show_instead(by_uid(bpy.data.images, painting.replaced_uid), made[0])
    elif painting.found.subjects[0].spots:
        reveal.show_textures()


def _stem(content: Any) -> str:
    """What the picture shows, for its name: of one that was painted already, the one behind."""
    if content is None:
        return "Picture"
    return "Render" if content.type == "RENDER_RESULT" else Path(content.name).stem or content.name


def again(image: Any) -> Painting:
    """What makes a picture in a style once more, in its place.

    Raises:
        RequestError: it is none, or what it shows has gone.
    """
    request = history.style_request_of(image)
    if request is None:
        name = image.name if image is not None else "the image"
        raise RequestError(
            f"{name} was not painted in a style", expected="a picture that was", remedy="choose one in the history"
        )
    content = subjects.original_of(image)
    if content is None:
        raise RequestError(
            f"the picture behind {image.name} has gone", expected="it", remedy="paint another image in this style"
        )
    mask = images.mask_of(image)
    subject = subjects.Subject(content.session_uid, subjects.showing(image))
    mask_uid = mask.session_uid if mask is not None else 0
    request = replace(request, width=0, height=0, depth=0)  # as the content has them now
    return Painting(request, subjects.Found((subject,)), mask_uid, replaced_uid=image.session_uid)


def mask_named(name: str) -> int:
    """The number of the image of that name; 0 for no name.

    Raises:
        RequestError: there is none.
    """
    return int(masks.named(name).session_uid) if name else 0

"""A request as its job sees it: fields that are checked where they are read, and a way to report and to be stopped."""

import os
import reprlib
import time
from collections.abc import Callable, Sequence
from dataclasses import Field, dataclass, fields
from pathlib import Path
from typing import Any, TypeVar

from texnet_core.atomic import check_writable
from texnet_core.errors import Cancelled, RequestError
from texnet_core.model.artifact import SUFFIX
from texnet_core.settings import Checked
from texnet_core.stylization.request import StylizeRequest
from texnet_core.synthesis.request import TextureRequest

Message = dict[str, Any]
T = TypeVar("T")
S = TypeVar("S", bound=Checked)
R = TypeVar("R", TextureRequest, StylizeRequest)

_WORDS = {str: "text", bool: "true or false"}


@dataclass(frozen=True)
class WorkerJob:
    """One request.

    Attributes:
        request: the message, from whom nothing may be taken for granted.
        send: sends a message about this job.
        is_stopped: whether it was cancelled.
    """

    request: Message
    send: Callable[[Message], None]
    is_stopped: Callable[[], bool]

    def check(self) -> None:
        """Raise Cancelled if the job is to stop."""
        if self.is_stopped():
            raise Cancelled

    def report(self, stage: str, done: float, total: float, **more: Any) -> None:
        """Send progress, or raise Cancelled if the job is to stop."""
        self.check()
        self.send({"event": "progress", "stage": stage, "done": done, "total": total, **more})

    def note(self, text: str) -> None:
        """Say a sentence that is worth showing."""
        self.report("preparing", 0, 1, note=text)

    def field(self, name: str, kind: type[T]) -> T:
        """The field of that name, a text or a truth."""
        value = self.request.get(name)
        if type(value) is not kind:
            raise self.refused(name, _WORDS[kind])
        if isinstance(value, str) and not _is_speakable(value):
            raise self.refused(name, "text that the system can take")
        return value

    def folder(self) -> Path:
        """The folder for the job's files."""
        folder = self.field("folder", str)
        if not os.path.isdir(folder):
            raise self.refused("folder", "an existing folder")
        return Path(folder)

    def asked(self, kind: type[R]) -> R:
        """The texture or the picture that is asked for; what is not there has its default, but for the source."""
        self.field("source", str)
        return kind.from_record(self.request)

    def settings(self, kind: type[S]) -> S:
        """Settings from the fields of their names; what is not there has its default."""
        return kind(
            **{spec.name: self.request[spec.name] for spec in settable(kind) if spec.name in self.request}
        ).check()

    def refused(self, name: str, expected: str | Sequence[str]) -> RequestError:
        """The error for a field that is missing or senseless."""
        given = f"cannot be {reprlib.repr(self.request[name])}" if name in self.request else "is missing"
        remedy = f"give {expected}" if isinstance(expected, str) else "give one of these"
        return RequestError(f"the request's {name!r} {given}", expected=expected, remedy=remedy)


def _is_speakable(text: str) -> bool:
    """Whether it can be part of a path, be there such a file or not: JSON can carry text that systems cannot."""
    try:
        return b"\0" not in os.fsencode(text)
    except UnicodeEncodeError:
        return False


def file_stem(job: WorkerJob) -> str:
    """The field "name" as the name of a file without folder and suffix."""
    name = job.field("name", str)
    if not name or Path(name).name != name or "\\" in name:
        raise job.refused("name", "a file name without folder and suffix")
    return name


def generator_output(job: WorkerJob) -> Path:
    """Where a generator goes, by the field "output"; the place can be written."""
    output = Path(job.field("output", str))
    if output.suffix != SUFFIX:
        raise job.refused("output", f"a path ending in {SUFFIX}")
    check_writable(output)
    return output


def seconds_since(started: float) -> float:
    """Since a monotonic time, as results state it."""
    return round(time.monotonic() - started, 3)


def settable(kind: Any) -> list[Field[Any]]:
    """The fields of a dataclass that are settings, not facts."""
    return [spec for spec in fields(kind) if "help" in spec.metadata]

"""The one family of errors. Every message says what is wrong and what helps, in one line.

Front ends catch `TexnetError` once and show `str(error)`.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple


class Range(NamedTuple):
    """The numbers that would have been right, both ends included."""

    low: float | None
    high: float | None

    def __str__(self) -> str:
        if self.high is None:
            return f"at least {self.low}"
        return f"at most {self.high}" if self.low is None else f"{self.low} to {self.high}"


class TexnetError(Exception):
    """Base of every error that a user can cause or cure.

    The message reads "FOUND; REMEDY". A range or a list of what was expected stands between them in parentheses.

    Args:
        found: what is wrong, as a clause with the offending name or number: "size 9 is out of range".
        expected: what would have been right: a `Range`, a list of choices, or a text, which is not printed.
        remedy: what to do about it, as an instruction.

    Attributes:
        allowed: what was expected, as it was given, to be passed on.
    """

    def __init__(self, found: str, *, expected: str | Range | Sequence[str], remedy: str) -> None:
        choices = "" if isinstance(expected, str) else _choices(expected)
        self.allowed = expected
        self.found, self.expected, self.remedy = map(one_line, (found, choices or str(expected), remedy))
        super().__init__(f"{self.found}{f' ({one_line(choices)})' if choices else ''}; {self.remedy}")

    def __reduce__(self) -> tuple[Any, ...]:
        """How it travels from one process to another."""
        return _again, (type(self), self.found, self.allowed, self.remedy), vars(self)


def _again(kind: type[TexnetError], found: str, expected: str | Range | Sequence[str], remedy: str) -> TexnetError:
    return kind(found, expected=expected, remedy=remedy)


class RequestError(TexnetError):
    """A size, seed, name or option out of its range.

    Attributes:
        setting: the field of the settings that is wrong, where it is one: what it says begins with its name in words.
    """

    setting: Any = None


class ImageError(TexnetError):
    """A picture that cannot serve as an exemplar."""


class NoImageError(ImageError, RequestError):
    """No file where a picture should be: that is no damage to the picture, the request is wrong."""


class OutputError(TexnetError):
    """A result that cannot be written where it was asked for."""


class ArtifactError(TexnetError):
    """A `.texnet` file that is damaged, hostile, too new, or no artifact at all."""


class WeightsError(TexnetError):
    """Descriptor weights that are missing, of the wrong shape, or of unknown input convention."""


class NoWeightsFileError(WeightsError, RequestError):
    """No file where weights should be: that is no damage to the weights, the request is wrong."""


class MissingWeightsError(WeightsError):
    """No weights were named, none lie in the usual places, and none could be downloaded."""


class EngineError(TexnetError):
    """An engine or device that is not there or failed."""


class TrainingError(TexnetError):
    """A training run that cannot start, go on, or be resumed."""


class OtherRunError(TrainingError):
    """A checkpoint of a run with other settings or another exemplar."""


class Cancelled(Exception):
    """Raised from a progress callback to stop the work; not an error."""


def _choices(expected: Range | Sequence[str]) -> str:
    if isinstance(expected, Range):
        return str(expected)
    return f"only {expected[0]}" if len(expected) == 1 else f"one of {', '.join(expected)}"


def reason(error: Exception) -> str:
    """Why something failed, as one line; errors that nobody foresaw are named by their type."""
    return str(error) if isinstance(error, TexnetError) else one_line(f"{type(error).__name__}: {error}")


def printable(text: str) -> str:
    """Text from files and users with control characters and the like shown as escapes."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def one_line(text: str) -> str:
    """Printable text without line breaks."""
    return printable(" ".join(str(text).split()))

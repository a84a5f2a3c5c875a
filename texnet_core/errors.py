"""The one family of errors. Every message names what was found, what was expected and what helps.

Front ends catch `TexnetError` once and show `str(error)`, which is always a single line.
"""


class TexnetError(Exception):
    """Base of every error that a user can cause or cure.

    Args:
        found: what is there, with the offending name or number.
        expected: what would have been right.
        remedy: what to do about it, as an instruction.
    """

    def __init__(self, found: str, *, expected: str, remedy: str) -> None:
        self.found, self.expected, self.remedy = (one_line(part) for part in (found, expected, remedy))
        super().__init__(f"found {self.found}; expected {self.expected}; {self.remedy}")


class RequestError(TexnetError):
    """A size, seed, name or option out of its range."""


class ImageError(TexnetError):
    """A picture that cannot serve as an exemplar."""


class OutputError(TexnetError):
    """A result that cannot be written where it was asked for."""


class ArtefactError(TexnetError):
    """A `.texnet` file that is damaged, hostile, too new, or no artefact at all."""


class WeightsError(TexnetError):
    """Descriptor weights that are missing, of the wrong shape, or of unknown input convention."""


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


def reason(error: Exception) -> str:
    """Why something failed, as one line; errors that nobody foresaw are named by their type."""
    return str(error) if isinstance(error, TexnetError) else one_line(f"{type(error).__name__}: {error}")


def printable(text: str) -> str:
    """Text from files and users with control characters and the like shown as escapes."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def one_line(text: str) -> str:
    """Printable text without line breaks."""
    return printable(" ".join(str(text).split()))

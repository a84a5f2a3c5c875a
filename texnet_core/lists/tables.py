"""Lists that people write as TOML files: read, and every mistyped key or value named in one line."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from texnet_core.errors import RequestError
from texnet_core.lists.toml_text import parse_toml
from texnet_core.settings import as_fields

_MAX_BYTES = 64 * 1024 * 1024


def read_toml(file: Path | bytes, expected: str) -> dict[str, Any]:
    """The top table of a TOML file.

    Args:
        file: the file, or what is in it.
        expected: what it should be, for messages ("a list of jobs").

    Raises:
        RequestError: it cannot be read, or is no TOML.
    """
    name = "the list" if isinstance(file, bytes) else str(file)
    try:
        data = file if isinstance(file, bytes) else _read(file)
    except (OSError, ValueError) as error:
        found = f"{name} cannot be read ({getattr(error, 'strerror', None) or error})"
        raise RequestError(found, expected=expected, remedy="check the path") from error
    if len(data) > _MAX_BYTES:
        raise RequestError(f"{name} is too long for a list", expected=expected, remedy="split the list")
    return parse_toml(data, name, expected)


def _read(path: Path) -> bytes:
    """A little more than the limit at most, so that what has no end is refused too."""
    chunks, length = [], 0
    with path.open("rb") as file:
        while length <= _MAX_BYTES and (chunk := file.read(2**16)):
            chunks.append(chunk)
            length += len(chunk)
    return b"".join(chunks)


def as_table(value: Any, where: str, remedy: str) -> dict[str, Any]:
    """The value if it is a table, else RequestError."""
    if not isinstance(value, dict):
        raise RequestError(f"{where} is {value!r}, which is no table", expected="a table", remedy=remedy)
    return value


def as_named(table: dict[str, Any], where: str) -> dict[str, Any]:
    """The table under the names of fields, which have more than one spelling; RequestError where two say the same."""
    named = as_fields(table)
    if len(named) < len(table):
        twice = next(key for key in table if key not in named)
        field = next(iter(as_fields({twice: None})))
        raise RequestError(
            f"{where} has both {field!r} and {twice!r}, which say the same", expected="one", remedy="leave one out"
        )
    return named


def check_place(text: str, what: str) -> str:
    """The text, where it can be a path; RequestError where a backslash in double quotes has become something else."""
    if any(ord(letter) < 32 for letter in text):
        raise RequestError(
            f"{what} {text!r} has a control character (from a backslash in double quotes?)",
            expected="a path",
            remedy="write it with /",
        )
    return text


def check_keys(table: dict[str, Any], known: Sequence[str], where: str) -> None:
    """Raise RequestError at the first key that is not known."""
    for key in table:
        if key not in known:
            raise RequestError(f"{where} has an unknown key {key!r}", expected=known, remedy="correct the name")


@contextmanager
def inside(where: str) -> Iterator[None]:
    """Let what is wrong with a value say in which table the value stands."""
    try:
        yield
    except RequestError as error:
        raise RequestError(f"{error.found} in {where}", expected=error.allowed, remedy=error.remedy) from error

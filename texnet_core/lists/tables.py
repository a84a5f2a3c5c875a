"""Lists that people write as TOML files: read, and every mistyped key or value named in one line."""

import tomllib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from texnet_core.errors import RequestError


def read_toml(path: Path, expected: str) -> dict[str, Any]:
    """The top table of a TOML file.

    Args:
        path: the file.
        expected: what it should be, for messages ("a list of jobs").

    Raises:
        RequestError: it cannot be read, or is not TOML in UTF-8.
    """
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        found = f"{path} cannot be read ({error.strerror or error})"
        raise RequestError(found, expected=expected, remedy="check the path") from error
    except (ValueError, RecursionError) as error:  # no UTF-8, or no TOML
        raise RequestError(f"{path} is not TOML ({error})", expected=expected, remedy="correct it") from error


def as_table(value: Any, where: str, remedy: str) -> dict[str, Any]:
    """The value if it is a table, else RequestError."""
    if not isinstance(value, dict):
        raise RequestError(f"{where} is {value!r}, which is no table", expected="a table", remedy=remedy)
    return value


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

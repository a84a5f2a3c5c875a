"""TOML as people's editors and shells save it: in which encoding, with which ends of lines."""

import codecs
import math
import re
import tomllib
from collections.abc import Iterator
from typing import Any

from texnet_core.errors import RequestError

# The longer ones first: that of UTF-32 begins like that of UTF-16.
_MARKS = (
    (codecs.BOM_UTF8, "UTF-8"),
    (codecs.BOM_UTF32_LE, "UTF-32"),
    (codecs.BOM_UTF32_BE, "UTF-32"),
    (codecs.BOM_UTF16_LE, "UTF-16"),
    (codecs.BOM_UTF16_BE, "UTF-16"),
)
_NO_TEXT = re.compile("[\udc80-\udcff]")  # bytes that are no UTF-8, as Python carries them
_PLACE = re.compile(r"\(at line (\d+), column (\d+)\)")


def parse_toml(data: bytes, name: str, expected: str) -> dict[str, Any]:
    """The top table of TOML in UTF-8, or in UTF-16 or UTF-32 where that is sure, with any ends of lines.

    Args:
        data: the bytes of the file.
        name: of the file, for messages.
        expected: what it should be, for messages.

    Raises:
        RequestError: it is something else; names the encoding or the line.
    """
    try:
        text = _decoded(data).replace("\r\n", "\n").replace("\r", "\n")
        table = tomllib.loads(text)
    except UnicodeDecodeError as error:
        found = f"{name} begins as {error.encoding[:6].upper()} and does not go on so"
        raise RequestError(found, expected=expected, remedy="save it as UTF-8") from error
    except tomllib.TOMLDecodeError as error:
        if number := _line_with_backslash(text, error):
            raise RequestError(
                f"{name} has a backslash in line {number}, which begins an escape in double quotes",
                expected=expected,
                remedy="write the path with /",
            ) from error
        raise RequestError(f"{name} is not TOML ({error})", expected=expected, remedy="correct it") from error
    except (ValueError, RecursionError) as error:  # a number without end, or tables
        raise RequestError(f"{name} is not TOML ({error})", expected=expected, remedy="correct it") from error
    if any(_NO_TEXT.search(part) for part in _texts(table)):
        found = f"{name} is not in UTF-8 but, it seems, in Latin-1 or the like (line {_line_that_counts(text, table)})"
        raise RequestError(found, expected=expected, remedy="save it as UTF-8")
    return table


def _decoded(data: bytes) -> str:
    """What is no UTF-8 is kept in place, for it may stand in comments only."""
    encoding = next((name for mark, name in _MARKS if data.startswith(mark)), "") or _without_mark(data)
    if encoding == "UTF-8":
        return data.decode("utf-8-sig", "surrogateescape")
    return data.decode(encoding)


def _without_mark(data: bytes) -> str:
    """TOML begins with a letter of ASCII and has no zeros: a zero beside it says which half of UTF-16 comes first."""
    if len(data) < 2 or (data[0] == 0) == (data[1] == 0):
        return "UTF-8"
    return "UTF-16-BE" if data[0] == 0 else "UTF-16-LE"


def _line_with_backslash(text: str, error: tomllib.TOMLDecodeError) -> int:
    """The line where parsing stopped, if a backslash in it is the reason: with / it would have gone on; else 0."""
    place, lines = _place(error), text.split("\n")
    line = int(min(place[0], len(lines)))
    if "\\" not in lines[line - 1]:
        return 0
    try:
        tomllib.loads(_changed(lines, line, "\\", "/"))
    except tomllib.TOMLDecodeError as another:
        return line if _place(another) > place else 0
    return line


def _place(error: tomllib.TOMLDecodeError) -> tuple[float, float]:
    """Line and column where parsing stopped; beyond all where the text ended too early."""
    match = _PLACE.search(str(error))
    return (int(match[1]), int(match[2])) if match else (math.inf, math.inf)


def _line_that_counts(text: str, table: dict[str, Any]) -> int:
    """The first line with bytes that are no UTF-8 outside of a comment."""
    lines = text.split("\n")
    suspects = [number for number, line in enumerate(lines, 1) if _NO_TEXT.search(line)]
    for number in suspects:
        if tomllib.loads(_changed(lines, number, _NO_TEXT, "?")) != table:
            return number
    return suspects[0]


def _changed(lines: list[str], number: int, old: str | re.Pattern[str], new: str) -> str:
    """The text with something else in one line, counted from 1."""
    line = lines[number - 1]
    changed = line.replace(old, new) if isinstance(old, str) else old.sub(new, line)
    return "\n".join([*lines[: number - 1], changed, *lines[number:]])


def _texts(value: Any) -> Iterator[str]:
    """All texts in a table, keys too."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, item in value.items():
            yield key
            yield from _texts(item)
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)

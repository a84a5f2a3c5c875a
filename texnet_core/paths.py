"""Paths as people write them: `~` is the home folder, and `$NAME` what the environment says.

Front ends and lists take every path from here, so that `~/wall.png` means the same in a shell, in quotes, in a list, in
Blender and in a script. Functions of the core that take a `Path` take it as it is, and so does the worker.
"""

import os
import re
from collections.abc import Callable, Container
from pathlib import Path

from texnet_core.errors import RequestError

_NAME = r"[A-Za-z_]\w*"
_PERCENT = rf"|%(?P<percent>{_NAME})%" if os.name == "nt" else ""
_VARIABLE = re.compile(rf"\$\$(?=[A-Za-z_{{])|\$(?P<plain>{_NAME})|\$\{{(?P<braces>[^{{}}]+)\}}{_PERCENT}")
_HOME = re.compile(r"~[^/\\]*")


def user_path(text: str | os.PathLike[str]) -> Path:
    """The path that a text means; see `user_text`."""
    return Path(user_text(os.fspath(text)))


def user_text(text: str) -> str:
    """The path that a text means, as text. A file that is called as the text says, with `$` in its name, is that file.

    Raises:
        RequestError: it begins with the home of nobody, or names a variable that is not set.
    """
    is_there = os.path.lexists(text) and not text.startswith("~")
    return text if is_there else expanded(text)


def expanded(text: str, *, spare: Container[str] = (), quoted: Callable[[str], str] = str) -> str:
    """A text with the home folder and variables in place of `~`, `~user`, `$NAME` and `${NAME}`; `$$` is a dollar.

    On Windows `%NAME%` is a variable too.

    Args:
        text: as it was written.
        spare: names that are no variables where they stand in braces.
        quoted: what is done to each text that is put in.

    Raises:
        RequestError: it begins with the home of nobody, or names a variable that is not set.
    """

    def value(match: re.Match[str]) -> str:
        name = match.group("plain") or match.group("braces") or match.groupdict().get("percent")
        if name is None:
            return "$"
        if name in spare and match.group("braces"):
            return match.group()
        if name not in os.environ:
            raise RequestError(
                f"the variable {match.group()} in {text!r} is not set",
                expected="a variable that is set",
                remedy="set it, or write $$ for a dollar" if match.group().startswith("$") else "set it",
            )
        return quoted(os.environ[name])

    home, rest = _split_home(text)
    return (quoted(home) if home else "") + _VARIABLE.sub(value, rest)


def check_is_no_file(folder: Path) -> None:
    """Raise RequestError where what is to be a folder is there and is none."""
    if os.path.lexists(folder) and not os.path.isdir(folder):  # unlike pathlib's, they never raise
        raise RequestError(f"{folder} is not a folder, it is a file", expected="a folder", remedy="name a folder")


def is_same_file(path: Path, other: Path) -> bool:
    """Whether both are there and are one file, under whatever names."""
    return os.path.exists(path) and os.path.exists(other) and os.path.samefile(path, other)


def _split_home(text: str) -> tuple[str, str]:
    """The folder that `~` or `~user` at the beginning means, "" where there is neither, and what follows.

    A name that only begins like one stays as it is: `~wall.png`.
    """
    start = _HOME.match(text)
    if start is None:
        return "", text
    rest = text[start.end() :]
    home = os.path.expanduser(start.group())  # unlike pathlib's, never raises
    if home == start.group():
        if not rest:
            return "", text
        raise RequestError(
            f"{text!r} begins with the home folder of nobody known here",
            expected="~, or ~ and the name of a user",
            remedy="write the folder in full, or ./ before a name that begins with ~",
        )
    return home, rest

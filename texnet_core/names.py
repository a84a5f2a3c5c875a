"""Names of files that every system takes: what is made on one is to be copied to another.

Source: Microsoft, "Naming Files, Paths, and Namespaces".
"""

import os
import re
from pathlib import Path

from texnet_core.errors import RequestError

MAX_NAME = 255  # bytes, on every common file system

_DEVICE = re.compile(r"CON|PRN|AUX|NUL|CONIN\$|CONOUT\$|(COM|LPT)[1-9¹²³]", re.IGNORECASE)
_FORBIDDEN = '<>:"/\\|?*'


def trouble_with(name: str) -> str:
    """Why a name is none on some system, as a clause; "" where it is one on all."""
    if _DEVICE.fullmatch(_before_dot(name)):
        return "is the name of a device on Windows"
    if name.endswith((".", " ")):
        return "ends in a dot or a space, which Windows leaves out"
    if bad := next((letter for letter in name if letter in _FORBIDDEN or ord(letter) < 32), ""):
        return f"has {bad!r}, which Windows takes in no name"
    if len(os.fsencode(name)) > MAX_NAME:
        return f"has more than {MAX_NAME} bytes"
    return ""


def check_name(name: str) -> None:
    """Raise RequestError for what is no name of a file on every system."""
    if why := trouble_with(name):
        short = f"{name[:60]}..." if len(name) > 60 else name
        raise RequestError(f"the name {short!r} {why}", expected="another name", remedy="choose another name")


def check_new_names(path: Path) -> None:
    """Raise RequestError where a file and the folders that will be made for it have no names for every system."""
    check_name(path.name)
    for folder in path.parents:
        if not folder.name or folder.name == ".." or os.path.isdir(folder):  # unlike pathlib's, never raises
            return
        check_name(folder.name)


def no_device(name: str) -> str:
    """A name as it is, or with a line below its first part where that is a device on Windows: aux_.png for aux.png."""
    start = _before_dot(name)
    return f"{start}_{name[len(start) :]}" if _DEVICE.fullmatch(start) else name


def as_compared(path: Path) -> str:
    """A name as the commonest file systems compare it, without regard to case."""
    return os.path.normcase(os.path.abspath(path)).casefold()


def _before_dot(name: str) -> str:
    """The part that decides on Windows whether a name is a device."""
    return name.split(".", 1)[0].rstrip(" ")

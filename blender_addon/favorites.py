"""Generators that the user likes or has used lately: kept in Blender's user files, for all .blend files."""

import json
from contextlib import suppress
from pathlib import Path

from texnet_core.atomic import replacing
from texnet_core.errors import TexnetError

from .preferences import data_folder

_FILE = "gallery.json"
_MOST = 12  # of those that were used lately
_FAVORITES, _RECENT = "favorites", "recent"

_read: tuple[tuple[str, int], dict[str, list[str]]] | None = None  # the file with its time, and what it says


def favorites() -> list[str]:
    """Names of the generators that the user likes, in the order in which they were chosen."""
    return _lists()[_FAVORITES]


def recent() -> list[str]:
    """Names of the generators that were used, the last one first."""
    return _lists()[_RECENT]


def is_favorite(name: str) -> bool:
    return name in favorites()


def toggle_favorite(name: str) -> bool:
    """Make a generator a favorite, or none any more; returns which.

    Raises:
        OSError, OutputError: that cannot be kept.
    """
    lists = _lists()
    is_new = name not in lists[_FAVORITES]
    kept = [other for other in lists[_FAVORITES] if other != name]
    _keep(lists | {_FAVORITES: [*kept, name] if is_new else kept})
    return is_new


def note_use(name: str) -> None:
    """Remember that a generator was used.

    Raises:
        OSError, OutputError: that cannot be kept.
    """
    lists = _lists()
    if lists[_RECENT][:1] != [name]:
        others = [other for other in lists[_RECENT] if other != name]
        _keep(lists | {_RECENT: [name, *others][:_MOST]})


def try_to_note_use(name: str) -> None:
    """The same where nothing may fail on it."""
    with suppress(OSError, TexnetError):
        note_use(name)


def _lists() -> dict[str, list[str]]:
    global _read
    try:
        file = _file()
        state = str(file), file.stat().st_mtime_ns
        if _read is None or _read[0] != state:
            _read = state, _parsed(file.read_text(encoding="utf-8"))
        return _read[1]
    except (OSError, ValueError, RecursionError):
        return _parsed("{}")


def _parsed(text: str) -> dict[str, list[str]]:
    """The lists in a text, which anybody may have changed."""
    found = json.loads(text)
    lists = found if isinstance(found, dict) else {}
    return {name: _names(lists.get(name)) for name in (_FAVORITES, _RECENT)}


def _names(found: object) -> list[str]:
    names = found if isinstance(found, list) else []
    return list(dict.fromkeys(name for name in names if isinstance(name, str)))


def _keep(lists: dict[str, list[str]]) -> None:
    global _read
    with replacing(_file()) as temporary:
        temporary.write_text(json.dumps(lists, indent=1), encoding="utf-8")
    _read = None


def _file() -> Path:
    return data_folder("") / _FILE

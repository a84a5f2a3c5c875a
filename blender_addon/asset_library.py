"""The asset library of TexNet's in Blender: a .blend file for each generator, in Blender's user files.

A file of the library is up to date as long as the generator that it was made of has the same bytes. So nothing is made
twice, and what belongs to a generator that has gone goes too. Files that others put there are left alone.
"""

import json
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import bpy

from texnet_core.atomic import delete_file, replacing
from texnet_core.errors import RequestError, TexnetError
from texnet_core.model.artifact import SUFFIX
from texnet_core.presets import list_presets

from . import library, spheres
from .preferences import data_folder, library_folder, save_later, user_file

NAME = "TexNet"
_OTHER_NAME = "TexNet Materials"  # where the user has a library of that name
_OWN_PARTS = 3  # of the path of the library, which are the same for all versions of Blender
_OWN = "own"  # folder of the user's generators, whose names may be those of presets
_STATE = "library.json"
_FORM = 1  # of what is written: another one makes all files anew


@dataclass(frozen=True)
class Entry:
    """A generator and its file in the asset library.

    Attributes:
        source: the generator.
        name: of the file, against the library's folder.
        stamp: what the file has to be made of.
    """

    source: library.Source
    name: str
    stamp: str

    @property
    def file(self) -> Path:
        return folder() / self.name


def folder() -> Path:
    """The folder of the library; made if missing.

    Raises:
        OSError: it cannot be made.
    """
    return data_folder("assets")


def entries() -> list[Entry]:
    """All generators of textures that can be read: presets and the user's own."""
    found = []
    for source in library.list_sources():
        with suppress(OSError):
            if library.card_of(source) is not None:
                place = "" if source.is_preset else f"{_OWN}/"
                found.append(Entry(source, f"{place}{source.file.stem}.blend", _stamp(source.file)))
    return found


def outdated() -> list[Entry]:
    """Those whose files are missing or were made of something else."""
    known = _state()
    return [entry for entry in entries() if known.get(entry.name) != entry.stamp or not entry.file.is_file()]


def remember(entry: Entry) -> None:
    """Write down what a file was made of.

    Raises:
        OutputError: that cannot be written.
    """
    _write_state(_state() | {entry.name: entry.stamp})


def remove_gone() -> int:
    """Remove the files of generators that have gone; returns how many.

    Raises:
        OutputError: one cannot be removed.
    """
    known, there = _state(), _sources_there()
    gone = [] if there is None else [name for name in known if name not in there]
    for name in gone:
        delete_file(folder() / name)
    if gone:
        _write_state({name: stamp for name, stamp in known.items() if name not in gone})
    return len(gone)


def _sources_there() -> set[str] | None:
    """Names of the files of all generators, be their cards readable now or not; None where the folder cannot be listed.

    A library on a drive that is not plugged in is not an empty one.
    """
    try:
        own = {file.stem for file in library_folder().iterdir() if file.suffix == SUFFIX}
    except (OSError, TexnetError):
        return None
    return {f"{name}.blend" for name in list_presets()} | {f"{_OWN}/{name}.blend" for name in own}


def registered() -> Any:
    """The library among those of the user's preferences, or None."""
    here = folder()
    return next((found for found in _libraries() if found.path and _same(Path(found.path), here)), None)


def register_library() -> str:
    """See to it that Blender shows the library; returns its name there. A library of the user's keeps its name."""
    found = registered()
    if found is None:
        found = _of_another_version() or _new_library()
        found.path = str(folder())
        save_later()
    return str(found.name)


def _new_library() -> Any:
    taken = {known.name for known in _libraries()}
    made = _libraries().new(name=_OTHER_NAME if NAME in taken else NAME, directory=str(folder()))
    _let_append(made)
    return made


def _of_another_version() -> Any:
    """The library as another version of Blender has it, from which preferences were taken over; or None."""
    tail = folder().parts[-_OWN_PARTS:]
    return next((found for found in _libraries() if found.path and Path(found.path).parts[-_OWN_PARTS:] == tail), None)


def is_ours(place: Path) -> bool:
    """Whether a folder is that of the library."""
    return _same(place, folder())


def others() -> list[Any]:
    """The user's other asset libraries that have a folder."""
    here = folder()
    return [found for found in _libraries() if found.path and not _same(Path(found.path), here)]


def _let_append(place: Any) -> None:
    """What is dragged becomes part of the user's file: what newer versions do, to link, cannot be changed."""
    for method in ("APPEND_REUSE", "APPEND"):
        with suppress(TypeError):  # some versions have the first, some the second
            place.import_method = method
            return


def folder_named(name: str) -> Path:
    """The folder of an asset library by its name in Blender's preferences, or by its path.

    Raises:
        RequestError: there is none.
    """
    found = next((known.path for known in _libraries() if known.name == name), "")
    place = Path(found) if found else user_file(name)
    if not place.is_dir():
        raise RequestError(
            f"{name!r} is no asset library",
            expected=[known.name for known in _libraries()],
            remedy="add it under File Paths in Blender's preferences",
        )
    return place


def folder_of_file() -> Path | None:
    """Where Blender looks for the catalogs of the open file: its asset library, else its folder; None before that."""
    if not bpy.data.filepath:
        return None
    file = Path(bpy.data.filepath).resolve()
    around = (Path(known.path).resolve() for known in _libraries() if known.path)
    return next((place for place in around if place in file.parents), file.parent)


def _libraries() -> Any:
    preferences: Any = bpy.context.preferences
    return preferences.filepaths.asset_libraries


def _same(one: Path, other: Path) -> bool:
    with suppress(OSError, ValueError):
        return one.resolve() == other.resolve()
    return False


def _state() -> dict[str, str]:
    """File name -> what it was made of; empty where nobody knows any more."""
    try:
        found = json.loads((folder() / _STATE).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    files = found if isinstance(found, dict) else {}
    return {name: stamp for name, stamp in files.items() if isinstance(stamp, str) and _is_inside(name)}


def _is_inside(name: str) -> bool:
    """Whether a name means a file of the library, whoever wrote it down."""
    parts = Path(name).parts
    return name.endswith(".blend") and len(parts) == (2 if parts[0] == _OWN else 1) and ".." not in parts


def _write_state(state: dict[str, str]) -> None:
    with replacing(folder() / _STATE) as temporary:
        temporary.write_text(json.dumps(state, indent=1, sort_keys=True), encoding="utf-8")


def _stamp(file: Path) -> str:
    state = file.stat()
    return f"{_FORM}-{spheres.digest(file, state.st_mtime_ns, state.st_size)}"

"""The generators to choose from, presets first, with their pictures."""

import hashlib
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import bpy.utils.previews

from texnet_core.artefact import SUFFIX, Header, read_artefact, read_header, read_preview
from texnet_core.errors import OutputError, RequestError, TexnetError
from texnet_core.presets import list_presets

from .preferences import library_folder, user_folder
from .request import title_of

_pictures: Any = None


@dataclass(frozen=True)
class Source:
    """A generator to choose.

    Attributes:
        name: what operators and scripts call it: the preset's name or the file's path.
        file: where it is.
        is_preset: it ships with TexNet and cannot be removed.
    """

    name: str
    file: Path
    is_preset: bool

    @property
    def title(self) -> str:
        return title_of(self.name)


def list_sources() -> list[Source]:
    """Presets, then the files of the user's library."""
    sources = [Source(name, file, True) for name, file in list_presets().items()]
    try:
        files = sorted(library_folder().glob(f"*{SUFFIX}"))
    except (OSError, ValueError):  # no folder, no files; importing one says why
        files = []
    return sources + [Source(str(file), file, False) for file in files]


def find(name: str) -> Source | None:
    """The source of that name, or None; a file need not lie in the library."""
    known = next((source for source in list_sources() if source.name == name), None)
    return known or (Source(name, Path(name), False) if name.endswith(SUFFIX) else None)


def icon_of(source: Source) -> int:
    """Number of the icon that shows a source; 0 where it has no picture."""
    try:
        return _icon(source.file, source.file.stat().st_mtime_ns)
    except OSError:
        return 0


def card_of(name: str) -> Header | None:
    """What is known of a source, or None where there is none or its file cannot be read."""
    source = find(name)
    try:
        return _card(source.file, source.file.stat().st_mtime_ns) if source is not None else None
    except (OSError, TexnetError):
        return None


def import_file(path: Path) -> Source:
    """Copy a generator into the library, after reading all of it.

    Raises:
        TexnetError: no generator, one of that name is there, or the library cannot be written.
    """
    read_artefact(path)
    target = new_file(path.stem)
    if target.exists():
        raise RequestError(
            f"{target.name} in the library", expected="a new name", remedy="rename the file or remove that one"
        )
    _writing(lambda: shutil.copyfile(path, target), target)
    return Source(str(target), target, False)


def remove(source: Source) -> None:
    """Delete a file of the library.

    Raises:
        TexnetError: a preset, or a file that cannot be deleted.
    """
    if source.is_preset or source.file.parent != library_folder():
        raise RequestError(
            f"{source.title}, which is not in your library", expected="a file of it", remedy="choose another"
        )
    _writing(source.file.unlink, source.file)


def new_file(name: str) -> Path:
    """The library's file for a generator of that name.

    Raises:
        TexnetError: no name for a file, or the library cannot be made.
    """
    clean = "".join(letter if letter.isalnum() or letter in "-_ " else "-" for letter in name).strip(" -")
    if not clean:
        raise RequestError(f"the name {name!r}", expected="one with a letter or a digit", remedy="give another name")
    try:
        return library_folder() / f"{clean}{SUFFIX}"
    except (OSError, ValueError) as error:
        raise OutputError(
            f"no library folder ({error})", expected="one that can be written", remedy="choose it in Preferences"
        ) from error


def _writing(action: Callable[[], Any], file: Path) -> None:
    try:
        action()
    except OSError as error:
        raise OutputError(
            f"{file}: {error}", expected="a file that can be written", remedy="check the folder"
        ) from error


@lru_cache(maxsize=512)
def _card(file: Path, modified_ns: int) -> Header:
    return read_header(file)


@lru_cache(maxsize=512)
def _icon(file: Path, modified_ns: int) -> int:
    """Load the picture inside a generator; Blender reads pictures from files only."""
    if _pictures is None:
        return 0
    try:
        png = read_preview(file)
        if not png:
            return 0
        picture = user_folder("thumbnails") / f"{hashlib.sha256(png).hexdigest()[:16]}.png"
        if not picture.exists():
            picture.write_bytes(png)
    except (OSError, ValueError, TexnetError):
        return 0
    key = f"{file}:{modified_ns}"
    return int(_pictures.load(key, str(picture), "IMAGE").icon_id)


def register() -> None:
    global _pictures
    _pictures = bpy.utils.previews.new()


def unregister() -> None:
    global _pictures
    _icon.cache_clear()
    bpy.utils.previews.remove(_pictures)
    _pictures = None

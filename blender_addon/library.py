"""The generators to choose from, presets first, with their pictures."""

import hashlib
import shutil
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

import bpy.utils.previews

from texnet_core.atomic import delete_file, replacing
from texnet_core.errors import OutputError, RequestError, TexnetError
from texnet_core.model.artifact import SUFFIX, Header, read_artifact, read_header, read_preview
from texnet_core.presets import find_source, list_presets, list_styles

from . import asset_marks, spheres
from .preferences import library_folder, user_folder
from .request import MAX_NAME, file_name, title_of

Kind = Literal["TEXTURE", "STYLE", "NETWORK"]  # what a file makes: textures, pictures in a style, generators of images

_pictures: Any = None
_drawer: spheres.Drawer | None = None
_as_spheres: set[str] = set()  # keys of the icons that show spheres


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


def list_sources(also: str = "") -> list[Source]:
    """Generators of textures: presets, then the files of the user's library, then the file `also` if it lies elsewhere.

    Files that cannot be read are among them, so that something is said of them.
    """
    return [Source(name, file, True) for name, file in list_presets().items()] + _files(also, "TEXTURE")


def list_own_styles(also: str = "") -> list[Source]:
    """Styles, in the same order: those that ship, then the user's own."""
    return [Source(name, file, True) for name, file in list_styles().items()] + _files(also, "STYLE")


def list_networks(also: str = "") -> list[Source]:
    """Networks that make a generator of an image at once, of the user's library; likewise."""
    return _files(also, "NETWORK")


def find(name: str) -> Source | None:
    """The generator of that name, or None; a file need not lie in the library."""
    return named(name, list_sources(also=name))


def find_style(name: str) -> Source | None:
    """The style of that name, or None; likewise."""
    return named(name, list_own_styles(also=name))


def find_any(name: str) -> Source | None:
    """The generator, the style or the network of that name, or None."""
    return find(name) or find_style(name) or named(name, list_networks(also=name))


def named(name: str, sources: list[Source]) -> Source | None:
    """The one of that name among them, or None."""
    return next((source for source in sources if source.name == name), None)


def _files(also: str, kind: Kind) -> list[Source]:
    try:
        files = sorted(file for file in library_folder().glob(f"*{SUFFIX}") if _is_text(file))
    except (OSError, ValueError, TexnetError):  # no folder, no files; importing one says why
        files = []
    sources = [Source(str(file), file, False) for file in files]
    if also.endswith(SUFFIX) and all(source.name != also for source in sources):
        sources.append(Source(also, Path(also), False))
    return [source for source in sources if kind_of(source) == kind]


def kind_of(source: Source) -> Kind:
    """What it makes; textures where its file cannot be read."""
    card = card_of(source)
    if card is None:
        return "TEXTURE"
    return "STYLE" if card.paints else "NETWORK" if card.adapts else "TEXTURE"


def icon_of(source: Source) -> int:
    """Number of the icon that shows a source; 0 where it has no picture."""
    try:
        modified_ns = source.file.stat().st_mtime_ns
        icon = _icon(source.file, modified_ns)
    except (OSError, ValueError):
        return 0
    return _sphere_icon(source, _key(source.file, modified_ns)) or icon


def _sphere_icon(source: Source, key: str) -> int:
    """Number of the icon that shows a source as a sphere; 0 where it has none, or none yet."""
    card = card_of(source)
    if _drawer is None or card is None or not spheres.has_sphere(card):
        return 0
    if key not in _as_spheres:
        _show_sphere(source.file)
    if key in _as_spheres:
        return int(_pictures[key].icon_id)
    _drawer.want(source.name, source.file, card)
    return 0


def card_of(source: Source) -> Header | None:
    """What is known of a source, or None where its file cannot be read."""
    try:
        return _card(source.file, source.file.stat().st_mtime_ns)
    except (OSError, ValueError, TexnetError):
        return None


def card_named(name: str) -> Header | None:
    """What is known of the source of that name, or None where there is none that can be read."""
    try:
        file = find_source(name)
        return _card(file, file.stat().st_mtime_ns)
    except (OSError, ValueError, TexnetError):
        return None


def import_file(path: Path) -> Source:
    """Copy a generator into the library, after reading all of it.

    Raises:
        TexnetError: no generator, one of that name is there, or the library cannot be written.
    """
    read_artifact(path)
    target = new_file(path.stem)
    if target.exists():
        raise RequestError(
            f"your library already has {target.name}",
            expected="a new name",
            remedy="rename the file, or remove the other generator",
        )
    with replacing(target) as temporary:
        shutil.copyfile(path, temporary)
    return Source(str(target), target, False)


def check_own(name: str) -> Source:
    """The file of the library with that name.

    Raises:
        RequestError: none, or a preset.
    """
    source = find_any(name)
    if source is None or source.is_preset or source.file.parent != library_folder():
        title = title_of(name)
        found = f"{title} ships with TexNet" if source and source.is_preset else f"{name!r} is not in your library"
        raise RequestError(found, expected="a generator of your library", remedy="select a generator of your library")
    return source


def remove(source: Source) -> None:
    """Delete a file that `check_own` has passed.

    Raises:
        OutputError: it cannot be deleted.
    """
    delete_file(source.file)


def new_file(name: str) -> Path:
    """The library's file for a generator of that name.

    Raises:
        TexnetError: no name for a file, or the library cannot be made.
    """
    clean = file_name(name[: -len(SUFFIX)] if name.lower().endswith(SUFFIX) else name)
    if not clean:
        raise RequestError(
            f"{name!r} cannot be the name of a file",
            expected="a name with a letter or a digit",
            remedy="give a name that has a letter or a digit",
        )
    if len(clean.encode()) > MAX_NAME:
        raise RequestError(
            f"the name {clean[:40]}... is too long, with {len(clean)} letters",
            expected=f"at most {MAX_NAME} bytes",
            remedy="shorten it",
        )
    try:
        return library_folder() / f"{clean}{SUFFIX}"
    except (OSError, ValueError) as error:
        raise OutputError(
            f"the library folder cannot be made ({error})",
            expected="a writable folder",
            remedy="choose another folder in the add-on's preferences",
        ) from error


def _is_text(file: Path) -> bool:
    """Whether Blender can hold the name: on Linux any bytes may be one."""
    try:
        str(file).encode()
    except UnicodeEncodeError:
        return False
    return True


@lru_cache(maxsize=512)
def _card(file: Path, modified_ns: int) -> Header:
    return read_header(file)


@lru_cache(maxsize=512)
def _icon(file: Path, modified_ns: int) -> int:
    """Load the picture inside a generator; Blender reads pictures from files only."""
    if _pictures is None:
        return 0
    key = _key(file, modified_ns)
    if key in _pictures:  # of more generators than are remembered here
        return int(_pictures[key].icon_id)
    try:
        png = read_preview(file)
        if not png:
            return 0
        picture = user_folder("thumbnails") / f"{hashlib.sha256(png).hexdigest()[:16]}.png"
        if not picture.exists():
            picture.write_bytes(png)
    except (OSError, ValueError, TexnetError):
        return 0
    return int(_pictures.load(key, str(picture), "IMAGE").icon_id)


def _key(file: Path, modified_ns: int) -> str:
    return f"{file}:{modified_ns}"


def _show_sphere(file: Path) -> None:
    """Let the icon of a generator show its sphere, if that has been drawn."""
    try:
        picture = spheres.kept(file)
        if picture is not None and _pictures is not None:
            key = _key(file, file.stat().st_mtime_ns)
            asset_marks.show(_pictures[key] if key in _pictures else _pictures.new(key), spheres.pixels_of(picture))
            _as_spheres.add(key)
    except (OSError, ValueError):
        return


def register() -> None:
    global _pictures, _drawer
    _pictures = bpy.utils.previews.new()
    _drawer = spheres.Drawer()
    _drawer.drawn = _show_sphere


def unregister() -> None:
    global _pictures, _drawer
    if _drawer is not None:
        _drawer.remove()
    _drawer = None
    _as_spheres.clear()
    _icon.cache_clear()
    bpy.utils.previews.remove(_pictures)
    _pictures = None

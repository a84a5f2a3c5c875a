"""The files of a material: those of a folder, of a .zip, or a list of them."""

import lzma
import os
import re
import shutil
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property, partial
from pathlib import Path, PurePosixPath

from texnet_core.errors import ImageError, NoImageError, printable
from texnet_core.materials.decoding import stored_size
from texnet_core.pictures.sequences import PICTURE_SUFFIXES

MOST_FILES = 10_000
MOST_BYTES = 4 * 1024**3  # of a file in a .zip, unpacked
_DEEPEST = 3  # folders below the one that is named
_MAGICS = (b"PK\x03\x04", b"PK\x05\x06")
_IGNORED = re.compile(r"\..*|__macosx|thumbs?|thumbnails?|previews?", re.IGNORECASE)
_FOREIGN = (".dds", ".gif", ".jp2", ".jxl", ".kra", ".ktx", ".ktx2", ".psd", ".svg", ".tx", ".xcf")  # pictures too
_DETAIL_LEVEL = re.compile(r"lod\d+", re.IGNORECASE)
_CHUNK = 2**20
_ENCRYPTED = 0x1


@dataclass(frozen=True)
class MapFile:
    """A picture that may be a map.

    Attributes:
        label: its place below the source, with forward slashes, in printable characters; what messages call it.
        find: gives the file, which a .zip unpacks first.
    """

    label: str
    find: Callable[[], Path] = field(repr=False, compare=False)

    @property
    def name(self) -> str:
        return PurePosixPath(self.label).name

    @property
    def folder(self) -> str:
        return str(PurePosixPath(self.label).parent)

    @property
    def suffix(self) -> str:
        return PurePosixPath(self.label).suffix.lower()

    @property
    def is_foreign(self) -> bool:
        """Whether it is called like a picture of a kind that is not read."""
        return self.suffix in _FOREIGN

    @property
    def detail_level(self) -> str:
        """What a name says of it, as in lod0: of several, for coarser and coarser meshes, the first is the finest."""
        found = _DETAIL_LEVEL.search(self.name)
        return found.group().lower() if found else ""

    @cached_property
    def path(self) -> Path:
        return self.find()

    @cached_property
    def size(self) -> tuple[int, int]:
        """Width and height in texels, as far as the file says it: else zeros."""
        return stored_size(self.path)


def is_zip(path: Path) -> bool:
    """Whether a file begins as a .zip does, whatever it is called."""
    try:
        with path.open("rb") as file:
            return file.read(4) in _MAGICS
    except OSError:
        return False


@contextmanager
def files_of(paths: Sequence[Path]) -> Iterator[list[MapFile]]:
    """The pictures of a material, which are there until the block ends.

    Args:
        paths: a folder or a .zip alone, or files.

    Raises:
        ImageError: no folder, no file, none of them a picture, or a .zip that is damaged, encrypted or hostile.
    """
    if len(paths) == 1 and os.path.isdir(paths[0]):
        yield _named_pictures(_in_folder(paths[0]), paths[0])
    elif len(paths) == 1 and is_zip(paths[0]):
        with _unpacking(paths[0]) as files:
            yield files
    else:
        yield _given(paths)


def _given(paths: Sequence[Path]) -> list[MapFile]:
    if not paths:
        raise NoImageError("no file is named", expected="files of maps", remedy="name the maps of one material")
    for path in paths:
        if not os.path.isfile(path) or is_zip(path):
            kind = "a folder or .zip, which goes alone" if os.path.exists(path) else "no file"
            raise NoImageError(f"{path} is {kind}", expected="files of maps", remedy="name the maps of one material")
    labels = [path.name for path in paths]
    unique = len(set(labels)) == len(labels)
    return [MapFile(printable(path.name if unique else path.as_posix()), partial(Path, path)) for path in paths]


def _in_folder(folder: Path) -> Iterator[MapFile]:
    for place, folders, names in os.walk(folder, onerror=_unreadable):
        below = Path(place).relative_to(folder)
        folders[:] = sorted(name for name in folders if len(below.parts) < _DEEPEST and not _IGNORED.fullmatch(name))
        for name in sorted(names):
            path = Path(place) / name
            if path.is_file():  # and no pipe, from which nothing may ever come
                yield MapFile(printable((below / name).as_posix()), partial(Path, path))


def _unreadable(error: OSError) -> None:
    found = f"the folder {error.filename} cannot be read ({error.strerror})"
    raise NoImageError(found, expected="a folder that can be read", remedy="check its permissions") from error


def _named_pictures(files: Iterator[MapFile], source: Path) -> list[MapFile]:
    """Those that are called like pictures, of kinds that are not read too, so that they can be told."""
    kept: list[MapFile] = []
    for seen, file in enumerate(files):
        if seen >= MOST_FILES:
            raise ImageError(
                f"{source} holds more than {MOST_FILES} files",
                expected="the files of one material",
                remedy="name the folder of one material",
            )
        hidden = any(_IGNORED.fullmatch(part) for part in PurePosixPath(file.label).parts[:-1])
        if (file.suffix in PICTURE_SUFFIXES or file.is_foreign) and not file.name.startswith(".") and not hidden:
            kept.append(file)
    if all(file.is_foreign for file in kept):
        found = f"{source} has no picture" + (f" but {kept[0].label}, of a kind that is not read" if kept else "")
        remedy = "export its maps as PNG" if kept else "name a folder or .zip with maps"
        raise NoImageError(found, expected="the maps of a material", remedy=remedy)
    return kept


@contextmanager
def _unpacking(path: Path) -> Iterator[list[MapFile]]:
    try:
        with zipfile.ZipFile(path) as archive, tempfile.TemporaryDirectory(prefix="texnet-") as folder:
            yield _members(archive, path, Path(folder))
    except zipfile.BadZipFile as error:
        raise ImageError(
            f"{path} cannot be read as a .zip ({error})", expected="an undamaged .zip", remedy="download it again"
        ) from error


def _members(archive: zipfile.ZipFile, path: Path, folder: Path) -> list[MapFile]:
    """The pictures in a .zip; each is unpacked under a name of ours once it is looked at."""
    infos = [info for info in archive.infolist() if not info.is_dir()]
    for info in infos:
        _check_place(info.filename, path)

    def files() -> Iterator[MapFile]:
        for number, info in enumerate(infos):
            target = folder / f"{number}{PurePosixPath(info.filename).suffix.lower()}"
            yield MapFile(printable(info.filename), partial(_unpacked, archive, info, target, path))

    return _named_pictures(files(), path)


def _check_place(name: str, path: Path) -> None:
    parts = re.split(r"[/\\]", name)
    if ".." in parts or parts[0] == "" or re.match(r"[A-Za-z]:", name):
        raise ImageError(
            f"{path} holds {name[:80]!r}, which leads out of it",
            expected="files below its own folder",
            remedy="do not trust it; take the maps from their maker again",
        )


def _unpacked(archive: zipfile.ZipFile, info: zipfile.ZipInfo, target: Path, path: Path) -> Path:
    name = printable(info.filename)
    label = f"{name} in {path}"
    if info.flag_bits & _ENCRYPTED:
        raise ImageError(f"{label} is encrypted", expected="a .zip without a password", remedy="unpack it first")
    free = shutil.disk_usage(target.parent).free
    if info.file_size > min(MOST_BYTES, free):
        raise ImageError(
            f"{label} would be {info.file_size} bytes when unpacked",
            expected=f"at most {min(MOST_BYTES, free)}",
            remedy="take a smaller one" if info.file_size > MOST_BYTES else f"make room in {target.parent.parent}",
        )
    try:
        with archive.open(info) as packed, target.open("wb") as file:
            shutil.copyfileobj(packed, file, _CHUNK)
    except (zlib.error, lzma.LZMAError, EOFError) as error:
        raise zipfile.BadZipFile(f"{name} is damaged") from error
    except OSError as error:
        if error.errno is not None:  # of the disk; the module bz2 gives none
            raise
        raise zipfile.BadZipFile(f"{name} is damaged") from error
    except (NotImplementedError, RuntimeError) as error:
        raise ImageError(
            f"{label} is packed in a way that is not known ({error})",
            expected="a .zip of the usual kind",
            remedy="unpack it first, and name the folder",
        ) from error
    return target

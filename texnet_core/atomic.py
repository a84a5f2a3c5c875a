"""Files that appear whole or not at all."""

import errno
import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from texnet_core.errors import OutputError
from texnet_core.names import MAX_NAME

_FULL = (errno.ENOSPC, errno.EDQUOT)
_PREFIX = ".texnet-"  # short, so that any name the folder allows leaves room


def _read_umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


# What mkstemp makes is private; results should have the modes that the user's files have. It can only be read by
# setting it, for the whole process, so it is read once, before there are threads.
_UMASK = _read_umask()


def check_writable(path: Path) -> None:
    """Raise OutputError now rather than after long work if a file cannot be made at `path`.

    The file that tries it has no name where the system can do without, so that no signal leaves it behind.
    """
    with as_output_error(path), tempfile.TemporaryFile(dir=_target(path).parent, prefix=_PREFIX):
        pass


def delete_file(path: Path) -> None:
    """Delete a file, if it is there.

    Raises:
        OutputError: it cannot be deleted.
    """
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise OutputError(
            f"{path} cannot be deleted ({error.strerror})",
            expected="a file that can be deleted",
            remedy="check the permissions of its folder",
        ) from error


@contextmanager
def prepared(*files: Path) -> Iterator[None]:
    """Make the folders of files that are to be, and see that the files can be made, before long work.

    Where the work fails, new folders go again if they are empty.

    Raises:
        OutputError: a folder or a file cannot be made.
    """
    missing: list[Path] = []
    try:
        for folder in {file.parent: None for file in files}:
            missing += [above for above in (folder, *folder.parents) if not os.path.lexists(above)][::-1]
            make_folder(folder)
        for file in files:
            check_writable(file)
        yield
    except BaseException:
        for folder in reversed(missing):
            with suppress(OSError):  # not empty after all, or never made
                folder.rmdir()
        raise


def make_folder(path: Path) -> None:
    """Make a folder, and those above it, unless it is there.

    Raises:
        OutputError: it cannot be made.
    """
    with as_output_error(path):
        path.mkdir(parents=True, exist_ok=True)


def move_into(folder: Path, file: Path) -> Path:
    """Move a file so that under its name stands all of it or what was there before; returns where it is.

    Raises:
        OutputError: as for `replacing`, or the folder cannot be made.
    """
    target = folder / file.name
    make_folder(folder)
    with replacing(target) as temporary:
        shutil.move(file, temporary)
    return target


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A temporary path beside `path` that becomes `path` if the block ends well and vanishes if not.

    An existing file keeps its mode; behind a link, it is the link's target that is replaced.

    Raises:
        OutputError: the folder is missing or read-only, the disk is full, or something stands at `path` that
            is not a file that may be written.
    """
    with replacing_all([path]) as (temporary,):
        yield temporary


@contextmanager
def replacing_all(paths: Sequence[Path]) -> Iterator[list[Path]]:
    """The same for several files that belong together: all appear or none, and what was there stays or is replaced.

    Raises:
        OutputError: as of `replacing`; it names the file.
    """
    files: list[_Replacement] = []
    try:
        for path in paths:
            with as_output_error(path):
                files.append(_Replacement(path))
        with as_output_error(paths[0]):
            yield [file.temporary for file in files]
        for file in files:
            with as_output_error(file.path):
                file.complete()
        for file in files:
            with as_output_error(file.path):
                file.put(keeps_old=len(files) > 1)
    except BaseException:
        for file in reversed(files):
            file.take_back()
        raise
    finally:
        for file in files:
            file.clean()


class _Replacement:
    """A file in the making, and the one whose place it is to take."""

    def __init__(self, path: Path) -> None:
        self.path, self._target = path, _target(path)
        self._mode = self._target.stat().st_mode if self._target.exists() else 0o666 & ~_UMASK
        self.temporary = self._beside()
        self._old: Path | None = None
        self._is_put = False

    def _beside(self) -> Path:
        handle, name = tempfile.mkstemp(dir=self._target.parent, prefix=_PREFIX, suffix=self.path.suffix)
        os.close(handle)
        return Path(name)

    def complete(self) -> None:
        _flush(self.temporary)
        self.temporary.chmod(self._mode & 0o777)

    def put(self, keeps_old: bool) -> None:
        """Give the file its name; what had it is kept for a while, where it might be wanted back."""
        if keeps_old and self._target.is_file():
            self._old = self._beside()
            self._old.unlink()
            try:
                os.link(self._target, self._old)  # so that a file of that name is there at any moment
            except OSError:  # where the file system has no links
                self._target.replace(self._old)
        self.temporary.replace(self._target)
        self._is_put = True

    def take_back(self) -> None:
        with suppress(OSError):  # there is an error to tell already
            if self._old is not None:
                self._old.replace(self._target)
                self._old = None
            elif self._is_put:
                self._target.unlink()

    def clean(self) -> None:
        for path in (self.temporary, self._old):
            if path is not None:
                with suppress(OSError):  # the files themselves are in place
                    path.unlink(missing_ok=True)


def _target(path: Path) -> Path:
    target = Path(os.path.realpath(path))
    if len(os.fsencode(target.name)) > MAX_NAME:
        raise OSError(errno.ENAMETOOLONG, "the name is too long")
    if target.exists() and not target.is_file():
        raise OSError(errno.EEXIST, "something else than a file is there")
    if target.exists() and not os.access(target, os.W_OK):
        raise PermissionError(errno.EACCES, "the file there is read-only")
    return target


@contextmanager
def as_output_error(path: Path) -> Iterator[None]:
    """Turn what the system says about a file into the error that names it."""
    try:
        yield
    except OSError as error:
        raise OutputError(
            f"{path} cannot be written ({error.strerror or error})",
            expected="a place in an existing folder with room that allows writing",
            remedy="make room or choose another place" if error.errno in _FULL else "choose another place",
        ) from error


def _flush(path: Path) -> None:
    """Bytes reach the disk before the name does, so a full disk or a power cut leaves no half file."""
    with path.open("rb+") as file:
        os.fsync(file.fileno())

"""Files that appear whole or not at all."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from texnet_core.errors import OutputError


def check_writable(path: Path) -> None:
    """Raise OutputError now rather than after long work if a file cannot be made at `path`."""
    with _as_output_error(path):
        if path.is_dir():
            raise IsADirectoryError(21, "a folder of this name stands there")
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.stem}-"):
            pass


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A temporary path beside `path` that becomes `path` if the block ends well and vanishes if not."""
    with _as_output_error(path):
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.stem}-", suffix=path.suffix)
        os.close(handle)
        temporary = Path(name)
        try:
            yield temporary
            _flush(temporary)
            temporary.chmod(0o666 & ~_umask())
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)


@contextmanager
def _as_output_error(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        reason = error.strerror or str(error)
        raise OutputError(
            f"{path} that cannot be written ({reason})",
            expected="an existing folder with room that allows writing",
            remedy="choose another place with -o",
        ) from error


def _flush(path: Path) -> None:
    """Bytes reach the disk before the name does, so a full disk or a power cut leaves no half file."""
    with path.open("rb+") as file:
        os.fsync(file.fileno())


def _umask() -> int:
    """Mkstemp makes private files; results should have the modes that the user's files have."""
    mask = os.umask(0)
    os.umask(mask)
    return mask

"""What comes from the standard input or any other pipe, and what goes to one.

`-` is the standard input or output. Pipes have no places to go back to, so what comes is copied to a temporary file
first, and what goes is made in one: it is whole, or there is none of it.
"""

import errno
import os
import shutil
import stat
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from typing import BinaryIO

import click

from texnet_core import find_source
from texnet_core.errors import RequestError, TexnetError
from texnet_core.paths import user_path

STREAM = "-"

_INPUTS = (STREAM, "/dev/stdin", "/dev/fd/0", "/proc/self/fd/0")
_OUTPUTS = (STREAM, "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1")
_INPUT, _OUTPUT = "the standard input", "the standard output"
_MAX_PICTURE = 4 * 1024**3  # bytes of what comes, and more than any such file has
_MAX_GENERATOR, _MAX_LIST = 320 * 1024**2, 128 * 1024**2
_CHUNK = 2**20
_TAKEN = "train_cli.streams"


class OutputTakenError(RequestError):
    """Something else than what goes to the standard output, or nothing, can be told there."""


def is_input(path: Path | str) -> bool:
    """Whether a path means the standard input or another pipe."""
    return os.fspath(path) in _INPUTS or _is_pipe(path)


def is_output(path: Path) -> bool:
    """Whether a path means the standard output or another pipe."""
    return is_standard_output(path) or _is_pipe(path)


def is_standard_output(path: Path) -> bool:
    return os.fspath(path) in _OUTPUTS


@contextmanager
def readable(path: Path, most: int = _MAX_PICTURE) -> Iterator[Path]:
    """A file that can be read from any place: the one at the path, or a copy of at most so many bytes from a pipe.

    Raises:
        RequestError: nothing comes, or the standard input is read already.
    """
    if not is_input(path):
        yield path
        return
    with tempfile.TemporaryDirectory(prefix="texnet-") as folder:
        copy = Path(folder) / "input"
        with _opened(path) as source, copy.open("wb") as file:
            while chunk := source.read(_CHUNK):
                file.write(chunk)
                if file.tell() > most:
                    found = f"{shown_input(path)} gives more than {most} bytes"
                    raise RequestError(found, expected="less", remedy="name a file")
        try:
            yield copy
        except TexnetError as error:
            found, remedy = (text.replace(str(copy), shown_input(path)) for text in (error.found, error.remedy))
            raise type(error)(found, expected=error.allowed, remedy=remedy) from error


@contextmanager
def source_file(source: str, find: Callable[[str], Path] = find_source) -> Iterator[Path]:
    """The file that a SOURCE means, be it a name that `find` knows, a path or a pipe."""
    if source != STREAM and not is_input(path := user_path(source)):
        yield find(source)
        return
    with readable(Path(STREAM) if source == STREAM else path, _MAX_GENERATOR) as file:
        yield file


def listed(path: Path) -> Path | bytes:
    """A list's file, or all that comes through a pipe."""
    if not is_input(path):
        return path
    with readable(path, _MAX_LIST) as file:
        return file.read_bytes()


@contextmanager
def writing(output: Path, suffix: str) -> Iterator[Path]:
    """A path to write a file to; where the output is a pipe, the file goes through it when the block ends well.

    What others print meanwhile goes to the standard error.

    Raises:
        OutputTakenError: the standard output is a terminal, or closed.
    """
    if not is_output(output):
        yield output
        return
    _check_standard_output(output)
    with tempfile.TemporaryDirectory(prefix="texnet-") as folder:
        file = Path(folder) / f"output{suffix}"
        with redirect_stdout(sys.stderr):
            yield file
        _send(file, output)


def check_alone(output: Path, as_json: bool, files: int = 1) -> None:
    """Raise RequestError where an output is a pipe and something else goes there too, or there is more than one file.

    Raises:
        OutputTakenError: likewise, of the standard output; or it is a terminal, or closed.
    """
    if not is_output(output):
        return
    _check_standard_output(output)
    if as_json and is_standard_output(output):
        raise OutputTakenError(
            f"--json and --output {output} both write to {_OUTPUT}", expected="one of them", remedy="use one of them"
        )
    if files > 1:
        kind = OutputTakenError if is_standard_output(output) else RequestError
        raise kind(
            f"{files} files cannot go to {shown_output(output)}", expected="one file", remedy="give a name for files"
        )


def new_files(*outputs: Path | None) -> list[Path]:
    """Those outputs that are given and will be files."""
    return [path for path in outputs if path is not None and not is_output(path)]


def shown_input(path: Path) -> str:
    """What messages call an input."""
    return _INPUT if os.fspath(path) in _INPUTS else str(path)


def shown_output(path: Path) -> str:
    """What messages call an output."""
    return _OUTPUT if is_standard_output(path) else str(path)


def _is_pipe(path: Path | str) -> bool:
    try:
        return stat.S_ISFIFO(os.stat(path).st_mode)
    except (OSError, ValueError):
        return False


@contextmanager
def _opened(path: Path) -> Iterator[BinaryIO]:
    if os.fspath(path) not in _INPUTS:
        with path.open("rb") as file:
            yield file
        return
    taken = click.get_current_context().meta
    if taken.setdefault(_TAKEN, False):
        raise RequestError(f"two inputs come from {_INPUT}", expected="one", remedy="name a file for one of them")
    taken[_TAKEN] = True
    if sys.stdin is None or sys.stdin.closed:
        raise RequestError(f"{_INPUT} is closed", expected="a file", remedy="name a file")
    if sys.stdin.isatty():
        raise RequestError(f"{_INPUT} is a terminal", expected="a file", remedy="name a file, or pipe one into it")
    yield sys.stdin.buffer


def _check_standard_output(output: Path) -> None:
    if is_standard_output(output) and (sys.stdout is None or sys.stdout.isatty()):
        found = f"{_OUTPUT} is {'closed' if sys.stdout is None else 'a terminal'}"
        raise OutputTakenError(found, expected="a file or a pipe", remedy="name a file, or redirect it")


def _send(file: Path, output: Path) -> None:
    with file.open("rb") as made:
        if is_standard_output(output):
            _copy_to_standard_output(made)
        else:
            with output.open("wb") as pipe:
                shutil.copyfileobj(made, pipe, _CHUNK)


def _copy_to_standard_output(made: BinaryIO) -> None:
    try:
        shutil.copyfileobj(made, sys.stdout.buffer, _CHUNK)
        sys.stdout.buffer.flush()
    except OSError as error:
        if os.name == "nt" and error.errno == errno.EINVAL:  # what Windows says where nobody reads any more
            raise BrokenPipeError from error
        raise

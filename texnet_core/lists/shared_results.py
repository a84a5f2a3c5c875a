"""A folder or URL that all nodes reach: what entries write goes there at once, and what they go on from comes from it.

Anything that fsspec knows will do: `file:` for a folder that all see, `s3:`, `gs:` and others with their packages.
"""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from texnet_core.atomic import make_folder, replacing
from texnet_core.errors import EngineError, OutputError, RequestError, one_line


@dataclass(frozen=True)
class SharedResults:
    """Outputs below a folder of the machine that runs a list are files below a URL. It can be pickled.

    Attributes:
        url: as fsspec takes it.
        below: the folder, absolute.
    """

    url: str
    below: str

    @classmethod
    def at(cls, url: str, below: Path | str) -> "SharedResults":
        """Check that it can be reached from here.

        Raises:
            EngineError: fsspec, or what it needs for such URLs, is not installed.
            OutputError: nothing answers there.
        """
        made = cls(url, os.path.abspath(below))
        with _named(url):
            system, root = made._system
            system.exists(root)
        return made

    def place_of(self, path: str | Path) -> str:
        """The URL of an output.

        Raises:
            RequestError: it does not lie below the folder.
        """
        relative = os.path.relpath(os.path.abspath(path), self.below)
        if Path(relative).parts[:1] == (os.pardir,):
            raise RequestError(
                f"the output {path} does not lie below {self.below}, which stands for {self.url}",
                expected="an output below it",
                remedy="name outputs from the folder of the list on",
            )
        return f"{self.url.rstrip('/')}/{Path(relative).as_posix()}"

    def put(self, path: str, file: Path) -> None:
        """Copy a file to where an output belongs: all of it is there then, or what was there before."""
        system, target = self._found(path)
        with _named(self.place_of(path)):
            if "file" in _protocols(system):
                make_folder(Path(target).parent)
                with replacing(Path(target)) as temporary:
                    temporary.write_bytes(file.read_bytes())
            else:
                system.put_file(str(file), target)

    def get(self, path: str, file: Path) -> bool:
        """Copy what is there to a file; False where nothing is."""
        system, target = self._found(path)
        with _named(self.place_of(path)):
            if not system.exists(target):
                return False
            make_folder(file.parent)
            system.get_file(target, str(file))
        return True

    def delete(self, path: str) -> None:
        """Delete what is there, if anything is."""
        system, target = self._found(path)
        with _named(self.place_of(path)):
            if system.exists(target):
                system.rm_file(target)

    def states_of(self, files: Sequence[Path]) -> list[Any] | None:
        """Size of each, and what changes with it; None where one is missing."""
        states = []
        for file in files:
            system, target = self._found(file)
            with _named(self.place_of(file)):
                try:
                    known = system.info(target, refresh=True) if "s3" in _protocols(system) else system.info(target)
                except FileNotFoundError:
                    return None
            states.append([known["size"], str(known.get("ETag") or known.get("etag") or known.get("mtime"))])
        return states

    @cached_property
    def _system(self) -> tuple[Any, str]:
        try:
            from fsspec.core import url_to_fs
        except ImportError as error:
            raise _missing("fsspec", self.url) from error
        try:
            system, root = url_to_fs(self.url, use_listings_cache=False)
        except ImportError as error:
            raise _missing(one_line(str(error)), self.url) from error
        except ValueError as error:
            found = f"{self.url} is no URL for results ({one_line(str(error))})"
            raise RequestError(found, expected="file:///FOLDER, s3://BUCKET/FOLDER", remedy="correct it") from error
        return system, str(root)

    def _found(self, path: str | Path) -> tuple[Any, str]:
        system, root = self._system
        return system, f"{root.rstrip('/')}{self.place_of(path)[len(self.url.rstrip('/')) :]}"

    def __getstate__(self) -> dict[str, str]:
        return {"url": self.url, "below": self.below}  # without the connection


def _protocols(system: Any) -> tuple[str, ...]:
    return (system.protocol,) if isinstance(system.protocol, str) else tuple(system.protocol)


def _missing(what: str, url: str) -> EngineError:
    return EngineError(
        f"results at {url} need a package that is not installed ({what})",
        expected="fsspec, and for s3: s3fs",
        remedy="install it on all nodes",
    )


@contextmanager
def _named(place: str) -> Iterator[None]:
    """Errors of any file system as the one that names the place."""
    try:
        yield
    except (OutputError, RequestError, EngineError):
        raise
    except Exception as error:  # each system has its own
        raise _unreachable(place, error) from error


def _unreachable(place: str, error: Exception) -> OutputError:
    text = one_line(str(error))[:200] or type(error).__name__
    return OutputError(
        f"{place} cannot be reached ({text})",
        expected="a place that all nodes can write to",
        remedy="check the address, and rights and connection of this machine",
    )

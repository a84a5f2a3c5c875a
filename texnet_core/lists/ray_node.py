"""What a Ray task does on its node: a folder with what the entry reads, and bytes of what comes of it.

Paths are those of the machine that runs the list. On the node they lie below a temporary folder, so that no file
system needs to be shared and nothing stays behind.
"""

import functools
import hashlib
import importlib.metadata
import os
import pickle
import socket
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

import texnet_core
from texnet_core.atomic import as_output_error, make_folder
from texnet_core.errors import Cancelled, reason
from texnet_core.lists.pools import Place, Shared
from texnet_core.lists.shared_results import SharedResults
from texnet_core.progress import Progress

_TELL_EVERY_S = 0.5
_SHARED = Shared()  # what entries keep between them in this process

Tell = Callable[[Progress, Mapping[str, bytes]], bool]


@dataclass(frozen=True)
class Entry:
    """One entry of a list on its way to a node.

    Attributes:
        task: a `pools.Task`, pickled.
        folder: the current one of the machine that runs the list.
        device: where engines are to run.
        cpus: that it may use.
        results: where it writes its files itself; None where their bytes go back.
    """

    task: bytes
    folder: str
    device: str
    cpus: int
    results: SharedResults | None = None


@dataclass(frozen=True)
class Reply:
    """What comes back of it.

    Attributes:
        status: done; failed; or stopped, because the callback asked for it.
        node: where that was.
        outcome: what the task returned.
        error: the one line that says why it failed.
        files: path -> bytes of what it wrote.
        kept: path -> bytes of that by which it goes on, None where that is of no use any more.
    """

    status: Literal["done", "failed", "stopped"]
    node: str
    outcome: Any = None
    error: str = ""
    files: Mapping[str, bytes] = field(default_factory=dict)
    kept: Mapping[str, bytes | None] = field(default_factory=dict)


@functools.cache
def surroundings() -> tuple[str, str]:
    """Version of TexNet here, and a digest of its code: pickles and bytes are the same where both are."""
    digest = hashlib.sha256()
    root = Path(texnet_core.__file__).parent
    for file in sorted(root.rglob("*.py")):
        digest.update(file.relative_to(root).as_posix().encode() + b"\0" + file.read_bytes())
    return importlib.metadata.version("texnet"), digest.hexdigest()


def node_name() -> str:
    """What messages call this node."""
    return socket.gethostname()


def absolute(path: Path | str, folder: str) -> str:
    """A path of the machine that runs the list, as it is known on nodes."""
    return os.path.normpath(os.path.join(folder, path))


def run_entry(entry: Entry, sent: Mapping[str, Any], fetch: Callable[[Any], bytes], tell: Tell) -> Reply:
    """Make an entry in a folder of its own.

    Args:
        entry: what is to be made.
        sent: path -> what `fetch` makes its bytes of, for all files that the entry reads.
        fetch: gets bytes that are somewhere in the cluster.
        tell: called now and then with progress and with the bytes of what is kept; True where all is to stop.
    """
    node = node_name()
    try:
        with as_output_error(Path(tempfile.gettempdir())), tempfile.TemporaryDirectory(prefix="texnet-") as folder:
            return _Bench(entry, sent, fetch, tell, Path(folder)).made()
    except Exception as error:  # a disk that is full, most often
        return Reply("failed", node, error=f"node {node}: {reason(error)}")


class _Bench(Place):
    """A folder on this node that stands for all of the file system."""

    def __init__(
        self, entry: Entry, sent: Mapping[str, Any], fetch: Callable[[Any], bytes], tell: Tell, root: Path
    ) -> None:
        super().__init__(entry.device, entry.cpus, entry.cpus)
        self._entry, self._sent, self._fetch, self._tell, self._root = entry, sent, fetch, tell, root
        self._task = pickle.loads(entry.task)
        self._own = {self._known(path) for path in (*self._task.writes, *self._task.keeps)}
        self._told_at = 0.0
        self._kept: dict[str, int] = {}  # path -> when what was last told of it was written
        self._read: dict[str, int] = {}  # path -> when it was put here

    def at(self, path: Path) -> Path:
        return self._root / self._known(path).lstrip(os.sep)

    def read(self, path: Path) -> Path:
        known = self._known(path)
        for name, source in self._sent.items():
            if (name == known or name.startswith(known + os.sep)) and name not in self._read:
                file = self.at(Path(name))
                make_folder(file.parent)
                with as_output_error(file):
                    file.write_bytes(self._fetch(source))
                self._read[name] = file.stat().st_mtime_ns
        results, file = self._entry.results, self.at(path)
        if results and known in self._own and known not in self._read and results.get(known, file):
            self._read[known] = file.stat().st_mtime_ns
        return file

    def made(self) -> Reply:
        """Run the task; what it leaves is in the reply."""
        node = node_name()
        try:
            outcome = self._task.run(self, _SHARED, self._report)
        except Cancelled:
            return Reply("stopped", node, kept=self._new_keeps())
        except Exception as error:  # whatever it is, the other entries go on
            return Reply("failed", node, error=f"node {node}: {self._in_words(error)}", kept=self._new_keeps())
        return Reply("done", node, outcome, files=self._written(), kept={**self._gone(), **self._new_keeps()})

    def _known(self, path: Path) -> str:
        return absolute(path, self._entry.folder)

    def _report(self, part: Progress) -> None:
        now = time.monotonic()
        if part.note or now - self._told_at >= _TELL_EVERY_S:
            self._told_at = now
            if self._tell(replace(part, preview=None), self._new_keeps()):
                raise Cancelled

    def _new_keeps(self) -> dict[str, bytes]:
        """What is kept and was written since it was last told, or put here."""
        news: dict[str, Path] = {}
        for path in self._task.keeps:
            name, file = self._known(path), self.at(path)
            written = file.stat().st_mtime_ns if file.exists() else 0
            if written and written != self._kept.get(name, self._read.get(name)):
                self._kept[name] = written
                news[name] = file
        return self._delivered(news)

    def _written(self) -> dict[str, bytes]:
        files = {self._known(path): self.at(path) for path in self._task.writes}
        is_new = {
            name: file.exists() and file.stat().st_mtime_ns != self._read.get(name) for name, file in files.items()
        }
        return self._delivered({name: file for name, file in files.items() if is_new[name]})

    def _delivered(self, files: Mapping[str, Path]) -> dict[str, bytes]:
        """The bytes of files that go back; none where they are put into a place that all reach."""
        if self._entry.results is None:
            return {name: file.read_bytes() for name, file in files.items()}
        for name, file in files.items():
            self._entry.results.put(name, file)
        return {}

    def _gone(self) -> dict[str, None]:
        """What is kept no more."""
        gone = {self._known(path): None for path in self._task.keeps if not self.at(path).exists()}
        if self._entry.results is None:
            return gone
        for name in gone:
            self._entry.results.delete(name)
        return {}

    def _in_words(self, error: Exception) -> str:
        """What went wrong, with paths as they are where the list is run."""
        return reason(error).replace(f"{self._root}{os.sep}", os.sep)

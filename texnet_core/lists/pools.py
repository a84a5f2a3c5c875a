"""Where the entries of a list are made: in this process, or on other machines (`ray_pool`).

A front end plans and remembers; a pool decides where and when. Both know each other by the protocols here alone, so
that there is one way to run a list, whatever runs it.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from functools import partial
from pathlib import Path
from typing import Any, Protocol, TypeVar, cast

from texnet_core.errors import Cancelled, reason
from texnet_core.lists.record import states_of
from texnet_core.once import OpenOnce
from texnet_core.progress import Progress, ProgressCallback

T = TypeVar("T")


class Place:
    """Where tasks run: here this very machine, on which all files are where they are said to be.

    Attributes:
        device: where engines run; "" leaves it to each task.
        cores: of the machine that tasks may use.
        blocks_at_once: how many cores one task may use.
    """

    def __init__(self, device: str = "", cores: int = 1, blocks_at_once: int = 1) -> None:
        self.device, self.cores, self.blocks_at_once = device, cores, blocks_at_once

    def at(self, path: Path) -> Path:
        """Where a file or folder is here, or is to be written."""
        return path

    def read(self, path: Path) -> Path:
        """The same of one that the task reads, which is there then if it is anywhere."""
        return self.at(path)


class Shared:
    """What tasks keep between them in one process, made when it is first asked for."""

    def __init__(self) -> None:
        self._made: OpenOnce[type[Any], Any] = OpenOnce()

    def get(self, kind: type[T]) -> T:
        """The one object of a class."""
        return cast(T, self._made.get(kind, kind))


class Task(Protocol):
    """One entry of a list, planned. It can be pickled once it is `portable`.

    Attributes:
        reads: files and folders that it needs; those that are missing are left out.
        writes: files that it may write; what of them is there afterwards is what came out.
        keeps: files by which it goes on after it was stopped.
        device: where it is to run, as settings say it: auto, cpu, cuda, ...
        cpus: that it takes of a machine which others use too.
    """

    @property
    def device(self) -> str: ...

    @property
    def cpus(self) -> int: ...

    @property
    def reads(self) -> Sequence[Path]: ...

    @property
    def writes(self) -> Sequence[Path]: ...

    @property
    def keeps(self) -> Sequence[Path]: ...

    def portable(self, shared: Shared, device: str) -> "Task":
        """The same for another machine, on a device there: what cannot travel is settled here."""
        ...

    def run(self, place: Place, shared: Shared, report: ProgressCallback) -> Any:
        """Do it."""
        ...


class Work(Protocol):
    """A list that is being made. Pools call it from several threads."""

    def __len__(self) -> int: ...

    def plan(self, number: int) -> Task:
        """The task of an entry; TexnetError where there can be none."""
        ...

    def hear(self, number: int, part: Progress) -> None:
        """Take note of progress. Raises Cancelled to stop all work."""
        ...

    def done(self, number: int, outcome: Any) -> None:
        """Take what a task returned. Its files are where they belong."""
        ...

    def failed(self, number: int, error: str) -> None:
        """Take the one line that says why an entry failed."""
        ...


class Pool(Protocol):
    """What makes the entries of a list."""

    def states_of(self, files: Sequence[Path]) -> list[Any] | None:
        """What changes whenever one of the outputs does, as JSON has it; None where one is missing."""
        ...

    def place_of(self, file: Path) -> str:
        """Where an output is, as users call it."""
        ...

    def run(self, work: Work) -> None:
        """Make all entries; those that fail stop no other.

        Raises:
            Cancelled: `hear` did, and all tasks have stopped.
        """
        ...


class Here:
    """The pool of this process: in so many threads, each on one of the devices in turn, or in the caller's own."""

    def __init__(self, at_once: int = 0, devices: Sequence[str] = ("",), cores: int = 1) -> None:
        """With `at_once` 0, one entry after the other is made in the thread of the caller."""
        self._at_once = at_once
        blocks = max(1, cores // max(1, at_once))
        self._places = [Place(device, cores, blocks) for device in devices]

    def states_of(self, files: Sequence[Path]) -> list[Any] | None:
        return states_of(files)

    def place_of(self, file: Path) -> str:
        return str(file)

    def run(self, work: Work) -> None:
        one = partial(self._one, work, Shared())
        if not self._at_once:
            for number in range(len(work)):
                one(number)
            return
        with ThreadPoolExecutor(self._at_once, "texnet-job") as threads:
            futures = [threads.submit(one, number) for number in range(len(work))]
            try:
                ended, _ = wait(futures, return_when=FIRST_EXCEPTION)
            finally:
                for future in futures:
                    future.cancel()
        for future in ended:
            future.result()

    def _one(self, work: Work, shared: Shared, number: int) -> None:
        place = self._places[number % len(self._places)]
        attempt(
            lambda: work.plan(number).run(place, shared, partial(work.hear, number)),
            partial(work.done, number),
            partial(work.failed, number),
        )


def attempt(make: Callable[[], T], done: Callable[[T], None], failed: Callable[[str], None]) -> None:
    """Hand on what is made; where it cannot be, the one line that says why. Only Cancelled is raised."""
    try:
        done(make())
    except Cancelled:
        raise
    except Exception as error:  # whatever it is, the other entries go on
        failed(reason(error))

"""The entries of a list as tasks of a Ray cluster.

Files that an entry reads go into Ray's object store once, which brings them to each node once. What an entry writes
comes back to this machine, which puts it in place whole, as if it had been made here. Little is under way at a time,
so that memory does not grow with the list. An entry whose node is lost is made again on another, from what it kept.
"""

import os
import pickle
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from texnet_core.atomic import delete_file, make_folder, replacing_all
from texnet_core.errors import Cancelled, EngineError, RequestError, TexnetError, one_line
from texnet_core.lists.pools import Shared, Task, Work, attempt
from texnet_core.lists.ray_cluster import capacity_of, connected, entry_runner, mailbox_of, reply_of
from texnet_core.lists.ray_node import Entry, Reply, absolute
from texnet_core.lists.record import states_of
from texnet_core.lists.shared_results import SharedResults
from texnet_core.once import OpenOnce
from texnet_core.progress import Progress

_AHEAD = 4  # entries under way for each that can run at once
_ATTEMPTS = 3  # of an entry whose node or process is lost
_LOOK_EVERY_S = 0.2
_COUNT_EVERY_S = 5.0  # clusters grow
_STOP_WITHIN_S = 20.0
_MOST_SENT = 2**30  # bytes that stay in the object store for entries to come
_NOTHING_NEW = Progress("", 0, 1, "entry")


class RayPool:
    """A pool of `run_jobs` and `run_recipes`; use it as `with RayPool(address) as pool`."""

    def __init__(self, address: str = "", *, cpus: int = 0, results: SharedResults | None = None) -> None:
        """Reach a cluster.

        Args:
            address: auto, ray://HOST:PORT or HOST:PORT; "" for RAY_ADDRESS, the cluster that was started on this
                machine, or else a new one of this machine alone. A process that is connected stays so.
            cpus: that each entry takes; 0 for what the entry itself says.
            results: where entries write their files themselves; without it these come back to this machine.

        Raises:
            EngineError: Ray is not installed, or no cluster answers there.
        """
        self._connection = connected(address)
        self._ray, self._cpus, self._results = self._connection.__enter__(), cpus, results

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._connection.__exit__(None, None, None)

    def states_of(self, files: Sequence[Path]) -> list[Any] | None:
        return states_of(files) if self._results is None else self._results.states_of(files)

    def place_of(self, file: Path) -> str:
        return str(file) if self._results is None else self._results.place_of(file)

    def run(self, work: Work) -> None:
        try:
            _Run(self._ray, work, self._cpus, self._results).to_the_end()
        except self._ray.exceptions.RayError as error:
            raise EngineError(
                f"the Ray cluster went away ({type(error).__name__})",
                expected="a cluster",
                remedy="start it again; the same command goes on",
            ) from error


class _Run:
    """One list on its way through the cluster."""

    def __init__(self, ray: Any, work: Work, cpus: int, results: SharedResults | None) -> None:
        self._ray, self._work, self._cpus, self._results = ray, work, cpus, results
        self._capacity = capacity_of(ray)
        self._counted_at = self._looked_at = time.monotonic()
        self._mailbox = mailbox_of(ray)
        self._sent, self._shared = _Sent(ray), Shared()
        self._runners: OpenOnce[tuple[int, int], Callable[..., Any]] = OpenOnce()
        self._under_way: dict[Any, int] = {}  # reference -> number
        self._tasks: dict[int, Task] = {}
        self._nodes: dict[int, str] = {}
        self._lost: dict[int, int] = {}  # number -> how often
        self._again: list[int] = []

    def to_the_end(self) -> None:
        """Make all entries."""
        fresh = iter(range(len(self._work)))
        try:
            while self._start(fresh) or self._under_way:
                self._look()
        except BaseException:
            self._stop()
            raise
        finally:
            self._ray.kill(self._mailbox)

    def _start(self, fresh: Iterator[int]) -> bool:
        """Send entries until enough are under way; whether any are left."""
        while len(self._under_way) < self._most():
            number = self._again.pop() if self._again else next(fresh, None)
            if number is None:
                return False
            attempt(partial(self._send, number), _nothing, partial(self._work.failed, number))
        return True

    def _most(self) -> int:
        if time.monotonic() - self._counted_at > _COUNT_EVERY_S:
            self._capacity, self._counted_at = capacity_of(self._ray), time.monotonic()
        return max(_AHEAD, _AHEAD * self._capacity.cpus // max(1, self._cpus))

    def _send(self, number: int) -> None:
        task = self._work.plan(number)
        device, cpus, gpus = self._needs(task)
        task = task.portable(self._shared, device)
        own: set[Path] = set()  # what does not pass through this machine
        if self._results:
            own = {*task.writes, *task.keeps}
            for file in own:
                self._results.place_of(file)  # which refuses a name that has no place before anything is made
        entry = pickle.dumps(Entry(pickle.dumps(task), os.getcwd(), device, cpus, self._results))
        run = self._runners.get((cpus, gpus), partial(entry_runner, self._ray, cpus, gpus))
        sent = self._sent.files([path for path in task.reads if path not in own])
        reference = run(number, entry, sent, self._mailbox)
        self._tasks[number] = task
        self._under_way[reference] = number

    def _needs(self, task: Task) -> tuple[str, int, int]:
        """Device, CPUs and GPUs of a task, as far as the cluster has them."""
        asked, capacity = task.device, self._capacity
        if asked not in ("auto", "cpu") and not capacity.gpus:
            found = f"device {asked} is asked for, and no node of the cluster has a GPU"
            raise EngineError(found, expected="a GPU", remedy="leave the device out, or add a node with a GPU")
        device = "cpu" if not capacity.gpus or asked == "cpu" else "cuda" if asked == "auto" else asked
        cpus = self._cpus or min(task.cpus, max(1, capacity.most_cpus))
        if cpus > capacity.most_cpus:
            found = f"an entry is to have {cpus} CPUs, and the largest node has {capacity.most_cpus}"
            raise RequestError(found, expected="CPUs of one node", remedy="ask for fewer, or add a larger node")
        return device, cpus, int(device != "cpu")

    def _look(self) -> None:
        """Wait a moment, and take what has come."""
        ready, _ = self._ray.wait(list(self._under_way), num_returns=1, timeout=_LOOK_EVERY_S)
        more, _ = self._ray.wait(list(self._under_way), num_returns=len(self._under_way), timeout=0)
        if time.monotonic() - self._looked_at >= _LOOK_EVERY_S:
            self._hear()
        for reference in {*ready, *more}:
            self._take(reference)

    def _hear(self) -> None:
        self._looked_at = time.monotonic()
        for number, node, part, kept in self._ray.get(self._mailbox.take.remote()):
            if number in self._tasks:
                self._nodes[number] = node
                _put(kept)
                self._work.hear(number, part or _NOTHING_NEW)
        for number in list(self._tasks)[:1]:  # so that a Ctrl-C is heard though nothing happens
            self._work.hear(number, _NOTHING_NEW)

    def _take(self, reference: Any) -> None:
        """What has become of an entry. One whose node or process is lost is made again."""
        number, errors = self._under_way.pop(reference), self._ray.exceptions
        try:
            reply: Reply = reply_of(self._ray.get(reference))
        except (errors.RayTaskError, errors.TaskUnschedulableError) as error:
            self._work.failed(number, f"{self._where(number)}: {_first_line(error)}")
        except errors.RayError as error:
            self._hear()  # what it kept last, which counts as long as it is under way
            self._lost[number] = self._lost.get(number, 0) + 1
            if self._lost[number] < _ATTEMPTS:
                self._again.append(number)
            else:
                found = f"{self._where(number)} was lost {_ATTEMPTS} times while this was made"
                self._work.failed(number, f"{found} ({type(error).__name__}); see whether its memory suffices")
        else:
            attempt(partial(self._arrived, reply), partial(self._hand_on, number), partial(self._work.failed, number))
        finally:
            self._tasks.pop(number)
            self._nodes.pop(number, None)

    def _arrived(self, reply: Reply) -> Reply:
        _put(reply.files)
        _put(reply.kept)
        return reply

    def _hand_on(self, number: int, reply: Reply) -> None:
        if reply.status == "failed":
            self._work.failed(number, reply.error)
        elif reply.status == "done":
            self._work.done(number, reply.outcome)
        else:
            raise Cancelled

    def _where(self, number: int) -> str:
        return f"node {self._nodes[number]}" if number in self._nodes else "a node"

    def _stop(self) -> None:
        """End what is under way, and keep what has come of it; what cannot be kept any more is made again anyway."""
        self._mailbox.stop.remote()
        deadline = time.monotonic() + _STOP_WITHIN_S
        for reference, number in self._under_way.items():
            if number not in self._nodes:  # it has not begun; those that have stop at their next report
                self._ray.cancel(reference)
        while self._under_way and (left := deadline - time.monotonic()) > 0:
            ready, _ = self._ray.wait(list(self._under_way), num_returns=1, timeout=min(left, _LOOK_EVERY_S))
            for reference in ready:
                with suppress(Cancelled, TexnetError, self._ray.exceptions.RayError):
                    self._take(reference)
        for reference in self._under_way:
            self._ray.cancel(reference, force=True)


class _Sent:
    """Files in the object store, which brings them once to each node that asks for them."""

    def __init__(self, ray: Any) -> None:
        self._ray = ray
        self._put: OrderedDict[tuple[str, int, int], Any] = OrderedDict()  # path, time and size -> reference

    def files(self, reads: Sequence[Path]) -> dict[str, Any]:
        """Path -> reference for all that a task reads. The last ones stay for others to come."""
        here = os.getcwd()
        paths = [file for path in reads for file in _files(Path(absolute(path, here)))]
        sent = {str(path): self._reference(path) for path in paths}
        while sum(size for _, _, size in self._put) > _MOST_SENT and len(self._put) > 1:
            self._put.popitem(last=False)
        return sent

    def _reference(self, path: Path) -> Any:
        try:
            status = path.stat()
            key = (str(path), status.st_mtime_ns, status.st_size)
            self._put[key] = self._put.pop(key) if key in self._put else self._ray.put(path.read_bytes())
        except OSError as error:
            found = f"{path} cannot be read ({error.strerror or error})"
            raise RequestError(found, expected="a file that can be read", remedy="check the path") from error
        return self._put[key]


def _files(path: Path) -> list[Path]:
    """The file, or all in a folder; none where there is none, which the task will tell."""
    return [path] if path.is_file() else [file for file in sorted(path.rglob("*")) if file.is_file()]


def _put(files: Mapping[str, bytes | None]) -> None:
    """Put files in place, all or none; those without bytes go."""
    there = {Path(name): content for name, content in files.items() if content is not None}
    for folder in {path.parent for path in there}:
        make_folder(folder)
    if there:
        with replacing_all(list(there)) as temporaries:
            for temporary, content in zip(temporaries, there.values(), strict=True):
                temporary.write_bytes(content)
    for name in files.keys() - {str(path) for path in there}:
        delete_file(Path(name))


def _nothing(_: object) -> None:
    pass


def _first_line(error: Exception) -> str:
    """The last line of a remote traceback says what it was."""
    return one_line(str(error).strip().splitlines()[-1])

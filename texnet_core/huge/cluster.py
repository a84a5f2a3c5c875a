"""Dask workers that make pieces of a plane, on this machine or on a cluster."""

import asyncio
import logging
import queue
import socket
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from texnet_core.engines import available_cores
from texnet_core.errors import EngineError, OutputError, TexnetError, reason
from texnet_core.huge.job import Job, versions
from texnet_core.huge.packages import needing
from texnet_core.huge.recipe import as_it_is, opened

if TYPE_CHECKING:
    from distributed import Client, Future, LocalCluster

_PATIENCE_S = 20.0
_TICK_S = 0.2
_ASK_S = 2.0  # after which workers are asked for, while none answers
_LOCAL_WORKER = "texnet_core.huge.local_worker"


@contextmanager
def dask_workers(address: str = "", workers: int = 0, *, patience_s: float = _PATIENCE_S) -> Iterator["DaskWorkers"]:
    """Workers of the cluster at an address, or processes of this machine, which end with the block.

    Args:
        address: of the scheduler, such as tcp://node1:8786; "" starts processes here.
        workers: how many processes here; 0 for one a core.
        patience_s: seconds to wait for a scheduler that does not answer, or has no workers.

    Raises:
        EngineError: Dask is missing, no scheduler answers, or it has no workers.
    """
    with needing("--dask"):
        from distributed import Client
    if not address:
        with _quiet(), ExitStack() as stack:
            cluster = _local_cluster(workers)
            stack.callback(_closed, cluster)
            client = Client(cluster, set_as_default=False)
            stack.callback(_closed, client)
            yield DaskWorkers(client, cluster.scheduler_address, patience_s)
        return
    _check_answers(address, patience_s)
    with _quiet(), Client(address, timeout=patience_s, set_as_default=False) as client:
        try:
            client.wait_for_workers(1, timeout=patience_s)
        except TimeoutError as error:
            raise _no_workers(address) from error
        yield DaskWorkers(client, address, patience_s)


class DaskWorkers:
    """See `job.Workers`.

    Attributes:
        address: of their scheduler.
    """

    def __init__(self, client: "Client", address: str, patience_s: float = _PATIENCE_S) -> None:
        self._client, self.address, self._patience_s = client, address, patience_s

    def make(self, job: Job, numbers: Sequence[int]) -> Iterator[int | None]:
        self._check(job)
        run = uuid.uuid4().hex
        # a task and no scattered data: what all workers that had it have lost is made again
        held = self._client.submit(as_it_is, job, key=f"texnet-job-{run}")
        keys = [f"texnet-piece-{run}-{number}" for number in numbers]
        futures = self._client.map(_piece, numbers, job=held, key=keys, pure=False)
        ended: queue.SimpleQueue[Future[int]] = queue.SimpleQueue()
        for future in futures:
            future.add_done_callback(ended.put)
        try:
            yield from self._results(ended, len(futures))
        finally:
            if self._client.status == "running":
                self._client.cancel([*futures, held])

    def ask(self, question: Callable[[], Any]) -> dict[str, Any]:
        """What each worker answers, by its address."""
        answers: dict[str, Any] = self._client.run(question, on_error="return")
        return answers

    def _results(self, ended: "queue.SimpleQueue[Future[int]]", count: int) -> Iterator[int | None]:
        seen_at = time.monotonic()
        while count:
            try:
                number = self._result(ended.get(timeout=_TICK_S))
                count -= 1
                yield number
            except queue.Empty:
                yield None
                if time.monotonic() - seen_at < min(_ASK_S, self._patience_s):
                    continue
                if self._are_there():
                    seen_at = time.monotonic()
                elif time.monotonic() - seen_at > self._patience_s:
                    raise _no_workers(self.address) from None

    def _result(self, future: "Future[int]") -> int:
        from distributed.scheduler import KilledWorker

        if future.status in ("cancelled", "lost"):
            raise EngineError(
                f"the Dask scheduler at {self.address} is gone",
                expected="a scheduler",
                remedy="start it and run this again",
            )
        try:
            number: int = future.result()
        except KilledWorker as error:
            last = getattr(error.last_worker, "address", error.last_worker)
            raise EngineError(
                f"workers died again and again while they made a piece, the last of them {last}",
                expected="workers that live",
                remedy="give each more memory, or look at its log",
            ) from error
        return number

    def _are_there(self) -> bool:
        """Whether there are workers; where the scheduler is gone as well, there are none."""
        try:
            return bool(self._client.nthreads())
        except (OSError, ValueError):
            return False

    def _check(self, job: Job) -> None:
        """Raise a TexnetError that names the first worker that cannot take part."""
        found = self.ask(partial(_surroundings, job.folder))
        for address, facts in sorted(found.items()):
            if isinstance(facts, OSError):  # it went meanwhile, and others make its pieces
                continue
            if isinstance(facts, BaseException):
                raise EngineError(
                    f"the worker {address} cannot use TexNet ({type(facts).__name__}: {facts})",
                    expected="TexNet on each worker",
                    remedy="run there: pip install 'texnet[dask]'",
                )
            _check_versions(f"the worker {address} on {facts['host']}", facts["versions"], job.versions)
            if not facts["sees"]:
                raise OutputError(
                    f"the worker {address} on {facts['host']} does not see {job.folder.parent}",
                    expected="a folder that all machines share",
                    remedy="write to a folder that all workers see under this name",
                )


def _local_cluster(workers: int) -> "LocalCluster":
    """Processes of this machine; leaving its context ends them."""
    from distributed import LocalCluster

    try:
        return LocalCluster(
            n_workers=workers or available_cores(),
            threads_per_worker=1,
            processes=True,
            preload=_LOCAL_WORKER,
            dashboard_address="127.0.0.1:0",
            silence_logs=logging.CRITICAL,
        )
    except RuntimeError as error:
        raise EngineError(
            f"Dask cannot start workers here ({error})",
            expected="processes",
            remedy='in a script, begin what starts them with: if __name__ == "__main__"',
        ) from error


def _closed(opened: "Client | LocalCluster") -> None:
    """Close it; on a busy machine that can take too long for Dask, and the work is done."""
    with suppress(TimeoutError):
        opened.close()


@contextmanager
def _quiet() -> Iterator[None]:
    """Dask logs nothing meanwhile, as what matters becomes an error of one line; nor are workers here profiled."""
    import dask

    levels = {logger: logger.level for logger in map(logging.getLogger, ("distributed", "distributed.client"))}
    for logger in levels:
        logger.setLevel(logging.CRITICAL + 1)
    try:
        with dask.config.set({"distributed.worker.profile.enabled": False}):
            yield
    finally:
        for logger, level in levels.items():
            logger.setLevel(level)


def _check_answers(address: str, patience_s: float) -> None:
    """Raise EngineError where nothing answers; a client that finds that out does not go quietly."""
    from distributed.comm.core import connect

    async def knock() -> None:
        await (await connect(address, timeout=patience_s)).close()

    try:
        asyncio.run(knock())
    except (OSError, ValueError) as error:
        raise EngineError(
            f"no Dask scheduler answers at {address}",
            expected="tcp://HOST:PORT",
            remedy="start one there with: dask scheduler",
        ) from error


def _no_workers(address: str) -> EngineError:
    return EngineError(
        f"the Dask scheduler at {address} has no workers",
        expected="at least one",
        remedy=f"start some with: dask worker {address}",
    )


def _surroundings(folder: Path) -> dict[str, Any]:
    """What a worker says of itself."""
    return {"versions": versions(), "host": socket.gethostname(), "sees": folder.is_dir()}


def _check_versions(who: str, theirs: dict[str, str], ours: dict[str, str]) -> None:
    for name, version in ours.items():
        if theirs[name] != version:
            raise EngineError(
                f"{who} has {name} {theirs[name]}, and here it is {version}",
                expected=version,
                remedy=f"install {name} {version} there",
            )


def _piece(number: int, job: Job) -> int:
    """A task: one piece, made and written where this runs. Errors say where that is."""
    try:
        _check_versions("it", versions(), job.versions)  # of workers that came later
        job.target.write(job.folder, opened(job.recipe), number)
    except TexnetError as error:
        raise type(error)(f"{_here()}: {error.found}", expected=error.allowed, remedy=error.remedy) from None
    except Exception as error:
        raise EngineError(
            f"{_here()} failed ({reason(error)})", expected="a piece", remedy="look at its log, and run this again"
        ) from None
    return number


def _here() -> str:
    from distributed import get_worker

    return f"the worker {get_worker().address} on {socket.gethostname()}"

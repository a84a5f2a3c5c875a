"""A Ray cluster: reached, asked what it has, and what runs on its nodes before anything of TexNet is known to be there.

Functions and classes that are made inside others travel as code, not by name. So they can say what is wrong with a
node that has another TexNet, or none.
"""

import contextlib
import logging
import os
import pickle
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, cast
from urllib.parse import urlsplit

from texnet_core.errors import EngineError, one_line
from texnet_core.lists.ray_node import surroundings

ADDRESS_VARIABLE = "RAY_ADDRESS"
_CLIENT_PORT = 10001  # of ray:// where it names none
_PATIENCE_S = 10.0  # until a cluster counts as not there


@dataclass(frozen=True)
class Capacity:
    """What a cluster has.

    Attributes:
        cpus: of all nodes.
        most_cpus: of the largest node.
        gpus: of all nodes.
    """

    cpus: int
    most_cpus: int
    gpus: int


@contextlib.contextmanager
def connected(address: str) -> Iterator[Any]:
    """The package `ray`, connected to a cluster until the block ends, or as this process is connected already.

    Args:
        address: auto, ray://HOST:PORT or HOST:PORT; "" for that of the environment, the cluster that was started on
            this machine, or else a new one of this machine alone.

    Raises:
        EngineError: Ray is not installed, or no cluster answers there, or one with other versions.
    """
    ray = _imported()
    if ray.is_initialized():
        yield ray
        return
    _connect(ray, address)
    try:
        yield ray
    finally:
        ray.shutdown()


def capacity_of(ray: Any) -> Capacity:
    """What is there now."""
    alive = [node["Resources"] for node in ray.nodes() if node["Alive"]]
    cpus = [int(resources.get("CPU", 0)) for resources in alive]
    return Capacity(sum(cpus), max(cpus, default=0), int(sum(resources.get("GPU", 0) for resources in alive)))


def mailbox_of(ray: Any) -> Any:
    """An actor that nodes tell what happens, on the node of this process, which ends when the list does."""

    class Mailbox:
        def __init__(self) -> None:
            self.news: list[Any] = []
            self.is_stopped = False

        def tell(self, *news: Any) -> bool:
            self.news.append(news)
            return self.is_stopped

        def take(self) -> list[Any]:
            taken, self.news = self.news, []
            return taken

        def stop(self) -> None:
            self.is_stopped = True

    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

    here = NodeAffinitySchedulingStrategy(ray.get_runtime_context().get_node_id(), soft=False)
    return ray.remote(Mailbox).options(num_cpus=0, scheduling_strategy=here).remote()


def entry_runner(ray: Any, cpus: int, gpus: int) -> Callable[..., Any]:
    """A remote function that runs an entry on a node: of its pickled arguments, the files by path, and the mailbox.

    It returns a pickled `Reply`, or a text that says what is wrong with the node.
    """
    expected = surroundings()

    def run(number: int, entry: bytes, sent: dict[str, Any], mailbox: Any) -> bytes | str:
        import pickle
        import socket

        import ray

        node = socket.gethostname()
        try:
            from texnet_core.lists import ray_node
        except ImportError as error:
            return f"node {node} has no TexNet that can be used ({error})"
        version, code = ray_node.surroundings()
        if version != expected[0]:
            return f"node {node} has TexNet {version}, and here is {expected[0]}"
        if code != expected[1]:
            return f"node {node} has other code of TexNet {version} than this machine"
        mailbox.tell.remote(number, node, None, {})
        return pickle.dumps(
            ray_node.run_entry(
                pickle.loads(entry),
                sent,
                ray.get,
                lambda part, kept: ray.get(mailbox.tell.remote(number, node, part, kept)),
            )
        )

    # processes are kept, since what they have opened is; tasks of GPUs would end theirs
    made = ray.remote(num_cpus=cpus, num_gpus=gpus, max_retries=0, max_calls=0)(run)
    return cast(Callable[..., Any], made.remote)


def reply_of(returned: bytes | str) -> Any:
    """What came back of an entry.

    Raises:
        EngineError: the node cannot be used.
    """
    if isinstance(returned, str):
        raise EngineError(returned, expected="the same TexNet on all nodes", remedy="install the same on all nodes")
    return pickle.loads(returned)


def _imported() -> Any:
    try:
        import ray
    except ImportError as error:
        found = "a Ray cluster needs the package ray, which is not installed"
        raise EngineError(found, expected="ray", remedy="run: pip install 'texnet[ray]'") from error
    return ray


def _connect(ray: Any, address: str) -> None:
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # nothing is reported to anybody who was not asked for
    named = address or os.environ.get(ADDRESS_VARIABLE, "")
    called = named or "this machine"
    _check_answers(named)
    try:
        ray.init(address=address or None, log_to_driver=False, logging_level=logging.ERROR)
    except Exception as error:  # Ray's own have no common class, and some have none at all
        raise _not_connected(called, one_line(str(error))) from error


def _check_answers(address: str) -> None:
    """Raise EngineError where nobody answers, or nobody who speaks as Ray does: Ray itself would wait for minutes."""
    place = urlsplit(address if "://" in address else f"//{address}")
    port = place.port or (_CLIENT_PORT if place.scheme == "ray" else None)
    if place.hostname is None or port is None:
        return
    try:
        with socket.create_connection((place.hostname, port), _PATIENCE_S):
            pass
    except OSError as error:
        raise _not_connected(address, one_line(str(error))) from error
    if os.environ.get("RAY_USE_TLS", "0") == "0":
        _check_speaks(address, f"{place.hostname}:{port}")


def _check_speaks(address: str, server: str) -> None:
    import grpc

    with grpc.insecure_channel(server) as channel:
        try:
            grpc.channel_ready_future(channel).result(_PATIENCE_S)
        except grpc.FutureTimeoutError as error:
            raise _not_connected(address, f"nothing came within {_PATIENCE_S:.0f} s") from error


def _not_connected(address: str, text: str) -> EngineError:
    if "ersion mismatch" in text:
        return EngineError(
            f"the Ray cluster at {address} has another Ray or Python ({text[:200]})",
            expected="the same on all machines",
            remedy="install the same versions on all machines",
        )
    asks = ", and set RAY_AUTH_MODE=token where it asks for a token" if address.startswith("ray://") else ""
    remedy = f"check the address{asks}, or start one with: ray start --head"
    return EngineError(
        f"no Ray cluster answers at {address} ({text[:200]})",
        expected="auto, ray://HOST:PORT or HOST:PORT",
        remedy=remedy,
    )

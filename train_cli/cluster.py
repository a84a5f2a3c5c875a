"""The options of commands whose lists a cluster can make."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from typing import Any, TypeVar

import click

from texnet_core.errors import RequestError
from texnet_core.lists.pools import Pool
from train_cli.groups import option

C = TypeVar("C", bound=Callable[..., Any])


def ray_options(command: C) -> C:
    """The options of commands whose lists a cluster can make."""
    where = (
        "make the list on a Ray cluster: auto, ray://HOST:PORT or HOST:PORT; without one RAY_ADDRESS or this machine"
    )
    cpus = "CPUs that each entry takes there; 0 leaves it to the entry (0 to 1024)"
    results = (
        "URL of a place that all nodes reach, such as s3://BUCKET/DIR or file:///DIR, for outputs to go to instead"
    )
    number = click.IntRange(0, 1024)
    command = option("--ray-results", group="machine", metavar="URL", help=results)(command)
    command = option("--ray-cpus", group="machine", type=number, default=0, help=cpus, show_default=True)(command)
    attributes: dict[str, Any] = {"is_flag": False, "flag_value": "", "default": None, "metavar": "[ADDRESS]"}
    return option("--ray", group="machine", help=where, **attributes)(command)


@contextmanager
def pool_of(ray: str | None, cpus: int, results: str | None, below: Path) -> Iterator[Pool | None]:
    """The pool that the options of `ray_options` ask for; None for that of this process.

    With `results`, that URL stands for the folder `below`.
    """
    if ray is None:
        if results or cpus:
            given = "--ray-results" if results else "--ray-cpus"
            raise RequestError(
                f"{given} is for lists on a cluster", expected="--ray", remedy="add --ray, or leave it out"
            )
        yield None
        return
    from texnet_core.lists.ray_pool import RayPool
    from texnet_core.lists.shared_results import SharedResults

    shared = SharedResults.at(results, below) if results else None
    with _quiet(), RayPool(ray, cpus=cpus, results=shared) as pool:
        yield pool


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep Ray's own reports of lost nodes, of many lines, from the standard output, which results have for themselves.

    What they mean for the list is told entry by entry.
    """
    with open(os.devnull, "w", encoding="utf-8") as nowhere, redirect_stdout(nowhere):
        yield

"""The options of commands whose lists a cluster can make."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import click

from texnet_core.lists.pools import Pool
from train_cli.groups import option

C = TypeVar("C", bound=Callable[..., Any])


def ray_options(command: C) -> C:
    """The options of commands whose lists a cluster can make."""
    where = (
        "make the list on a Ray cluster: auto, ray://HOST:PORT or HOST:PORT; without one RAY_ADDRESS or this machine"
    )
    cpus = "CPUs that each entry takes there; 0 leaves it to the entry (0 to 1024)"
    number = click.IntRange(0, 1024)
    command = option("--ray-cpus", group="machine", type=number, default=0, help=cpus, show_default=True)(command)
    attributes: dict[str, Any] = {"is_flag": False, "flag_value": "", "default": None, "metavar": "[ADDRESS]"}
    return option("--ray", group="machine", help=where, **attributes)(command)


@contextmanager
def pool_of(ray: str | None, cpus: int) -> Iterator[Pool | None]:
    """The pool that the options of `ray_options` ask for; None for that of this process."""
    if ray is None:
        yield None
        return
    from texnet_core.lists.ray_pool import RayPool

    with RayPool(ray, cpus=cpus) as pool:
        yield pool

"""What makes one plane on any machine: a generator as the bytes of its file, and a request with its engine settled."""

import hashlib
import json
import sys
import threading
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, TypeVar, cast

from texnet_core.engines import Engine, open_engine
from texnet_core.model.artifact import from_bytes, to_bytes
from texnet_core.once import OpenOnce
from texnet_core.settings import EngineName
from texnet_core.synthesis.plane import Plane
from texnet_core.synthesis.request import PICTURES, TextureRequest
from texnet_core.synthesis.textures import open_plane

T = TypeVar("T")

_KEPT_ENGINES = 4  # of a process: two planes at a time, and those before them


@dataclass(frozen=True)
class Recipe:
    """One plane, as it travels to whoever makes parts of it.

    Attributes:
        generator: the bytes of its file.
        request: the texture; engine, device and precision are names, so that all machines make the same bytes.
    """

    generator: bytes
    request: TextureRequest

    @cached_property
    def generator_digest(self) -> str:
        return hashlib.sha256(self.generator).hexdigest()

    @cached_property
    def digest(self) -> str:
        """Of all that decides about the plane."""
        request = self.request.record()
        for name in ("threads", "source", *PICTURES):  # of what is read, the content counts: that is the generator
            del request[name]
        said = json.dumps([self.generator_digest, request], sort_keys=True)
        return hashlib.sha256(said.encode()).hexdigest()


def recipe_of(plane: Plane, request: TextureRequest) -> Recipe:
    """The recipe of a plane that is open for a request: its engine is the one that this machine took."""
    used = plane.engine
    settled = replace(request, engine=cast(EngineName, used.name), device=used.device, precision=used.precision)
    return Recipe(to_bytes(used.artifact), settled)


def as_it_is(value: T) -> T:
    """A Dask task of its own, so that a value goes to each worker once and not with each piece."""
    return value


def opened(recipe: Recipe, blocks_at_once: int = 1) -> Plane:
    """The plane of a recipe, opened once in each thread, with an engine that is opened once in a process."""
    key = (recipe.digest, blocks_at_once)
    known: tuple[Any, Plane] | None = getattr(_here, "plane", None)
    if known is None or known[0] != key:
        engine = _engine_of(recipe)
        plane = open_plane(engine.artifact, recipe.request, engine=engine, blocks_at_once=blocks_at_once)
        known = _here.plane = key, plane
    return known[1]


_here = threading.local()
_engines: OpenOnce[tuple[str, ...], Engine] = OpenOnce(_KEPT_ENGINES)


def _engine_of(recipe: Recipe) -> Engine:
    request = recipe.request
    settings = request.engine, request.device, request.precision, _threads_of_worker() or request.threads
    key = (recipe.generator_digest, *map(str, settings))
    return _engines.get(key, lambda: open_engine(from_bytes(recipe.generator, "the generator"), *settings))


def _threads_of_worker() -> int:
    """Threads of the Dask worker whose thread this is, which will ask for blocks; 0 for that of no worker."""
    distributed = sys.modules.get("distributed")
    try:
        return cast(int, distributed.get_worker().state.nthreads) if distributed else 0
    except ValueError:
        return 0

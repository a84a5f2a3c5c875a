"""What makes one plane on any machine: a generator as the bytes of its file, and a request with its engine settled."""

import hashlib
import json
import sys
import threading
from collections import OrderedDict
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, cast

from texnet_core.engines import Engine, open_engine
from texnet_core.model.artifact import Artifact, from_bytes, to_bytes
from texnet_core.settings import EngineName
from texnet_core.synthesis.plane import Plane
from texnet_core.synthesis.request import TextureRequest
from texnet_core.synthesis.textures import open_plane

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
        del request["threads"]
        said = json.dumps([self.generator_digest, request], sort_keys=True)
        return hashlib.sha256(said.encode()).hexdigest()


def recipe_of(artifact: Artifact, request: TextureRequest) -> Recipe:
    """The recipe of a texture's plane. Its engine is the one that this machine would take.

    Raises:
        RequestError: a field of the request out of its range, or the artifact makes no textures.
        EngineError: the engine is missing here.
    """
    plane = open_plane(artifact, request)
    used = plane.engine
    settled = replace(request, engine=cast(EngineName, used.name), device=used.device, precision=used.precision)
    return Recipe(to_bytes(artifact), settled)


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
_opening = threading.Lock()
_engines: OrderedDict[tuple[str, ...], Engine] = OrderedDict()


def _engine_of(recipe: Recipe) -> Engine:
    request = recipe.request
    settings = request.engine, request.device, request.precision, _threads_of_worker() or request.threads
    key = (recipe.generator_digest, *map(str, settings))
    with _opening:
        if key not in _engines:
            _engines[key] = open_engine(from_bytes(recipe.generator, "the generator"), *settings)
            while len(_engines) > _KEPT_ENGINES:
                _engines.popitem(last=False)
        _engines.move_to_end(key)
        return _engines[key]


def _threads_of_worker() -> int:
    """Threads of the Dask worker whose thread this is, which will ask for blocks; 0 for that of no worker."""
    distributed = sys.modules.get("distributed")
    try:
        return cast(int, distributed.get_worker().state.nthreads) if distributed else 0
    except ValueError:
        return 0

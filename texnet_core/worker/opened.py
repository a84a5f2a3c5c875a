"""Generators that are open, with their engines, from one job to the next."""

import threading
from collections import OrderedDict
from pathlib import Path

from texnet_core.engines import Engine, open_engine
from texnet_core.model.artifact import Artifact, read_artifact
from texnet_core.settings import EngineSettings

_KEPT_OPEN = 4


def engine_facts(engine: Engine) -> dict[str, str]:
    """What results say of the engine that made them."""
    return {"engine": engine.name, "device": engine.device, "precision": engine.precision}


class _Opened:
    """A place for a generator and its engine; whoever holds the lock may fill it."""

    def __init__(self) -> None:
        self.filling = threading.Lock()
        self.content: tuple[Artifact, Engine] | None = None


_opened: OrderedDict[tuple[object, ...], _Opened] = OrderedDict()
_looking = threading.Lock()


def open_generator(path: Path, settings: EngineSettings) -> tuple[Artifact, Engine]:
    """The generator in a file and its engine, from those that are open where possible.

    Both lanes ask. Neither opens what the other is opening, nor waits while the other opens something else.
    """
    options = (settings.engine, settings.device, settings.precision, settings.threads)
    key = (path, path.stat().st_mtime_ns, *options)  # a file that has changed is another one
    with _looking:
        place = _opened.setdefault(key, _Opened())
        _opened.move_to_end(key)
        while len(_opened) > _KEPT_OPEN:
            _opened.popitem(last=False)
    with place.filling:
        if place.content is None:
            artifact = read_artifact(path)
            place.content = artifact, open_engine(artifact, *options)
        return place.content

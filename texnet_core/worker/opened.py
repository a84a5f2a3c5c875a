"""Generators that are open, with their engines, from one job to the next."""

import threading
from collections import OrderedDict
from collections.abc import Callable
from functools import partial
from pathlib import Path

from texnet_core.engines import Engine, open_engine
from texnet_core.instant.open import find_any_source, open_source
from texnet_core.model.artifact import Artifact, read_artifact
from texnet_core.settings import EngineSettings
from texnet_core.synthesis.choice import choice_of
from texnet_core.synthesis.request import TextureRequest
from texnet_core.worker.contents import read_shares, read_surface

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
    return _open(_states(path), settings, partial(read_artifact, path))


def open_texture(request: TextureRequest, announce: Callable[[str], None]) -> tuple[Artifact, Engine]:
    """The same of what makes a texture, be it of an exemplar or not; `announce` is told of one that is read."""
    source = find_any_source(request.source)
    exemplar, mask, mix_mask = (
        Path(file) if file else None for file in (request.exemplar, request.mask, request.mix_mask)
    )

    def make() -> Artifact:
        shares = None if mix_mask is None else read_shares(mix_mask)
        choose = partial(open_source, source, settings=request, choice=request, mix_mask=shares, announce=announce)
        if exemplar is None:
            return choose()
        picture = read_surface(exemplar, mask)
        for note in picture.notes:
            announce(note)
        return choose(picture.image, picture.mask)

    taken = (request.exemplar_size, request.flatten, request.real_width, choice_of(request))
    return _open((*_states(source, exemplar, mask, mix_mask), *taken), request, make)


def _states(*files: Path | None) -> tuple[object, ...]:
    """Files with their times, for one that has changed is another one; what is no file is a name alone."""
    return tuple((file, file.stat().st_mtime_ns) if file is not None and file.is_file() else file for file in files)


def _open(
    content: tuple[object, ...], settings: EngineSettings, make: Callable[[], Artifact]
) -> tuple[Artifact, Engine]:
    options = (settings.engine, settings.device, settings.precision, settings.threads)
    key = (*content, *options)
    with _looking:
        place = _opened.setdefault(key, _Opened())
        _opened.move_to_end(key)
        while len(_opened) > _KEPT_OPEN:
            _opened.popitem(last=False)
    with place.filling:
        if place.content is None:
            artifact = make()
            place.content = artifact, open_engine(artifact, *options)
        return place.content

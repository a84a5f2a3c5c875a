"""Making one texture or painted picture of a list, wherever that is; what jobs share is opened once in a process."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from functools import partial
from pathlib import Path
from typing import Any, cast

from texnet_core.atomic import make_folder
from texnet_core.engines import Engine, installed_engines, open_engine
from texnet_core.instant.open import open_requested
from texnet_core.lists.jobs import Job, TextureJob
from texnet_core.lists.pools import Place, Shared
from texnet_core.lists.style_jobs import StyleJob
from texnet_core.model.artifact import Artifact, read_artifact
from texnet_core.model.real_size import size_note
from texnet_core.once import OpenOnce
from texnet_core.pictures.color_statistics import ColorStatistics
from texnet_core.progress import Progress, ProgressCallback
from texnet_core.settings import ExemplarSettings
from texnet_core.stylization import Wrap, colors_of, stylize_file
from texnet_core.stylization.contents import tiling_of
from texnet_core.synthesis.choice import TextureChoice
from texnet_core.synthesis.files import write_window
from texnet_core.synthesis.map_files import MapFiles
from texnet_core.synthesis.plane import Plane
from texnet_core.synthesis.request import PICTURES, TextureRequest
from texnet_core.synthesis.textures import open_plane

# fields that say what makes a texture, beside its source
_MAKE = tuple(spec.name for kind in (ExemplarSettings, TextureChoice) for spec in fields(kind))
# fields that are younger than the first records, which say nothing of them
_YOUNGER = ("phase", "covers", "maps", "material", *_MAKE)
_MOST_OPEN = 64  # sources, and looks, that a process keeps


@dataclass(frozen=True)
class Made:
    """What became of an order: what decided the content of its files, and whether they were made now."""

    fingerprint: str
    is_new: bool


@dataclass(frozen=True)
class Order:
    """A job, planned; see `pools.Task`.

    Attributes:
        job: what is to be made.
        source: the file that it is made from; None where the source is no file.
        digests: of all that decides its content and is read from files, the source first.
        asked: all else that decides its content, but for what makes it.
        files: that will be written, with all that was asked.
        known: the fingerprint under which these files are there, unchanged; "" where they are not.
    """

    job: Job
    source: Path | None
    digests: tuple[Any, ...]
    asked: dict[str, Any]
    files: tuple[Path, ...]
    known: str

    @property
    def device(self) -> str:
        request = self.job.request
        return "cpu" if request.engine in ("onnx", "openvino") else request.device

    @property
    def cpus(self) -> int:
        return self.job.request.threads or 1

    @property
    def reads(self) -> Sequence[Path]:
        """The files that it needs; where pictures are only measured, `portable` does without them."""
        job = self.job
        measured = (*job.look, *filter(None, [job.first])) if isinstance(job, StyleJob) else ()
        return [*([self.source] if self.source else []), *job.reads, *measured]

    @property
    def writes(self) -> Sequence[Path]:
        return self.files

    @property
    def keeps(self) -> Sequence[Path]:
        return ()

    def portable(self, shared: Shared, device: str) -> "Order":
        """The same for a machine that has no files, with an engine and numbers that are the same on all."""
        job: Job = self.job
        if isinstance(job, StyleJob):
            job = replace(shared.get(Workshop).measured(job), look=(), first=None)
        request = job.request
        engine = request.engine
        if engine == "auto":
            engine = next(iter(installed_engines()), "onnx") if device == "cpu" else "torch"
        precision = "f32" if request.precision == "auto" else request.precision
        common = {"engine": engine, "device": device, "precision": precision}
        return replace(self, job=cast(Job, replace(cast(Any, job), request=replace(cast(Any, request), **common))))

    def run(self, place: Place, shared: Shared, report: ProgressCallback) -> Made:
        """Make the files, unless they are there and this would make them again as they are."""
        return shared.get(Workshop).make(self, place, report)


class Workshop:
    """What makes orders in this process."""

    def __init__(self) -> None:
        self._engines: OpenOnce[Any, Engine] = OpenOnce(_MOST_OPEN)
        self._looks: OpenOnce[tuple[Path, ...], ColorStatistics] = OpenOnce()
        self._tilings: OpenOnce[Path, Wrap] = OpenOnce()

    def make(self, order: Order, place: Place, report: ProgressCallback) -> Made:
        """Make an order. Notes that are for the user go to the callback."""
        job = order.job
        engine = self._engine(order, place, report)
        if isinstance(job, TextureJob) and job.request.covers:
            _tell(report, size_note(engine.artifact, job.request.source))
        fingerprints = _fingerprints(order, engine)
        if order.known in fingerprints:
            return Made(order.known, is_new=False)
        output = place.at(job.output)
        if isinstance(job, StyleJob):  # what is refused is refused before there are folders
            write = partial(self._paint, self.measured(job), output, engine, place, report)
        else:
            write = partial(_write, job, output, _plane(job, engine, place), report)
        for folder in {place.at(file).parent for file in order.files}:
            make_folder(folder)
        write()
        return Made(fingerprints[0], is_new=True)

    def _engine(self, order: Order, place: Place, report: ProgressCallback) -> Engine:
        """Known by what it is made from, since a process may outlive a list and what the list names."""
        request, device = order.job.request, place.device or order.job.request.device
        key = (order.digests[0], _what_makes(order.job), request.engine, device, request.precision)
        return self._engines.get(key, lambda: _opened(order, place, device, report))

    def measured(self, job: StyleJob) -> StyleJob:
        """The job with the colors of its look, and tiling as the first of its frames does."""
        look, first, request = job.look, job.first, job.request
        colors = self._looks.get(look, lambda: colors_of(look)) if look else request.colors
        wrap = self._tilings.get(first, lambda: tiling_of(first)) if first else request.wrap
        return replace(job, request=replace(job.request, colors=colors, wrap=wrap))

    def _paint(self, job: StyleJob, output: Path, engine: Engine, place: Place, report: ProgressCallback) -> None:
        made = stylize_file(
            engine,
            place.read(job.content),
            output,
            job.request,
            strength_map=job.strength_map and place.read(job.strength_map),
            blocks_at_once=place.blocks_at_once,
            progress=report,
        )
        for note in made.notes:
            report(Progress("rows", 1, 1, "row", note=f"{job.content}: {note}"))


def _plane(job: TextureJob, engine: Engine, place: Place) -> Plane:
    return open_plane(engine.artifact, job.request, engine=engine, blocks_at_once=place.blocks_at_once)


def _write(job: TextureJob, output: Path, plane: Plane, report: ProgressCallback) -> None:
    request = job.request
    write_window(
        plane,
        output,
        request.window,
        depth=request.depth,
        maps=request.maps,
        files=job.files,
        covers=request.window_covers,
        progress=report,
    )


def _opened(order: Order, place: Place, device: str, report: ProgressCallback) -> Engine:
    request = order.job.request
    cores = request.threads or place.cores
    artifact = _artifact(order, place, report)
    return open_engine(artifact, request.engine, device, request.precision, cores)


def _artifact(order: Order, place: Place, report: ProgressCallback) -> Artifact:
    """What makes the job's files. What is told of it goes to the callback."""
    asked = _what_makes(order.job)
    source = None if order.source is None else place.read(order.source)
    if not isinstance(asked, TextureRequest):
        assert source is not None
        return read_artifact(source)
    found: dict[str, Any] = {name: str(place.read(Path(path))) for name in PICTURES if (path := getattr(asked, name))}
    if source is not None:
        found["source"] = str(source)

    def announce(note: str) -> None:
        _tell(report, f"{asked.exemplar or asked.source}: {note}")

    return open_requested(replace(asked, **found), announce=announce)


def _what_makes(job: Job) -> Any:
    """The request of a job as far as it says what makes it."""
    if isinstance(job, StyleJob):
        return job.request.source
    return TextureRequest(job.request.source, **{name: getattr(job.request, name) for name in _MAKE})


def _tell(report: ProgressCallback, note: str) -> None:
    if note:
        report(Progress("textures", 0, 1, "texel", note=note))


def what_is_asked(job: Job) -> dict[str, Any]:
    """All that decides the content of a job's files but for what is read from files and what makes it."""
    facts = job.request.record()
    for read in ("source", *PICTURES):  # whose content counts, not their names
        facts.pop(read, None)
    return facts if isinstance(job, StyleJob) else facts | _said(job.files)


def _fingerprints(order: Order, engine: Engine) -> list[str]:
    """Change with all that decides the content of a job's files: today's, then those of older records.

    The first records say nothing of the depth where their list did not.
    """
    made_by = {"engine": engine.name, "device": engine.device, "precision": engine.precision, "threads": 0}
    facts = order.asked | made_by
    if isinstance(order.job, StyleJob):
        return [hashed([*order.digests, facts])]
    depth = facts.pop("depth")
    for younger in _YOUNGER:
        if not facts.get(younger):
            facts.pop(younger, None)
    return [hashed([*order.digests, facts, known]) for known in ((8, None) if depth == 8 else (depth,))]


def _said(files: MapFiles) -> dict[str, Any]:
    """What is asked of the files of maps; of what is as usual, records say nothing."""
    usual = MapFiles().record()
    return {name: value for name, value in files.record().items() if value != usual[name]}


def hashed(facts: list[Any]) -> str:
    """A digest of facts that JSON can hold."""
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()

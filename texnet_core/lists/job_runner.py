"""Many textures and painted pictures from one list: in parallel, failures apart, and a rerun that goes on.

What was made is noted in a record, a line a job. A job is skipped where its files are still as they were written and
nothing that decides their content has changed.
"""

import hashlib
import json
import os
import threading
from collections.abc import Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from dataclasses import dataclass, fields, replace
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO, Literal

from texnet_core.atomic import as_output_error, make_folder
from texnet_core.engines import Engine, available_cores, devices, open_engine
from texnet_core.errors import Cancelled, RequestError
from texnet_core.instant.open import MAKERS, is_maker, open_requested
from texnet_core.lists.jobs import Job, TextureJob
from texnet_core.lists.once import OpenOnce
from texnet_core.lists.record import read_record, states_of
from texnet_core.lists.results import attempted
from texnet_core.lists.style_jobs import StyleJob
from texnet_core.model.artifact import Artifact, read_artifact, read_header
from texnet_core.model.real_size import size_note
from texnet_core.presets import find_generator, find_style
from texnet_core.progress import Progress, ProgressCallback, ignore_progress
from texnet_core.settings import ExemplarSettings
from texnet_core.stylization import colors_of, stylize_file
from texnet_core.stylization.canvas import check_is_style
from texnet_core.stylization.contents import tiling_of
from texnet_core.synthesis.choice import TextureChoice
from texnet_core.synthesis.files import files_of, write_window
from texnet_core.synthesis.map_files import MapFiles
from texnet_core.synthesis.request import TextureRequest
from texnet_core.synthesis.textures import check_is_no_style, open_plane

JobStatus = Literal["made", "skipped", "failed"]

# fields that say what makes a texture, beside its source
_MAKE = tuple(spec.name for kind in (ExemplarSettings, TextureChoice) for spec in fields(kind))
# fields that are younger than the first records, which say nothing of them
_YOUNGER = ("phase", "covers", "maps", *_MAKE)
_USUAL_TEXELS = 2**20  # of a picture whose size is not known before it is read


@dataclass(frozen=True)
class JobResult:
    """What became of a job: its files, or the one line that says why there are none."""

    job: Job
    status: JobStatus
    files: tuple[Path, ...] = ()
    error: str = ""


def run_jobs(
    jobs: Sequence[Job], record: Path | None, *, progress: ProgressCallback = ignore_progress
) -> list[JobResult]:
    """Run jobs in parallel: as many at once as there are cores or devices for them.

    Args:
        jobs: from `read_jobs`.
        record: the file that remembers what was made; it need not exist. None: nothing is remembered.
        progress: called from several threads, one at a time, with the texels made; raising Cancelled from it stops
            the work, and what is complete stays.

    Returns:
        A result for each job, in order.

    Raises:
        OutputError: the record cannot be written.
    """
    if not jobs:
        return []
    with _Run(jobs, record, progress) as run:
        return run.results()


class _Run:
    def __init__(self, jobs: Sequence[Job], record: Path | None, progress: ProgressCallback) -> None:
        self._jobs, self._progress = jobs, progress
        self._lock = threading.Lock()
        self._texels, self._done = [0.0] * len(jobs), 0.0
        self._claimed: dict[Path, int] = {}
        self._assumed: set[str] = set()
        self._total = sum(_texels(job) for job in jobs)
        self._cancelled = False
        common = jobs[0].request  # what a list says of engines holds for all of its jobs
        self._devices = devices(common.engine, common.device)
        cores = common.threads or available_cores()
        self._at_once = min(len(jobs), cores if self._devices == ["cpu"] else len(self._devices))
        self._blocks_at_once = max(1, cores // self._at_once)
        self._cores = cores
        self._sources = OpenOnce(self._open_source)
        self._digests, self._looks, self._tilings = OpenOnce(_digest), OpenOnce(colors_of), OpenOnce(tiling_of)
        self._record_path = Path(os.devnull) if record is None else record
        self._known = {} if record is None else read_record(record)

    def __enter__(self) -> "_Run":
        with as_output_error(self._record_path):
            # unbuffered, so that what cannot be written is heard at once; a new line ends one that was cut short
            self._record: BinaryIO = self._record_path.open("ab", buffering=0)
            self._record.write(b"\n" if self._record.tell() else b"")
        return self

    def __exit__(self, *_: object) -> None:
        self._record.close()

    def results(self) -> list[JobResult]:
        with ThreadPoolExecutor(self._at_once, "texnet-job") as pool:
            futures = [pool.submit(self._run, number) for number in range(len(self._jobs))]
            try:
                wait(futures, return_when=FIRST_EXCEPTION)
            finally:
                for future in futures:
                    future.cancel()
        if self._cancelled:
            raise Cancelled
        return [future.result() for future in futures]

    def _run(self, number: int) -> JobResult:
        job = self._jobs[number]
        try:
            result = attempted(partial(self._make, number, job), partial(_failed, job))
            self._report(number, _texels(job))
        except Cancelled:
            self._cancelled = True
            raise
        return result

    def _make(self, number: int, job: Job) -> JobResult:
        self._report(number, 0)
        device = self._devices[number % len(self._devices)]
        source = self._sources.get(_SourceKey.of(job, device))
        files: tuple[Path, ...] = (job.output,)
        if isinstance(job, StyleJob):
            fingerprints = [self._fingerprint_of_style(job, source)]
        else:
            self._note_assumed_size(job, source)
            fingerprints = _fingerprints(job, source)
            files = tuple(files_of(job.output, job.request, source.engine.artifact, job.files))
        self._claim(number, files)
        states = states_of(files)
        if states is not None and self._known.get(_name(job)) in [[known, states] for known in fingerprints]:
            return JobResult(job, "skipped", files)
        for folder in {file.parent for file in files}:
            make_folder(folder)

        def report(part: Progress) -> None:
            self._report(number, part.done / part.total * _texels(job), part.note)

        if isinstance(job, StyleJob):
            self._paint(job, source.engine, report)
        else:
            self._write(job, source.engine, report)
        self._remember(job, fingerprints[0], files)
        return JobResult(job, "made", files)

    def _write(self, job: TextureJob, engine: Engine, report: ProgressCallback) -> None:
        plane = open_plane(engine.artifact, job.request, engine=engine, blocks_at_once=self._blocks_at_once)
        request = job.request
        write_window(
            plane,
            job.output,
            request.window,
            depth=request.depth,
            maps=request.maps,
            files=job.files,
            covers=request.window_covers,
            progress=report,
        )

    def _paint(self, job: StyleJob, engine: Engine, report: ProgressCallback) -> None:
        colors = self._looks.get(job.look) if job.look else job.request.colors
        wrap = self._tilings.get(job.first) if job.first else job.request.wrap
        made = stylize_file(
            engine,
            job.content,
            job.output,
            replace(job.request, colors=colors, wrap=wrap),
            strength_map=job.strength_map,
            blocks_at_once=self._blocks_at_once,
            progress=report,
        )
        for note in made.notes:
            report(Progress("rows", 1, 1, "row", note=f"{job.content}: {note}"))

    def _fingerprint_of_style(self, job: StyleJob, source: "_Source") -> str:
        """Changes with the style, the pictures and all that is asked for; a look is that of its pictures."""
        pictures = [path and self._digests.get(path) for path in (job.content, job.strength_map, job.first, *job.look)]
        return _hashed([source.digest, pictures, _facts(job, source)])

    def _note_assumed_size(self, job: TextureJob, source: "_Source") -> None:
        """Say once of each source that its size is only assumed, if any texture is to cover so many meters."""
        name = job.request.source
        with self._lock:
            note = size_note(source.engine.artifact, name) if job.request.covers else ""
            if note and name not in self._assumed:
                self._assumed.add(name)
                self._tell(note)

    def _tell(self, note: str) -> None:
        """Say a sentence; whoever calls holds the lock."""
        self._progress(Progress("textures", self._done / 1e6, self._total / 1e6, "megatexel", note=note))

    def _claim(self, number: int, files: tuple[Path, ...]) -> None:
        """Names with a map in them are known only now that the generator is open."""
        with self._lock:
            for file in files:
                if self._claimed.setdefault(file, number) != number:
                    raise RequestError(f"two jobs write {file}", expected="a name for each", remedy="rename one output")

    def _open_source(self, key: "_SourceKey") -> "_Source":
        common = self._jobs[0].request
        if isinstance(key.asked, TextureRequest):
            digest, artifact = self._open_texture(key.asked)
        else:
            path = find_style(key.asked)
            digest, artifact = _digest(path), read_artifact(path)
            check_is_style(artifact)
        engine = open_engine(artifact, common.engine, key.device, common.precision, self._cores)
        return _Source(digest, engine)

    def _open_texture(self, asked: TextureRequest) -> tuple[str, Artifact]:
        """What makes a texture, with a digest of all that it is read from."""
        pictures = [file for file in (asked.exemplar, asked.mask, asked.mix_mask) if file]
        digests = [self._digests.get(Path(file)) for file in pictures]
        if is_maker(asked.source):
            digests.insert(0, asked.source)
        else:
            path = find_generator(asked.source, MAKERS)
            check_is_no_style(read_header(path), remedy="add content = ..., the pictures to paint")
            digests.insert(0, self._digests.get(path))

        def announce(note: str) -> None:
            with self._lock:
                self._tell(f"{asked.exemplar or asked.source}: {note}")

        return digests[0] if len(digests) == 1 else _hashed(digests), open_requested(asked, announce=announce)

    def _report(self, number: int, texels: float, note: str = "") -> None:
        with self._lock:
            if self._cancelled:
                raise Cancelled
            self._done += texels - self._texels[number]
            self._texels[number] = texels
            self._progress(Progress("textures", self._done / 1e6, self._total / 1e6, "megatexel", note=note))

    def _remember(self, job: Job, fingerprint: str, files: tuple[Path, ...]) -> None:
        if (states := states_of(files)) is None:  # somebody took them away already
            return
        line = json.dumps([_name(job), [fingerprint, states]]) + "\n"
        with self._lock, as_output_error(self._record_path):
            self._record.write(line.encode())


@dataclass(frozen=True)
class _SourceKey:
    """What jobs with one open source have in common.

    Attributes:
        asked: a style; of a texture the request, as far as it says what makes it.
        device: where it runs.
    """

    asked: str | TextureRequest
    device: str

    @classmethod
    def of(cls, job: Job, device: str) -> "_SourceKey":
        if isinstance(job, StyleJob):
            return cls(job.request.source, device)
        return cls(TextureRequest(job.request.source, **{name: getattr(job.request, name) for name in _MAKE}), device)


@dataclass(frozen=True)
class _Source:
    digest: str
    engine: Engine


def _texels(job: Job) -> int:
    if isinstance(job, StyleJob):
        width, height = (job.request.region or (0, 0, job.request.width, job.request.height))[2:]
        return width * height or _USUAL_TEXELS
    _, _, width, height = job.request.window
    return width * height


def _failed(job: Job, error: str) -> JobResult:
    return JobResult(job, "failed", error=error)


def _name(job: Job) -> str:
    """What the record calls a job, from wherever the list was run."""
    return os.path.abspath(job.output)


def _fingerprints(job: TextureJob, source: _Source) -> list[str]:
    """Change with all that decides the content of a job's files: today's, then those of older records.

    The first records say nothing of the depth where their list did not.
    """
    facts = _facts(job, source) | _said(job.files)
    del facts["depth"]
    for younger in _YOUNGER:
        if not facts.get(younger):
            facts.pop(younger, None)
    depths = (8, None) if job.request.depth == 8 else (job.request.depth,)
    return [_hashed([source.digest, facts, depth]) for depth in depths]


def _said(files: MapFiles) -> dict[str, Any]:
    """What is asked of the files of maps; of what is as usual, records say nothing."""
    usual = MapFiles().record()
    return {name: value for name, value in files.record().items() if value != usual[name]}


def _facts(job: Job, source: _Source) -> dict[str, Any]:
    """What a job asks for, with what makes it."""
    engine, facts = source.engine, job.request.record()
    for read in ("source", "exemplar", "mask", "mix_mask"):  # whose content counts, not their names
        facts.pop(read, None)
    made_by = {"engine": engine.name, "device": engine.device, "precision": engine.precision, "threads": 0}
    return facts | made_by


def _hashed(facts: list[Any]) -> str:
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()


def _digest(path: Path) -> str:
    """Of a file.

    Raises:
        RequestError: it is not there.
    """
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        found = f"{path} cannot be read ({error.strerror or error})"
        raise RequestError(found, expected="a file that can be read", remedy="check the path") from error

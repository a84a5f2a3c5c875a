"""Many textures and painted pictures from one list: in parallel, failures apart, and a rerun that goes on.

What was made is noted in a record, a line a job. A job is skipped where its files are still as they were written and
nothing that decides their content has changed.
"""

import hashlib
import json
import os
import threading
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import BinaryIO, Literal

from texnet_core.atomic import as_output_error
from texnet_core.engines import available_cores, devices
from texnet_core.errors import Cancelled, RequestError
from texnet_core.instant.open import MAKERS, is_maker
from texnet_core.lists.jobs import Job, TextureJob, check_not_read, names_read
from texnet_core.lists.pools import Here, Pool
from texnet_core.lists.record import read_record
from texnet_core.lists.style_jobs import StyleJob
from texnet_core.lists.workshop import Made, Order, hashed, what_is_asked
from texnet_core.model.artifact import read_header
from texnet_core.model.header import Header
from texnet_core.model.look import Look
from texnet_core.once import OpenOnce
from texnet_core.presets import INSTANT, find_generator, find_style
from texnet_core.progress import Progress, ProgressCallback, ignore_progress
from texnet_core.synthesis.files import files_of
from texnet_core.synthesis.request import PICTURES
from texnet_core.synthesis.textures import check_is_no_style

JobStatus = Literal["made", "skipped", "failed"]

_USUAL_TEXELS = 2**20  # of a picture whose size is not known before it is read


@dataclass(frozen=True)
class JobResult:
    """What became of a job: its files, or the one line that says why there are none."""

    job: Job
    status: JobStatus
    files: tuple[Path, ...] = ()
    error: str = ""


def run_jobs(
    jobs: Sequence[Job],
    record: Path | None,
    *,
    pool: Pool | None = None,
    progress: ProgressCallback = ignore_progress,
) -> list[JobResult]:
    """Run jobs in parallel: as many at once as there are cores or devices for them.

    Args:
        jobs: from `read_jobs`.
        record: the file that remembers what was made; it need not exist. None: nothing is remembered.
        pool: where they run; threads of this process without it. `ray_pool.RayPool` is another.
        progress: called from several threads, one at a time, with the texels made; raising Cancelled from it stops
            the work, and what is complete stays.

    Returns:
        A result for each job, in order.

    Raises:
        OutputError: the record cannot be written.
        EngineError: there is no such engine, device or cluster.
    """
    if not jobs:
        return []
    pool = pool or _threads(jobs)
    with _Run(jobs, record, pool, progress) as run:
        pool.run(run)
        return run.results()


def _threads(jobs: Sequence[Job]) -> Here:
    """One for each core, or for each of the devices; what a list says of engines holds for all of its jobs."""
    common = jobs[0].request
    found = devices(common.engine, common.device)
    cores = common.threads or available_cores()
    return Here(min(len(jobs), cores if found == ["cpu"] else len(found)), found, cores)


class _Run:
    """The jobs as work for a pool; see `pools.Work`."""

    def __init__(self, jobs: Sequence[Job], record: Path | None, pool: Pool, progress: ProgressCallback) -> None:
        self._jobs, self._states_of, self._progress = jobs, pool.states_of, progress
        self._lock = threading.Lock()
        self._texels, self._done = [0.0] * len(jobs), 0.0
        self._results: list[JobResult | None] = [None] * len(jobs)
        self._claimed: dict[Path, int] = {}
        self._read = names_read(jobs)
        self._files: dict[int, tuple[Path, ...]] = {}
        self._told: set[str] = set()
        self._total = sum(_texels(job) for job in jobs)
        self._cancelled = False
        self._digests: OpenOnce[Path, str] = OpenOnce()
        self._looks: OpenOnce[tuple[Path, ...], list[str]] = OpenOnce()
        self._headers: OpenOnce[Path, Header] = OpenOnce()
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

    def __len__(self) -> int:
        return len(self._jobs)

    def plan(self, number: int) -> Order:
        self._report(number, 0)
        job = self._jobs[number]
        source, digests = self._source_of(job)
        files: tuple[Path, ...] = (job.output,)
        if isinstance(job, TextureJob):
            header = self._header_of(source or INSTANT)
            if job.request.exemplar:  # by which its generator will have a look
                header = replace(header, look=Look())
            files = tuple(files_of(job.output, job.request, header, job.files))
        self._claim(number, files)
        return Order(job, source, digests, what_is_asked(job), files, self._fingerprint_of(job, files))

    def hear(self, number: int, part: Progress) -> None:
        texels = part.done / part.total * _texels(self._jobs[number])
        self._report(number, max(texels, self._texels[number]), part.note)

    def done(self, number: int, outcome: Made) -> None:
        job, files = self._jobs[number], self._files[number]
        if outcome.is_new:
            self._remember(job, outcome.fingerprint, files)
        self._end(number, JobResult(job, "made" if outcome.is_new else "skipped", files))

    def failed(self, number: int, error: str) -> None:
        self._end(number, JobResult(self._jobs[number], "failed", error=error))

    def results(self) -> list[JobResult]:
        """Of all jobs, once they have ended."""
        return [result for result in self._results if result is not None]

    def _source_of(self, job: Job) -> tuple[Path | None, tuple[object, ...]]:
        """The file that makes a job's files, and digests of all files that it is made from, the source's first."""
        if isinstance(job, StyleJob):
            source = find_style(job.request.source)
            pictures = [path and self._digest(path) for path in (job.content, job.strength_map, job.first)]
            look = self._looks.get(job.look, partial(self._look, job.look))
            return source, (self._digest(source), [*pictures, *look])
        return self._source_of_texture(job)

    def _source_of_texture(self, job: TextureJob) -> tuple[Path | None, tuple[object, ...]]:
        name, path = job.request.source, None
        digests = [self._digest(Path(file)) for file in (getattr(job.request, read) for read in PICTURES) if file]
        if not is_maker(name):
            path = find_generator(name, MAKERS)
            check_is_no_style(self._header_of(path), remedy="add content = ..., the pictures to paint")
        digests.insert(0, self._digest(path) if path else name)
        return path, (digests[0] if len(digests) == 1 else hashed(digests),)

    def _fingerprint_of(self, job: Job, files: tuple[Path, ...]) -> str:
        """Under which the record knows files that are as it says; else ""."""
        known = self._known.get(_name(job))
        if not isinstance(known, list) or len(known) != 2:
            return ""
        states = self._states_of(files)
        return str(known[0]) if states is not None and known[1] == states else ""

    def _header_of(self, source: Path) -> Header:
        """What makes a generator of an exemplar makes its colors alone, as its own header says."""
        return self._headers.get(source, lambda: read_header(source))

    def _look(self, pictures: tuple[Path, ...]) -> list[str]:
        """What stands for pictures that are measured together; thousands of frames share them."""
        return [hashed([self._digest(path) for path in pictures])] if pictures else []

    def _digest(self, path: Path) -> str:
        return self._digests.get(path, partial(_digest, path))

    def _claim(self, number: int, files: tuple[Path, ...]) -> None:
        """Names with a map in them are known only now that the generator is known."""
        with self._lock:
            for file in files:
                check_not_read(file, self._read)
                if self._claimed.setdefault(file, number) != number:
                    raise RequestError(f"two jobs write {file}", expected="a name for each", remedy="rename one output")
            self._files[number] = files

    def _report(self, number: int, texels: float, note: str = "") -> None:
        with self._lock:
            if self._cancelled:
                raise Cancelled
            self._done += texels - self._texels[number]
            self._texels[number] = texels
            is_new = note not in self._told
            self._told.add(note)
            try:
                self._progress(self._state(note if is_new else ""))
            except Cancelled:
                self._cancelled = True
                raise

    def _state(self, note: str) -> Progress:
        return Progress("textures", self._done / 1e6, self._total / 1e6, "megatexel", note=note)

    def _end(self, number: int, result: JobResult) -> None:
        self._results[number] = result
        self._report(number, _texels(result.job))

    def _remember(self, job: Job, fingerprint: str, files: tuple[Path, ...]) -> None:
        if (states := self._states_of(files)) is None:  # somebody took them away already
            return
        line = json.dumps([_name(job), [fingerprint, states]]) + "\n"
        with self._lock, as_output_error(self._record_path):
            self._record.write(line.encode())


def _texels(job: Job) -> int:
    if isinstance(job, StyleJob):
        width, height = (job.request.region or (0, 0, job.request.width, job.request.height))[2:]
        return width * height or _USUAL_TEXELS
    _, _, width, height = job.request.window
    return width * height


def _name(job: Job) -> str:
    """What the record calls a job, from wherever the list was run."""
    return os.path.abspath(job.output)


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

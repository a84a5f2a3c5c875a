"""One sitting of a run in one process or several: the first one tells and writes, all of them train."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from texnet_core.adaptive.processes import Processes
from texnet_core.model.artifact import Artifact, checkpoint_path
from texnet_core.progress import Progress, ProgressCallback, ignore_progress
from texnet_core.training.sitting import Run, checked_checkpoint, complete, run_to_the_end


class Joined(Protocol):
    """What the settings say of it."""

    @property
    def batch(self) -> int: ...

    @property
    def device(self) -> str: ...


@dataclass(frozen=True)
class Sitting:
    """Where a run of this process may begin.

    Attributes:
        processes: that train together.
        checkpoint: of the run.
        output: the file that it is to make.
        progress: the callback, which hears of the first process alone.
        resume: whether the run goes on from its checkpoint, where there is one.
    """

    processes: Processes
    checkpoint: Path
    output: Path
    progress: ProgressCallback
    resume: bool

    @property
    def goes_on(self) -> bool:
        """Whether the run has begun already."""
        return self.resume and self.checkpoint.exists()

    def announce(self, note: str) -> None:
        """Tell one sentence before the first step."""
        self.looked(0, 1, note)

    def looked(self, done: int, total: int, note: str = "") -> None:
        """Tell how many pictures have been looked at."""
        self.progress(Progress("reading", done, total, "picture", note=note))

    def finished(self, run: Run, artifact: Callable[[], Artifact]) -> Artifact:
        """Train to the end, and write what has come of it."""
        run_to_the_end(run, self.output, resume=self.resume)
        made = artifact()
        if self.processes.is_first:
            complete(run, made, self.output)
        return made


@contextmanager
def sitting(settings: Joined, output: Path, *, resume: bool, progress: ProgressCallback) -> Iterator[Sitting]:
    """Join the processes that torchrun has started, or train alone; at its end they part.

    Raises:
        RequestError: the batch cannot be shared, or there is something to resume and nobody said so.
        OutputError: a place cannot be written.
        EngineError: there is no such device.
    """
    processes = Processes.join(settings.device)
    try:
        processes.share(settings.batch)
        checkpoint = checked_checkpoint(output, resume=resume) if processes.is_first else checkpoint_path(output)
        yield Sitting(processes, checkpoint, output, progress if processes.is_first else ignore_progress, resume)
    finally:
        processes.leave()

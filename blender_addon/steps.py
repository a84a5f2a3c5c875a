"""Several jobs of workers, one after the other, as one job. Knows no bpy."""

from collections.abc import Generator

from .worker_client import PendingJob, StandIn
from .worker_process import Message, WorkerError

Steps = Generator[PendingJob, None, Message]  # gives the jobs that are waited for, and returns the result


class StepsJob(StandIn):
    """Runs steps: what they do between their jobs is done in the thread that polls.

    Attributes:
        done: how many parts of the work are done; the steps say so.
        total: of how many.
    """

    def __init__(self, total: int) -> None:
        super().__init__()
        self.done, self.total = 0, total
        self._steps: Steps | None = None
        self._current: PendingJob | None = None

    def begin(self, steps: Steps) -> None:
        """Set what is to be done; the first `poll` begins with it."""
        self._steps = steps

    @property
    def fraction(self) -> float:
        return self.done / max(self.total, 1)

    def poll(self, timeout_s: float = 0.0) -> bool:
        """True once all is done.

        Raises:
            WorkerError, TexnetError, OSError: what the steps raised.
        """
        if self.result is not None or self.cancelled or self._steps is None:
            return True
        error = None
        try:
            if self._current is not None and not self._current.poll(timeout_s):
                return False
        except WorkerError as found:  # the steps may know better than to give up
            error = found
        self._current = None
        try:
            self._current = self._steps.send(None) if error is None else self._steps.throw(error)
        except StopIteration as end:
            self.result = end.value
        return self.result is not None

    def cancel(self) -> None:
        if self._current is not None:
            self._current.cancel()
        self.close()
        super().cancel()

    def close(self) -> None:
        """End the steps where they are."""
        if self._steps is not None:
            self._steps.close()
        self._current = None


def waited(job: PendingJob) -> Generator[PendingJob, None, Message]:
    """Wait for a job within steps; its temporary files are there until the steps close it."""
    yield job
    if job.result is None:
        raise WorkerError("the TexNet worker was stopped; try again")
    return job.result

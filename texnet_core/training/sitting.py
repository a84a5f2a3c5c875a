"""One sitting of a run, be it of a texture or of a style: where it may begin, and what its end leaves."""

import math
from pathlib import Path
from typing import Protocol

from texnet_core.atomic import check_writable
from texnet_core.errors import Range, RequestError, TrainingError
from texnet_core.model.artifact import Artifact, checkpoint_path, write_artifact
from texnet_core.model.budget import shortfall


class Run(Protocol):
    """One run, from its checkpoint or its beginning to a generator."""

    @property
    def checkpoint(self) -> Path: ...

    def resume(self) -> None: ...

    def to_the_end(self) -> None: ...

    def note(self, text: str) -> None: ...


def checked_checkpoint(output: Path, *, resume: bool, anew: bool = False) -> Path:
    """Where the run of an output keeps its checkpoint.

    Args:
        output: what the run makes.
        resume: whether it goes on from the checkpoint.
        anew: whether it may begin where there is one, whose place its own takes at the first save.

    Raises:
        OutputError: a place cannot be written.
        TrainingError: there is something to resume and nobody said so, or nothing though somebody did.
    """
    checkpoint = checkpoint_path(output)
    check_writable(output)
    check_writable(checkpoint)
    if resume and output.exists() and not checkpoint.exists():
        raise TrainingError(
            f"{output} is there, but no unfinished run of it",
            expected="its checkpoint",
            remedy="keep it if it is complete, or train anew without resuming",
        )
    if checkpoint.exists() and not (resume or anew):
        raise TrainingError(
            f"{checkpoint} holds an unfinished run",
            expected="no checkpoint",
            remedy="resume it, or delete it to start again",
        )
    return checkpoint


def check_size(size: int, cell: int, levels: int) -> None:
    """Raise RequestError for samples that are no whole cells of so many texels, or too few of them."""
    if size % cell:
        whole = cell * math.ceil(size / cell)
        raise RequestError(
            f"size {size} is not a multiple of {cell}", expected=f"a multiple of {cell}", remedy=f"use size {whole}"
        )
    if size < 2 * cell:
        raise RequestError(
            f"size {size} is too small for {levels} levels",
            expected=Range(2 * cell, None),
            remedy="use a larger size or fewer levels",
        )


def run_to_the_end(run: Run, output: Path, *, resume: bool) -> None:
    """Take up the run if it is to be resumed, and train until its budget is spent."""
    if resume:
        run.resume()
    elif output.exists():
        run.note(f"{output} is there already; it is replaced when the new one is complete")
    run.to_the_end()


def complete(run: Run, artifact: Artifact, output: Path) -> None:
    """Write the generator; the checkpoint stays only where the run was far too short."""
    write_artifact(output, artifact)
    if found := shortfall(artifact.training):
        run.note(f"training {found}, so the result is a sketch; go on with more minutes")
    else:
        run.checkpoint.unlink(missing_ok=True)

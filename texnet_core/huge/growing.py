"""An output of many pieces that is there when it is whole: until then it grows in a hidden folder beside its place."""

import json
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from texnet_core.atomic import as_output_error, prepared
from texnet_core.errors import Cancelled

_PREFIX = ".texnet-"
_PLAN, _MADE, _RESULT, _OLD = "plan.json", "made.txt", "result", "old"


class Growing:
    """What is there of an output.

    Attributes:
        folder: hidden, beside the output.
        result: in it, where pieces are put.
        made: numbers of the pieces that are there.
    """

    def __init__(self, output: Path, plan: Mapping[str, Any]) -> None:
        """Go on in the folder of an earlier run with this very plan, or begin anew."""
        self.folder = _folder_of(output)
        self.result = self.folder / _RESULT
        text = json.dumps(plan, sort_keys=True, indent=1)
        is_same = _text(self.folder / _PLAN) == text
        _put_right(output, self.result, is_same and bool(_text(self.folder / _MADE)))
        if not is_same or not self.result.is_dir():
            shutil.rmtree(self.folder, ignore_errors=True)
            self.result.mkdir(parents=True)
            (self.folder / _PLAN).write_text(text, encoding="utf-8")
        lines = _text(self.folder / _MADE).split("\n")
        self.made = {int(line) for line in lines[:-1] if line.isdecimal()}
        if lines[-1]:  # it was being written when a run was killed, and would run into the next one
            (self.folder / _MADE).write_text("".join(f"{number}\n" for number in sorted(self.made)), encoding="utf-8")

    def note(self, number: int) -> None:
        """A piece is whole."""
        self.made.add(number)
        with (self.folder / _MADE).open("a", encoding="utf-8", newline="\n") as file:
            file.write(f"{number}\n")

    def remove(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)


@contextmanager
def growing(output: Path, plan: Mapping[str, Any]) -> Iterator[Growing]:
    """The state of an output; where the block ends well, the folder goes, and so it does where nothing was made.

    Args:
        output: file or folder that the block puts in its place at its end.
        plan: all that decides about the pieces, as plain values.

    Raises:
        OutputError: the folder cannot be written.
        Cancelled: as the block raised it; it says how to go on.
    """
    with prepared(_folder_of(output).with_suffix(".new")):  # makes what is above it
        with as_output_error(output):
            state = Growing(output, plan)
        try:
            yield state
        except BaseException as error:
            if not state.made:
                state.remove()
            elif isinstance(error, Cancelled):
                found = f"stopped with {len(state.made)} pieces made"
                raise Cancelled(f"{found}; run it again to go on, or delete {state.folder}") from error
            raise
        state.remove()


def put_folder(result: Path, output: Path) -> None:
    """Give a result the output's name; what had it lies beside the result until the next `Growing` or its end."""
    if output.is_dir():
        output.replace(result.with_name(_OLD))
    result.replace(output)


def _put_right(output: Path, result: Path, is_whole: bool) -> None:
    """Undo what `put_folder` had done where it was killed."""
    old = result.with_name(_OLD)
    if old.is_dir() and not output.exists():
        old.replace(output)
    elif is_whole and output.is_dir() and not result.exists():
        output.replace(result)


def _folder_of(output: Path) -> Path:
    return output.with_name(f"{_PREFIX}{output.name}")


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except OSError:
        return ""

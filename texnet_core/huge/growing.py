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
_PLAN, _MADE, _RESULT = "plan.json", "made.txt", "result"


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
        if _text(self.folder / _PLAN) != text or not self.result.is_dir():
            shutil.rmtree(self.folder, ignore_errors=True)
            self.result.mkdir(parents=True)
            (self.folder / _PLAN).write_text(text, encoding="utf-8")
        # what follows the last line break was being written when a run was killed
        self.made = {int(line) for line in _text(self.folder / _MADE).split("\n")[:-1]}

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


def _folder_of(output: Path) -> Path:
    return output.with_name(f"{_PREFIX}{output.name}")


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except OSError:
        return ""

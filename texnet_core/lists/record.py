"""What a list made before: a line a job, in a file beside the list."""

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from texnet_core.errors import OutputError


def states_of(files: Sequence[Path]) -> list[list[int]] | None:
    """Size and time of each file; None where one is missing."""
    try:
        return [[status.st_size, status.st_mtime_ns] for status in (file.stat() for file in files)]
    except OSError:
        return None


def read_record(path: Path) -> dict[str, Any]:
    """What earlier runs made. A line that a power cut left behind counts for nothing."""
    known: dict[str, Any] = {}
    if os.path.exists(path) and not os.path.isfile(path):  # unlike pathlib's, they never raise
        raise OutputError(f"{path} is not a file", expected="a record of jobs", remedy="move it away")
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return {}
    for line in lines:
        try:
            output, state = json.loads(line)
            known[str(output)] = state
        except (ValueError, TypeError, RecursionError):
            continue
    return known

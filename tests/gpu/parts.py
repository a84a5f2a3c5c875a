"""The parts of the report: what each starts, and what it makes of the answer."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from tests.conftest import ROOT, TEXNET

Found = dict[str, Any]


@dataclass(frozen=True)
class Conditions:
    """What all parts run under.

    Attributes:
        device: torch's name of it.
        quick: whether the least will do that runs through every part.
        vgg19: weights to train with, or None for random ones.
        deadline: of all parts together, on the monotonic clock.
    """

    device: str
    quick: bool
    vgg19: Path | None
    deadline: float


def properties(conditions: Conditions) -> Found:
    """The tests that are marked `device`."""
    with tempfile.TemporaryDirectory() as folder:
        results = Path(folder) / "results.xml"
        # warnings of whatever versions are installed there are no properties of ours
        words = ["-q", "-m", "device", "-W", "default", "-p", "no:cacheprovider", f"--junitxml={results}"]
        words += ["tests/core/test_noise.py", "-k", "same_bits", "-n0"] if conditions.quick else ["tests/core"]
        ended = _run([sys.executable, "-m", "pytest", *words], conditions, 270)
        cases = list(ElementTree.parse(results).iter("testcase")) if results.exists() else []
    outcomes = {f"{case.get('classname')}::{case.get('name')}": _outcome(case) for case in cases}
    print(*ended.pop("output", "").splitlines()[-15:], sep="\n")  # noqa: T201
    return ended | {"passed": ended["passed"] and "passed" in outcomes.values(), "outcomes": outcomes}


def _outcome(case: ElementTree.Element) -> str:
    """Passed, or what became of it and why."""
    (*_, last) = [None, *(child for child in case if child.tag in ("failure", "error", "skipped"))]
    return "passed" if last is None else f"{last.tag}: {last.get('message')}"


def bench(conditions: Conditions) -> Found:
    """The benchmark's table, as facts."""
    effort = ["--sizes", "1024,4096", "--repeats", "3"]
    if conditions.quick:
        effort = ["--sizes", "128", "--repeats", "1", "--threads", "1"]
    found = _told(_run([*TEXNET, "bench", "--engines", "torch", "--json", *effort], conditions, 180))
    for row in found.get("rows", []):
        figures = f"{row['milliseconds']:.1f} ms, {row['texels_per_second'] / 1e6:.1f} Mtexel/s"
        print(row["contender"], row["device"], row["precision"], row["size"], figures)  # noqa: T201
    return found


def training(conditions: Conditions) -> Found:
    """One short training."""
    vgg19 = [str(conditions.vgg19)] if conditions.vgg19 else []
    return _work("training", conditions, "quick" if conditions.quick else "full", *vgg19)


def texture(conditions: Conditions) -> Found:
    """One large texture, in every number format."""
    return _work("texture", conditions, "256" if conditions.quick else "8192")


PARTS: dict[str, Callable[[Conditions], Found]] = {
    "properties": properties,
    "bench": bench,
    "training": training,
    "texture": texture,
}


def _work(name: str, conditions: Conditions, *words: str) -> Found:
    found = _told(_run([sys.executable, "-m", "tests.gpu.work", name, conditions.device, *words], conditions, 120))
    print(json.dumps(found))  # noqa: T201
    return found


def _told(ended: Found) -> Found:
    """What a process that passed said as JSON; its errors where it did not."""
    return ended | json.loads(ended.pop("output")) if ended["passed"] else ended


def _run(command: list[str], conditions: Conditions, most_seconds: float) -> Found:
    """Run a process to its end or the end of its time; whether it passed, its output, and why it did not."""
    seconds = min(most_seconds, conditions.deadline - time.monotonic())
    if seconds <= 0:
        return {"passed": False, "why": "no time was left"}
    paths = [str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]  # what is installed elsewhere stays in reach
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(paths)}
    if conditions.device == "cpu":
        environment["CUDA_VISIBLE_DEVICES"] = ""
    own_group = os.name == "posix"  # so that what it has started ends with it
    process = subprocess.Popen(
        command, cwd=ROOT, env=environment, start_new_session=own_group,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        output, errors = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL) if own_group else process.kill()
        output, errors = process.communicate()
        return {"passed": False, "why": f"did not end within {seconds:.0f} s", "output": output}
    if process.returncode:
        return {"passed": False, "why": (errors or output)[-2000:], "output": output}
    return {"passed": True, "output": output}

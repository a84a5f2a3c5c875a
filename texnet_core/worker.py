"""A process that makes textures for another program: `python -m texnet_core.worker`.

Blender's add-on uses it so that no native library is ever loaded into Blender itself. It speaks JSON, one
object a line. On stdin:

    {"id": 1, "job": "synthesize", "source": "moss", "width": 512, "height": 512, "seed": 7, "folder": "/tmp/x",
     "engine": "auto", "device": "auto"}              # engine and device may be left out
    {"cancel": 1}

On stdout, first {"event": "ready", ...}, then for each job any number of
    {"id": 1, "event": "progress", "stage": "blocks", "done": 3, "total": 16}
and one of
    {"id": 1, "event": "result", "maps": [{"name", "file", "channels", "colour_space"}], "engine", "device", "seconds"}
    {"id": 1, "event": "error", "message": "found ...; expected ...; ..."}
    {"id": 1, "event": "cancelled"}

Pixels travel as .npy files in the job's folder: (height, width, channels), first row on top, uint8 for colours and
float32 in [0, 1] for data. Jobs run one at a time in the order they came. The end of stdin ends the process.
"""

import json
import os
import queue
import sys
import threading
import time
import traceback
from functools import lru_cache
from pathlib import Path
from typing import Any, TextIO

import numpy as np

from texnet_core.artefact import Artefact, read_artefact
from texnet_core.engines import Engine, open_engine
from texnet_core.errors import Cancelled, RequestError, TexnetError
from texnet_core.images import quantise
from texnet_core.presets import find_source
from texnet_core.progress import Progress
from texnet_core.settings import EngineName, SynthesisSettings
from texnet_core.synthesis import synthesize

Message = dict[str, Any]
_DEFAULTS = SynthesisSettings()
_OPTIONAL = {"engine": _DEFAULTS.engine, "device": _DEFAULTS.device}


class Worker:
    """Takes messages from one stream and answers on another."""

    def __init__(self, requests: TextIO, answers: TextIO) -> None:
        self._requests, self._answers = requests, answers
        self._jobs: queue.Queue[Message | None] = queue.Queue()
        self._cancelled: set[int] = set()
        self._closed = threading.Event()

    def run(self) -> None:
        """Serve until the requests end."""
        self._send({"event": "ready", "python": sys.version.split()[0], "pid": os.getpid()})
        threading.Thread(target=self._listen, daemon=True).start()
        while (job := self._jobs.get()) is not None:
            self._send({"id": job.get("id"), **self._answer(job)})

    def _listen(self) -> None:
        """Sort incoming lines; runs beside the job so that a cancel arrives in time."""
        try:
            for line in self._requests:
                self._sort(line)
        finally:
            self._closed.set()
            self._jobs.put(None)

    def _sort(self, line: str) -> None:
        try:
            message = json.loads(line)
            if not isinstance(message, dict):
                raise ValueError("no JSON object")
            if not isinstance(message.get("cancel", message.get("id")), int):
                raise ValueError("no whole number as id")
        except (ValueError, RecursionError) as error:
            text = f"found a line that is no request ({error}); expected JSON as documented; correct the caller"
            self._send({"event": "error", "message": text})
            return
        if "cancel" in message:
            self._cancelled.add(message["cancel"])
        else:
            self._jobs.put(message)

    def _answer(self, job: Message) -> Message:
        """The last message of a job. Nothing that goes wrong in one job ends the worker."""
        try:
            return self._synthesize(job)
        except Cancelled:
            return {"event": "cancelled"}
        except TexnetError as error:
            return {"event": "error", "message": str(error)}
        except Exception as error:
            traceback.print_exc()
            return {"event": "error", "message": f"found an unforeseen {type(error).__name__}: {error}"}

    def _synthesize(self, job: Message) -> Message:
        if job.get("job") != "synthesize":
            raise RequestError(f"job {job.get('job')!r}", expected="'synthesize'", remedy="update the caller or TexNet")
        started = time.monotonic()
        settings = SynthesisSettings(**_fields_of(job)).check()
        path = find_source(job["source"])
        artefact, engine = _open(path, path.stat().st_mtime_ns, settings.engine, settings.device)
        size = (settings.width, settings.height)
        textures = synthesize(artefact, size, settings.seed, engine=engine, progress=self._reporter(job))
        maps = []
        for spec in artefact.maps:
            texture = textures[spec.name]
            file = Path(job["folder"]) / f"{spec.name}.npy"
            np.save(file, quantise(texture, 8) if spec.colour_space == "sRGB" else texture)
            maps.append(
                {"name": spec.name, "file": str(file), "channels": spec.channels, "colour_space": spec.colour_space}
            )
        seconds = round(time.monotonic() - started, 3)
        return {"event": "result", "maps": maps, "engine": engine.name, "device": engine.device, "seconds": seconds}

    def _reporter(self, job: Message) -> Any:
        def report(progress: Progress) -> None:
            if self._closed.is_set() or job.get("id") in self._cancelled:
                raise Cancelled
            steps = {"stage": progress.stage, "done": progress.done, "total": progress.total}
            self._send({"id": job.get("id"), "event": "progress", **steps})

        return report

    def _send(self, message: Message) -> None:
        try:
            self._answers.write(json.dumps(message) + "\n")
            self._answers.flush()
        except (BrokenPipeError, ValueError):  # nobody listens any more
            self._closed.set()


def _fields_of(job: Message) -> Message:
    """The job's synthesis settings, or one clear error for what is missing or of the wrong type."""
    wanted = {"source": str, "folder": str, "width": int, "height": int, "seed": int, "engine": str, "device": str}
    merged = _OPTIONAL | job
    for name, kind in wanted.items():
        if type(merged.get(name)) is not kind:
            raise RequestError(
                f"{merged.get(name)!r} for {name!r}", expected=kind.__name__, remedy="correct the request"
            )
    return {name: merged[name] for name in wanted if name not in ("source", "folder")}


@lru_cache(maxsize=4)
def _open(path: Path, modified_ns: int, engine: EngineName, device: str) -> tuple[Artefact, Engine]:
    """An artefact and its engine; `modified_ns` makes a changed file count as another one."""
    artefact = read_artefact(path)
    return artefact, open_engine(artefact, engine, device)


def main() -> None:
    """Serve stdin and stdout. What libraries print goes to stderr, so that it cannot garble an answer."""
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    requests = open(sys.stdin.fileno(), encoding="utf-8", errors="replace", closefd=False)  # noqa: SIM115
    Worker(requests, answers).run()


if __name__ == "__main__":
    main()

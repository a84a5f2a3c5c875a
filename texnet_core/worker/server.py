"""The worker itself: sorts requests into two lanes and sees to it that each is answered once. Knows no textures."""

import json
import os
import queue
import sys
import threading
import traceback
from collections.abc import Callable
from typing import TextIO

from texnet_core.errors import Cancelled, TexnetError, one_line
from texnet_core.settings import WORKER_PROTOCOL, as_fields
from texnet_core.version import __version__
from texnet_core.worker.adapt import adapt
from texnet_core.worker.describe import describe
from texnet_core.worker.job import Message, WorkerJob
from texnet_core.worker.probe import probe
from texnet_core.worker.spheres import sphere
from texnet_core.worker.stylize import preview_style, stylize
from texnet_core.worker.textures import preview, synthesize
from texnet_core.worker.train import train, train_style

JOBS: dict[str, Callable[[WorkerJob], Message]] = {
    "synthesize": synthesize,
    "preview": preview,
    "sphere": sphere,
    "probe": probe,
    "stylize": stylize,
    "preview_style": preview_style,
    "train": train,
    "train_style": train_style,
    "adapt": adapt,
    "describe": describe,
}
_PREVIEWS = ("preview", "preview_style")  # jobs with a lane of their own

_Lane = queue.SimpleQueue[Message | None]  # None ends it; a signal handler may put something into this kind of queue


class Worker:
    """Takes messages from one stream and answers on another."""

    def __init__(self, requests: TextIO, answers: TextIO) -> None:
        self._requests, self._answers = requests, answers
        self._sending = threading.Lock()
        self._sorting = threading.Lock()
        self._jobs: _Lane = queue.SimpleQueue()
        self._previews: _Lane = queue.SimpleQueue()
        self._cancelled: set[int] = set()
        self._waiting: set[int] = set()
        self._closed = False

    def run(self) -> None:
        """Serve until the requests end."""
        python = sys.version.split()[0]
        ready = {"event": "ready", "protocol": WORKER_PROTOCOL, "version": __version__, "python": python}
        self._send(ready | {"pid": os.getpid()})
        threading.Thread(target=self._listen, name="texnet-requests", daemon=True).start()
        previews = threading.Thread(target=self._make_previews, name="texnet-previews", daemon=True)
        previews.start()
        while (request := self._jobs.get()) is not None:
            self._answer(request)
        previews.join()

    def close(self) -> None:
        """Stop what runs and end; a signal handler may call it."""
        self._closed = True
        self._jobs.put(None)
        self._previews.put(None)

    def _listen(self) -> None:
        """Sort incoming lines; runs beside the jobs so that a cancel arrives in time."""
        try:
            for line in self._requests:
                self._sort(line)
        finally:
            self.close()

    def _sort(self, line: str) -> None:
        try:
            message = json.loads(line)
            if not isinstance(message, dict):
                raise ValueError("no JSON object")
            if type(message.get("cancel", message.get("id"))) is not int:
                raise ValueError("no whole number as id")
        except (ValueError, RecursionError) as error:
            refused = f"a line of the input is no request ({error}); send one JSON object a line"
            self._send({"event": "error", "message": refused})
            return
        if "cancel" in message:
            self._cancel(message["cancel"])
        else:
            self._waiting.add(message["id"])
            (self._previews if message.get("job") in _PREVIEWS else self._jobs).put(message)

    def _cancel(self, number: int) -> None:
        """Whoever waits is told at once: the job under way may take minutes."""
        self._cancelled.add(number)
        if self._stops_waiting(number):
            self._send({"id": number, "event": "cancelled"})

    def _stops_waiting(self, number: int) -> bool:
        """Whether the job still waited; true once, for whichever thread comes first."""
        with self._sorting:
            waited = number in self._waiting
            self._waiting.discard(number)
        return waited

    def _make_previews(self) -> None:
        """Of those of a kind that wait, only the newest: whoever drags a slider has no use for where it was."""
        newest: dict[str, Message] = {}  # by their kinds
        while not self._closed:
            while not (newest and self._previews.empty()):
                request = self._previews.get()
                if request is None:
                    return
                older = newest.pop(request["job"], None)
                if older is not None and self._stops_waiting(older["id"]):
                    self._send({"id": older["id"], "event": "cancelled"})
                newest[request["job"]] = request
            self._answer(newest.pop(next(iter(newest))))

    def _answer(self, request: Message) -> None:
        """Run a job up to its last message. Nothing that goes wrong in it ends the worker."""
        number = request["id"]
        if not self._stops_waiting(number):  # it was cancelled, and has its answer
            self._cancelled.discard(number)
            return
        job = WorkerJob(
            as_fields(request),
            send=lambda message: self._send({"id": number} | message),
            is_stopped=lambda: self._closed or number in self._cancelled,
        )
        try:
            job.check()
            job.send({"event": "result"} | _function_of(job)(job))
        except Cancelled:
            job.send({"event": "cancelled"})
        except TexnetError as error:
            job.send({"event": "error", "message": str(error)})
        except Exception as error:
            job.send(_unforeseen(error))
        self._cancelled.discard(number)

    def _send(self, message: Message) -> None:
        with self._sending:
            try:
                self._answers.write(json.dumps(message) + "\n")
                self._answers.flush()
            except (OSError, ValueError):  # nobody listens any more
                self.close()


def _function_of(job: WorkerJob) -> Callable[[WorkerJob], Message]:
    name = job.request.get("job")
    if not isinstance(name, str) or name not in JOBS:
        raise job.refused("job", tuple(JOBS))
    return JOBS[name]


def _unforeseen(error: Exception) -> Message:
    traceback.print_exception(error)
    details = "".join(traceback.format_exception(error))
    found = one_line(f"an unforeseen {type(error).__name__} stopped the job ({error}); report it with the details")
    return {"event": "error", "message": found, "details": details}

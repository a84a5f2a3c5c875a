import json
import subprocess
import sys
import time

import numpy as np
import pytest

from texnet_core import read_artefact, synthesize
from texnet_core.images import quantise


class Conversation:
    def __init__(self):
        self.process = subprocess.Popen(
            [sys.executable, "-m", "texnet_core.worker"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert self.hear()["event"] == "ready"

    def say(self, message):
        self.process.stdin.write((message if isinstance(message, str) else json.dumps(message)) + "\n")
        self.process.stdin.flush()

    def hear(self):
        return json.loads(self.process.stdout.readline())

    def answer(self):
        while (message := self.hear())["event"] == "progress":
            pass
        return message

    def end(self):
        self.process.stdin.close()
        code = self.process.wait(20)
        self.process.stdout.close()
        return code


@pytest.fixture
def worker():
    conversation = Conversation()
    yield conversation
    if conversation.process.poll() is None:
        conversation.process.kill()
        conversation.process.wait()
    for stream in (conversation.process.stdin, conversation.process.stdout):
        stream.close()


def job(source, folder, number=1, size=96, **changes):
    request = {"id": number, "job": "synthesize", "source": str(source), "folder": str(folder)}
    return request | {"width": size, "height": size, "seed": 5, "engine": "onnx"} | changes


def test_it_makes_the_texture_that_the_core_makes(worker, artefact_file, tmp_path):
    worker.say(job(artefact_file, tmp_path, width=128))
    progress = worker.hear()
    assert progress["event"] == "progress" and (progress["done"], progress["total"]) == (0, 96)
    result = worker.answer()
    assert result["event"] == "result" and result["id"] == 1 and result["engine"] == "onnx"
    (made,) = result["maps"]
    pixels = np.load(made["file"])
    expected = quantise(synthesize(read_artefact(artefact_file), (128, 96), 5, engine="onnx")["albedo"], 8)
    assert np.array_equal(pixels, expected)
    assert worker.end() == 0


def test_jobs_queue_up_and_one_can_be_cancelled(worker, artefact_file, tmp_path):
    worker.say(job(artefact_file, tmp_path, 1, size=8192))
    worker.say(job(artefact_file, tmp_path, 2))
    assert worker.hear()["event"] == "progress"
    worker.say({"cancel": 1})
    assert worker.answer() == {"id": 1, "event": "cancelled"}
    assert worker.answer()["id"] == 2


def test_a_job_cancelled_before_its_turn_never_runs(worker, artefact_file, tmp_path):
    worker.say(job(artefact_file, tmp_path, 1, size=2048))
    worker.say({"cancel": 2})
    worker.say(job(artefact_file, tmp_path, 2))
    assert worker.answer()["id"] == 1
    assert worker.answer() == {"id": 2, "event": "cancelled"}


def test_bad_requests_are_answered_and_survived(worker, artefact_file, tmp_path):
    good = job(artefact_file, tmp_path)
    for request, says in (
        ("no json", "no request"),
        ("[1]", "no request"),
        ("[" * 200_000, "no request"),
        ({"cancel": [1]}, "no request"),
        ({"id": "one"}, "no request"),
        ({"id": 1}, "'synthesize'"),
        ({k: v for k, v in good.items() if k != "width"}, "'width'"),
        (good | {"width": "64"}, "'width'"),
        (good | {"width": -1}, "16 to 65536"),
        (good | {"seed": 2**40}, "seed"),
        (good | {"source": "nowhere.texnet"}, "no file"),
        (good | {"engine": "steam"}, "engine"),
        (good | {"folder": str(tmp_path / "missing")}, "missing"),
    ):
        worker.say(request)
        message = worker.answer()
        assert message["event"] == "error" and says in message["message"], message
    worker.say(good)
    assert worker.answer()["event"] == "result"


def test_it_ends_when_its_input_ends_even_in_the_middle_of_a_job(worker, artefact_file, tmp_path):
    worker.say(job(artefact_file, tmp_path, size=16384))
    assert worker.hear()["event"] == "progress"
    started = time.monotonic()
    assert worker.end() == 0
    assert time.monotonic() - started < 15

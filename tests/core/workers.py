"""Workers to talk to, in a process of their own or in this one, and the pictures that they write."""

import json
import os
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import png

from texnet_core.worker.server import Worker

SECONDS = 60  # after which a test gives up


class Conversation:
    """What both kinds of worker have in common: lines in, lines out."""

    def say(self, *messages):
        lines = [message if isinstance(message, str) else json.dumps(message) for message in messages]
        self.stdin.write("".join(line + "\n" for line in lines))
        self.stdin.flush()

    def hear(self):
        line = self.stdout.readline()
        assert line, "the worker has ended"
        return json.loads(line)

    def answer(self):
        while (message := self.hear())["event"] == "progress":
            pass
        return message

    def ask(self, message):
        self.say(message)
        return self.answer()


class Process(Conversation):
    """A worker as the add-on has it."""

    def __init__(self, *arguments, **options):
        command = [sys.executable, *(arguments or ("-m", "texnet_core.worker"))]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, **options)
        self.stdin, self.stdout = self.process.stdin, self.process.stdout
        # a worker that hangs ends the test instead of the suite
        self._timer = threading.Timer(SECONDS, self.process.kill)
        self._timer.start()
        self.ready = self.hear()

    def end(self):
        self.stdin.close()
        return self.process.wait()

    def close(self):
        self._timer.cancel()
        self._timer.join()
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.stdin.close()
        self.stdout.close()


class Thread(Conversation):
    """A worker in this process, which tests may tamper with."""

    def __init__(self):
        theirs, mine = os.pipe(), os.pipe()
        self._streams = [os.fdopen(theirs[0]), os.fdopen(mine[1], "w")]
        self.stdin, self.stdout = os.fdopen(theirs[1], "w"), os.fdopen(mine[0])
        self._thread = threading.Thread(target=Worker(*self._streams).run, daemon=True)
        self._thread.start()
        self.ready = self.hear()

    def close(self):
        self.stdin.close()
        self._thread.join(SECONDS)
        assert not self._thread.is_alive()
        for stream in (*self._streams, self.stdout):
            stream.close()


def pixels(file):
    width, height, rows, info = png.Reader(bytes=Path(file).read_bytes()).read()
    values = np.array([list(row) for row in rows], np.uint16)
    return values.reshape(height, width, info["planes"]), info["bitdepth"]

"""A contender of the benchmark, seen from the process that runs it; `child` is what runs in its own."""

import json
import os
import subprocess
import sys
import time
from contextlib import suppress
from typing import Any

from texnet_core.errors import EngineError

PRODUCT_SIDE = 2048  # of the matrices that are multiplied
COPY_BYTES = 256 * 2**20


class Contender:
    """A process that measures one thing on request.

    Attributes:
        role: an engine's name, "naive", "product:LIBRARY" or "copy".
        device: where it runs.
        precision: its number format.
        startup_seconds: from starting the process to its first result.
    """

    def __init__(self, role: str, device: str, precision: str, threads: int, rest: list[str]) -> None:
        self.role, self.device, self.precision = role, device, precision
        started = time.perf_counter()
        command = [sys.executable, "-m", "texnet_core.benchmark.child", role, device, precision, str(threads), *rest]
        limited = os.environ | {"OPENBLAS_NUM_THREADS": str(threads), "OMP_NUM_THREADS": str(threads)}
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=limited)
        self._answer()
        self.startup_seconds = time.perf_counter() - started

    def __enter__(self) -> "Contender":
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(OSError):
            self._stdin().close()
        try:
            self._process.wait(2)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()

    def ask(self, **request: Any) -> dict[str, Any]:
        """Send a request and wait for what was measured."""
        with suppress(BrokenPipeError):  # the answer says more
            self._stdin().write(json.dumps(request) + "\n")
            self._stdin().flush()
        return self._answer()

    def _stdin(self) -> Any:
        return self._process.stdin

    def _answer(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        answer = json.loads(line) if line else {"error": f"it ended with code {self._process.wait()}"}
        if "error" in answer:
            raise EngineError(
                f"{self.role} in {self.precision} failed on {self.device} ({answer['error']})",
                expected="a measurement",
                remedy="choose other engines or smaller sizes",
            )
        return dict(answer)

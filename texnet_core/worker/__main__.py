"""`python -m texnet_core.worker`: the worker on stdin and stdout."""

import os
import signal
import sys
from typing import Any

from texnet_core.worker.server import Worker


def main() -> None:
    """Serve stdin and stdout. What libraries print goes to stderr, so that it cannot garble an answer."""
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8", newline="\n")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    requests = open(sys.stdin.fileno(), encoding="utf-8", errors="replace", closefd=False)  # noqa: SIM115
    worker = Worker(requests, answers)

    def stop(*_: Any) -> None:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)  # who asks twice does not want to wait
        worker.close()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    worker.run()


if __name__ == "__main__":
    main()

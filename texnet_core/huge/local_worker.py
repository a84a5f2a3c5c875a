"""What a worker process of this machine does first: Dask calls it by the name that it is given."""

import signal
from typing import Any


def dask_setup(worker: Any) -> None:
    """Leave Ctrl-C, which a terminal sends to all, to the process that started it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)

"""The entry point: as little as possible before Ctrl-C is taken care of."""

import os
import signal
import sys
from collections.abc import Callable
from types import FrameType
from typing import NoReturn

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


def main() -> NoReturn:
    """Run the command line and leave with its exit code."""
    _on_signals(_leave)
    from train_cli.main import run

    _on_signals(_interrupt)
    sys.exit(run())


def _on_signals(handler: Callable[[int, FrameType | None], NoReturn]) -> None:
    for number in _SIGNALS:
        signal.signal(number, handler)


def _leave(number: int, frame: FrameType | None) -> NoReturn:
    """Nothing has begun yet. An exception could be swallowed by a library that is just being imported."""
    os.write(2, b"texnet: stopped\n")
    os._exit(1)


def _interrupt(number: int, frame: FrameType | None) -> NoReturn:
    """Where work is under way, `display.showing` takes over with something gentler."""
    raise KeyboardInterrupt


if __name__ == "__main__":
    main()

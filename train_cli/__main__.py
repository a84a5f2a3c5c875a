"""The entry point: as little as possible before Ctrl-C is taken care of."""

import signal
import sys
from types import FrameType
from typing import NoReturn


def main() -> NoReturn:
    """Run the command line and leave with its exit code."""
    signal.signal(signal.SIGTERM, _stop)
    try:
        from train_cli.main import run

        code = run()
    except KeyboardInterrupt:
        print("texnet: stopped", file=sys.stderr)  # noqa: T201 - nothing else may be imported yet
        code = 1
    sys.exit(code)


def _stop(number: int, frame: FrameType | None) -> NoReturn:
    raise KeyboardInterrupt


if __name__ == "__main__":
    main()

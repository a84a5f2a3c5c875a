"""What a GPU does with TexNet, in at most nine minutes: `python -m tests.gpu --help`.

The properties of engines are those of the test suite that are marked `device`: where torch has a GPU, its engine runs
there. Then come the benchmark's table, a training, and the most memory that the training and a large texture took.
Each part is a process of its own, so that one that crashes or hangs leaves the others alone.

Exit codes: 0 all held, 1 something failed or had no time left, 3 there is no GPU here.
"""

import argparse
import json
import sys
import time
from pathlib import Path

import torch

from tests.gpu.parts import PARTS, Conditions


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=Path, default=Path("gpu-report.json"), help="the report, as JSON")
    parser.add_argument(
        "--device", choices=["gpu", "cpu"], default="gpu", help="cpu rehearses the script without a GPU"
    )
    parser.add_argument("--seconds", type=float, default=520, help="after which whatever still runs is ended")
    parser.add_argument("--only", choices=PARTS, action="append", help="this part; may be given more than once")
    parser.add_argument("--quick", action="store_true", help="few properties, small textures, few steps")
    parser.add_argument(
        "--vgg19", type=Path, help="weights in torchvision's convention to train with, instead of random ones"
    )
    given = parser.parse_args()
    device = _device(given.device)
    if device is None:
        say("there is no GPU that torch can use here; --device cpu rehearses the script without one")
        return 3
    conditions = Conditions(device, given.quick, given.vgg19, time.monotonic() + given.seconds)
    report = {"device": device, "name": _name(device), "torch": torch.__version__, "parts": {}}
    for name in given.only or PARTS:
        say(f"== {name}")
        started = time.monotonic()
        found = PARTS[name](conditions)
        report["parts"][name] = found | {"seconds": round(time.monotonic() - started, 1)}
        given.output.write_text(json.dumps(report, indent=2) + "\n")  # now, so that it outlives what may follow
    failed = [name for name, found in report["parts"].items() if not found["passed"]]
    say(f"{report['name']}: {'failed: ' + ', '.join(failed) if failed else 'all held'}; see {given.output}")
    return 1 if failed else 0


def say(line: str) -> None:
    print(line, flush=True)  # noqa: T201


def _device(asked: str) -> str | None:
    """What torch calls the device, or None where there is no GPU."""
    if asked == "cpu":
        return "cpu"
    return torch.accelerator.current_accelerator().type if torch.accelerator.is_available() else None


def _name(device: str) -> str:
    return torch.cuda.get_device_name() if device == "cuda" else device


if __name__ == "__main__":
    sys.exit(main())

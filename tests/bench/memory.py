"""Peak memory and time of `texnet synth` as a whole process, by size and format: `python -m tests.bench.memory`.

A measurement, not a test: pytest does not collect it. It writes one file after the other to a temporary folder, of
which 32768x32768 needs 2.3 GB.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--source", default="moss")
    parser.add_argument("--sizes", default="4096,16384", help="sides of square textures, by commas")
    parser.add_argument("--suffixes", default="png,tif")
    parser.add_argument("--engine", default="onnx")
    given = parser.parse_args()
    print(f"{'size':>6} {'format':>6} {'engine':>9} {'peak MiB':>9} {'seconds':>8} {'file MB':>8}")  # noqa: T201
    for suffix in given.suffixes.split(","):
        for size in given.sizes.split(","):
            with tempfile.TemporaryDirectory() as folder:
                output = Path(folder) / f"out.{suffix}"
                options = ["--size", size, "--engine", given.engine, "--json"]
                peak_mb, seconds = _peak([given.source, "-o", str(output), *options])
                file_mb = output.stat().st_size / 1e6
            line = f"{size:>6} {suffix:>6} {given.engine:>9} {peak_mb:9.0f} {seconds:8.1f} {file_mb:8.0f}"
            print(line, flush=True)  # noqa: T201


def _peak(words: list[str]) -> tuple[float, float]:
    """Largest resident memory in MiB, and seconds, of one `texnet synth`."""
    started = time.perf_counter()
    process = subprocess.Popen([sys.executable, "-m", "train_cli", "synth", *words], stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        sys.exit(f"texnet synth ended with status {status}")
    return usage.ru_maxrss / (2**20 if sys.platform == "darwin" else 1024), time.perf_counter() - started


if __name__ == "__main__":
    main()

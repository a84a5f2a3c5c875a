"""Peak memory and time of `texnet synth` as a whole process, by size and format: `python -m tests.bench.memory`.

A measurement, not a test: pytest does not collect it. It writes one file after the other to a temporary folder, of
which 32768x32768 needs 2.3 GB. With `--random` it compares a map set of nine channels with a picture, both of untrained
generators.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from itertools import product
from pathlib import Path

from tests.conftest import random_artifact
from texnet_core import write_artifact
from texnet_core.mapset import ALBEDO, MATERIAL_MAPS


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--source", default="moss")
    parser.add_argument("--random", type=int, default=0, metavar="LEVELS", help="a map set and a picture, untrained")
    parser.add_argument("--sizes", default="4096,16384", help="sides of square textures, by commas")
    parser.add_argument("--suffixes", default="png,tif")
    parser.add_argument("--engine", default="onnx")
    given = parser.parse_args()
    print(f"{'source':>10} {'size':>6} {'format':>6} {'peak MiB':>9} {'seconds':>8} {'files MB':>8}")  # noqa: T201
    with tempfile.TemporaryDirectory() as folder:
        sources = _untrained(Path(folder), given.random) if given.random else [given.source]
        for source, suffix, size in product(sources, given.suffixes.split(","), given.sizes.split(",")):
            _measure(source, suffix, size, given.engine)


def _untrained(folder: Path, levels: int) -> list[str]:
    """The files of a picture's generator and of a material's with nine channels."""
    nine = tuple(spec for spec in MATERIAL_MAPS if spec.name not in ("metallic", "opacity", "emission"))
    paths = []
    for name, maps in (("picture", (ALBEDO,)), ("material", nine)):
        paths.append(folder / f"{name}.texnet")
        write_artifact(paths[-1], random_artifact(levels=levels, maps=maps))
    return [str(path) for path in paths]


def _measure(source: str, suffix: str, size: str, engine: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        options = ["--size", size, "--engine", engine, "--json"]
        peak_mb, seconds = _peak([source, "-o", f"{folder}/out.{suffix}", *options])
        files_mb = sum(file.stat().st_size for file in Path(folder).iterdir()) / 1e6
    line = f"{Path(source).stem:>10} {size:>6} {suffix:>6} {peak_mb:9.0f} {seconds:8.1f} {files_mb:8.0f}"
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

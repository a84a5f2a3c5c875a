"""How fast planes are written to Zarr by this process and by Dask workers: `python -m tests.bench.planes`.

Contenders take turns. Beside seconds there are CPU seconds, which other programs disturb less.
"""

import argparse
import shutil
import statistics
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

from tests.conftest import random_artifact
from texnet_core import TextureRequest, write_plane
from texnet_core.huge.cluster import dask_workers
from texnet_core.huge.job import ThisProcess


def measured(artifact, size, threads, workers, folder):
    """Seconds, and CPU seconds of all that take part."""
    request = TextureRequest(width=size, height=size, engine="onnx", threads=threads)
    output, wall, cpu = folder / "plane.zarr", time.monotonic(), cpu_seconds(workers)
    write_plane(artifact, request, output, workers=workers)
    result = time.monotonic() - wall, cpu_seconds(workers) - cpu
    shutil.rmtree(output)
    return result


def cpu_seconds(workers):
    asked = {} if isinstance(workers, ThisProcess) else workers.ask(time.process_time)
    return time.process_time() + sum(asked.values())


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", type=int, default=8192)
    parser.add_argument("--levels", type=int, default=5)
    parser.add_argument("--repeats", type=int, default=3)
    given = parser.parse_args()
    artifact = random_artifact(levels=given.levels)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        contenders = {
            "this process, 1 thread": (1, ThisProcess()),
            "this process, 2 threads": (2, ThisProcess()),
            "1 worker": (0, stack.enter_context(dask_workers(workers=1))),
            "2 workers": (0, stack.enter_context(dask_workers(workers=2))),
        }
        found = {name: [] for name in contenders}
        for threads, workers in contenders.values():  # engines are opened here
            measured(artifact, 256, threads, workers, folder)
        for _ in range(given.repeats):
            for name, (threads, workers) in contenders.items():
                found[name].append(measured(artifact, given.size, threads, workers, folder))
    first = statistics.median(wall for wall, _ in found["this process, 1 thread"])
    print(f"{given.size}x{given.size}, {given.levels} levels, medians of {given.repeats}")  # noqa: T201
    for name, results in found.items():
        wall, cpu = (statistics.median(numbers) for numbers in zip(*results, strict=True))
        rate = given.size**2 / wall / 1e6
        print(f"{name:24} {wall:7.1f} s {first / wall:5.2f}x {cpu:7.1f} CPU s {rate:6.2f} Mtexel/s")  # noqa: T201


if __name__ == "__main__":
    main()

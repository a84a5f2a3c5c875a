"""What a Ray cluster adds to a list: time per entry, entries a minute, and memory of the process that runs the list.

`python -m tests.bench.ray` prints the tables of docs/performance.md. Entries of a fixed time tell what the engine takes
on a machine that does other things too; nodes with more CPUs than the machine has are fine for them.
"""

import argparse
import logging
import os
import tempfile
import time
from pathlib import Path

import numpy as np

from tests.conftest import random_artifact
from tests.core import ray_tasks
from texnet_core import write_artifact
from texnet_core.lists import job_runner
from texnet_core.lists.job_runner import run_jobs
from texnet_core.lists.jobs import read_jobs
from texnet_core.lists.ray_pool import RayPool

ROUNDS = 10  # entries of each CPU


def tell(line):
    print(line, flush=True)  # noqa: T201


def listed(folder, count, size=64, threads=1):
    text = f'[settings]\nengine = "onnx"\nthreads = {threads}\n[[jobs]]\nsource = "random.texnet"\nsize = {size}\n'
    (folder / "jobs.toml").write_text(text + f'seed = {list(range(count))}\noutput = "out/{{seed}}.png"\n')
    return read_jobs(folder / "jobs.toml")


def seconds_of(jobs, pool=None, progress=lambda part: None):
    start = time.monotonic()
    results = run_jobs(jobs, None, pool=pool, progress=progress)
    assert {result.status for result in results} == {"made"}, results[0]
    return time.monotonic() - start


def resident_mib():
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20


def fixed(folder, workers):
    """Entries of two seconds on so many workers, beside what they would take without any engine."""
    ray, jobs = started(workers), listed(folder, ROUNDS * workers)
    with RayPool() as pool:
        job_runner.Order = ray_tasks.AtOnce
        seconds_of(listed(folder, 20 * workers), pool)  # all processes are there then
        job_runner.Order = ray_tasks.TwoSeconds
        seconds = seconds_of(jobs, pool)
    ray.shutdown()
    ideal = ray_tasks.TwoSeconds.seconds * ROUNDS
    a_minute, each = 60 * len(jobs) / seconds, 1000 * (seconds - ideal) / ROUNDS
    tell(f"{workers:7} {a_minute:12.1f} {each:18.0f} {seconds / ideal - 1:10.1%}")


def real(folder, workers, size, order):
    """Textures on so many workers, and in as many threads of one process, in turns."""
    ray, jobs = started(workers), listed(folder, 6 * workers, size, threads=workers)
    single = listed(folder, 6 * workers, size, threads=1)
    job_runner.Order = order
    ratios, here, there = [], [], []
    with RayPool() as pool:
        seconds_of(single[: 2 * workers], pool)
        for _ in range(3):
            here.append(seconds_of(jobs))
            there.append(seconds_of(single, pool))
            ratios.append(there[-1] / here[-1])
    ray.shutdown()
    a_minute = [60 * len(jobs) / np.median(times) for times in (here, there)]
    spread = f"{np.median(ratios):8.2f} {min(ratios):8.2f} {max(ratios):8.2f}"
    tell(f"{workers:7} {a_minute[0]:12.1f} {a_minute[1]:12.1f} {spread}")


def memory(folder, counts):
    """Memory of this process while lists of different lengths are made."""
    ray = started(2)
    job_runner.Order = ray_tasks.AtOnce
    with RayPool() as pool:
        seconds_of(listed(folder, 100), pool)
        for count in counts:
            jobs = listed(folder, count)
            before, most = resident_mib(), [0.0]

            def watch(part, most=most):
                most[0] = max(most[0], resident_mib())

            seconds = seconds_of(jobs, pool, watch)
            tell(f"{count:7} {before:12.0f} {most[0]:10.0f} {most[0] - before:10.1f} {count / seconds:12.0f}")
    ray.shutdown()


def started(workers):
    """Ray on this machine, with nodes that may claim more CPUs than there are."""
    import ray

    ray.init(
        address="local", num_cpus=workers, log_to_driver=False, include_dashboard=False, logging_level=logging.ERROR
    )
    return ray


def main():
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--workers", type=int, nargs="*", default=[1, 2, 4, 8])
    options.add_argument("--real", type=int, nargs="*", default=[1, 2])
    options.add_argument("--size", type=int, default=1024)
    options.add_argument("--counts", type=int, nargs="*", default=[1000, 10_000])
    given = options.parse_args()
    os.environ |= {"RAY_USAGE_STATS_ENABLED": "0", "RAY_worker_niceness": "0"}
    os.environ |= {"RAY_raylet_start_wait_time_s": "600", "RAY_worker_register_timeout_seconds": "600"}
    order = job_runner.Order
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_artifact(folder / "random.texnet", random_artifact(levels=5))
        tell("workers  entries/min  overhead ms/entry   overhead")
        for workers in given.workers:
            fixed(folder, workers)
        tell("\nworkers  threads/min      Ray/min    ratio    least     most")
        for workers in given.real:
            real(folder, workers, given.size, order)
        tell("\nentries  before MiB   most MiB     growth    entries/s")
        memory(folder, given.counts)


if __name__ == "__main__":
    main()

"""`texnet batch`: many textures and painted pictures from one list."""

import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import click

from texnet_core.errors import printable
from texnet_core.lists.job_runner import JobResult, run_jobs
from texnet_core.lists.jobs import EXAMPLE, read_jobs
from train_cli.cluster import pool_of, ray_options
from train_cli.display import showing
from train_cli.groups import command
from train_cli.options import json_option, path_argument, with_example
from train_cli.results import tell_results
from train_cli.streams import is_input, listed


@command()
@path_argument("jobs", "JOBS")
@json_option
@ray_options
@with_example(EXAMPLE, "texnet batch list.toml")
def batch(jobs: Path, as_json: bool, ray: str | None, ray_cpus: int, ray_results: str | None) -> None:
    """Make many textures, or paint many pictures, from a list.

    JOBS is a TOML file. A list of values in it means every combination. Sources, contents and outputs are found from
    its folder. As many jobs run at once as there are cores. A job that fails does not stop the others; the exit code is
    then 1. Running the list again makes only what is missing or has changed. With - the list comes from the standard
    input, places in it are found from the current folder, and every run makes everything.
    """
    started = time.monotonic()
    folder = Path() if is_input(jobs) else jobs.parent
    planned = read_jobs(listed(jobs), folder)
    record = None if is_input(jobs) else jobs.with_suffix(".done.jsonl")
    with pool_of(ray, ray_cpus, ray_results, folder) as pool, showing(quiet=as_json) as display:
        results = run_jobs(planned, record, pool=pool, progress=display)
    for result in results:
        if result.status == "failed" and not as_json:
            click.echo(f"texnet: {printable(str(result.job.output))}: {result.error}", err=True)
    words = {"made": "made", "skipped": "skipped as complete", "failed": "failed"}
    facts = partial(_facts, place_of=str if pool is None else pool.place_of)
    tell_results(results, "jobs", facts, words, started, as_json)


def _facts(result: JobResult, place_of: Callable[[Path], str]) -> dict[str, Any]:
    facts: dict[str, Any] = {"output": str(result.job.output), "status": result.status}
    if result.status == "failed":
        return facts | {"error": result.error}
    return facts | {"files": [place_of(file) for file in result.files]}

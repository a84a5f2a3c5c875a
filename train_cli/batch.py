"""`texnet batch`: many textures from one list."""

import json
import time
from pathlib import Path
from typing import Any

import click

from texnet_core.errors import printable
from texnet_core.lists.job_runner import JobResult, run_jobs
from texnet_core.lists.jobs import EXAMPLE, read_jobs
from train_cli.display import showing
from train_cli.options import json_option, with_example


@click.command()
@click.argument("jobs", type=click.Path(path_type=Path))
@json_option
@with_example(EXAMPLE)
def batch(jobs: Path, as_json: bool) -> None:
    """Make many textures from a list.

    JOBS is a TOML file. Lists in it mean every combination; sources and outputs lie beside it. As many jobs run at
    once as there are cores. A job that fails does not stop the others, and a rerun makes only what is not complete
    or has changed since. The exit code is 1 if any job failed.
    """
    started = time.monotonic()
    planned = read_jobs(jobs)
    with showing(quiet=as_json) as display:
        results = run_jobs(planned, jobs.with_suffix(".done.jsonl"), progress=display)
    _tell(results, time.monotonic() - started, as_json)
    if any(result.status == "failed" for result in results):
        raise click.exceptions.Exit(1)


def _tell(results: list[JobResult], seconds: float, as_json: bool) -> None:
    counts = {status: sum(result.status == status for result in results) for status in ("made", "skipped", "failed")}
    if as_json:
        click.echo(json.dumps({**counts, "seconds": round(seconds, 3), "jobs": [_facts(result) for result in results]}))
        return
    for result in results:
        if result.status == "failed":
            click.echo(f"texnet: {printable(str(result.job.output))}: {result.error}", err=True)
    made, skipped, failed = counts.values()
    click.echo(f"{made} made, {skipped} skipped as complete, {failed} failed in {seconds:.1f} s")


def _facts(result: JobResult) -> dict[str, Any]:
    facts: dict[str, Any] = {"output": str(result.job.output), "status": result.status}
    if result.status == "failed":
        return facts | {"error": result.error}
    return facts | {"files": [str(file) for file in result.files]}

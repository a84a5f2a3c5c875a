"""`texnet batch`: many textures from one list."""

import json
import time
from pathlib import Path
from typing import Any

import click

from texnet_core.errors import printable
from texnet_core.lists.job_runner import Outcome, run_jobs
from texnet_core.lists.jobs import read_jobs
from train_cli.display import showing
from train_cli.groups import command
from train_cli.options import json_option, path_argument


@command()
@path_argument("jobs", "JOBS")
@json_option
def batch(jobs: Path, as_json: bool) -> None:
    """Make many textures from a list.

    JOBS is a TOML file. A list of values in it means every combination. Sources and outputs are found from its
    folder. As many jobs run at once as there are cores. A job that fails does not stop the others; the exit code is
    then 1. Running the list again makes only what is missing or has changed.

    \b
    Example of a list:
      [settings]                            # optional: engine, device, precision, threads
      engine = "auto"
      [[jobs]]                              # one or more; all but source and output is optional
      source = ["moss", "my/wall.texnet"]
      size = [1024, "2048x1024"]
      seed = [0, 1, 2]
      tile = "xy"
      scale = 1.0
      depth = 8
      output = "out/{source}_{width}x{height}_{seed:03}.png"
    then:
      texnet batch list.toml
    """
    started = time.monotonic()
    planned = read_jobs(jobs)
    with showing(quiet=as_json) as display:
        outcomes = run_jobs(planned, jobs.with_suffix(".done.jsonl"), progress=display)
    _tell(outcomes, time.monotonic() - started, as_json)
    if any(outcome.status == "failed" for outcome in outcomes):
        raise click.exceptions.Exit(1)


def _tell(outcomes: list[Outcome], seconds: float, as_json: bool) -> None:
    counts = {status: sum(o.status == status for o in outcomes) for status in ("made", "skipped", "failed")}
    if as_json:
        click.echo(json.dumps({**counts, "seconds": round(seconds, 3), "jobs": [_facts(o) for o in outcomes]}))
        return
    for outcome in outcomes:
        if outcome.status == "failed":
            click.echo(f"texnet: {printable(str(outcome.job.output))}: {outcome.error}", err=True)
    made, skipped, failed = counts.values()
    click.echo(f"{made} made, {skipped} skipped as complete, {failed} failed in {seconds:.1f} s")


def _facts(outcome: Outcome) -> dict[str, Any]:
    facts: dict[str, Any] = {"output": str(outcome.job.output), "status": outcome.status}
    if outcome.status == "failed":
        return facts | {"error": outcome.error}
    return facts | {"files": [str(file) for file in outcome.files]}

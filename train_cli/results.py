"""What is told in the end, once for all commands: what was written, and what became of the entries of a list."""

import json
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol, TypeVar

import click

from texnet_core.model.header import Header
from texnet_core.synthesis.request import TextureRequest
from train_cli.streams import is_output, shown_output


def facts_of(request: TextureRequest, header: Header, seconds: float) -> dict[str, Any]:
    """What `--json` says of the first texture of a series."""
    width, height = request.window[2:]
    derived = [spec.name for spec in request.chosen_of(header) if spec.derived]
    facts: dict[str, Any] = {"derived": derived} if derived else {}
    facts |= {"covers": request.covers} if request.covers else {}
    return facts | {"width": width, "height": height, "seed": request.seed, "seconds": round(seconds, 3)}


def tell_written(output: Path, made: str) -> None:
    """Print that a file is there, with what is to be known of it; not where the file itself was printed."""
    is_pipe = is_output(output)
    click.echo(f"wrote {'to ' if is_pipe else ''}{shown_output(output)} ({made})", err=is_pipe)


def tell_made(output: Path, made: str, started: float, notes: Sequence[str], *, as_json: bool) -> None:
    """Print that a file was made at once, and since when, or everything as one JSON object."""
    seconds = time.monotonic() - started
    if as_json:
        click.echo(json.dumps({"output": str(output), "seconds": round(seconds, 3), "notes": list(notes)}))
    else:
        tell_written(output, f"{made}, {seconds:.1f} s")


class Result(Protocol):
    """What became of one entry."""

    @property
    def status(self) -> str: ...


R = TypeVar("R", bound=Result)


def tell_results(
    results: Sequence[R],
    kind: str,
    facts: Callable[[R], dict[str, Any]],
    statuses: Mapping[str, str],
    started: float,
    as_json: bool,
) -> None:
    """Print the counts, or everything as one JSON object; raise Exit with code 1 where an entry failed.

    Args:
        results: of all entries, in order.
        kind: what the entries are, in the plural; the key of their list in JSON.
        facts: one result as JSON.
        statuses: status -> its words in the printed line, in the order of that line; one is "failed".
        started: when the command began, on the monotonic clock.
        as_json: whether to print JSON.
    """
    seconds = time.monotonic() - started
    counts = {status: sum(result.status == status for result in results) for status in statuses}
    if as_json:
        listed = [facts(result) for result in results]
        click.echo(json.dumps({**counts, "seconds": round(seconds, 3), kind: listed}))
    else:
        click.echo(", ".join(f"{counts[key]} {words}" for key, words in statuses.items()) + f" in {seconds:.1f} s")
    if counts["failed"]:
        raise click.exceptions.Exit(1)

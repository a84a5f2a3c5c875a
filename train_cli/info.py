"""`texnet info` and `texnet presets`: what is known of a generator. Reads headers only."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from texnet_core import list_presets, read_header
from texnet_core.errors import printable
from texnet_core.model.artifact import Header
from texnet_core.settings import as_fields, as_record
from train_cli.groups import command
from train_cli.options import json_option
from train_cli.streams import is_input, shown_input, source_file


@command()
@click.argument("file", metavar="FILE")
@json_option
def info(file: str, as_json: bool) -> None:
    """Tell all that is known of FILE, a .texnet file or the name of a preset.

    \b
    Examples:
      texnet info moss
      texnet info wall.texnet --json
    """
    with source_file(file) as path:
        facts = _facts(shown_input(Path(file)) if is_input(file) else str(path), path.stat().st_size, read_header(path))
    if as_json:
        click.echo(json.dumps(facts))
        return
    for key, value in facts.items():
        if isinstance(value, dict):
            click.echo(f"{key}:")
            for name, item in as_fields(value).items():
                click.echo(f"  {printable(name)}: {printable(str(item))}")
        else:
            click.echo(f"{key}: {printable(str(value))}")


@command()
@json_option
def presets(as_json: bool) -> None:
    """List the generators that ship with TexNet.

    \b
    Example:
      texnet presets
    """
    headers = {name: read_header(path) for name, path in list_presets().items()}
    if as_json:
        click.echo(json.dumps({name: as_record(header.provenance) for name, header in headers.items()}))
        return
    for name, header in headers.items():
        origin = header.provenance
        click.echo(printable(f"{name:16} {origin.kind:9} {origin.exemplar}, by {origin.author} ({origin.license})"))


def _facts(file: str, size: int, header: Header) -> dict[str, Any]:
    facts = asdict(header) | {"provenance": as_record(header.provenance)}
    facts["maps"] = ", ".join(f"{spec.name} ({spec.channels}, {spec.color_space})" for spec in header.maps)
    return {"file": file, "bytes": size} | {key: value for key, value in facts.items() if value is not None}

"""`texnet info` and `texnet presets`: what is known of a generator. They read headers only, unless a size is stated."""

import json
import os
import shlex
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from texnet_core import read_header
from texnet_core.errors import RequestError, printable
from texnet_core.lengths import length_text
from texnet_core.mapset import MapSpec
from texnet_core.model import card
from texnet_core.model.artifact import Header, Provenance
from texnet_core.model.real_size import ASSUMED_SIZE_M, texels_per_meter
from texnet_core.pictures.color_statistics import ColorStatistics
from texnet_core.presets import find_generator, list_presets, list_styles
from texnet_core.settings import as_fields, as_record
from texnet_core.synthesis.textures import check_is_texture
from train_cli.groups import command, option
from train_cli.options import LengthType, json_option, look_from, look_options
from train_cli.streams import is_input, shown_input, source_file


@command()
@click.argument("file", metavar="FILE")
@option(
    "--set-size",
    group="record",
    type=LengthType(),
    help="first write into FILE what the short side of its picture shows, such as 1.2m or 50cm; nothing is trained",
)
@look_options("", before="write into FILE, too: ")
@json_option
def info(file: str, set_size: float | None, as_json: bool, **values: Any) -> None:
    """Tell all that is known of FILE, a .texnet file or the name of a preset or a style.

    \b
    Examples:
      texnet info moss
      texnet info wall.texnet --json
      texnet info wall.texnet --set-size 1.2m
      texnet info coin.texnet --metallic 1 --roughness 0.4..0.15
    """
    told = look_from(values)
    if set_size is not None or told:
        card.state(_changeable(file), size_m=set_size, look=told)
    with source_file(file, find_generator) as path:
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
            click.echo(f"{key}: {printable(_text(value))}")


def _text(value: Any) -> str:
    """A fact as text: what is listed, one after the other."""
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


@command()
@json_option
def presets(as_json: bool) -> None:
    """List the generators that ship with TexNet: presets, which make textures, and styles for pictures.

    \b
    Example:
      texnet presets
    """
    textures, styles = _origins(list_presets()), _origins(list_styles())
    if as_json:
        told = {name: as_record(origin) for name, origin in textures.items()}
        click.echo(json.dumps(told | {"styles": {name: as_record(origin) for name, origin in styles.items()}}))
        return
    for name, origin in textures.items():
        click.echo(_line(name, origin))
    if styles:
        click.echo("\nStyles, for texnet stylize:")
    for name, origin in styles.items():
        click.echo(_line(name, origin))


def _origins(files: dict[str, Path]) -> dict[str, Provenance]:
    return {name: read_header(path).provenance for name, path in files.items()}


def _line(name: str, origin: Provenance) -> str:
    return printable(f"{name:16} {origin.kind:9} {origin.exemplar}, by {origin.author} ({origin.license})")


def _changeable(file: str) -> Path:
    if is_input(file):
        found = f"{shown_input(Path(file))} cannot be changed"
        raise RequestError(found, expected="a file", remedy="name a file")
    path = find_generator(file)
    header = read_header(path)
    if not header.textures:  # a size or a look is that of all
        check_is_texture(header)
    if path in list_presets().values():
        found = f"{path.stem} ships with TexNet and is not changed"
        raise RequestError(found, expected="a file", remedy="change a copy of it")
    return path


def _told(spec: MapSpec) -> str:
    return f"{spec.name} ({spec.channels}, {spec.color_space}{', derived' if spec.derived else ''})"


def _facts(file: str, size: int, header: Header) -> dict[str, Any]:
    facts = asdict(header) | {"provenance": as_record(header.provenance)}
    facts["maps"] = ", ".join(map(_told, header.maps))
    facts["textures"] = header.textures or None
    if header.paints:
        facts |= _facts_of_style(file, header)
        return {"file": file, "bytes": size} | {key: value for key, value in facts.items() if value is not None}
    if header.adapts:
        facts["kind"] = "network that makes a generator of a picture"
        facts["use"] = f"texnet synth {shlex.quote(file)} --exemplar photo.jpg -o texture.png"
        return {"file": file, "bytes": size} | {key: value for key, value in facts.items() if value is not None}
    if header.textures:
        facts["kind"] = f"{len(header.textures)} textures in one file"
        facts["use"] = f"texnet synth {shlex.quote(file)} --texture {shlex.quote(header.textures[0])} -o texture.png"
    if header.copies:
        facts["kind"] = f"{header.family}, which holds the picture itself; its textures are pieces of it"
    known = f"{length_text(header.size_m)} along the short side of the picture" if header.size_m else ""
    facts["real_size"] = known or f"not known, taken as {length_text(ASSUMED_SIZE_M)}; --set-size states it"
    facts["texels_per_meter"] = round(texels_per_meter(header), 2)
    return {"file": file, "bytes": size} | {key: value for key, value in facts.items() if value is not None}


def _facts_of_style(file: str, header: Header) -> dict[str, Any]:
    """What tells a style from a generator of textures, which has a real size and a look."""
    shipped = {str(path): name for name, path in list_styles().items()}
    name = shipped.get(file, file if os.path.isfile(file) else "STYLE")  # where it came through a pipe
    colors = header.style_colors
    return {
        "kind": "style, which paints pictures anew",
        "learned_from": _learned_from(header.provenance),
        "mean_color": None if colors is None else _as_hex(colors),
        "use": f"texnet stylize {shlex.quote(name)} picture.png -o painted.png",
        "size_m": None,
        "look": None,
    }


def _learned_from(origin: Provenance) -> str:
    author = f", by {origin.author}" if origin.author else ""
    license = f" ({origin.license})" if origin.license else ""
    return f"{origin.exemplar or 'a picture without a name'}{author}{license}"


def _as_hex(colors: ColorStatistics) -> str:
    return "#" + "".join(f"{round(min(max(value, 0), 1) * 255):02x}" for value in colors.mean)

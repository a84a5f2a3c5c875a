"""Lists of textures to make, as TOML files; `EXAMPLE` is one."""

import math
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from string import Formatter
from typing import Any

from texnet_core.errors import Range, RequestError
from texnet_core.lengths import parse_length
from texnet_core.lists.tables import as_table, check_keys, check_place, inside, read_toml
from texnet_core.names import check_new_names
from texnet_core.paths import expanded, user_text
from texnet_core.pictures.writing import check_picture_size, depth_for
from texnet_core.synthesis.request import TextureRequest
from texnet_core.synthesis.sizes import parse_size

EXAMPLE = """
[settings]                            # optional, for all jobs: engine, device, precision, threads
engine = "auto"
[[jobs]]                              # one or more; lists mean every combination
source = ["moss", "my/wall.texnet"]   # presets, or files beside the list
size = [1024, "2048x1024"]            # optional, as are all that follow but output
seed = [0, 1, 2]
tile = "xy"
scale = [1.0, 2.0]
covers = "2m"                         # meters that the width shows, or a length in mm, cm, m, in, ft
depth = 8
output = "out/{source}_{width}x{height}_{seed:03}_{scale}.png"      # beside the list
"""
MAX_JOBS = 100_000

_HELP = "see `texnet batch --help`"
_COMMON = ("engine", "device", "precision", "threads")
_VARIED = ("source", "size", "seed", "tile", "scale", "covers", "depth")
_NAMING = ("width", "height", "seed", "tile", "scale", "covers", "depth")  # what the name of an output may hold
_FIELDS = ("source", *_NAMING)


@dataclass(frozen=True)
class TextureJob:
    """One texture of a list, and the file to write it to."""

    request: TextureRequest
    output: Path


def read_jobs(file: Path | bytes, folder: Path | None = None) -> list[TextureJob]:
    """The jobs of a list, in its order.

    Args:
        file: the list, or what is in it.
        folder: where sources and outputs are found from; without it, the folder of the list, or else the current one.

    Raises:
        RequestError: the file is missing or no list of jobs, a value is out of its range, a name is none on some
            system, or two jobs would write the same file.
    """
    name = "the list" if isinstance(file, bytes) else str(file)
    folder = folder or (Path() if isinstance(file, bytes) else file.parent)
    table = read_toml(file, "a list of jobs")
    check_keys(table, ("settings", "jobs"), name)
    common = as_table(table.get("settings", {}), "[settings]", _HELP)
    check_keys(common, _COMMON, "[settings]")
    entries = table.get("jobs")
    if not isinstance(entries, list) or not entries:
        raise RequestError(f"{name} has no [[jobs]]", expected="at least one", remedy=_HELP)
    jobs: list[TextureJob] = []
    for number, entry in enumerate(entries, 1):
        for job in _jobs_of(as_table(entry, f"jobs[{number}]", _HELP), f"jobs[{number}]", common, folder):
            jobs.append(job)
            _check_number(len(jobs))
    _check_outputs_differ(jobs)
    return jobs


def _jobs_of(entry: dict[str, Any], where: str, common: dict[str, Any], folder: Path) -> Iterator[TextureJob]:
    check_keys(entry, (*_VARIED, "output"), where)
    for name in ("source", "output"):
        if name not in entry:
            raise RequestError(f"{where} has no {name}", expected="one", remedy=f"add {name} = ...")
    template = entry["output"]
    if not isinstance(template, str):
        raise RequestError(f"output {template!r} in {where} is not text", expected="text", remedy="put it in quotes")
    with inside(where):
        template = expanded(check_place(template, "output"), spare=_FIELDS, quoted=_in_template)
    varied = [name for name in _VARIED if name in entry]
    lists = [_as_list(entry[name], name, where) for name in varied]
    _check_number(math.prod(map(len, lists)))  # before the first of so many is made
    for values in product(*lists):
        with inside(where):
            job = _job(common | dict(zip(varied, values, strict=True)), template, folder)
        yield job


def _check_number(jobs: int) -> None:
    if jobs > MAX_JOBS:
        raise RequestError("the list has too many jobs", expected=Range(1, MAX_JOBS), remedy="split the list")


def _job(values: dict[str, Any], template: str, folder: Path) -> TextureJob:
    if not isinstance(values["source"], str):
        raise RequestError(
            f"source {values['source']!r} is not text", expected="text", remedy="name a preset or a file"
        )
    values["source"] = _source(values["source"], folder)
    if "size" in values:
        values["width"], values["height"] = _size(values["size"])
    if "covers" in values:
        values["covers"] = parse_length(values["covers"])
    request = TextureRequest.from_record(values)
    output = folder / _filled(template, Path(request.source).stem, request)
    check_new_names(output)
    depth_for(output, request.depth)
    check_picture_size(output, *request.window[2:])
    return TextureJob(request, output)


def _source(text: str, folder: Path) -> str:
    """A file beside the list, or what the text says wherever the list lies."""
    said = user_text(check_place(text, "source"))
    beside = folder / said
    return str(beside) if os.path.isfile(beside) else said  # unlike pathlib's, never raises


def _in_template(text: str) -> str:
    """What is to stand in a name as it is, though it may have braces."""
    return text.replace("{", "{{").replace("}", "}}")


def _size(value: Any) -> tuple[int, int]:
    if type(value) is int:
        return value, value
    sides = parse_size(value) if isinstance(value, str) else None
    if sides is None:
        raise RequestError(
            f"{value!r} is not a size", expected='1024 or "2048x1024"', remedy='write 1024, or "2048x1024" in quotes'
        )
    return sides


def _filled(template: str, source: str, request: TextureRequest) -> str:
    """The output's name. Only whole fields are filled in, so that a list cannot reach into objects."""
    values = {"source": source} | {name: getattr(request, name) for name in _NAMING}
    try:
        for _, name, shape, conversion in Formatter().parse(template):
            if name is not None and (name not in values or conversion or not re.fullmatch(r"0?\d?[df]?", shape or "")):
                raise RequestError(
                    f"the output {template!r} has an unknown field {{{name}}}",
                    expected=[f"{{{known}}}" for known in values],
                    remedy="correct it; {seed:04} makes four digits",
                )
        return template.format(**values)
    except ValueError as error:
        found = f"the output {template!r} is no name with fields ({error})"
        raise RequestError(found, expected="a name with fields", remedy="correct it") from error


def _as_list(value: Any, name: str, where: str) -> list[Any]:
    values = value if isinstance(value, list) else [value]
    if not values:
        raise RequestError(f"{where} has an empty list of {name}", expected="at least one", remedy="leave it out")
    return values


def _check_outputs_differ(jobs: list[TextureJob]) -> None:
    """Names are compared as the commonest file systems do, without regard to case."""
    seen: set[str] = set()
    for job in jobs:
        name = os.path.normcase(os.path.abspath(job.output)).casefold()
        if name in seen:
            raise RequestError(
                f"two jobs write {job.output}",
                expected="a name for each",
                remedy=f"put {', '.join(f'{{{field}}}' for field in _FIELDS)} into output",
            )
        seen.add(name)

"""Lists of textures to make, as TOML files.

[settings]                                # optional; for all jobs
engine = "auto"                           # engine, device, precision, threads

[[jobs]]                                  # one or more; lists mean every combination
source = ["moss", "my/wall.texnet"]       # presets, or files beside the list
size = [1024, "2048x1024"]                # optional, as are all below but output
seed = [0, 1, 2]
tile = "xy"
scale = [1.0, 2.0]
depth = 8
output = "out/{source}_{width}x{height}_{seed:03}_{scale}.png"     # beside the list
"""

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path
from string import Formatter
from typing import Any

from texnet_core.errors import RequestError
from texnet_core.lists.tables import as_table, check_keys, inside, read_toml
from texnet_core.pictures.images import check_picture_size, depth_for
from texnet_core.settings import SynthesisSettings

MAX_JOBS = 100_000

_HELP = "see `texnet batch --help`"
_COMMON = ("engine", "device", "precision", "threads")
_VARIED = ("source", "size", "seed", "tile", "scale", "depth")


@dataclass(frozen=True)
class Job:
    """One texture to make.

    Attributes:
        source: name of a preset, or a file.
        settings: what to make of it.
        depth: bits a channel, or None for what is usual.
        output: where.
    """

    source: str
    settings: SynthesisSettings
    depth: int | None
    output: Path


def read_jobs(path: Path) -> list[Job]:
    """The jobs of a list, in its order.

    Raises:
        RequestError: the file is missing or no list of jobs, a value is out of its range, or two jobs would write
            the same file.
    """
    table = read_toml(path, "a list of jobs")
    check_keys(table, ("settings", "jobs"), str(path))
    common = as_table(table.get("settings", {}), "[settings]", _HELP)
    check_keys(common, _COMMON, "[settings]")
    entries = table.get("jobs")
    if not isinstance(entries, list) or not entries:
        raise RequestError(f"no [[jobs]] in {path}", expected="at least one", remedy=_HELP)
    jobs: list[Job] = []
    for number, entry in enumerate(entries, 1):
        for job in _jobs_of(as_table(entry, f"jobs[{number}]", _HELP), f"jobs[{number}]", common, path.parent):
            jobs.append(job)
            if len(jobs) > MAX_JOBS:
                raise RequestError(f"more than {MAX_JOBS} jobs", expected="fewer", remedy="split the list")
    _check_outputs_differ(jobs)
    return jobs


def _jobs_of(entry: dict[str, Any], where: str, common: dict[str, Any], folder: Path) -> Iterator[Job]:
    check_keys(entry, (*_VARIED, "output"), where)
    for name in ("source", "output"):
        if name not in entry:
            raise RequestError(f"no {name} in {where}", expected="one", remedy=f"add {name} = ...")
    template = entry["output"]
    if not isinstance(template, str):
        raise RequestError(f"output {template!r} in {where}", expected="text", remedy="put it in quotes")
    lists = [_as_list(entry[name], name, where) if name in entry else [None] for name in _VARIED]
    for values in product(*lists):
        with inside(where):
            job = _job(dict(zip(_VARIED, values, strict=True)), template, common, folder)
        yield job


def _job(values: dict[str, Any], template: str, common: dict[str, Any], folder: Path) -> Job:
    given = {name: values[name] for name in ("seed", "tile", "scale") if values[name] is not None}
    if type(given.get("scale")) is int and abs(given["scale"]) < 2**31:
        given["scale"] = float(given["scale"])  # so that 2 and 2.0 are one request
    settings = SynthesisSettings(**common, **given)
    if values["size"] is not None:
        width, height = _size(values["size"])
        settings = replace(settings, width=width, height=height)
    settings.check()
    depth = values["depth"]
    if depth is not None and type(depth) is not int:
        raise RequestError(f"depth {depth!r}", expected="8 or 16", remedy="give a whole number")
    if not isinstance(values["source"], str):
        raise RequestError(f"source {values['source']!r}", expected="text", remedy="name a preset or a file")
    beside = folder / values["source"]
    output = folder / _filled(template, values["source"], settings, depth)
    depth_for(output, depth)
    check_picture_size(output, settings.width, settings.height)
    return Job(str(beside) if beside.is_file() else values["source"], settings, depth, output)


def _size(value: Any) -> tuple[int, int]:
    if type(value) is int:
        return value, value
    match = re.fullmatch(r"(\d{1,9})(?:x(\d{1,9}))?", value) if isinstance(value, str) else None
    if match is None:
        raise RequestError(f"size {value!r}", expected='1024 or "2048x1024"', remedy="correct it")
    return int(match[1]), int(match[2] or match[1])


def _filled(template: str, source: str, settings: SynthesisSettings, depth: int | None) -> str:
    """The output's name. Only whole fields are filled in, so that a list cannot reach into objects."""
    values = {
        "source": Path(source).stem,
        "width": settings.width,
        "height": settings.height,
        "seed": settings.seed,
        "tile": settings.tile,
        "scale": settings.scale,
        "depth": depth or "",
    }
    if "\0" in template or "\0" in source:
        raise RequestError(f"a name with a zero byte ({template!r})", expected="none", remedy="take it out")
    try:
        for _, name, shape, conversion in Formatter().parse(template):
            if name is not None and (name not in values or conversion or not re.fullmatch(r"0?\d?[df]?", shape or "")):
                known = ", ".join(f"{{{name}}}" for name in values)
                found = f"the field {{{name}}} in output {template!r}"
                raise RequestError(found, expected=f"one of {known}, or {{seed:04}}", remedy="correct it")
        return template.format(**values)
    except ValueError as error:
        found = f"output {template!r} ({error})"
        raise RequestError(found, expected="a name with fields", remedy="correct it") from error


def _as_list(value: Any, name: str, where: str) -> list[Any]:
    values = value if isinstance(value, list) else [value]
    if not values:
        raise RequestError(f"an empty list of {name} in {where}", expected="at least one", remedy="leave it out")
    return values


def _check_outputs_differ(jobs: list[Job]) -> None:
    """Names are compared as the commonest file systems do, without regard to case."""
    seen: set[str] = set()
    for job in jobs:
        name = os.path.normcase(os.path.abspath(job.output)).casefold()
        if name in seen:
            raise RequestError(
                f"two jobs that write {job.output}",
                expected="a name for each",
                remedy="put {source}, {width}, {height}, {seed}, {tile}, {scale} or {depth} into output",
            )
        seen.add(name)

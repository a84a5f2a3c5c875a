"""What the entries of a list of jobs have in common: values to combine, places beside the list, names with fields."""

import math
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from pathlib import Path
from string import Formatter
from typing import Any

from texnet_core.errors import Range, RequestError
from texnet_core.lists.tables import check_place, inside
from texnet_core.names import check_new_names
from texnet_core.paths import expanded, user_text
from texnet_core.pictures.writing import depth_for
from texnet_core.synthesis.sizes import parse_size

MAX_JOBS = 100_000


def check_number(jobs: int) -> None:
    """Raise RequestError for more jobs than a list may have."""
    if jobs > MAX_JOBS:
        raise RequestError("the list has too many jobs", expected=Range(1, MAX_JOBS), remedy="split the list")


def combinations(entry: Mapping[str, Any], names: Sequence[str], where: str) -> Iterator[dict[str, Any]]:
    """Every combination of the values that an entry gives to some names; what is no list is one value."""
    varied = [name for name in names if name in entry]
    lists = [_as_list(entry[name], name, where) for name in varied]
    check_number(math.prod(map(len, lists)))  # before the first of so many is made
    for values in product(*lists):
        yield dict(zip(varied, values, strict=True))


def check_needed(entry: Mapping[str, Any], names: Sequence[str], where: str) -> None:
    """Raise RequestError where an entry lacks one of these."""
    for name in names:
        if name not in entry:
            raise RequestError(f"{where} has no {name}", expected="one", remedy=f"add {name} = ...")


def template_of(output: Any, fields: Sequence[str], where: str) -> str:
    """The name of outputs with fields in braces, the home folder and variables filled in."""
    if not isinstance(output, str):
        raise RequestError(f"output {output!r} in {where} is not text", expected="text", remedy="put it in quotes")
    with inside(where):
        return expanded(check_place(output, "output"), spare=fields, quoted=_in_template)


def output_of(folder: Path, template: str, values: Mapping[str, Any], depth: int) -> Path:
    """The file of a job, whose name every system takes and whose format holds the depth."""
    output = folder / _filled(template, values)
    check_new_names(output)
    depth_for(output, depth)
    return output


def place_of(value: Any, name: str, folder: Path) -> Path:
    """A picture beside the list."""
    if value == "":
        raise RequestError(f"{name} is empty", expected="a picture", remedy="name a picture, or leave it out")
    return folder / user_text(check_place(text_of(value, name, "name a picture"), name))


def source_of(value: Any, folder: Path) -> str:
    """A file beside the list, or what the text says wherever the list lies."""
    said = user_text(check_place(text_of(value, "source", "name a preset or a file"), "source"))
    beside = folder / said
    return str(beside) if os.path.isfile(beside) else said  # unlike pathlib's, never raises


def text_of(value: Any, name: str, remedy: str) -> str:
    """A value that must be text."""
    if not isinstance(value, str):
        raise RequestError(f"{name} {value!r} is not text", expected="text", remedy=remedy)
    return value


def size_of(value: Any) -> tuple[int, int]:
    """(width, height) for 1024 or "2048x1024"."""
    if type(value) is int:
        return value, value
    sides = parse_size(value) if isinstance(value, str) else None
    if sides is None:
        raise RequestError(
            f"{value!r} is not a size", expected='1024 or "2048x1024"', remedy='write 1024, or "2048x1024" in quotes'
        )
    return sides


def _filled(template: str, values: Mapping[str, Any]) -> str:
    """The output's name. Only whole fields are filled in, so that a list cannot reach into objects."""
    try:
        for _, name, shape, conversion in Formatter().parse(template):
            if name is not None and (name not in values or conversion or not re.fullmatch(r"0?\d?[df]?", shape or "")):
                what = (
                    f"asks for {{{name}}} in a form that it has not"
                    if name in values
                    else f"has an unknown field {{{name}}}"
                )
                raise RequestError(
                    f"the output {template!r} {what}",
                    expected=[f"{{{known}}}" for known in values],
                    remedy="correct it; {seed:04} makes four digits",
                )
        return template.format(**values)
    except ValueError as error:
        found = f"the output {template!r} is no name with fields ({error})"
        raise RequestError(found, expected="a name with fields", remedy="correct it") from error


def _in_template(text: str) -> str:
    """What is to stand in a name as it is, though it may have braces."""
    return text.replace("{", "{{").replace("}", "}}")


def _as_list(value: Any, name: str, where: str) -> list[Any]:
    values = value if isinstance(value, list) else [value]
    if not values:
        raise RequestError(f"{where} has an empty list of {name}", expected="at least one", remedy="leave it out")
    return values

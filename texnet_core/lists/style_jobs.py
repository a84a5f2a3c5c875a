"""The entries of a list of jobs that paint pictures in a style: read, and made."""

from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from texnet_core.errors import RequestError
from texnet_core.lists.entries import (
    check_needed,
    check_number,
    combinations,
    output_of,
    place_of,
    size_of,
    source_of,
    template_of,
)
from texnet_core.lists.tables import check_keys, inside
from texnet_core.paths import is_same_file
from texnet_core.settings import EngineSettings
from texnet_core.stylization.contents import Contents, find_contents
from texnet_core.stylization.looks import colors_in, read_colors
from texnet_core.stylization.request import StylizeRequest

_ENGINE = {spec.name for spec in fields(EngineSettings)}
_REQUESTED = tuple(spec.name for spec in fields(StylizeRequest) if spec.name not in _ENGINE)
_WHOLE = ("region", "colors")  # whose value is a list or a table
_VARIED = (*(name for name in _REQUESTED if name not in _WHOLE), "size", "strength_map")
_KEYS = (*_VARIED, *_WHOLE, "content", "one_look", "output")
STYLE_NAMING = ("source", "content", *(name for name in _REQUESTED if name not in ("source", *_WHOLE)))


@dataclass(frozen=True)
class StyleJob:
    """One picture of a list that is to be painted, and the file to write it to.

    Attributes:
        request: what is to become of it.
        output: the file to write.
        content: the picture.
        strength_map: a picture of the same size, or None.
        look: the pictures whose colors are measured together; () where each has its own.
        first: the frame as which all tile, where it is one of a sequence and the request leaves that open; or None.
    """

    request: StylizeRequest
    output: Path
    content: Path
    strength_map: Path | None = None
    look: tuple[Path, ...] = ()
    first: Path | None = None

    @property
    def reads(self) -> list[Path]:
        """The pictures that it cannot do without."""
        return [self.content] if self.strength_map is None else [self.content, self.strength_map]


def style_jobs(entry: dict[str, Any], where: str, common: dict[str, Any], folder: Path) -> Iterator[StyleJob]:
    """The jobs of an entry with `content`.

    Args:
        entry: a table of the list.
        where: what messages call it.
        common: settings of all jobs.
        folder: where places are found from.

    Raises:
        RequestError: an unknown key, a value that does not fit, or no pictures.
    """
    check_keys(entry, _KEYS, where)
    check_needed(entry, ("source", "output"), where)
    template = template_of(entry["output"], STYLE_NAMING, where)
    with inside(where):
        found = [_contents(value, folder) for value in _as_list(entry["content"], "content")]
        whole = common | _region(entry) | _colors(entry, folder)
        together = _one_look(entry)
    everything = tuple(path for contents in found for path in contents.files)
    combined = list(combinations(entry, _VARIED, where))
    check_number(len(everything) * len(combined))
    for contents in found:
        look = everything if together else contents.files if contents.frames else ()
        for path in contents.files:
            for values in combined:
                with inside(where):
                    job = _job(whole | values, path, template, folder)
                first = contents.files[0] if contents.frames and job.request.wrap == "auto" else None
                yield replace(job, look=() if job.request.colors else look, first=first)


def _job(values: dict[str, Any], content: Path, template: str, folder: Path) -> StyleJob:
    values["source"] = source_of(values["source"], folder)
    if "size" in values:
        if "width" in values or "height" in values:
            raise RequestError("size stands beside width or height", expected="one", remedy="leave one out")
        values["width"], values["height"] = size_of(values["size"])
    request = StylizeRequest.from_record(values)
    naming = {name: getattr(request, name, "") for name in STYLE_NAMING}
    naming |= {"source": Path(request.source).stem, "content": content.stem}
    output = output_of(folder, template, naming, request.depth or 8)
    strength_map = place_of(values["strength_map"], "strength_map", folder) if "strength_map" in values else None
    for what, read in (("content", content), ("strength_map", strength_map)):
        if read is not None and is_same_file(output, read):
            found = f"the output {output} would replace the {what}"
            raise RequestError(found, expected="another file", remedy="name another file")
    return StyleJob(request, output, content, strength_map)


def _contents(value: Any, folder: Path) -> Contents:
    place = place_of(value, "content", folder)
    try:
        return find_contents(place)
    except RequestError as error:
        raise RequestError(f"content: {error.found}", expected=error.allowed, remedy=error.remedy) from error


def _as_list(value: Any, name: str) -> list[Any]:
    values = value if isinstance(value, list) else [value]
    if not values:
        raise RequestError(f"the list of {name} is empty", expected="at least one", remedy="name a picture")
    return values


def _region(entry: dict[str, Any]) -> dict[str, Any]:
    region = entry.get("region")
    if region is not None and (not isinstance(region, list) or len(region) != 4):
        found = f"region {region!r} is none"
        raise RequestError(found, expected="[x, y, width, height]", remedy="write it as [x, y, width, height]")
    return {} if region is None else {"region": region}


def _colors(entry: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Statistics in the list itself, or in a file beside it."""
    if "colors" not in entry:
        return {}
    value = entry["colors"]
    known = read_colors(place_of(value, "colors", folder)) if isinstance(value, str) else colors_in(value, "colors")
    return {"colors": {"mean": known.mean, "covariance": known.covariance}}


def _one_look(entry: dict[str, Any]) -> bool:
    together = entry.get("one_look", False)
    if not isinstance(together, bool):
        found = f"one_look {together!r} is not true or false"
        raise RequestError(found, expected="true or false", remedy="give true or false")
    if together and "colors" in entry:
        raise RequestError("colors and one_look exclude each other", expected="one", remedy="leave one out")
    return together

"""Looks that are given again: the color statistics in files that a command or a person wrote."""

from pathlib import Path
from typing import Any

from texnet_core.errors import RequestError
from texnet_core.model.foreign_json import parse_json
from texnet_core.pictures.color_statistics import ColorStatistics

_EXPECTED = "what texnet stylize --json printed, or mean and covariance"
_REMEDY = "give what texnet stylize --json printed"
_MAX_BYTES = 64 * 2**20


def read_colors(path: Path) -> ColorStatistics:
    """The color statistics in a JSON file.

    Args:
        path: an object with `mean` and `covariance`, one with `colors`, or one with `records` of such.

    Raises:
        RequestError: it cannot be read, says something else, or has records whose looks differ.
    """
    return colors_in(_read(path), str(path))


def colors_in(value: Any, name: str) -> ColorStatistics:
    """The color statistics in what a JSON file or a list has.

    Args:
        value: as for `read_colors`.
        name: of where it stands, for messages.
    """
    looks = {_statistics(found, name) for found in _found(value)}
    if not looks:
        raise RequestError(f"{name} holds no color statistics", expected=_EXPECTED, remedy=_REMEDY)
    if len(looks) > 1:
        raise RequestError(
            f"{name} holds {len(looks)} looks", expected="one", remedy="make it with --one-look, or keep one record"
        )
    return looks.pop()


def _found(value: Any) -> list[Any]:
    if not isinstance(value, dict):
        return []
    if "mean" in value or "covariance" in value:
        return [value]
    if isinstance(records := value.get("records"), list):
        return [look for record in records for look in _found(record)]
    return _found(value.get("colors"))


def _statistics(value: Any, name: str) -> ColorStatistics:
    try:
        return ColorStatistics.from_record(value)
    except RequestError as error:
        raise RequestError(f"{error.found} in {name}", expected=error.allowed, remedy=_REMEDY) from error


def _read(path: Path) -> Any:
    try:
        with path.open("rb") as file:
            data = file.read(_MAX_BYTES)
    except OSError as error:
        found = f"{path} cannot be read ({error.strerror or error})"
        raise RequestError(found, expected=_EXPECTED, remedy="check the path") from error
    try:
        return parse_json(data)
    except ValueError as error:
        raise RequestError(f"{path} is no JSON ({error})", expected=_EXPECTED, remedy=_REMEDY) from error

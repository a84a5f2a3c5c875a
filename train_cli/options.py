"""Command-line options made from the core's settings, so that a default or a help text is written once."""

import inspect
import re
import shlex
import textwrap
from collections.abc import Callable, Iterable, Iterator
from dataclasses import Field, fields
from pathlib import Path
from typing import Any, TypeVar

import click
from click.core import ParameterSource

from texnet_core.pictures.writing import SUFFIXES
from texnet_core.settings import choices_of
from texnet_core.synthesis.request import UDIM_COLUMNS

C = TypeVar("C", bound=Callable[..., Any])
S = TypeVar("S")
_NOT_RECORDED = ("resume", "preview", "as_json")


def settings_options(
    kind: type, *, leave_out: tuple[str, ...] = (), only: tuple[str, ...] | None = None
) -> Callable[[C], C]:
    """A decorator that adds one option for every field of a settings dataclass that carries help."""

    def decorate(command: C) -> C:
        for field in reversed(list(_option_fields(kind, leave_out))):
            if only is not None and field.name not in only:
                continue
            command = click.option(f"--{_dashed(field.name)}", **_option(field))(command)
        return command

    return decorate


def settings_from(kind: type[S], values: dict[str, Any]) -> S:
    """The settings that the values of parsed options make; fields without an option keep their defaults."""
    return kind(
        **{field.name: values[field.name] for field in _option_fields(kind) if values.get(field.name) is not None}
    )


def recorded_command(context: click.Context) -> str:
    """The command as given: without defaults, anybody's folders, and what does not change the result."""
    words = context.command_path.split()
    for parameter in context.command.params:
        name = parameter.name or ""
        if name in _NOT_RECORDED or context.get_parameter_source(name) is not ParameterSource.COMMANDLINE:
            continue
        value = context.params[name]
        words += [parameter.opts[-1]] if isinstance(parameter, click.Option) else []
        if value is not True:
            is_file = isinstance(value, Path) or name == "vgg19"
            words.append(Path(value).name if is_file else str(value))
    return clean(shlex.join(words))


def clean(text: str) -> str:
    """File names can hold bytes that are no text; records cannot."""
    return text.encode("utf-8", "replace").decode()


def json_option(command: C) -> C:
    """The --json flag, read by `main` as well, for errors."""
    return click.option("--json", "as_json", is_flag=True, help="print one JSON object instead of text")(command)


def with_example(text: str) -> Callable[[C], C]:
    """A decorator that ends a command's help with an example of its list, line by line."""

    def decorate(command: C) -> C:
        example = textwrap.indent(text.strip(), "  ")
        command.__doc__ = f"{inspect.cleandoc(command.__doc__ or '')}\n\n\b\nExample:\n{example}"
        return command

    return decorate


def picture_option(command: C) -> C:
    """The option -o of commands that write one picture."""
    suffixes = f"picture to write: {', '.join(SUFFIXES)}"
    return click.option("-o", "--output", required=True, type=click.Path(path_type=Path), help=suffixes)(command)


def size_option(width: int, height: int, help: str) -> Callable[[C], C]:
    """The option --size with its default."""
    return click.option("--size", type=SizeType(), default=f"{width}x{height}", show_default=True, help=help)


class ChoiceType(click.Choice[str]):
    """One of some words or numbers."""

    def __init__(self, choices: Iterable[str | int]) -> None:
        self._known = {str(choice): choice for choice in choices}
        super().__init__(list(self._known))

    def convert(self, value: Any, parameter: click.Parameter | None, context: click.Context | None) -> Any:
        return self._known[str(super().convert(str(value), parameter, context))]


class SizeType(click.ParamType[tuple[int, int]]):
    """2048 or 2048x1024, as (width, height) in texels. Their range is the core's to judge."""

    name = "WxH"

    def convert(self, value: Any, parameter: click.Parameter | None, context: click.Context | None) -> tuple[int, int]:
        if isinstance(value, tuple):
            return value
        match = re.fullmatch(r"(-?\d{1,9})(?:x(-?\d{1,9}))?", str(value).lower())
        if match is None:
            self.fail(f"{value!r} is no size; write 2048 or 2048x1024.", parameter, context)
        return int(match[1]), int(match[2] or match[1])


class GridType(click.ParamType[tuple[int, int]]):
    """3x2, as (columns, rows)."""

    name = "CxR"

    def convert(self, value: Any, parameter: click.Parameter | None, context: click.Context | None) -> tuple[int, int]:
        match = re.fullmatch(r"([1-9]\d{0,8})x([1-9]\d{0,8})", str(value).lower())
        if match is None:
            self.fail(f"{value!r} is no grid; write 3x2 for 3 columns and 2 rows.", parameter, context)
        columns, rows = int(match[1]), int(match[2])
        if columns > UDIM_COLUMNS:
            self.fail(f"{value!r} has {columns} columns; UDIM has {UDIM_COLUMNS} at most.", parameter, context)
        return columns, rows


class RegionType(click.ParamType[tuple[int, int, int, int]]):
    """X,Y,W,H in texels. Their range is the core's to judge."""

    name = "X,Y,W,H"

    def convert(
        self, value: Any, parameter: click.Parameter | None, context: click.Context | None
    ) -> tuple[int, int, int, int]:
        match = re.fullmatch(r"(-?\d{1,12}),(-?\d{1,12}),(-?\d{1,12}),(-?\d{1,12})", str(value).replace(" ", ""))
        if match is None:
            self.fail(f"{value!r} is no region; write X,Y,W,H, as in 0,0,512,512.", parameter, context)
        x, y, width, height = map(int, match.groups())
        return x, y, width, height


def _option_fields(kind: type, leave_out: tuple[str, ...] = ()) -> Iterator[Field[Any]]:
    return (field for field in fields(kind) if field.metadata.get("help") and field.name not in leave_out)


def _option(field: Field[Any]) -> dict[str, Any]:
    choices = [choice for choice in choices_of(field.type) if choice]  # empty: leave the option out
    kind: Any = ChoiceType(choices) if choices else field.type
    if kind is bool:
        return {"is_flag": True, "default": field.default, "help": str(field.metadata["help"])}
    return {
        "default": field.default if field.default != "" else None,
        "type": kind,
        "show_default": True,
        "help": str(field.metadata["help"]) + _range_text(field),
    }


def _range_text(field: Field[Any]) -> str:
    low, high = field.metadata.get("low"), field.metadata.get("high")
    return f" ({low} to {high})" if low is not None and high is not None else ""


def _dashed(name: str) -> str:
    return name.replace("_", "-")

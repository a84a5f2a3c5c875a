"""Command-line options made from the core's settings, so that a default or a help text is written once."""

import inspect
import os
import re
import shlex
import textwrap
from collections.abc import Callable, Iterable, Iterator
from dataclasses import Field, fields
from pathlib import Path
from typing import Any, TypeVar

import click

from texnet_core.errors import RequestError
from texnet_core.lengths import parse_length
from texnet_core.mapset import names_in
from texnet_core.model.look import Look
from texnet_core.paths import user_path
from texnet_core.pictures.writing import SUFFIXES
from texnet_core.settings import choices_of
from texnet_core.synthesis.map_files import MAP, as_pattern
from texnet_core.synthesis.request import UDIM_COLUMNS
from texnet_core.synthesis.sizes import parse_grid, parse_size
from train_cli.groups import is_given, option, option_name
from train_cli.streams import STREAM, is_input, is_output

C = TypeVar("C", bound=Callable[..., Any])
S = TypeVar("S")
_FILES_AS_TEXT = ("vgg19", "start")
_NOT_RECORDED = ("resume", "preview", "as_json")


def settings_options(
    kind: type, *, leave_out: tuple[str, ...] = (), only: tuple[str, ...] | None = None
) -> Callable[[C], C]:
    """A decorator that adds one option for every field of a settings dataclass that carries help."""

    def decorate(command: C) -> C:
        for field in reversed(list(_option_fields(kind, leave_out))):
            if only is not None and field.name not in only:
                continue
            command = option(f"--{option_name(field)}", **_attributes(field))(command)
        return command

    return decorate


def settings_from(kind: type[S], values: dict[str, Any]) -> S:
    """The settings that the values of parsed options make; fields without an option keep their defaults."""
    given = {field.name: values.get(option_name(field).replace("-", "_")) for field in _option_fields(kind)}
    return kind(**{name: value for name, value in given.items() if value is not None})


def recorded_command(context: click.Context) -> str:
    """The command as given: without defaults, anybody's folders, and what does not change the result."""
    words = context.command_path.split()
    for parameter in context.command.params:
        name = parameter.name or ""
        if name in _NOT_RECORDED or not is_given(context, name):
            continue
        value = context.params[name]
        if isinstance(parameter, click.Argument) and isinstance(value, tuple):
            words += map(_recorded_file, value)
            continue
        words += [parameter.opts[-1]] if isinstance(parameter, click.Option) else []
        if value is not True:
            is_file = isinstance(value, Path) or name in _FILES_AS_TEXT
            mark = "," if parameter.type.name == NamesType.name else ".."
            text = mark.join(map(str, value)) if isinstance(value, tuple) else str(value)
            words.append(_recorded_file(Path(value)) if is_file else text)
    return clean(shlex.join(words))


def look_options(default: str, *, before: str = "") -> Callable[[C], C]:
    """The options --bump, --roughness and --metallic.

    Args:
        default: what is taken where they are not given; "" shows none.
        before: begins their help texts.
    """
    known = {field.name: f"{before}{field.metadata['help']}{_range_text(field)}" for field in fields(Look)}
    span = (
        f"{before}roughness of the darkest and of the brightest places, as in 0.8..0.4, or one number for all (0 to 1)"
    )
    attributes: dict[str, Any] = {"group": "record", "show_default": default or None}

    def decorate(command: C) -> C:
        command = option("--metallic", help=known["metallic"], type=float, **attributes)(command)
        command = option("--roughness", help=span, type=SpanType(), **attributes)(command)
        return option("--bump", help=known["bump"], type=float, **attributes)(command)

    return decorate


def look_from(values: dict[str, Any]) -> dict[str, float]:
    """The fields of a `Look` that the options of `look_options` give."""
    told = {name: values[name] for name in ("bump", "metallic") if values[name] is not None}
    if values["roughness"] is not None:
        told["roughness_dark"], told["roughness_bright"] = values["roughness"]
    return told


def _recorded_file(path: Path) -> str:
    return STREAM if is_input(path) or is_output(path) else path.name


def clean(text: str) -> str:
    """File names can hold bytes that are no text; records cannot."""
    return text.encode("utf-8", "replace").decode()


def json_option(command: C) -> C:
    """The --json flag, read by `main` as well, for errors."""
    text = "print one JSON object instead of text"
    return option("--json", "as_json", group="output", is_flag=True, help=text)(command)


def path_argument(name: str, metavar: str) -> Callable[[C], C]:
    """An argument that names a file, or is - for the standard input."""
    return click.argument(name, type=PathType(pipes=True), metavar=metavar)


def paths_argument(name: str, metavar: str) -> Callable[[C], C]:
    """An argument that names one or more files, as `path_argument` names one."""
    return click.argument(name, type=PathType(pipes=True), metavar=metavar, nargs=-1, required=True)


def path_option(*names: str, group: str, help: str, required: bool = False, pipes: bool = False) -> Callable[[C], C]:
    """An option that names a file or a folder; with `pipes`, - stands for the standard input or output."""
    return option(*names, group=group, type=PathType(pipes), required=required, help=help)


def output_option(help: str, pipes: bool = True) -> Callable[[C], C]:
    """The option -o, which no command that has it can do without."""
    return path_option("-o", "--output", group="output", required=True, help=help, pipes=pipes)


def with_example(listed: str, usage: str) -> Callable[[C], C]:
    """A decorator that ends a command's help with an example of its list, line by line, and of its use."""

    def decorate(command: C) -> C:
        lines = [*textwrap.indent(listed.strip(), "  ").splitlines(), "then:", f"  {usage}"]
        command.__doc__ = "\n".join([inspect.cleandoc(command.__doc__ or ""), "", "\b", "Example of a list:", *lines])
        return command

    return decorate


def picture_options(output: str, format: str) -> Callable[[C], C]:
    """The options -o and --format of commands that write pictures, with the beginning of their help texts."""
    kind = ChoiceType(suffix[1:] for suffix in SUFFIXES)

    def decorate(command: C) -> C:
        command = option("--format", group="output", type=kind, help=f"{format}; png without it")(command)
        return output_option(f"{output}: {', '.join(SUFFIXES)}; - is the standard output")(command)

    return decorate


def picture_option(command: C) -> C:
    """The same of commands that write one kind of picture."""
    return picture_options("picture to write", "format of the picture where it goes to a pipe, which has no suffix")(
        command
    )


def map_set_option(command: C) -> C:
    """The options -o and --format of commands that write map sets."""
    kind = ChoiceType(suffix[1:] for suffix in SUFFIXES)
    where = "format of pictures whose output has no suffix: a pipe, a folder; png without it"
    what = f"picture to write: {', '.join(SUFFIXES)}; {MAP} is a map's name, DIR/ a folder, - the standard output"
    output = option("-o", "--output", group="output", required=True, type=PathType(pipes=True, maps=True), help=what)
    return output(option("--format", group="output", type=kind, help=where)(command))


def preview_option(command: C) -> C:
    """The option --preview of commands that take minutes."""
    return path_option("--preview", group="output", help="picture of the current state, written again and again")(
        command
    )


def mask_option(command: C) -> C:
    """The option --mask of commands that learn from an exemplar."""
    text = "picture of the exemplar's size, white where the exemplar takes part; its own alpha counts too"
    return path_option("--mask", group="picture", help=text, pipes=True)(command)


def exemplar_option(command: C) -> C:
    """The option --exemplar of commands whose SOURCE may make textures of one."""
    text = "picture of a surface, for a SOURCE that makes textures of one, such as instant; - is the standard input"
    return path_option("--exemplar", group="picture", help=text, pipes=True)(command)


def mix_mask_option(command: C) -> C:
    """The option --mix-mask of commands that take a choice of textures."""
    text = "picture that says where each is shown: black the first, white --mix-to, gray between; it is stretched"
    return path_option("--mix-mask", group="mix", help=text, pipes=True)(command)


def size_option(width: int, height: int, help: str, group: str = "texture") -> Callable[[C], C]:
    """The option --size with its default."""
    default = f"{width}x{height}"
    return option("--size", group=group, type=SizeType(), default=default, show_default=True, help=help)


class ChoiceType(click.Choice[str]):
    """One of some words or numbers."""

    def __init__(self, choices: Iterable[str | int]) -> None:
        self._known = {str(choice): choice for choice in choices}
        super().__init__(list(self._known))

    def convert(self, value: Any, parameter: click.Parameter | None, context: click.Context | None) -> Any:
        return self._known[str(super().convert(str(value), parameter, context))]


class NamesType(click.ParamType[tuple[str, ...]]):
    """albedo,normal, as a tuple of names. Which there are is the core's to judge."""

    name = "NAME,NAME"

    def convert(self, value: Any, parameter: click.Parameter | None, context: click.Context | None) -> tuple[str, ...]:
        if isinstance(value, tuple):
            return value
        names = tuple(names_in(str(value)))
        if not names:
            self.fail(f"{value!r} names nothing; write albedo,normal.", parameter, context)
        return names


class PathType(click.ParamType[Path]):
    """A path, in which ~ and variables mean what they mean to a shell. Whether it is there is for others to judge."""

    name = "path"

    def __init__(self, pipes: bool = False, maps: bool = False) -> None:
        """With `pipes`, - is one; with `maps`, a folder stands for a file for each map in it."""
        self._pipes, self._maps = pipes, maps

    def convert(self, value: Any, parameter: click.Parameter | None, context: click.Context | None) -> Path:
        if os.fspath(value) == STREAM:
            if not self._pipes:
                self.fail("- cannot stand here; name a file, as in ./-", parameter, context)
            return Path(STREAM)
        if not os.fspath(value):  # a variable of the shell that is not set
            self.fail("'' is no path; name a file or a folder.", parameter, context)
        path = user_path(value)
        if self._maps and not is_output(path):
            return Path(as_pattern(f"{path}{os.sep if _is_folder(value, path) else ''}", suffix=""))
        return path


def _is_folder(written: Any, path: Path) -> bool:
    return os.fspath(written).endswith(("/", os.sep)) or (not path.suffix and os.path.isdir(path))


class SizeType(click.ParamType[tuple[int, int]]):
    """2048 or 2048x1024, as (width, height) in texels. Their range is the core's to judge."""

    name = "WxH"

    def convert(self, value: Any, parameter: click.Parameter | None, context: click.Context | None) -> tuple[int, int]:
        if isinstance(value, tuple):
            return value
        size = parse_size(str(value))
        if size is None:
            self.fail(f"{value!r} is not a size; write 2048 or 2048x1024.", parameter, context)
        return size


class LengthType(click.ParamType[float]):
    """2m, 50cm or 3ft, as meters. Whether it makes sense is the core's to judge."""

    name = "LENGTH"

    def convert(self, value: Any, parameter: click.Parameter | None, context: click.Context | None) -> float:
        try:
            length = parse_length(value)
        except RequestError as error:
            self.fail(f"{error}.", parameter, context)
        if isinstance(value, str) and length == 0:
            self.fail(f"{value!r} is no length; leave the option out where it is not known.", parameter, context)
        return length


class GridType(click.ParamType[tuple[int, int]]):
    """3x2, as (columns, rows)."""

    name = "CxR"

    def convert(self, value: Any, parameter: click.Parameter | None, context: click.Context | None) -> tuple[int, int]:
        grid = parse_grid(str(value))
        if grid is None:
            self.fail(f"{value!r} is not a grid; write 3x2 for 3 columns and 2 rows.", parameter, context)
        if grid[0] > UDIM_COLUMNS:
            found = f"{value!r} has {grid[0]} columns"
            self.fail(f"{found}; use {UDIM_COLUMNS} or fewer, as UDIM has.", parameter, context)
        return grid


class SpanType(click.ParamType[tuple[float, float]]):
    """0.4..0.8 or 0.5, as two numbers. Their range is the core's to judge."""

    name = "A..B"

    def convert(
        self, value: Any, parameter: click.Parameter | None, context: click.Context | None
    ) -> tuple[float, float]:
        parts = str(value).split("..")
        try:
            first, last = (float(part) for part in (parts * 2)[:2] if len(parts) < 3)
        except ValueError:
            self.fail(f"{value!r} is not a range; write 0.4..0.8, or one number.", parameter, context)
        return first, last


class RegionType(click.ParamType[tuple[int, int, int, int]]):
    """X,Y,W,H in texels. Their range is the core's to judge."""

    name = "X,Y,W,H"

    def convert(
        self, value: Any, parameter: click.Parameter | None, context: click.Context | None
    ) -> tuple[int, int, int, int]:
        match = re.fullmatch(r"(-?\d{1,12}),(-?\d{1,12}),(-?\d{1,12}),(-?\d{1,12})", str(value).replace(" ", ""))
        if match is None:
            self.fail(f"{value!r} is not a region; write X,Y,W,H, as in 0,0,512,512.", parameter, context)
        x, y, width, height = map(int, match.groups())
        return x, y, width, height


def _option_fields(kind: type, leave_out: tuple[str, ...] = ()) -> Iterator[Field[Any]]:
    return (field for field in fields(kind) if field.metadata.get("help") and field.name not in leave_out)


def _attributes(field: Field[Any]) -> dict[str, Any]:
    choices = [choice for choice in choices_of(field.type) if choice]  # empty or 0: leave the option out
    kind: Any = ChoiceType(choices) if choices else field.type
    shared = {"group": field.metadata["group"], "help": field.metadata["help"] + _range_text(field)}
    if field.metadata["length"]:  # whose 0 says nothing
        return shared | {"default": None, "type": LengthType()}
    if kind is bool:
        return shared | {"is_flag": True, "default": field.default}
    is_said = field.default != "" and not (choices and field.default not in choices)
    return shared | {"default": field.default if is_said else None, "type": kind, "show_default": True}


def _range_text(field: Field[Any]) -> str:
    low, high = field.metadata["low"], field.metadata["high"]
    return "" if low is None or high is None else f" ({_plain(low)} to {_plain(high)})"


def _plain(number: float) -> str:
    """0.000001 and 1000000 instead of 1e-06 and 1000000.0."""
    return f"{number:.6f}".rstrip("0").rstrip(".")

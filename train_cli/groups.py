"""The groups under which commands list their options. `texnet_core.settings` says which setting belongs to which."""

from collections.abc import Callable, Sequence
from dataclasses import Field
from typing import Any, TypeVar

import click
import cloup
from click.core import ParameterSource

from texnet_core.errors import RequestError

C = TypeVar("C", bound=Callable[..., Any])

# In the order of the help texts: name -> the sentence below the heading, or nothing where the heading says it all.
GROUPS = {
    "output": "",
    "list": "",
    "texture": "",
    "maps": "For a SOURCE that makes several maps, or shall do so with --material; a preview can be had of any.",
    "mix": "For a SOURCE that holds several textures.",
    "style": "",
    "series": "",
    "picture": "",
    "budget": "",
    "generator": "",
    "comparison": "The descriptor compares pictures: VGG-19, which knows photos, a light one taught by it, or patches.",
    "losses": "Each loss measures one kind of difference from the exemplar; a weight of 0 leaves it out.",
    "record": "Written into the generator, for whoever uses it.",
    "machine": "",
}


class Option(cloup.Option):
    """An option that names its group."""

    def __init__(self, *arguments: Any, heading: str, **attributes: Any) -> None:
        super().__init__(*arguments, **attributes)
        self.heading = heading


class Command(cloup.Command):
    """Lists its options by their groups."""

    def __init__(self, *arguments: Any, params: Sequence[click.Parameter] = (), **attributes: Any) -> None:
        groups = {name: cloup.OptionGroup(name.capitalize(), help=text or None) for name, text in GROUPS.items()}
        ordered = sorted(params, key=_rank)
        for parameter in ordered:
            if isinstance(parameter, Option):
                parameter.group = groups[parameter.heading]
        super().__init__(*arguments, params=ordered, **attributes)

    def invoke(self, context: click.Context) -> Any:
        try:
            return super().invoke(context)
        except RequestError as error:
            raise self._with_option(error) from error

    def _with_option(self, error: RequestError) -> RequestError:
        """The error with the option's name in place of the setting's, where it is about one that is an option."""
        if error.setting is None:
            return error
        option, setting = f"--{option_name(error.setting)}", error.setting.name.replace("_", " ")
        if not error.found.startswith(setting) or all(option not in parameter.opts for parameter in self.params):
            return error
        found = f"{option}{error.found.removeprefix(setting)}"
        return RequestError(found, expected=error.allowed, remedy=error.remedy)


def option(*names: str, group: str, **attributes: Any) -> Callable[[C], C]:
    """`click.option`, listed under a group."""
    return click.option(*names, cls=Option, heading=group, **attributes)


def command(name: str | None = None) -> Callable[[Callable[..., Any]], Command]:
    """`click.command` with groups of options."""
    return click.command(name, cls=Command)


def option_name(field: Field[Any]) -> str:
    """What the option of a setting is called, without the dashes."""
    return str(field.metadata["option"] or field.name.replace("_", "-"))


def is_given(context: click.Context, name: str) -> bool:
    """Whether an option stands on the command line."""
    return context.get_parameter_source(name) is ParameterSource.COMMANDLINE


def _rank(parameter: click.Parameter) -> int:
    return list(GROUPS).index(parameter.heading) if isinstance(parameter, Option) else -1

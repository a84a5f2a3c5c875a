"""The groups under which commands list their options. `texnet_core.settings` says which setting belongs to which."""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import click
import cloup

C = TypeVar("C", bound=Callable[..., Any])

# In the order of the help texts: name -> the sentence below the heading, or nothing where the heading says it all.
GROUPS = {
    "output": "",
    "list": "",
    "texture": "",
    "series": "",
    "picture": "",
    "budget": "",
    "generator": "",
    "comparison": "The descriptor is what compares pictures: VGG-19, a network that knows photos, or small patches.",
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


def option(*names: str, group: str, **attributes: Any) -> Callable[[C], C]:
    """`click.option`, listed under a group."""
    return click.option(*names, cls=Option, heading=group, **attributes)


def command(name: str | None = None) -> Callable[[Callable[..., Any]], Command]:
    """`click.command` with groups of options."""
    return click.command(name, cls=Command)


def _rank(parameter: click.Parameter) -> int:
    return list(GROUPS).index(parameter.heading) if isinstance(parameter, Option) else -1

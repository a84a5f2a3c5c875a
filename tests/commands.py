"""The commands that there are."""

import click


def commands_of(group, before=""):
    """Name and command of all, those of a group within it under both names."""
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from commands_of(command, f"{before}{name} ")
        elif not command.hidden:
            yield f"{before}{name}", command

"""The command and its documentation name the same commands and options."""

import re
import shlex

import click
import pytest

from tests.commands import commands_of
from tests.docs.pages import PAGES, blocks
from train_cli.main import texnet

COMMANDS = dict(commands_of(texnet))
DOCS = "\n".join(page.read_text(encoding="utf-8") for page in PAGES if page.parent.name == "docs")


def command_lines():
    """What the pages show as typed: (page, name of the command and the words behind it)."""
    for page in PAGES:
        for block in blocks(page, ""):
            for line in block.code.replace("\\\n", " ").splitlines():
                if line.startswith("texnet "):
                    words = shlex.split(line, comments=True)[1:]
                    within = 2 if " ".join(words[:2]) in COMMANDS else 1
                    yield block.page, [" ".join(words[:within]), *words[within:]]


def options(name):
    return [param for param in COMMANDS[name].params if isinstance(param, click.Option) and not param.hidden]


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_and_option_has_help_and_every_command_an_example(name):
    assert COMMANDS[name].help and COMMANDS[name].get_help(COMMANDS[name].context_class(COMMANDS[name]))
    assert [option.name for option in options(name) if not option.help] == []
    assert any(words[:1] == [name] for _, words in command_lines())


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_is_named_in_the_docs(name):
    longest = [max(option.opts, key=len) for option in options(name)]
    assert [option for option in longest if not re.search(rf"(?<![\w-]){option}(?![\w-])", DOCS)] == []


def test_every_command_line_of_the_docs_is_understood():
    """Commands and options that are there, with values where they take some."""
    wrong = []
    for page, (name, *words) in command_lines():
        try:
            if name not in ("--help", "--version"):
                COMMANDS[name].make_parser(click.Context(COMMANDS[name])).parse_args(words)
        except (KeyError, click.UsageError) as error:
            wrong.append(f"{page}: texnet {shlex.join([name, *words])}: {error}")
    assert wrong == []

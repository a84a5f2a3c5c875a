"""Help: every option in a group, with its range and default, in words that need no translation."""

import re
from dataclasses import fields
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from tests.commands import commands_of
from texnet_core.adaptive.conditional_settings import InstantTrainSettings, TexturesTrainSettings
from texnet_core.adaptive.settings import AdaptiveTrainSettings
from texnet_core.model.artifact import Provenance
from texnet_core.model.families.conditional import PredictingSettings, TexturesSettings
from texnet_core.model.families.pseudo_optimizer import PseudoOptimizerSettings
from texnet_core.model.families.pyramid import PyramidSettings
from texnet_core.settings import (
    DescriptorSettings,
    EvaluationSettings,
    LossSettings,
    OptimizeSettings,
    TrainSettings,
    choices_of,
)
from texnet_core.start_settings import StartSettings
from texnet_core.style_settings import PaintingSettings, StyleEvaluationSettings
from texnet_core.stylization.request import StylizeRequest
from texnet_core.synthesis.map_files import MapFiles
from texnet_core.synthesis.request import TextureRequest
from texnet_core.synthesis.series import Series
from train_cli.groups import GROUPS, Option
from train_cli.main import texnet

COMMANDS = dict(commands_of(texnet))
PRIVATE_WORDS = r"\b(ceiling|odd|trouble|attempt|laying|taps|judge|beside it|artefact)"


def help_of(*names):
    return CliRunner().invoke(texnet, [*" ".join(names).split(), "--help"]).output


def headings(name):
    return re.findall(r"^(\w[\w ]*):$", help_of(name), re.MULTILINE)


def in_one_line(text):
    return " ".join(text.split())


def options(command):
    """All but --help, which click adds itself."""
    return [parameter for parameter in command.params if isinstance(parameter, click.Option)]


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_stands_in_a_named_group(name):
    used = {option.heading for option in options(COMMANDS[name]) if isinstance(option, Option)}
    assert headings(name) == [group.capitalize() for group in GROUPS if group in used] + ["Other options"]
    others = help_of(name).split("\nOther options:\n")[1]
    assert re.findall(r"--[a-z-]+", others) == ["--help"]


def test_train_has_the_groups_of_a_training():
    groups = {option.heading for option in options(COMMANDS["train"])}
    assert groups == {"output", "picture", "budget", "generator", "comparison", "losses", "record", "machine"}


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_has_one_plain_clause(name):
    for option in options(COMMANDS[name]):
        assert option.help and not option.help.endswith(".") and len(option.help.split()) <= 30, option.name


@pytest.mark.parametrize("name", ["", *COMMANDS])
def test_help_has_an_example_and_standard_words(name):
    text = help_of(*filter(None, [name]))
    assert "Example" in text and re.search(rf"^ +texnet {name}", text, re.MULTILINE)
    assert not re.search(PRIVATE_WORDS, in_one_line(text).lower())


@pytest.mark.parametrize(
    ("name", "kinds"),
    [
        ("synth", [TextureRequest, MapFiles, Series]),
        ("stylize", [StylizeRequest]),
        ("train", [TrainSettings, StartSettings, DescriptorSettings, LossSettings, PyramidSettings, Provenance]),
        ("adaptive train", [AdaptiveTrainSettings, PseudoOptimizerSettings, Provenance]),
        ("adaptive instant", [InstantTrainSettings, PredictingSettings, Provenance]),
        ("adaptive many", [TexturesTrainSettings, TexturesSettings, Provenance]),
        ("eval", [EvaluationSettings, StyleEvaluationSettings]),
        ("optimize", [OptimizeSettings, PaintingSettings]),
    ],
)
def test_every_setting_is_an_option_with_its_help_range_and_default(name, kinds):
    text = in_one_line(help_of(name))
    offered = (field for kind in kinds for field in fields(kind) if field.metadata.get("help"))
    for field in offered:
        if field.name in ("width", "height"):  # together as --size
            continue
        assert f"--{field.metadata['option'] or field.name.replace('_', '-')} " in text
        shown = field.metadata["help"]
        if field.metadata["length"]:  # with a unit, and 0 for what is not said
            assert f" LENGTH {shown} " in text
            continue
        if field.metadata["low"] is not None:
            low, high = (f"{field.metadata[end]:f}".rstrip("0").rstrip(".") for end in ("low", "high"))
            assert f"{shown} ({low} to {high})" in text
        is_said = bool(field.default) if choices_of(field.type) else field.type is not bool
        if field.default != "" and is_said:
            assert re.search(re.escape(shown) + rf".{{0,30}} \[default: {field.default}\]", text)


def test_one_name_means_one_thing():
    """A generator is named by SOURCE or FILE; what a generator's size and an exemplar's source are is in the name."""
    names = {name for command in COMMANDS.values() for option in options(command) for name in option.opts}
    assert {"--generator-size", "--exemplar-source"} <= names
    assert names.isdisjoint({"--generator", "--source"})
    assert not [name for name in names if re.search("licence|centred|optimiser|colour", name)]


def test_the_list_of_commands_shows_every_command_once_in_a_section():
    text = help_of()
    listed = re.findall(r"^  ([a-z]+)  +[A-Z]", text, re.MULTILINE)
    assert sorted(listed) == sorted(texnet.commands) and "Other commands" not in text


@pytest.mark.parametrize("name", COMMANDS)
def test_the_docs_list_the_same_options_in_the_same_groups_and_words(name):
    page = (Path(__file__).parents[2] / "docs" / "commands.md").read_text(encoding="utf-8")
    section = page.split(f"\n## texnet {name}\n")[1].split("\n## ")[0]
    assert re.findall(r"^\*\*(.+)\*\*$", section, re.MULTILINE) == headings(name)[:-1]
    documented = re.findall(r"^\| .*`(--[a-z0-9-]+)` \| (.*?) (?:\(`.*`\) )?\|", section, re.MULTILINE)
    assert documented == [(option.opts[-1], option.help) for option in options(COMMANDS[name])]

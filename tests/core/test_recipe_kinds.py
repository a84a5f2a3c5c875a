"""Recipes of styles and of networks: made as their commands make them, kept while nothing has changed."""

from dataclasses import replace

import numpy as np
import pytest

from tests.conftest import picture
from texnet_core import Cancelled, read_artifact
from texnet_core.errors import RequestError
from texnet_core.lists.network_training import NetworkTraining
from texnet_core.lists.recipe_runner import run_recipes
from texnet_core.lists.recipes import read_recipes
from texnet_core.model.artifact import checkpoint_path, write_artifact
from texnet_core.pictures.color import quantize
from texnet_core.pictures.writing import write_image

CARD = """
title = "Great Wave"
author = "A. Painter"
license = "CC0-1.0"
source = "https://example.org/wave"
"""
STYLE = """
exemplar = "a.png"
content = "content"
size = 32
exemplar_size = 64
steps = 10
pool = 3
levels = 3
channels = 4
padding = "zero"
directions = 8
positions = 256
"""
LOOP = """
exemplar = "walls"
size = 32
exemplar_size = 168
steps = 10
batch = 1
levels = 3
"""
CODES = LOOP + "start = 'cold'\nchannels = 4\nkernels = 2\ncode = 8\n"
NETWORKS = {
    "many": CODES,
    "instant": CODES + "hidden = 16\n",
    "train": LOOP + "crop = 40\nwidths = '4,4,6'\nresidual_blocks = 1\n",
}


def style(more="", name="wave", card=CARD):
    return f"[styles.{name}]\n{STYLE}{card}{more}\n"


def network(command, more="", name="walls", card=CARD):
    return f'[adaptive.{name}]\ncommand = "{command}"\n{NETWORKS[command]}{card}{more}\n'


@pytest.fixture
def made(tmp_path, random_vgg19_file):
    """Runs a list below a folder with pictures; returns the statuses of its recipes, and has what it made."""
    for folder, count in (("content", 3), ("walls", 8)):
        (tmp_path / folder).mkdir()
        for number in range(count):
            write_image(tmp_path / folder / f"{number}.png", quantize(picture(168, 180, seed=number), 8))
    for number, name in enumerate(("a.png", "b.png")):
        write_image(tmp_path / name, quantize(picture(seed=number), 8))

    class Made:
        def __call__(self, text, **options):
            recipes = read_recipes(
                text.encode(), {"vgg19": str(random_vgg19_file), "precision": "f32", "device": "cpu"}
            )
            results = run_recipes(recipes, tmp_path, tmp_path / "made", **options)
            assert all(bool(result.error) == (result.status == "failed") for result in results)
            return {result.name: result.status for result in results}

        def path(self, name):
            return tmp_path / "made" / f"{name}.texnet"

        def artifact(self, name):
            return read_artifact(self.path(name))

    return Made()


def test_a_style_is_learned_kept_completed_and_learned_again(made, tmp_path):
    assert made(style()) == {"wave": "trained"}
    card = made.artifact("wave")
    assert card.paints and (card.provenance.exemplar, card.provenance.author) == ("Great Wave", "A. Painter")
    before = made.path("wave").read_bytes()
    assert made(style()) == {"wave": "kept"} and made.path("wave").read_bytes() == before
    assert made(style(card=CARD.replace("A. P", "B. P"))) == {"wave": "completed"}
    assert made.artifact("wave").provenance.author == "B. Painter"
    assert made(style("content_weight = 0.5")) == {"wave": "trained"}
    write_image(tmp_path / "content" / "0.png", quantize(picture(168, 180, seed=77), 8))
    assert made(style("content_weight = 0.5")) == {"wave": "trained"}, "other content makes another style"


def test_a_style_may_begin_as_another(made, tmp_path):
    made(style())
    (tmp_path / "first.texnet").write_bytes(made.path("wave").read_bytes())
    started = style('start = "first.texnet"')
    assert made(started) == {"wave": "trained"} and made(started) == {"wave": "kept"}
    assert made(style()) == {"wave": "trained"}, "without it a style is cold"


def test_the_published_recipe_is_a_word(made):
    assert made(style('recipe = "published"')) == {"wave": "trained"}
    made_so = made.artifact("wave")
    assert made_so.settings.strength_channels == 0 and made_so.training["gram_weight"] == 1000


@pytest.mark.parametrize("command", list(NETWORKS))
def test_a_network_is_learned_kept_completed_and_learned_again(made, tmp_path, command):
    assert made(network(command)) == {"walls": "trained"}
    before = made.path("walls").read_bytes()
    assert made(network(command)) == {"walls": "kept"} and made.path("walls").read_bytes() == before
    assert made(network(command, card=CARD.replace("A. P", "B. P"))) == {"walls": "completed"}
    write_image(tmp_path / "walls" / "0.png", quantize(picture(168, 180, seed=77), 8))
    assert made(network(command)) == {"walls": "trained"}, "other pictures make another network"


def test_a_stopped_network_goes_on_from_its_checkpoint(made):
    def stop(progress):
        if progress.step == 5:
            raise Cancelled

    text = network("many")
    with pytest.raises(Cancelled):
        made(text, progress=stop)
    assert checkpoint_path(made.path("walls")).exists()
    steps = []
    made(text, progress=lambda part: steps.append(part.step))
    assert min(filter(None, steps)) == 6 and not checkpoint_path(made.path("walls")).exists()
    stopped = made.artifact("walls").parameters
    made.path("walls").unlink()
    made(text)
    whole = made.artifact("walls").parameters
    assert all(np.array_equal(stopped[name], whole[name]) for name in whole)


def test_a_network_of_other_settings_or_of_another_time_is_learned_again(made):
    """Cards of before knew nothing of their pictures."""
    made(network("many", "lr = 0.001"))
    assert made(network("many")) == {"walls": "trained"}
    card = made.artifact("walls")
    write_artifact(made.path("walls"), replace(card, provenance=replace(card.provenance, exemplar_sha256="")))
    assert made(network("many")) == {"walls": "trained"}


def test_a_network_that_looks_through_vgg19_gets_its_weights_and_their_convention(tmp_path):
    machine = {"vgg19": "weights.pth", "vgg19_input": "oxford"}
    (seeing,) = read_recipes(network("train", 'described_by = "vgg19"').encode(), machine)
    request = NetworkTraining(seeing, tmp_path, tmp_path).request()
    assert (request.vgg19, request.vgg19_input) == ("weights.pth", "oxford")
    (light,) = read_recipes(network("train").encode(), machine)
    assert NetworkTraining(light, tmp_path, tmp_path).request().vgg19 == ""


def test_all_kinds_stand_in_one_list_and_one_that_fails_stops_no_other(made, tmp_path):
    lost = style(name="lost").replace("a.png", "none.png")
    empty = network("many", name="empty").replace('"walls"', '"nothing"')
    (tmp_path / "nothing").mkdir()
    found = made(lost + style() + network("many") + empty)
    assert found == {"lost": "failed", "wave": "trained", "walls": "trained", "empty": "failed"}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (style("steps_ = 3"), r"\[styles.wave\] has an unknown key 'steps_'"),
        (style("minutes = 3.0"), "unknown key 'minutes'"),
        (style("detail = '512'"), "unknown key 'detail'"),
        (style("descriptor = 'light'"), "unknown key 'descriptor'"),
        (style("kind = 'sea'"), "unknown key 'kind'"),
        (style("recipe = 'other'"), r"recipe 'other' is unknown in \[styles.wave\]"),
        (style("start = '../x.texnet'"), "below the folder of exemplars"),
        (style("start = '/x/wave'"), "start '/x/wave' does not lie below the folder of exemplars"),
        (style("start = 'else/wave'"), "start 'else/wave' is neither a name nor a .texnet file"),
        (style("start = ''"), "start '' is not text"),
        (network("many").replace("'cold'", "'a b'"), "start 'a b' is neither a name"),
        (network("many").replace("'cold'", "3"), "start 3 is not text"),
        (style().replace('"content"', '"a\\u0000b"'), "content .* has a control character"),
        (style(card=""), r"there is no title in \[styles.wave\]"),
        (style().replace('exemplar = "a.png"', ""), r"there is no exemplar in \[styles.wave\]"),
        (network("many").replace('exemplar = "walls"', ""), r"there is no exemplar in \[adaptive.walls\]"),
        (style().replace('"content"', '"../content"'), "below the folder of exemplars"),
        (network("many", "waves = 3"), r"\[adaptive.walls\] has an unknown key 'waves'"),
        (network("many", "incremental = 2.0"), r"incremental 2.0 is out of range in \[adaptive.walls\]"),
        (network("many").replace('"many"', '"few"'), r"command 'few' is unknown in \[adaptive.walls\]"),
        (network("many").replace('command = "many"', ""), r"there is no command in \[adaptive.walls\]"),
        (style(name="walls") + network("many"), "two recipes are called 'walls', and both would write walls.texnet"),
        ("[styles]\nwave = 3", r"\[styles.wave\] is 3, which is no table"),
        (style(name="Wave"), "'Wave' cannot name a recipe"),
    ],
)
def test_mistyped_entries_are_refused_with_the_entry_and_the_key(text, says):
    with pytest.raises(RequestError, match=says) as caught:
        read_recipes(text.encode())
    assert "\n" not in str(caught.value)

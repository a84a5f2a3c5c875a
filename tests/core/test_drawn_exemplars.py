"""The drawn exemplars: pictures that a run takes without a word, and that the recipes name."""

from pathlib import Path

import numpy as np
import pytest

import build_exemplars
from texnet_core import presets
from texnet_core.lists.recipes import read_recipes
from texnet_core.settings import DescriptorSettings, TrainSettings
from texnet_core.training.preparation import prepare_exemplar

DRAWN = [r for r in read_recipes(Path(presets.__file__).with_name("recipes.toml")) if r.exemplar.startswith("drawn/")]


def test_the_recipes_use_all_of_them_and_say_where_they_come_from():
    assert {recipe.exemplar for recipe in DRAWN} == {f"drawn/{name}.png" for name in build_exemplars.DRAWINGS}
    assert {recipe.provenance.source for recipe in DRAWN} == {"build_exemplars.py"}


@pytest.mark.parametrize("name", build_exemplars.DRAWINGS)
def test_a_drawing_is_a_fine_exemplar_and_comes_out_the_same_again(name):
    texels = build_exemplars.draw(name)
    assert texels.shape == (build_exemplars.SIDE, build_exemplars.SIDE, 3) and texels.dtype == np.uint8
    assert ((texels == 0) | (texels == 255)).mean() < 0.01
    assert np.array_equal(build_exemplars.draw(name), texels)
    picture = texels.astype(np.float32) / 255
    notes = []
    prepared = prepare_exemplar(picture, TrainSettings(), DescriptorSettings(), notes.append)
    assert len(prepared.waves) == (2 if name in ("bricks", "linen") else 0)
    assert (prepared.tiles is not None) == (name == "bricks")
    assert [note for note in notes if "repeats" not in note and "tiles differ" not in note] == []

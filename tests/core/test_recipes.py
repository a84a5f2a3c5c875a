"""Recipes: what is missing is trained, what is right is left alone, what is wrong is named."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.conftest import picture, random_artifact
from texnet_core import Cancelled, read_artifact
from texnet_core.errors import ImageError, RequestError
from texnet_core.evaluation import evaluate, texture_metric
from texnet_core.evaluation.figures import FIGURES
from texnet_core.lists.recipe_runner import run_recipes
from texnet_core.lists.recipes import chosen, read_recipes
from texnet_core.lists.texture_training import _figures
from texnet_core.model.artifact import checkpoint_path, write_artifact
from texnet_core.model.detail import detail_levels
from texnet_core.pictures.color import quantize
from texnet_core.pictures.reading import Picture, read_exemplar, texels_digest
from texnet_core.pictures.resizing import resize_exemplar
from texnet_core.pictures.writing import write_image
from texnet_core.settings import DescriptorSettings

DEFAULTS = """
[defaults]
size = 32
exemplar_size = 32
steps = 10
levels = 3
channels = 4
padding = "zero"
directions = 8
positions = 256
"""

CARD = """
title = "Field"
kind = "grass"
author = "A. Painter"
license = "CC0-1.0"
source = "https://example.org/field"
"""


def entry(name, exemplar="a.png", more="", card=CARD):
    return f'[recipes.{name}]\nexemplar = "{exemplar}"\n{card}{more}\n'


def listed(tmp_path, text, **machine):
    path = tmp_path / "recipes.toml"
    path.write_text(text, encoding="utf-8")
    return read_recipes(path, machine)


def test_without_the_folder_of_exemplars_nothing_is_made(tmp_path):
    recipes = listed(tmp_path, entry("meadow"))
    with pytest.raises(ImageError, match="folder of exemplars"):
        run_recipes(recipes, tmp_path / "nowhere", tmp_path / "made")
    assert not (tmp_path / "made").exists()


@pytest.fixture
def workshop(tmp_path, random_vgg19_file, monkeypatch, cheap_objective):
    """A folder with two pictures, and a function that runs a list there and tells what became of each recipe."""
    monkeypatch.setattr(evaluate, "LARGE_SIDE", 128)
    for number, name in enumerate(("a.png", "b.png")):
        write_image(tmp_path / name, quantize(picture(seed=number), 8))

    class Workshop:
        output = tmp_path / "made"

        def run(self, *entries, defaults=DEFAULTS, **options):
            recipes = listed(tmp_path, defaults + "".join(entries), vgg19=str(random_vgg19_file), precision="f32")
            return {o.name: o for o in run_recipes(recipes, tmp_path, self.output, **options)}

        def statuses(self, *entries, **options):
            return {name: result.status for name, result in self.run(*entries, **options).items()}

        def file(self, name):
            return self.output / f"{name}.texnet"

    return Workshop()


def test_what_is_missing_is_trained_and_a_second_run_changes_no_byte(workshop):
    entries = entry("field", more="size_m = 2"), entry("lake", "b.png", "steps = 11")
    assert workshop.statuses(*entries) == {"field": "trained", "lake": "trained"}
    field, lake = (read_artifact(workshop.file(name)) for name in ("field", "lake"))
    assert (field.provenance.exemplar, field.provenance.kind, field.provenance.author) == (
        "Field",
        "grass",
        "A. Painter",
    )
    assert (field.size_m, lake.size_m) == (2.0, None)
    assert (field.training["steps_taken"], lake.training["steps_taken"]) == (10, 11)
    before = {name: workshop.file(name).read_bytes() for name in ("field", "lake")}
    assert workshop.statuses(*entries) == {"field": "kept", "lake": "kept"}
    assert before == {name: workshop.file(name).read_bytes() for name in before}
    assert sorted(file.name for file in workshop.output.iterdir()) == ["field.texnet", "lake.texnet"]


@pytest.mark.parametrize("change", [{"more": "lr = 0.005"}, {"exemplar": "b.png"}])
def test_other_settings_or_another_picture_train_again(workshop, change):
    workshop.run(entry("field"))
    before = read_artifact(workshop.file("field"))
    assert workshop.statuses(entry("field", **change)) == {"field": "trained"}
    after = read_artifact(workshop.file("field"))
    assert any(not np.array_equal(before.parameters[name], after.parameters[name]) for name in before.parameters)


def test_a_recipe_may_begin_as_a_generator_and_is_kept_while_it_says_so(workshop, tmp_path):
    workshop.run(entry("field"))
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "meadow.texnet").write_bytes(workshop.file("field").read_bytes())
    started = entry("field", more='start = "mine/meadow.texnet"')
    assert workshop.statuses(started) == {"field": "trained"}
    assert read_artifact(workshop.file("field")).training["start_source"] == "meadow.texnet"
    assert workshop.statuses(started) == {"field": "kept"}
    assert workshop.statuses(entry("field")) == {"field": "trained"}, "without it a recipe is cold"
    assert workshop.statuses(entry("field", more='start = "cold"')) == {"field": "kept"}
    assert "no file" in workshop.run(entry("field", more='start = "mine/none.texnet"'))["field"].error
    with pytest.raises(RequestError, match="below the folder of exemplars"):
        workshop.run(entry("field", more='start = "../meadow.texnet"'))


def test_other_facts_change_the_card_alone(workshop):
    workshop.run(entry("field"))
    before = read_artifact(workshop.file("field"))
    other = entry("field", card=CARD.replace("A. Painter", "B. Painter"), more="size_m = 0.5\nlook = { bump = -0.5 }")
    assert workshop.statuses(other) == {"field": "completed"}
    after = read_artifact(workshop.file("field"))
    assert (after.provenance.author, after.size_m) == ("B. Painter", 0.5)
    assert before.look is not None and after.look == before.look.changed({"bump": -0.5}) != before.look
    assert after.provenance.exemplar_sha256 == before.provenance.exemplar_sha256
    assert all(np.array_equal(before.parameters[name], after.parameters[name]) for name in before.parameters)
    assert workshop.statuses(other) == {"field": "kept"}


def test_a_size_is_that_of_the_part_that_a_mask_shows(workshop, tmp_path):
    height, width = read_exemplar(tmp_path / "a.png").image.shape[:2]
    mask = np.zeros((height, width, 3), np.uint8)
    mask[:, : width // 2] = 255
    write_image(tmp_path / "left.png", mask)
    workshop.run(entry("field", more='mask = "left.png"\nsize_m = 2'))
    assert read_artifact(workshop.file("field")).size_m == 2 * (width // 2) / min(height, width)


def test_figures_that_cannot_be_taken_again_stay_in_the_card(workshop):
    """Here VGG-19's, for pictures of 32 texels are too small for them."""
    workshop.run(entry("field"))
    made = read_artifact(workshop.file("field"))
    write_artifact(workshop.file("field"), replace(made, quality=made.quality | {"texture_gram": 0.5, "colour": 7.0}))
    notes = []
    assert workshop.statuses(entry("field"), progress=lambda part: notes.append(part.note)) == {"field": "completed"}
    assert read_artifact(workshop.file("field")).quality == made.quality | {"texture_gram": 0.5}
    assert any("not all figures could be taken" in note and "172 texels" in note for note in notes)


def test_a_recipe_that_fails_stops_no_other(workshop):
    results = workshop.run(entry("lost", "none.png"), entry("odd", more="size = 33"), entry("field"))
    assert [result.status for result in results.values()] == ["failed", "failed", "trained"]
    assert "none.png" in results["lost"].error and "size 33" in results["odd"].error
    assert [file.name for file in workshop.output.iterdir()] == ["field.texnet"]


def test_a_stopped_run_goes_on_from_its_checkpoint(workshop):
    def stop(progress):
        if progress.step == 5:
            raise Cancelled

    entries = entry("field"), entry("lake", "b.png")
    with pytest.raises(Cancelled):
        workshop.run(*entries, progress=stop)
    assert checkpoint_path(workshop.file("field")).exists() and not workshop.file("field").exists()
    steps = []
    workshop.run(*entries, progress=lambda p: steps.append((p.stage, p.step)) if p.step else None)
    assert steps[0] == ("field (1 of 2)", 6) and ("lake (2 of 2)", 1) in steps
    resumed = read_artifact(workshop.file("field"))
    workshop.file("field").unlink()
    workshop.run(entry("field"))
    whole = read_artifact(workshop.file("field"))
    assert all(np.array_equal(whole.parameters[name], resumed.parameters[name]) for name in whole.parameters)


def test_without_weights_the_recipes_that_need_none_are_made(tmp_path):
    write_image(tmp_path / "a.png", quantize(picture(), 8))
    alone = 'descriptor = "patches"\nsize = 32\nexemplar_size = 32\nsteps = 10\nlevels = 3\n'
    text = entry("field", more='size = 192\nexemplar_size = 96\npadding = "zero"\n') + entry("lake", more=alone)
    recipes = listed(tmp_path, text, vgg19=str(tmp_path / "none.pth"), precision="bf16")
    field, lake = run_recipes(recipes, tmp_path, tmp_path / "made")
    assert field.status == "failed" and "none.pth" in field.error
    assert lake.status == "trained" and not lake.error


def test_what_has_detail_is_kept_by_a_second_run(tmp_path):
    """Also of a pattern, which without detail would be learned at another size: there nine repeats fit at 72 texels."""
    rows, columns = np.mgrid[:128, :128] // (128 / 9 / 2) % 2
    checks = 0.3 * picture(128, 128) + 0.7 * (rows != columns)[..., None].astype(np.float32)
    write_image(tmp_path / "a.png", quantize(checks, 8))
    alone = 'descriptor = "patches"\nsize = 32\nsteps = 10\nlevels = 3\n'
    recipes = listed(tmp_path, entry("field", more=alone))
    for status in ("trained", "kept"):
        (result,) = run_recipes(recipes, tmp_path, tmp_path / "made")
        assert (result.status, result.error) == (status, "")
    made = read_artifact(tmp_path / "made" / "field.texnet")
    assert detail_levels(made) == 1 and made.waves and made.texels_per_exemplar <= 128


def test_a_checkpoint_of_another_recipe_is_replaced(workshop):
    def stop(progress):
        if progress.step == 5:
            raise Cancelled

    with pytest.raises(Cancelled):
        workshop.run(entry("field"), progress=stop)
    assert checkpoint_path(workshop.file("field")).exists()
    assert workshop.statuses(entry("field", more="seed = 3")) == {"field": "trained"}
    assert read_artifact(workshop.file("field")).training["seed"] == 3


def test_a_setting_younger_than_a_card_counts_as_its_default(tmp_path):
    default, changed = listed(tmp_path, entry("field") + entry("lake", more="gram_weight = 1.0"))
    card = random_artifact(levels=6)
    known = {name: value for part in default.settings.values() for name, value in vars(part).items()}
    known.pop("gram_weight")
    old = replace(card, training=known, provenance=replace(card.provenance, exemplar_sha256="0"))
    assert default.made(old, "0") and not default.made(old, "1") and not changed.made(old, "0")


def test_the_name_of_a_file_does_not_decide_its_digest(tmp_path):
    digests = []
    for name in ("a.png", "b.tif"):
        write_image(tmp_path / name, quantize(picture(), 8))
        digests.append(texels_digest(resize_exemplar(read_exemplar(tmp_path / name).image, 64)))
    assert digests[0] == digests[1] != texels_digest(resize_exemplar(picture(seed=1), 64))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", r"has no recipe; add a \[recipes.NAME\], "),
        ("recipes = 3", r"\[recipes\] is 3, which is no table"),
        ("[recipes]\nmoss = 3", r"\[recipes.moss\] is 3, which is no table"),
        ("moss = [", "is not TOML"),
        ("[receipes.moss]", "unknown key 'receipes'"),
        ("[defaults]\nauthor = 'me'\n", r"\[defaults\] has an unknown key 'author'"),
        ("[defaults]\nsteps = 'many'\n" + entry("moss"), r"steps 'many' is not a whole number in \[defaults\]"),
        ("[defaults]\nminutes = 3.0\n" + entry("moss"), "'minutes'"),
        (entry("moss", more="vgg19 = 'x'"), r"\[recipes.moss\] has an unknown key 'vgg19'"),
        (entry("moss", more="stpes = 3"), r"\[recipes.moss\] has an unknown key 'stpes'"),
        (entry("moss", more="steps = 3"), r"steps 3 is out of range in \[recipes.moss\] \(10 to"),
        (entry("moss", more="material = 1"), r"material '1' is not true or false in \[recipes.moss\]"),
        (entry("moss", more="size_m = -1"), r"size_m cannot be -1 in \[recipes.moss\]"),
        (entry("moss", more="size_m = nan"), "size_m cannot be nan"),
        (entry("moss", more="size_m = true"), "size_m cannot be True"),
        (entry("moss", more="size_m = 1" + 400 * "0"), "size_m cannot be 1000.* at most 10,000,000"),
        (entry("moss", more="size_m = 1" + 5000 * "0"), "is not TOML"),
        (entry("moss", card=""), r"there is no title in \[recipes.moss\]"),
        (entry("moss").replace("exemplar =", "mask ="), r"there is no exemplar in \[recipes.moss\]"),
        (entry("moss", card=CARD.replace('"grass"', "3")), "kind 3 is not text"),
        (entry("moss", card=CARD.replace("A. Painter", " ")), "author ' ' is not text"),
        (entry("moss", card=CARD.replace("A. Painter", "x" * 501)), "501 characters for author"),
        (entry("moss", "../a.png"), "below the folder"),
        (entry("moss", "/a.png"), "below the folder"),
        (entry("moss", "C:a.png"), "below the folder"),
        (entry("moss", "..\\\\\\\\a.png"), "below the folder"),
        (entry("moss", "a\\u0000.png"), "control character"),
        (entry("moss", "ground\\new.jpg"), "control character.* with /"),
        (entry("moss", "ground\\x.jpg"), "has a backslash in line 2"),
        (entry("moss", more="licence = 'CC0-1.0'"), "has both 'license' and 'licence', which say the same"),
        (entry("moss.texnet"), r"moss.texnet cannot name a recipe; leave the suffix out.*\[recipes.moss\]"),
        (entry('"moss.texnet"'), r"moss.texnet cannot name a recipe"),
        (entry("aux"), "'aux' cannot name a recipe"),
        (entry('"../moss"'), "'../moss' cannot name a recipe"),
        (entry('"Moss"'), "'Moss' cannot name a recipe"),
        (entry("x" * 61), "cannot name a recipe"),
        (entry("moss") + entry("moss"), "is not TOML"),
    ],
)
def test_a_mistyped_list_is_refused_with_the_recipe_and_the_key(tmp_path, text, says):
    with pytest.raises(RequestError, match=says) as caught:
        listed(tmp_path, text)
    assert "\n" not in str(caught.value)


def test_a_list_that_cannot_be_read_is_refused(tmp_path):
    for path in (tmp_path, tmp_path / "none.toml"):
        with pytest.raises(RequestError, match="cannot be read"):
            read_recipes(path)


def test_both_spellings_of_keys_are_read(tmp_path):
    american = entry("moss", more="centered_gram_weight = 2.0")
    (recipe,) = listed(tmp_path, american)
    assert (recipe.provenance.license, recipe.settings["loss"].centered_gram_weight) == ("CC0-1.0", 2.0)
    older = american.replace("license =", "licence =").replace("centered_", "centred_")
    assert older != american and listed(tmp_path, older) == [recipe]


def test_recipes_are_chosen_by_name_in_the_lists_order(tmp_path):
    recipes = listed(tmp_path, entry("moss") + entry("rock") + entry("sand"))
    assert [recipe.name for recipe in chosen(recipes, ("sand", "moss"))] == ["moss", "sand"]
    assert chosen(recipes, ()) == recipes
    with pytest.raises(RequestError, match="did you mean 'rock'"):
        chosen(recipes, ("rocks",))


def test_figures_are_those_of_eval_with_their_references(random_vgg19_file, monkeypatch):
    monkeypatch.setattr(evaluate, "LARGE_SIDE", 128)
    monkeypatch.setattr(texture_metric, "DIRECTIONS", 4)
    artifact = replace(random_artifact(), texels_per_exemplar=176)
    said = []
    named = DescriptorSettings(vgg19=str(random_vgg19_file))
    figures = _figures(artifact, Picture(picture(352, 352)), named, said.append)
    assert said == []
    assert FIGURES.keys() <= figures.keys()
    assert figures["texture_gram"] > 0 and figures["texture_gram_reference"] > 0
    assert figures["seam_x_low"] < figures["seam_x_high"]
    assert all(type(value) is float for value in figures.values())


def test_auto_is_no_descriptor_for_a_recipe(tmp_path):
    assert listed(tmp_path, entry("moss"))[0].settings["descriptor"].descriptor == "vgg19"
    with pytest.raises(RequestError, match="descriptor cannot be 'auto'"):
        listed(tmp_path, entry("moss") + 'descriptor = "auto"\n')


def test_the_shipped_list_is_beside_the_presets():
    from texnet_core import presets

    assert read_recipes(Path(presets.__file__).with_name("recipes.toml"))

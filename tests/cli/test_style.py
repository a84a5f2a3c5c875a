"""`texnet style`: a style from a picture, from the command line."""

import json

import pytest

from tests.conftest import picture, random_artifact
from texnet_core import read_artifact, write_artifact
from texnet_core.pictures.color import quantize
from texnet_core.pictures.writing import write_image

SHORT = ("--levels", 3, "--channels", 4, "--size", 32, "--exemplar-size", 64, "--padding", "zero", "--pool", 3)
QUICK = (*SHORT, "--steps", 10, "--directions", 8, "--positions", 128, "--precision", "f32")


@pytest.fixture
def run(run, monkeypatch, tmp_path, random_vgg19_file):
    monkeypatch.setenv("TEXNET_VGG19", str(random_vgg19_file))
    write_image(tmp_path / "painting.png", quantize(picture(), 8))
    (tmp_path / "photos").mkdir()
    for number in range(3):
        write_image(tmp_path / "photos" / f"{number}.png", quantize(picture(48, 64, number), 8))
    return run


def test_a_style_is_learned_told_and_used(run, tmp_path):
    facts = ("--author", "Somebody", "--license", "CC0-1.0", "--exemplar-source", "https://example.org")
    done = run("style", "painting.png", "-o", "one.texnet", "--content", "photos", *QUICK, *facts, "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["steps"] == 10
    card = read_artifact(tmp_path / "one.texnet").provenance
    assert (card.exemplar, card.author, card.source) == ("painting", "Somebody", "https://example.org")
    assert card.command.startswith("texnet style painting.png --output one.texnet --content photos")
    assert run("stylize", "one.texnet", "photos/0.png", "-o", "painted.png").returncode == 0
    assert (tmp_path / "painted.png").exists()
    begun = run("style", "painting.png", "-o", "two.texnet", "--content", "photos", *QUICK, "--start", "one.texnet")
    assert begun.returncode == 0 and "wrote two.texnet" in begun.stdout
    assert "--start one.texnet" in read_artifact(tmp_path / "two.texnet").provenance.command


def test_the_published_recipe_is_a_setting_of_it(run, tmp_path):
    done = run("style", "painting.png", "-o", "p.texnet", "--content", "photos", "--recipe", "published", *QUICK)
    assert done.returncode == 0, done.stderr
    artifact = read_artifact(tmp_path / "p.texnet")
    assert artifact.style_colors is None and artifact.training["gram_weight"] == 1000
    refused = run("stylize", "p.texnet", "photos/0.png", "-o", "painted.png", "--strength", 0.5)
    assert refused.returncode == 2 and "one strength" in refused.stderr


WRONG = {
    "no picture": (("missing.png", "-o", "o.texnet"), 2, "there is no file missing.png"),
    "suffix": (("painting.png", "-o", "o.png"), 2, "does not end in .texnet"),
    "no folder": (("painting.png", "-o", "o.texnet", "--content", "nowhere", *QUICK), 2, "nowhere"),
    "empty folder": (("painting.png", "-o", "o.texnet", "--content", "empty", *QUICK), 2, "empty"),
    "no such start": (("painting.png", "-o", "o.texnet", "--start", "monet", *QUICK), 2, "no style is called 'monet'"),
    "start of a texture": (("painting.png", "-o", "o.texnet", "--start", "t.texnet", *QUICK), 2, "another kind"),
    "budgets": (("painting.png", "-o", "o.texnet", "--steps", 10, "--minutes", 1), 2, "cannot be combined"),
    "flat": (("flat.png", "-o", "o.texnet", "--content", "photos", *QUICK), 1, "color"),
    "range": (("painting.png", "-o", "o.texnet", "--content-goal", 2), 2, "--content-goal 2.0 is out of range"),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_is_wrong_is_one_line_and_leaves_nothing(run, tmp_path, case):
    words, code, says = WRONG[case]
    (tmp_path / "empty").mkdir()
    write_artifact(tmp_path / "t.texnet", random_artifact())
    write_image(tmp_path / "flat.png", quantize(picture() * 0 + 0.4, 8))
    before = sorted(tmp_path.iterdir())
    done = run("style", *words)
    told = [line for line in done.stderr.splitlines() if not line.startswith(("training", "preparing"))]
    assert done.returncode == code and says in told[-1], done.stderr
    assert sorted(tmp_path.iterdir()) == before

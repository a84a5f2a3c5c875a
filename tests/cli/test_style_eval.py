"""`texnet eval` of styles, from outside."""

import json
from dataclasses import replace

import pytest
from PIL import Image

from tests.conftest import picture, random_style
from texnet_core import write_artifact
from texnet_core.pictures.color import quantize


@pytest.fixture
def inside(run, tmp_path):
    """The command in this process, in a folder with a style and pictures."""
    (tmp_path / "photographs").mkdir()
    (tmp_path / "empty").mkdir()
    for seed, name in enumerate(("a.png", "photographs/a.png", "photographs/b.jpg")):
        Image.fromarray(quantize(picture(72, 96, seed=seed), 8)).save(tmp_path / name)
    write_artifact(tmp_path / "style.texnet", replace(random_style(levels=3), texels_per_exemplar=64))
    return run


def test_a_style_is_measured_on_files_and_folders(inside, tmp_path):
    words = ["--content", "a.png", "--content", "photographs", "--exemplar", "a.png", "--size", 64]
    done = inside("eval", "style.texnet", *words, "--report", "report", "--json")
    assert done.returncode == 0, done.stderr
    facts = json.loads(done.stdout)
    assert [each["name"] for each in facts["contents"]] == ["a.png", "photographs/a.png", "b.jpg"]
    assert {(each["width"], each["height"]) for each in facts["contents"]} == {(64, 48)}
    assert facts["strengths"] == [0, 0.25, 0.5, 0.75, 1] and facts["contents"][0]["color"] > 0
    assert sorted(path.name for path in (tmp_path / "report").iterdir()) == ["report.html", "report.png"]
    text = inside("eval", "style.texnet", "--content", "a.png").stdout
    assert "a.png: flicker" in text and "no content distance: no weights" in text


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ([], "none is given; name a picture"),
        (["--content", "none.png"], "there is no file none.png"),
        (["--content", "empty"], "empty"),
        (["--content", "style.texnet"], "style.texnet"),
        (["--content", "a.png", "--seeds", 4], "--seeds is for a generator of textures"),
        (["--content", "a.png", "--size", 10], "64 to 4096"),
        (["--content", "a.png", "--mask", "a.png"], "--mask is given without --exemplar"),
        (["--content", "a.png", "--exemplar", "a.png", "--report", "a.png"], "is not a folder"),
    ],
)
def test_what_cannot_be_is_one_line_and_leaves_nothing(inside, tmp_path, words, says):
    before = sorted(tmp_path.rglob("*"))
    done = inside("eval", "style.texnet", *words)
    assert done.returncode in (1, 2) and says in done.stderr and len(done.stderr.splitlines()) == 1, done.stderr
    assert sorted(tmp_path.rglob("*")) == before

"""Styles and generators of textures: each is listed, described, and refused where the other is wanted."""

import json
import tomllib

import pytest

from tests.conftest import ROOT, picture, random_artifact, random_style
from texnet_core import presets, write_artifact
from texnet_core.errors import RequestError
from texnet_core.evaluation.evaluate import evaluate
from texnet_core.pictures.color import quantize
from texnet_core.pictures.writing import write_image
from texnet_core.presets import find_generator, find_source, find_style, list_presets, list_styles


@pytest.fixture
def shipped(tmp_path, monkeypatch):
    """A folder of presets with one preset and one style."""
    folder = tmp_path / "presets"
    (folder / "styles").mkdir(parents=True)
    write_artifact(folder / "moss.texnet", random_artifact())
    write_artifact(folder / "styles" / "great_wave.texnet", random_style())
    monkeypatch.setattr(presets, "FOLDER", folder)
    return folder


@pytest.fixture
def run(run, tmp_path):
    write_image(tmp_path / "house.png", quantize(picture(32, 32), 8))
    return run


def test_styles_are_listed_apart(shipped):
    assert list(list_presets()) == ["moss"] and list(list_styles()) == ["great_wave"]
    assert find_style("great_wave") == find_generator("great_wave") == shipped / "styles" / "great_wave.texnet"
    assert find_source("moss") == find_generator("moss")


def test_a_folder_without_styles_has_none(shipped):
    (shipped / "styles" / "great_wave.texnet").unlink()
    (shipped / "styles").rmdir()
    assert list_styles() == {}
    with pytest.raises(RequestError, match=r"no style is called 'monet'; name a \.texnet file"):
        find_style("monet")


@pytest.mark.parametrize(
    ("find", "name", "says"),
    [
        (find_style, "great_wavs", "no style is called 'great_wavs'; did you mean 'great_wave'"),
        (find_style, "GREAT_WAVE", "did you mean 'great_wave'"),
        (find_style, "moss", "'moss' is a generator of textures and no style; use it with: texnet synth"),
        (find_style, "mos", "did you mean 'moss', a generator of textures"),
        (find_style, "zebra", "only great_wave.* or a .texnet file"),
        (find_style, "folder/none", "there is no file"),
        (find_source, "great_wave", "'great_wave' is a style, which paints pictures anew; use it with: texnet stylize"),
        (find_source, "great_wav", "did you mean 'great_wave', a style"),
        (find_source, "mosss", "did you mean 'moss'"),
        (find_generator, "great_wav", "did you mean 'great_wave'"),
    ],
)
def test_names_that_are_none_are_answered_with_what_comes_near(shipped, find, name, says):
    with pytest.raises(RequestError, match=says):
        find(name)


def test_presets_lists_styles_in_a_section_of_their_own(shipped, run):
    told = run("presets").stdout
    assert told.index("moss") < told.index("Styles, for texnet stylize:") < told.index("great_wave")
    listed = json.loads(run("presets", "--json").stdout)
    assert listed.keys() == {"moss", "styles"} and listed["styles"]["great_wave"]["exemplar"] == "random"


def test_info_says_that_it_is_a_style_where_it_comes_from_and_how_to_use_it(shipped, run):
    told = run("info", "great_wave").stdout
    assert "kind: style" in told and "learned_from: random" in told and "real_size" not in told
    assert "use: texnet stylize great_wave picture.png -o painted.png" in told
    facts = json.loads(run("info", shipped / "styles" / "great_wave.texnet", "--json").stdout)
    assert facts["mean_color"] == "#998059" and len(facts["style_colors"]["covariance"]) == 6
    assert "use" not in json.loads(run("info", "moss", "--json").stdout)


@pytest.mark.parametrize(
    "words",
    [
        ["synth", "STYLE", "-o", "o.png"],
        ["bench", "STYLE", "--sizes", "128"],
        ["info", "STYLE", "--set-size", "1m"],
    ],
)
def test_a_style_is_refused_where_textures_are_made(run, tmp_path, words):
    write_artifact(tmp_path / "paint.texnet", random_style())
    before = (tmp_path / "paint.texnet").read_bytes()
    done = run(*["paint.texnet" if word == "STYLE" else word for word in words])
    assert done.returncode == 2 and done.stderr.count("\n") == 1
    assert "this generator is a style, which paints pictures anew; use it with: texnet stylize" in done.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["house.png", "paint.texnet"]
    assert (tmp_path / "paint.texnet").read_bytes() == before


def test_a_style_is_refused_by_name_too(shipped, run):
    done = run("synth", "great_wave", "-o", "o.png")
    assert done.returncode == 2 and "'great_wave' is a style" in done.stderr


def test_a_style_is_refused_in_a_list_and_in_python(shipped, run, tmp_path):
    write_artifact(tmp_path / "paint.texnet", random_style())
    (tmp_path / "jobs.toml").write_text('[[jobs]]\nsource = "paint.texnet"\nsize = 64\noutput = "o.png"\n')
    done = run("batch", "jobs.toml")
    assert done.returncode == 1 and "o.png: this generator is a style" in done.stderr
    assert "add content = ..." in done.stderr
    (tmp_path / "jobs.toml").write_text('[[jobs]]\nsource = "great_wave"\nsize = 64\noutput = "o.png"\n')
    assert "is a style, which paints pictures anew; add content = ..." in run("batch", "jobs.toml").stderr
    with pytest.raises(RequestError, match="is a style"):
        evaluate(random_style())


def test_a_generator_of_textures_paints_no_pictures(shipped, run):
    for source in ("moss", shipped / "moss.texnet"):
        done = run("stylize", source, "house.png", "-o", "o.png")
        assert done.returncode == 2 and done.stderr.count("\n") == 1
        assert "no style; use it with: texnet synth" in done.stderr


def test_a_style_that_is_not_there_or_no_generator_is_named(run, tmp_path):
    done = run("stylize", "none.texnet", "house.png", "-o", "o.png")
    assert done.returncode == 2 and "there is no file none.texnet" in done.stderr
    done = run("stylize", "house.png", "house.png", "-o", "o.png")
    assert done.returncode == 1 and "is not a TexNet generator" in done.stderr


def test_every_file_of_the_presets_is_packed(shipped):
    """Wheels, the add-on's among them, hold what the patterns name."""
    patterns = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["package-data"]
    packed = {path for pattern in patterns["texnet_core.presets"] for path in shipped.glob(pattern)}
    assert packed == {*list_presets().values(), *list_styles().values()}

"""Files of several textures on the command line."""

import json

import numpy as np
import pytest
from PIL import Image

from tests.core.networks import textures_network
from texnet_core import write_artifact
from texnet_core.model.artifact import read_header


@pytest.fixture(autouse=True)
def files(tmp_path):
    write_artifact(tmp_path / "three.texnet", textures_network("moss", "bark", "sand"))
    Image.fromarray(np.tile(np.arange(16, dtype=np.uint8) * 17, (4, 1))).save(tmp_path / "mask.png")


def texels(file):
    with Image.open(file) as image:
        return np.asarray(image)


def test_one_a_mix_and_a_mix_that_varies(run, tmp_path):
    words = ["synth", "three.texnet", "--size", 48, "--engine", "onnx"]
    for name, choice in (
        ("one", ["--texture", "bark"]),
        ("mix", ["--mix", "moss=0.3,bark=0.7"]),
        ("varied", ["--mix", "moss", "--mix-to", "sand,bark", "--mix-mask", "mask.png"]),
    ):
        done = run(*words, *choice, "-o", f"{name}.png")
        assert done.returncode == 0 and not done.stderr
        kept = run("keep", "three.texnet", *choice, "-o", f"{name}.texnet")
        assert kept.returncode == 0 and f"wrote {name}.texnet" in kept.stdout
        assert run("synth", f"{name}.texnet", *words[2:], "-o", "again.png").returncode == 0
        assert np.array_equal(texels(tmp_path / f"{name}.png"), texels(tmp_path / "again.png"))


def test_without_a_choice_a_note_names_all(run):
    done = run("synth", "three.texnet", "--size", 48, "-o", "first.png", "--json")
    assert json.loads(done.stdout)["notes"] == ["this is moss, the first of 3 textures: moss, bark, sand"]


def test_info_names_the_textures(run):
    told = run("info", "three.texnet").stdout
    assert "textures: moss, bark, sand" in told and "3 textures in one file" in told
    assert "texnet synth three.texnet --texture moss" in told
    assert json.loads(run("info", "three.texnet", "--json").stdout)["textures"] == ["moss", "bark", "sand"]
    assert "textures:" not in run("info", "moss").stdout


@pytest.mark.parametrize(
    "words, says",
    [
        ("synth three.texnet -o x.png --texture mos", "--texture 'mos' is unknown; did you mean 'moss'?"),
        ("synth three.texnet -o x.png --mix moss=a", "--mix gives 'moss' the weight 'a'; give a number from 0 up"),
        ("synth three.texnet -o x.png --mix-to bark", "--mix-to needs a mask"),
        ("synth three.texnet -o x.png --mix-mask mask.png", "--mix-mask needs a second texture"),
        ("synth three.texnet -o x.png --mix-to bark --mix-mask no.png", "there is no file no.png"),
        ("synth three.texnet -o mask.png --mix-to bark --mix-mask mask.png", "would replace the mix mask"),
        ("synth moss -o x.png --texture moss", "--texture is for files that hold several textures"),
        ("keep three.texnet -o three.texnet", "--output would replace three.texnet"),
        ("keep three.texnet -o mask.texnet --texture x", "--texture 'x' is unknown"),
        ("keep three.texnet -o x.png", "does not end in .texnet"),
        ("keep moss -o x.texnet", "moss is a generator of its own already; copy its file"),
        ("keep nothing -o x.texnet", "no preset is called 'nothing'"),
        ("eval three.texnet", "3 textures to choose from"),
        ("bench three.texnet", "3 textures to choose from"),
    ],
)
def test_what_is_wrong_is_one_line_and_leaves_nothing(run, tmp_path, words, says):
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    done = run(*words.split())
    assert done.returncode == 2 and says in done.stderr and done.stderr.count("\n") == 1
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_a_file_of_several_textures_has_one_size_which_each_of_them_keeps(run, tmp_path):
    write_artifact(tmp_path / "two.texnet", textures_network("moss", "bark"))
    assert run("info", "two.texnet", "--set-size", "1m").returncode == 0
    assert run("keep", "two.texnet", "--texture", "bark", "-o", "bark.texnet").returncode == 0
    assert read_header(tmp_path / "bark.texnet").size_m == 1.0

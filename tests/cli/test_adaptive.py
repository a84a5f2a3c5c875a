"""`texnet adaptive`: what is refused, in one line; and networks that are used by their files."""

import json
import subprocess

import numpy as np
import pytest

from tests.conftest import TEXNET, picture
from texnet_core import read_header
from texnet_core.pictures.writing import write_image

TINY = ["--levels", "2", "--widths", "2,2", "--residual-blocks", "0", "--size", "32", "--exemplar-size", "40"]
CODED = ["--levels", "2", "--channels", "2", "--kernels", "2", "--code", "4", "--size", "32", "--device", "cpu"]
LIST = '[[jobs]]\nsource = "n.texnet"\nexemplar = "many/3.png"\nsize = 64\noutput = "3.png"\n'


def texnet(*words, cwd):
    return subprocess.run([*TEXNET, *map(str, words)], cwd=cwd, capture_output=True, text=True, timeout=600)


def pictures(folder, count, side=48):
    folder.mkdir()
    for number in range(count):
        write_image(folder / f"{number}.png", (255 * picture(side, side, seed=number)).astype(np.uint8))


def test_a_network_is_trained_and_used(tmp_path):
    pictures(tmp_path / "many", 8)
    trained = texnet(
        "adaptive", "train", "many", "-o", "n.texnet", *TINY, "--crop", 32, "--steps", 10, "--preview", "p.png",
        cwd=tmp_path,
    )  # fmt: skip
    assert trained.returncode == 0, trained.stderr
    assert "wrote n.texnet (10 steps" in trained.stdout and (tmp_path / "p.png").exists()
    assert read_header(tmp_path / "n.texnet").provenance.exemplar == "many"
    made = texnet("synth", "n.texnet", "--exemplar", "many/3.png", "-o", "t.png", "--size", 64, cwd=tmp_path)
    assert made.returncode == 0 and (tmp_path / "t.png").exists(), made.stderr
    (tmp_path / "list.toml").write_text(LIST)
    listed = texnet("batch", "list.toml", cwd=tmp_path)
    assert listed.returncode == 0 and (tmp_path / "3.png").read_bytes() == (tmp_path / "t.png").read_bytes()
    (tmp_path / "list.toml").write_text(LIST.replace("exemplar =", "#"))
    refused = texnet("batch", "list.toml", cwd=tmp_path)
    assert refused.returncode == 1 and "n makes textures of an exemplar, and none is given" in refused.stderr
    told = texnet("info", "n.texnet", cwd=tmp_path).stdout
    assert "network that makes a generator of a picture" in told and "--exemplar photo.jpg" in told


def test_pictures_become_textures_of_one_file(tmp_path):
    pictures(tmp_path / "walls", 2, side=168)
    words = ["--exemplar-size", 164, "--steps", 10, "--batch", 1, "--preview", "p.png", "--start", "cold"]
    trained = texnet("adaptive", "many", "walls", "-o", "n.texnet", *CODED, *words, cwd=tmp_path)
    assert trained.returncode == 0, trained.stderr
    assert "wrote n.texnet (10 steps" in trained.stdout and (tmp_path / "p.png").exists()
    header = read_header(tmp_path / "n.texnet")
    assert header.textures == ("0", "1") and header.provenance.exemplar == "walls"
    assert header.provenance.command.startswith("texnet adaptive many walls --output n.texnet --")
    made = texnet("synth", "n.texnet", "--texture", 1, "-o", "t.png", "--size", 64, cwd=tmp_path)
    assert made.returncode == 0 and (tmp_path / "t.png").exists(), made.stderr


def test_a_network_that_predicts_is_trained_and_used(tmp_path):
    pictures(tmp_path / "walls", 8, side=168)
    words = ["--exemplar-size", 164, "--steps", 10, "--batch", 1, "--json"]
    trained = texnet("adaptive", "instant", "walls", "-o", "n.texnet", *CODED, *words, cwd=tmp_path)
    assert trained.returncode == 0, trained.stdout
    assert json.loads(trained.stdout)["steps"] == 10
    made = texnet("synth", "n.texnet", "--exemplar", "walls/3.png", "-o", "t.png", "--size", 64, cwd=tmp_path)
    assert made.returncode == 0 and (tmp_path / "t.png").exists(), made.stderr


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (["instant", "three"], "three has 3 pictures: fewer than 8 are learned by heart"),
        (["instant", "three/0.png"], "0.png is not a folder"),
        (["instant", "three", "--preview", "three/p.png"], "lies among the pictures that are learned from"),
        (["many", "three", "--exemplar-size", "200"], "three has no pictures that will do, and 3 that will not"),
        (["many", "three", "--start", "moss"], "a run cannot start from moss, which has the family pyramid"),
        (["many", "three", "--start", "mosss"], "did you mean 'moss'?"),
        (["many", "three", "--incremental", "2"], "incremental 2.0 is out of range"),
        (["many", "three", "--steps", "20", "--minutes", "1"], "--steps and --minutes cannot be combined"),
    ],
)
def test_what_makes_no_sense_to_networks_of_codes_is_one_line(tmp_path, words, found):
    pictures(tmp_path / "three", 3, side=168)
    name, *others = words
    refused = texnet("adaptive", name, *CODED, "--exemplar-size", 164, *others, "-o", "n.texnet", cwd=tmp_path)
    last = refused.stderr.splitlines()[-1]
    assert refused.returncode == 2 and found in last and "Traceback" not in refused.stderr, refused.stderr
    assert {path.name for path in tmp_path.iterdir()} == {"three"}


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (["three"], "three has 3 pictures: fewer than 8 are learned by heart, and nothing of others; give 8 or more"),
        (["missing"], "there is no file or folder missing"),
        (["three", "--preview", "three/p.png"], "--preview three/p.png lies among the pictures that are learned from"),
        (["three", "--widths", "1,b"], "are no widths"),
        (["three", "--size", "33"], "size 33 is not a multiple of 2"),
    ],
)
def test_what_makes_no_sense_is_one_line(tmp_path, words, found):
    pictures(tmp_path / "three", 3)
    refused = texnet("adaptive", "train", *TINY, "--crop", 32, *words, "-o", "n.texnet", cwd=tmp_path)
    assert refused.returncode == 2 and found in refused.stderr and refused.stderr.count("\n") == 1
    assert {path.name for path in tmp_path.iterdir()} == {"three"}

"""`texnet adaptive train`: what is refused, in one line; and a network that is used by its file."""

import subprocess

import numpy as np
import pytest

from tests.conftest import TEXNET, picture
from texnet_core import read_header
from texnet_core.pictures.writing import write_image

TINY = ["--levels", "2", "--widths", "2,2", "--residual-blocks", "0", "--size", "32", "--exemplar-size", "40"]
LIST = '[[jobs]]\nsource = "n.texnet"\nexemplar = "many/3.png"\nsize = 64\noutput = "3.png"\n'


def texnet(*words, cwd):
    return subprocess.run([*TEXNET, *map(str, words)], cwd=cwd, capture_output=True, text=True, timeout=600)


def pictures(folder, count):
    folder.mkdir()
    for number in range(count):
        write_image(folder / f"{number}.png", (255 * picture(48, 48, seed=number)).astype(np.uint8))


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


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (["three"], "three has 3 pictures: fewer than 8 are learned by heart, and nothing of others; give 8 or more"),
        (["missing"], "missing is not a folder"),
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

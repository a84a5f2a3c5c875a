"""Masks on the command line: alpha, --mask, and the key in recipes."""

import json

import numpy as np
import pytest
from PIL import Image

from tests.conftest import picture
from texnet_core.pictures.color import quantize

QUICK = ["--descriptor", "patches", "--size", 32, "--exemplar-size", 64, "--steps", 10, "--levels", 3, "--channels", 4]
CARD = 'title = "T"\nkind = "k"\nauthor = "A"\nlicense = "CC0-1.0"\nsource = "https://example.org"\n'


@pytest.fixture(autouse=True)
def pictures(tmp_path):
    """A wall with a magenta door: with alpha, and without it but with a mask; and the mask."""
    rgb = quantize(picture(96, 96), 8)
    shown = np.full((96, 96), 255, np.uint8)
    shown[40:90, 30:60] = 0
    rgb[shown == 0] = (255, 0, 255)
    Image.fromarray(np.dstack((rgb, shown))).save(tmp_path / "alpha.png")
    Image.fromarray(rgb).save(tmp_path / "door.png")
    Image.fromarray(shown).save(tmp_path / "mask.png")


def digest(run, file):
    return json.loads(run("info", file, "--json").stdout)["provenance"]["exemplar_sha256"]


def test_a_mask_is_what_alpha_is(run, tmp_path):
    done = run("train", "alpha.png", "-o", "alpha.texnet", *QUICK)
    assert done.returncode == 0 and "84% of the picture takes part: 3" in done.stderr
    masked = run("train", "door.png", "-o", "masked.texnet", "--mask", "mask.png", *QUICK)
    bare = run("train", "door.png", "-o", "bare.texnet", *QUICK)
    assert masked.returncode == bare.returncode == 0 and "takes part" not in bare.stderr
    of_alpha, of_mask, of_none = (digest(run, f"{name}.texnet") for name in ("alpha", "masked", "bare"))
    assert of_alpha == of_mask != of_none
    command = json.loads(run("info", "masked.texnet", "--json").stdout)["provenance"]["command"]
    assert "--mask mask.png" in command
    told = [
        json.loads(run("eval", "masked.texnet", "--exemplar", *words, "--seeds", 2, "--json").stdout)
        for words in (["alpha.png"], ["door.png", "--mask", "mask.png"], ["door.png"])
    ]
    assert told[0]["figures"] == told[1]["figures"] != told[2]["figures"]
    assert ["another picture" in " ".join(each["notes"]) for each in told] == [False, False, True]


def test_a_recipe_names_its_mask(run, tmp_path):
    settings = (
        '[defaults]\ndescriptor = "patches"\nsize = 32\nexemplar_size = 64\nsteps = 10\nlevels = 3\nchannels = 4\n'
    )
    words = ["recipes", "list.toml", "--exemplars", ".", "-o", "made", "--json"]
    statuses = []
    for more in ("", 'mask = "mask.png"\n', 'mask = "mask.png"\n'):
        (tmp_path / "list.toml").write_text(f'{settings}[recipes.wall]\nexemplar = "door.png"\n{more}{CARD}')
        statuses.append(json.loads(run(*words).stdout)["recipes"][0]["status"])
    assert statuses == ["trained", "trained", "kept"]
    (tmp_path / "list.toml").write_text(f'[recipes.wall]\nexemplar = "door.png"\nmask = "../mask.png"\n{CARD}')
    assert "does not lie below the folder" in run("recipes", "list.toml", "--exemplars", ".", "-o", "made").stderr


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["eval", "moss", "--mask", "mask.png"], "--mask is given without --exemplar"),
        (["train", "door.png", "-o", "o.texnet", "--mask", "none.png"], "there is no file none.png"),
        (["train", "door.png", "-o", "o.texnet", "--mask", "mask.png", "--preview", "mask.png"], "replace the mask"),
        (["optimize", "door.png", "-o", "mask.png", "--mask", "mask.png"], "--output would replace the mask"),
    ],
)
def test_what_cannot_be_is_one_line(run, words, says):
    done = run(*words)
    assert done.returncode in (1, 2) and says in done.stderr and len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize("words", [["train"], ["style"], ["adaptive", "train"], ["collage"]])
def test_a_generator_never_replaces_what_it_is_learned_from(run, tmp_path, words):
    """What a picture is goes by its content, and links are the file that they mean."""
    before = (tmp_path / "door.png").read_bytes()
    (tmp_path / "door.png").rename(tmp_path / "door.texnet")
    done = run(*words, "door.texnet", "-o", "door.texnet")
    assert done.returncode == 2 and "--output would replace the exemplar" in done.stderr
    assert (tmp_path / "door.texnet").read_bytes() == before

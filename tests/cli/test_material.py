"""`texnet material`, from outside."""

import json

import numpy as np
import pytest
from PIL import Image

import build_reliefs

MAPS = ["albedo", "normal", "roughness", "height", "ao"]


@pytest.fixture
def wall(tmp_path):
    colors = build_reliefs.draw(0)[0][::2, ::2]
    Image.fromarray(np.uint8(255 * colors + 0.5)).save(tmp_path / "wall.png")
    return tmp_path / "wall.png"


def mode_of(file):
    with Image.open(file) as image:
        return image.mode


def files_in(folder):
    return sorted(file.name for file in folder.iterdir())


def test_maps_are_files_of_the_depth_that_they_need(run, wall, tmp_path):
    done = run("material", "wall.png", "-o", "new/maps")
    assert done.returncode == 0, done.stderr
    assert "derived" in done.stdout
    folder = tmp_path / "new" / "maps"
    assert files_in(folder) == sorted(f"wall_{name}.png" for name in MAPS)
    assert {name: mode_of(folder / f"wall_{name}.png") for name in MAPS} == {
        "albedo": "RGB",
        "normal": "RGB",
        "roughness": "L",
        "height": "I;16",
        "ao": "L",
    }


def test_json_names_the_files_and_what_is_derived(run, wall, tmp_path):
    done = run("material", "wall.png", "-o", "maps", "--json", "--wraps", "--name", "brick")
    facts = json.loads(done.stdout)
    assert list(facts["maps"]) == MAPS
    assert all((tmp_path / file).exists() for file in facts["maps"].values())
    assert facts["derived"] == MAPS[1:]
    assert facts["relief"] > 0


def test_strength_makes_more_relief(run, wall):
    reliefs = [
        json.loads(run("material", "wall.png", "-o", "maps", "--json", "--strength", value).stdout)["relief"]
        for value in (1, 3)
    ]
    assert reliefs[1] == pytest.approx(3 * reliefs[0], rel=1e-3)


def test_a_mask_and_alpha_hide_texels(run, wall, tmp_path):
    with Image.open(wall) as image:
        image.putalpha(Image.fromarray(np.uint8(255 * (np.arange(192) < 96))[None].repeat(192, 0)))
        image.save(tmp_path / "half.png")
    assert run("material", "half.png", "-o", "maps").returncode == 0
    with Image.open(tmp_path / "maps" / "half_normal.png") as image:
        normals = np.asarray(image)
    assert np.ptp(normals[:, 100:].reshape(-1, 3), axis=0).max() == 0
    assert np.ptp(normals[:, :90].reshape(-1, 3), axis=0).max() > 0


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (["missing.png", "-o", "maps"], "missing.png"),
        (["wall.png", "-o", "wall.png"], "is a file"),
        (["wall.png", "-o", "-"], "cannot stand here"),
        (["wall.png", "-o", "maps", "--strength", "9"], "strength"),
        (["wall.png", "-o", "maps", "--mask", "small.png"], "the mask"),
        (["small.png", "-o", "maps"], "too small"),
        (["wall.png"], "--output"),
        (["wall.png", "-o", "maps", "--name", "../wall"], "which Windows takes in no name"),
    ],
)
def test_bad_input_is_one_line_and_leaves_nothing(run, wall, tmp_path, words, found):
    Image.new("RGB", (8, 8)).save(tmp_path / "small.png")
    before = files_in(tmp_path)
    done = run("material", *words)
    assert done.returncode in (1, 2)
    assert found in done.stderr and done.stderr.count("\n") == 1
    assert files_in(tmp_path) == before


def test_a_picture_is_not_replaced_by_its_own_map(run, wall, tmp_path):
    wall.rename(tmp_path / "wall_albedo.png")
    before = (tmp_path / "wall_albedo.png").read_bytes()
    done = run("material", "wall_albedo.png", "-o", ".", "--name", "wall")
    assert done.returncode == 2 and "would replace the exemplar" in done.stderr
    assert (tmp_path / "wall_albedo.png").read_bytes() == before


QUICK = ["--descriptor", "patches", "--size", 32, "--exemplar-size", 64, "--steps", 10, "--levels", 3, "--channels", 4]


def test_a_photo_is_trained_as_a_material_that_says_what_is_derived(run, wall):
    done = run("train", "wall.png", "-o", "wall.texnet", "--material", "--maps", "albedo,normal,height", *QUICK)
    assert done.returncode == 0, done.stderr
    assert "derived from the colors, not measured: normal, height" in done.stderr
    facts = json.loads(run("info", "wall.texnet", "--json").stdout)
    assert facts["maps"] == "albedo (3, sRGB), normal (3, data, derived), height (1, data, derived)"
    assert facts["relief"] > 0


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (["train", "folder", "--material"], "--material derives the maps of one picture"),
        (["train", "wall.png", "wall.png", "--material"], "--material derives the maps of one picture"),
        (["train", "wall.png", "--material", "--maps", "metallic"], "metallic cannot be derived"),
    ],
)
def test_what_cannot_be_derived_is_refused(run, wall, tmp_path, words, found):
    (tmp_path / "folder").mkdir()
    done = run(*words, "-o", "wall.texnet", *QUICK)
    assert done.returncode == 2 and found in done.stderr and done.stderr.count("\n") == 1
    assert not (tmp_path / "wall.texnet").exists()

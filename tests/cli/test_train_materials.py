"""Training on the maps of a material: folders, zips and files on the command line, and in recipes."""

import io
import json
import sys
import zipfile

import numpy as np
import pytest
from PIL import Image

from tests.conftest import picture
from texnet_core import read_header
from texnet_core.pictures.color import quantize

QUICK = ["--descriptor", "patches", "--size", 32, "--exemplar-size", 64, "--steps", 10, "--levels", 3, "--channels", 4]
CARD = 'title = "T"\nkind = "k"\nauthor = "A"\nlicense = "CC0-1.0"\nsource = "https://example.org"\n'
SETTINGS = '[defaults]\ndescriptor = "patches"\nsize = 32\nexemplar_size = 64\nsteps = 10\nlevels = 3\nchannels = 4\n'
SIDE = 64


@pytest.fixture(autouse=True)
def maps(tmp_path):
    """A wall: its base color, a normal map of waves in DirectX's convention, and its gloss."""
    folder = tmp_path / "wall"
    folder.mkdir()
    colors = quantize(picture(SIDE, SIDE), 8)
    slope = np.cos(np.arange(SIDE) / SIDE * 8 * np.pi)[:, None] * np.ones((SIDE, SIDE))
    normals = np.stack((0 * slope, 0.5 * slope, np.ones_like(slope)), axis=2)
    normals /= np.linalg.norm(normals, axis=2, keepdims=True)
    Image.fromarray(colors).save(folder / "wall_Color.png")
    Image.fromarray(quantize((normals + 1) / 2, 8)).save(folder / "wall_NormalDX.png")
    Image.fromarray(colors[..., 0]).save(folder / "wall_Gloss.png")
    Image.fromarray(colors).save(folder / "wall_Preview.png")
    return folder


def told(run, *words):
    done = run(*words, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_a_folder_a_zip_and_files_train_the_same_generator(run, tmp_path, maps):
    with zipfile.ZipFile(tmp_path / "wall.zip", "w") as archive:
        for file in maps.iterdir():
            archive.write(file, f"wall_1k/{file.name}")
    files = sorted(path for path in maps.iterdir() if "Preview" not in path.name)
    digests = []
    for name, given in (("folder", [maps]), ("zip", ["wall.zip"]), ("files", files)):
        made = told(run, "train", *given, "-o", f"{name}.texnet", *QUICK)
        assert [use["map"] for use in made["files"] if use["map"]] == ["albedo", "normal", "roughness"]
        card = told(run, "info", f"{name}.texnet")
        assert card["provenance"]["exemplar"] == "wall"
        digests.append(card["provenance"]["exemplar_sha256"])
    assert len(set(digests)) == 1
    assert "wall_Color.png wall_Gloss.png wall_NormalDX.png" in card["provenance"]["command"]
    told(run, "synth", "zip.texnet", "-o", "made.png", "--size", 64)
    names = ("albedo", "normal", "roughness")
    assert {path.name for path in tmp_path.glob("made_*.png")} == {f"made_{name}.png" for name in names}


def test_the_table_says_what_was_taken_and_what_was_left_out(run, maps):
    done = run("train", maps, "-o", "w.texnet", *QUICK, "--maps", "albedo,normal")
    assert done.returncode == 0
    table = {line.split("  ")[0]: line for line in done.stderr.split("\n")}
    assert "wall_Color.png" in table["albedo"] and "64x64" in table["albedo"]
    assert "flipped" in table["normal"]
    left_out = [line for line in done.stderr.split("\n") if line.startswith("left out")]
    assert [line.split()[2] for line in left_out] == ["wall_Gloss.png", "wall_Preview.png"]
    assert "not asked for" in left_out[0]
    card = told(run, "info", "w.texnet")
    assert "--maps albedo,normal" in card["provenance"]["command"] and "roughness" not in card["maps"]


def test_a_zip_may_come_through_a_pipe(run, maps, monkeypatch):
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for file in maps.iterdir():
            archive.write(file, file.name)
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content.getvalue())))
    assert len(told(run, "train", "-", "-o", "piped.texnet", *QUICK)["files"]) == 4
    card = told(run, "info", "piped.texnet")
    assert card["provenance"]["exemplar"] == "piped" and "train - " in card["provenance"]["command"]


def test_one_file_is_whichever_map_is_said(run, maps):
    (maps / "wall_Gloss.png").rename("photo.png")
    made = told(run, "train", "photo.png", "-o", "w.texnet", *QUICK, "--maps", "roughness")
    assert [(use["map"], use["file"]) for use in made["files"]] == [("roughness", "photo.png")]
    assert "files" not in told(run, "train", "photo.png", "-o", "p.texnet", *QUICK)


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["wall", "--maps", "shine"], 2, "there is no map 'shine' (one of albedo, normal"),
        (["wall", "--maps", "height"], 2, "wall has no height map"),
        (["empty"], 2, "empty has no picture"),
        (["photos"], 1, "photos holds one picture, IMG_1.png; name the picture itself"),
        (["wall", "wall/wall_Color.png"], 2, "which goes alone"),
        (["wall/wall_Color.png", "missing.png"], 2, "missing.png is no file"),
        (["wall", "--preview", "wall/wall_Color.png"], 2, "--preview would replace the exemplar"),
    ],
)
def test_bad_requests_are_one_line_and_leave_nothing(run, tmp_path, maps, words, code, message):
    (tmp_path / "empty").mkdir()
    (tmp_path / "photos").mkdir()
    (maps / "wall_Preview.png").rename(tmp_path / "photos" / "IMG_1.png")
    before = sorted(tmp_path.rglob("*"))
    done = run("train", *words, "-o", "w.texnet", *QUICK)
    assert done.returncode == code, done.stderr
    assert message in done.stderr and "Traceback" not in done.stderr
    assert sorted(tmp_path.rglob("*")) == before


def test_a_recipe_learns_a_material_and_keeps_it_while_its_maps_are_the_same(run, tmp_path):
    words = ["recipes", "list.toml", "--exemplars", ".", "-o", "made"]
    statuses = []
    for chosen in ("", "", 'maps = ["albedo", "normal"]\n'):
        (tmp_path / "list.toml").write_text(f'{SETTINGS}[recipes.wall]\nexemplar = "wall"\n{chosen}{CARD}')
        statuses.append(told(run, *words)["recipes"][0]["status"])
    assert statuses == ["trained", "kept", "trained"]
    (tmp_path / "list.toml").write_text(f'{SETTINGS}[recipes.wall]\nexemplar = "wall"\nmaps = ["shine"]\n{CARD}')
    done = run(*words)
    assert done.returncode == 2 and "there is no map 'shine'" in done.stderr


def test_a_recipe_of_one_picture_learns_maps_that_are_guessed(run, tmp_path):
    words = ["recipes", "list.toml", "--exemplars", ".", "-o", "made"]

    def one(name, exemplar):
        return f'[recipes.{name}]\nexemplar = "{exemplar}"\nmaterial = true\n{CARD}'

    (tmp_path / "list.toml").write_text(SETTINGS + one("photo", "wall/wall_Color.png") + one("set", "wall"))
    for status in ("trained", "kept"):
        done = run(*words, "--json")
        photo, of_maps = json.loads(done.stdout)["recipes"]
        assert done.returncode == 1 and photo["status"] == status
        assert of_maps["status"] == "failed" and "wall has maps of its own" in of_maps["error"]
    maps = read_header(tmp_path / "made" / "photo.texnet").maps
    assert [spec.name for spec in maps if spec.derived] == ["normal", "roughness", "height", "ao"]
    assert not maps[0].derived and maps[0].name == "albedo"

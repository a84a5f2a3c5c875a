"""`texnet synth` and `texnet batch` of whole materials, from outside."""

import json
import os
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from tests.conftest import random_artifact
from texnet_core import write_artifact
from texnet_core.mapset import MATERIAL_MAPS
from texnet_core.model.look import Look

NAMES = [spec.name for spec in MATERIAL_MAPS if spec.name not in ("opacity", "emission")]


@pytest.fixture(scope="module")
def material(tmp_path_factory):
    path = tmp_path_factory.mktemp("material") / "wall.texnet"
    specs = tuple(spec for spec in MATERIAL_MAPS if spec.name in NAMES)
    write_artifact(path, replace(random_artifact(maps=specs), relief=0.05))
    return path


def made(done):
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)["outputs"]


@pytest.fixture(scope="module")
def colors(tmp_path_factory):
    """A generator of colors alone, with a look."""
    path = tmp_path_factory.mktemp("colors") / "brass.texnet"
    write_artifact(path, replace(random_artifact(), look=Look(bump=0.5, metallic=1.0)))
    return path


SMALL = ("--size", 64, "--engine", "onnx", "--json")


def test_a_folder_gets_a_file_for_each_map_and_what_stands_beside_them(run, material, tmp_path):
    out = f"{tmp_path}/new/wall/"
    outputs = made(run("synth", material, "-o", out, "--pack", "orm", "--preview", "--materialx", "--gltf", *SMALL))
    expected = ["albedo.png", "normal.png", "orm.png", "height.png", "preview.png", "wall.mtlx", "wall.gltf"]
    assert outputs == [out + name for name in expected] and sorted(os.listdir(out)) == sorted(expected)
    more = made(run("synth", material, "-o", out[:-1], "--maps", "ao,albedo", "--format", "jpg", *SMALL))
    assert more == [f"{out}albedo.jpg", f"{out}ao.jpg"]


def test_a_pattern_serves_variations_frames_and_tiles(run, material, tmp_path):
    words = ("--maps", "albedo,height", "--count", 2, "--loop", 2, "--udim", "2x1", "--materialx", *SMALL)
    outputs = made(run("synth", material, "-o", tmp_path / "a_{map}_2k.png", *words))
    marks = [f"_seed{seed}_{frame:04}" for seed in (0, 1) for frame in (1, 2)]
    maps = [f"a_{name}_2k{mark}.{tile}.png" for mark in marks for tile in (1001, 1002) for name in ("albedo", "height")]
    assert sorted(os.listdir(tmp_path)) == sorted([*maps, *(f"a_2k{mark}.mtlx" for mark in marks)])
    assert sorted(outputs) == sorted(str(tmp_path / name) for name in os.listdir(tmp_path))


def test_one_map_goes_through_a_pipe_and_several_do_not(run, material, tmp_path):
    words = ("synth", material, "--size", 64, "--engine", "onnx")
    assert run(*words, "-o", tmp_path / "height.png", "--maps", "height").returncode == 0
    refused = run(*words, "-o", "-", "--maps", "height", "--preview")
    assert refused.returncode == 2 and "2 files cannot go to" in refused.stderr + refused.stdout


@pytest.mark.parametrize("asked", [("--pack", "orm"), ("--normal", "dx"), ("--height-format", "tif"), ("--maps", "ao")])
def test_what_a_picture_has_not_is_refused_in_one_line(run, artifact_file, tmp_path, asked):
    done = run("synth", artifact_file, "-o", f"{tmp_path}/no/", *asked, "--size", 64)
    (line,) = done.stderr.splitlines()
    assert done.returncode == 2 and line.startswith("texnet: ") and os.listdir(tmp_path) == []


LIST = """
[settings]
engine = "onnx"
[[jobs]]
source = "{source}"
size = 64
seed = [1, 2]
output = "out/{{seed}}/"
[[jobs]]
source = "{source}"
size = 64
maps = "{maps}"
pack = "orm"
normal = "dx"
preview = true
gltf = false
output = "set/wall_{{map}}.png"
"""


def test_lists_make_sets_and_make_them_anew_where_something_else_is_asked(run, material, tmp_path):
    def batch(maps):
        (tmp_path / "jobs.toml").write_text(LIST.format(source=material.as_posix(), maps=maps))
        done = run("batch", tmp_path / "jobs.toml", "--json")
        assert done.returncode == 0, done.stdout
        return [job["status"] for job in json.loads(done.stdout)["jobs"]]

    assert batch("albedo,normal,roughness") == ["made"] * 3
    assert sorted(os.listdir(tmp_path / "out" / "2")) == sorted(f"{name}.png" for name in NAMES)
    assert sorted(os.listdir(tmp_path / "set")) == [
        "wall_albedo.png",
        "wall_normal.png",
        "wall_orm.png",
        "wall_preview.png",
    ]
    assert batch("albedo,normal,roughness") == ["skipped"] * 3
    (tmp_path / "set" / "wall_preview.png").unlink()
    assert batch("albedo,normal,roughness") == ["skipped", "skipped", "made"]
    assert batch("albedo,normal,ao") == ["skipped", "skipped", "made"]
    orm = np.asarray(Image.open(tmp_path / "set" / "wall_orm.png"))
    assert (orm[..., 1] == 255).all() and orm[..., 0].std() > 0


def test_measuring_against_a_material_that_lacks_a_map_says_which(run, material, tmp_path):
    for name in ("wall_albedo.png", "wall_normal.png"):
        Image.new("RGB", (64, 64), (128, 128, 255)).save(tmp_path / name)
    done = run("eval", material, "--exemplar", tmp_path)
    assert done.returncode == 2 and "has no roughness map" in done.stderr and "trained from" in done.stderr


def test_colors_alone_become_a_whole_material_by_their_look(run, colors, tmp_path):
    out = f"{tmp_path}/brass/"
    assert made(run("synth", colors, "-o", out, *SMALL)) == [f"{out}albedo.png"]
    done = run("synth", colors, "-o", out, "--material", "--pack", "orm", "--gltf", "--preview", *SMALL)
    names = made(done)
    assert json.loads(done.stdout)["derived"] == ["normal", "roughness", "metallic", "height"]
    made_of = ("albedo.png", "normal.png", "orm.png", "height.png", "preview.png", "brass.gltf")
    assert names == [out + name for name in made_of]
    assert np.asarray(Image.open(f"{out}orm.png"))[..., 2].min() == 255
    assert np.asarray(Image.open(f"{out}normal.png"))[..., :2].std() > 1


def test_a_list_makes_materials_of_looks(run, colors, tmp_path):
    (tmp_path / "jobs.toml").write_text(
        f"[[jobs]]\nsource = '{colors}'\nsize = 64\nmaterial = [false, true]\nmaps = 'albedo'\noutput = 'plain.png'\n"
        f"[[jobs]]\nsource = '{colors}'\nsize = 64\nmaterial = true\noutput = 'brass/'\n"
    )
    refused = run("batch", tmp_path / "jobs.toml")
    assert refused.returncode != 0 and "plain.png" in refused.stderr and not list(tmp_path.glob("*.png"))
    text = (tmp_path / "jobs.toml").read_text().replace("[false, true]", "true")
    (tmp_path / "jobs.toml").write_text(text)
    done = run("batch", tmp_path / "jobs.toml")
    assert done.returncode == 0, done.stderr
    maps = ["albedo", "height", "metallic", "normal", "roughness"]
    assert sorted(os.listdir(tmp_path / "brass")) == [f"{name}.png" for name in maps]
    assert (tmp_path / "plain.png").read_bytes() == (tmp_path / "brass" / "albedo.png").read_bytes()


def test_a_list_makes_materials_of_exemplars_too(run, tmp_path):
    Image.fromarray(np.random.default_rng(1).integers(60, 200, (80, 96, 3), np.uint8)).save(tmp_path / "sand.png")
    job = "source = 'collage'\nexemplar = 'sand.png'\nsize = 64\nmaterial = true\n"
    (tmp_path / "jobs.toml").write_text(f"[[jobs]]\n{job}output = 'sand/'\n")
    done = run("batch", tmp_path / "jobs.toml")
    assert done.returncode == 0, done.stderr
    maps = ["albedo", "height", "normal", "roughness"]
    assert sorted(os.listdir(tmp_path / "sand")) == [f"{name}.png" for name in maps]


def test_colors_without_a_look_become_no_material(run, artifact_file, tmp_path):
    refused = run("synth", artifact_file, "-o", f"{tmp_path}/out/", "--material", *SMALL)
    assert refused.returncode == 2 and "no look" in refused.stdout and not os.listdir(tmp_path)

"""Lists whose jobs paint pictures: combinations, one look, reruns, and errors that name the key and the job."""

import json
import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.conftest import picture, random_artifact, random_style
from texnet_core import RequestError, read_artifact, write_artifact
from texnet_core.lists.job_runner import run_jobs
from texnet_core.lists.jobs import read_jobs
from texnet_core.pictures.color import quantize
from texnet_core.pictures.writing import write_image
from texnet_core.stylization import StylizeRequest, colors_of, read_content, stylize
from texnet_core.stylization.contents import tiling_of

SETTINGS = '[settings]\nengine = "onnx"\nthreads = 2\n'
LIST = (
    SETTINGS
    + """
[[jobs]]
source = "paint.texnet"
content = ["a.png", "maps"]
strength = [0.5, 1]
seed = 3
output = "out/{source}_{content}_{strength}.png"
"""
)


@pytest.fixture(scope="module")
def style():
    return random_style()


@pytest.fixture
def folder(tmp_path, style):
    write_artifact(tmp_path / "paint.texnet", style)
    (tmp_path / "maps").mkdir()
    (tmp_path / "empty").mkdir()
    for seed, name in enumerate(("a.png", "maps/b.png", "maps/c.png")):
        write_image(tmp_path / name, quantize(picture(40, 56, seed) * np.float32(1 - seed / 4), 8))
    (tmp_path / "jobs.toml").write_text(LIST)
    return tmp_path


def run(folder, text=None):
    if text is not None:
        (folder / "jobs.toml").write_text(text)
    return run_jobs(read_jobs(folder / "jobs.toml"), folder / "record")


def statuses(results):
    return [result.status for result in results]


def loaded(path):
    with Image.open(path) as image:
        return np.asarray(image)


def made(style, content, **fields):
    image = stylize(style, read_content(content), StylizeRequest(engine="onnx", **fields)).image
    return quantize(image, 8)


def test_every_picture_is_painted_in_every_combination(folder, style):
    assert statuses(run(folder)) == ["made"] * 6
    assert sorted(path.name for path in (folder / "out").iterdir()) == [
        f"paint_{name}_{strength}.png" for name in "abc" for strength in (0.5, 1.0)
    ]
    expected = made(style, folder / "maps" / "b.png", strength=0.5, seed=3)
    assert np.array_equal(loaded(folder / "out" / "paint_b_0.5.png"), expected)


def test_textures_and_pictures_stand_in_one_list(folder):
    write_artifact(folder / "wall.texnet", random_artifact())
    textures = '[[jobs]]\nsource = "wall.texnet"\nsize = 64\noutput = "wall.png"\n'
    assert statuses(run(folder, LIST + textures)) == ["made"] * 7
    assert statuses(run(folder)) == ["skipped"] * 7


def test_a_rerun_paints_only_what_is_missing_or_changed(folder):
    run(folder)
    assert statuses(run(folder)) == ["skipped"] * 6
    (folder / "out" / "paint_a_0.5.png").unlink()
    assert statuses(run(folder)) == ["made"] + ["skipped"] * 5
    write_image(folder / "maps" / "b.png", quantize(picture(40, 56, 9), 8))
    assert statuses(run(folder)) == ["skipped"] * 2 + ["made"] * 2 + ["skipped"] * 2
    assert statuses(run(folder, LIST.replace("seed = 3", "seed = 4"))) == ["made"] * 6
    write_artifact(folder / "paint.texnet", random_style(seed=5))
    assert statuses(run(folder)) == ["made"] * 6


def test_one_look_is_that_of_all_pictures_of_the_job(folder, style):
    text = LIST.replace("seed = 3", "seed = 3\none_look = true").replace("[0.5, 1]", "1")
    assert statuses(run(folder, text)) == ["made"] * 3
    look = colors_of([folder / "a.png", folder / "maps" / "b.png", folder / "maps" / "c.png"])
    for name in ("a.png", "maps/c.png"):
        expected = made(style, folder / name, seed=3, colors=look)
        assert np.array_equal(loaded(folder / "out" / f"paint_{Path(name).stem}_1.0.png"), expected)
    assert statuses(run(folder)) == ["skipped"] * 3
    write_image(folder / "a.png", quantize(picture(40, 56, 9), 8))
    assert statuses(run(folder)) == ["made"] * 3  # the look of all has changed with one


def test_a_look_is_given_in_the_list_or_in_a_file(folder, style):
    look = colors_of([folder / "a.png"])
    numbers = {"mean": look.mean, "covariance": look.covariance}
    (folder / "look.json").write_text(json.dumps({"outputs": ["x"], "records": [{"colors": numbers}]}))
    expected = made(style, folder / "maps" / "b.png", colors=look)
    for number, colors in enumerate(
        ('"look.json"', f"{{mean = {list(look.mean)}, covariance = {list(look.covariance)}}}")
    ):
        entry = (
            f'[[jobs]]\nsource = "paint.texnet"\ncontent = "maps/b.png"\ncolors = {colors}\noutput = "{number}.png"\n'
        )
        assert statuses(run(folder, SETTINGS + entry)) == ["made"]
        assert np.array_equal(loaded(folder / f"{number}.png"), expected)


def test_frames_of_a_list_have_one_look(folder, style):
    for number in (1, 2):
        write_image(folder / f"f_{number:03d}.png", quantize(picture(40, 56, number), 8))
    entry = '[[jobs]]\nsource = "paint.texnet"\ncontent = "f_%03d.png"\noutput = "out/{content}.png"\n'
    assert statuses(run(folder, SETTINGS + entry)) == ["made"] * 2
    look = colors_of([folder / "f_001.png", folder / "f_002.png"])
    assert np.array_equal(loaded(folder / "out" / "f_002.png"), made(style, folder / "f_002.png", colors=look))


def test_maps_regions_sizes_and_flags_are_keys(folder, style):
    write_image(folder / "mask.png", np.full((40, 56, 1), 128, np.uint8))
    entry = (
        '[[jobs]]\nsource = "paint.texnet"\ncontent = "a.png"\nstrength_map = "mask.png"\nsize = "96x64"\n'
        'region = [8, 16, 32, 24]\nkeep_colors = true\nwrap = "x"\nnoise = 0\nscale = 2\ndepth = 16\n'
        'output = "{content}_{width}_{wrap}.png"\n'
    )
    assert statuses(run(folder, SETTINGS + entry)) == ["made"]
    fields = {"width": 96, "height": 64, "region": (8, 16, 32, 24), "keep_colors": True, "wrap": "x"}
    request = StylizeRequest(engine="onnx", noise=0, scale=2, **fields)
    strength = np.full((40, 56), 128, np.uint8)
    image = stylize(style, read_content(folder / "a.png"), request, strength_map=strength).image
    assert image.shape == (24, 32, 3) == loaded(folder / "a_96_x.png").shape
    assert np.abs(loaded(folder / "a_96_x.png") / 255 - image).max() < 1 / 254


def test_a_job_that_fails_stays_apart(folder):
    write_image(folder / "mask.png", np.full((8, 8, 1), 128, np.uint8))
    write_artifact(folder / "wall.texnet", random_artifact())
    jobs = [
        ("paint.texnet", "none.png", "", "none.png cannot be read"),
        ("paint.texnet", "a.png", 'strength_map = "mask.png"\n', "the strength map"),
        ("wall.texnet", "a.png", "", "makes textures and is no style"),
        ("moss", "a.png", "", "'moss' is a generator of textures and no style"),
        ("paint.texnet", "paint.texnet", "", "cannot be read as a picture"),
    ]
    text = SETTINGS + "".join(
        f'[[jobs]]\nsource = "{source}"\ncontent = "{content}"\n{more}output = "{number}.png"\n'
        for number, (source, content, more, _) in enumerate(jobs)
    )
    results = run(folder, text + LIST.removeprefix(SETTINGS))
    assert statuses(results) == ["failed"] * len(jobs) + ["made"] * 6
    for result, (*_, says) in zip(results, jobs, strict=False):
        assert says in result.error and "\n" not in result.error
    assert not list(folder.glob("[0-9].png"))


JOB = '[[jobs]]\nsource = "paint.texnet"\ncontent = "a.png"\noutput = "o.png"\n'
WRONG = {
    "unknown key": (JOB + "tile = 'xy'", "jobs[1] has an unknown key 'tile'"),
    "no source": (JOB.replace("source", "#"), "jobs[1] has no source"),
    "no output": (JOB.replace("output", "#"), "jobs[1] has no output"),
    "no content": (JOB.replace('"a.png"', "[]"), "the list of content is empty in jobs[1]"),
    "content as number": (JOB.replace('"a.png"', "5"), "content 5 is not text in jobs[1]"),
    "empty folder": (JOB.replace("a.png", "empty"), "empty has no picture in jobs[1]"),
    "no frames": (JOB.replace("a.png", "f_%04d.png"), "no file fits"),
    "strength": (JOB + "strength = 2", "strength 2.0 is out of range in jobs[1]"),
    "strength as text": (JOB + "strength = 'x'", "strength 'x' is not a finite number in jobs[1]"),
    "second job": (JOB + JOB.replace("o.png", "p.png") + "noise = 99", "noise 99.0 is out of range in jobs[2]"),
    "wrap": (JOB + "wrap = 'z'", "wrap 'z' is unknown in jobs[1]"),
    "keep_colors": (JOB + "keep_colors = 1", "keep colors 1 is not true or false in jobs[1]"),
    "depth": (JOB + "depth = 12", "depth 12 is unknown in jobs[1]"),
    "depth of jpeg": (JOB.replace("o.png", "o.jpg") + "depth = 16", "cannot have depth 16 in jobs[1]"),
    "size and width": (JOB + "size = 64\nwidth = 64", "size stands beside width or height in jobs[1]"),
    "size": (JOB + "size = 1.5", "1.5 is not a size in jobs[1]"),
    "region": (JOB + "region = 5", "region 5 is none in jobs[1]"),
    "region of text": (JOB + "region = [0, 0, 'x', 1]", "in jobs[1]"),
    "map as number": (JOB + "strength_map = 5", "strength_map 5 is not text in jobs[1]"),
    "colors": (JOB + "colors = {mean = [1]}", "senseless in colors in jobs[1]"),
    "colors as number": (JOB + "colors = 5", "colors holds no color statistics in jobs[1]"),
    "no colors file": (JOB + "colors = 'none.json'", "none.json cannot be read"),
    "one look": (JOB + "one_look = 1", "one_look 1 is not true or false in jobs[1]"),
    "two looks": (JOB + "one_look = true\ncolors = 'look.json'", "exclude each other in jobs[1]"),
    "output is the content": (JOB.replace("o.png", "{content}.png"), "would replace the content in jobs[1]"),
    "overlapping": (JOB.replace('"a.png"', '["a.png", "maps"]'), "two jobs write"),
    "unknown field": (JOB.replace("o.png", "{tile}.png"), "an unknown field {tile} in jobs[1]"),
    "suffix": (JOB.replace("o.png", "o.gif"), ".gif is no picture that can be written in jobs[1]"),
    "device": (JOB.replace("o.png", "aux.png"), "'aux.png' is the name of a device"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_names_the_key_and_the_job(folder, name):
    text, says = WRONG[name]
    (folder / "look.json").write_text(json.dumps({"mean": [0.5] * 3, "covariance": [0.1, 0, 0, 0.1, 0, 0.1]}))
    (folder / "jobs.toml").write_text(text)
    with pytest.raises(RequestError) as caught:
        read_jobs(folder / "jobs.toml")
    assert says in str(caught.value) and "\n" not in str(caught.value)


def test_frames_of_a_list_tile_as_the_first_one_does(folder, style):
    y, x = np.mgrid[0:40, 0:56]
    waves = 128 + 60 * np.sin(2 * np.pi * (x / 28 + y / 40)) + 40 * np.cos(2 * np.pi * (3 * x / 56 - y / 20))
    write_image(folder / "f_1.png", np.repeat(waves[..., None].astype(np.uint8), 3, axis=2))
    write_image(folder / "f_2.png", quantize(picture(40, 56, 2), 8))
    assert (tiling_of(folder / "f_1.png"), tiling_of(folder / "f_2.png")) == ("xy", "none")
    entry = '[[jobs]]\nsource = "paint.texnet"\ncontent = "f_%d.png"\noutput = "out/{content}.png"\n'
    assert statuses(run(folder, SETTINGS + entry)) == ["made"] * 2
    look = colors_of([folder / "f_1.png", folder / "f_2.png"])
    assert np.array_equal(loaded(folder / "out" / "f_2.png"), made(style, folder / "f_2.png", colors=look, wrap="xy"))


@pytest.mark.parametrize("output", ["a.png", "maps/B.PNG"])
def test_no_job_reads_what_another_writes(folder, output):
    (folder / "jobs.toml").write_text(LIST + JOB.replace("a.png", "maps/c.png").replace("o.png", output))
    with pytest.raises(RequestError, match="is written by one job and read by another"):
        read_jobs(folder / "jobs.toml")


def test_an_output_may_not_be_the_map(folder):
    (folder / "jobs.toml").write_text(JOB.replace("o.png", "maps/b.png") + 'strength_map = "maps/b.png"')
    with pytest.raises(RequestError, match=r"would replace the strength_map in jobs\[1\]"):
        read_jobs(folder / "jobs.toml")


def test_places_are_found_from_the_list(folder, monkeypatch):
    monkeypatch.chdir(folder.parent)
    (job, *_) = read_jobs(Path(os.path.relpath(folder / "jobs.toml")))
    assert job.content.samefile(folder / "a.png") and Path(job.request.source).samefile(folder / "paint.texnet")
    assert read_artifact(job.request.source).paints

"""Collages on the command line: at once, in a file for later, in a list; and what is refused."""

import json
import signal
import sys

import numpy as np
import pytest
from PIL import Image

from tests.conftest import picture
from texnet_core.instant.open import open_source
from texnet_core.pictures.color import quantize
from train_cli import main


@pytest.fixture(autouse=True)
def pictures(tmp_path):
    rgb = quantize(picture(96, 128), 8)
    Image.fromarray(rgb).save(tmp_path / "sand.png")
    Image.fromarray(rgb[:20, :20]).save(tmp_path / "tiny.png")
    Image.new("RGB", (64, 64), (9, 9, 9)).save(tmp_path / "flat.png")
    mask = np.full((96, 128), 255, np.uint8)
    mask[:, 100:] = 0
    Image.fromarray(mask).save(tmp_path / "mask.png")


def texels(file):
    with Image.open(file) as image:
        return np.asarray(image)


def test_at_once_and_from_a_file_for_later(run, tmp_path):
    at_once = run("synth", "collage", "--exemplar", "sand.png", "-o", "wall.png", "--size", "80x64", "--seed", 3)
    assert at_once.returncode == 0 and texels(tmp_path / "wall.png").shape == (64, 80, 3)
    kept = run("collage", "sand.png", "-o", "sand.texnet", "--real-width", "2m", "--license", "CC0")
    assert kept.returncode == 0 and "holds the picture and copies it" in kept.stdout
    later = run("synth", "sand.texnet", "-o", "later.png", "--size", "80x64", "--seed", 3)
    assert later.returncode == 0
    assert np.array_equal(texels(tmp_path / "wall.png"), texels(tmp_path / "later.png"))
    told = run("info", "sand.texnet").stdout
    assert "collage, which holds the picture itself" in told and "1.5 m along the short side" in told and "CC0" in told


def test_udim_tiles_join_and_variations_differ(run, tmp_path):
    words = ["synth", "collage", "--exemplar", "sand.png", "--size", 48]
    assert run(*words, "--udim", "2x1", "-o", "tile.png").returncode == 0
    assert run(*words[:-2], "--size", "96x48", "-o", "whole.png").returncode == 0
    tiles = [texels(tmp_path / f"tile.{number}.png") for number in (1001, 1002)]
    assert np.array_equal(np.concatenate(tiles, axis=1), texels(tmp_path / "whole.png"))
    assert run(*words, "--count", 2, "-o", "many.png").returncode == 0
    assert not np.array_equal(texels(tmp_path / "many_seed0.png"), texels(tmp_path / "many_seed1.png"))


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (["collage"], 2, "collage makes textures of an exemplar, and none is given"),
        (["moss", "--exemplar", "sand.png"], 2, "moss makes textures of its own"),
        (["moss", "--flatten"], 2, "--flatten is for sources that take an exemplar"),
        (["collage", "--mask", "mask.png"], 2, "give --exemplar too"),
        (["colage", "--exemplar", "sand.png"], 2, "did you mean 'collage'?"),
        (["collage", "--exemplar", "none.png"], 2, "there is no file none.png"),
        (["collage", "--exemplar", "tiny.png"], 1, "too small, with 20x20"),
        (["collage", "--exemplar", "flat.png"], 1, "one color only"),
        (["collage", "--exemplar", "sand.png", "--mask", "tiny.png"], 1, "the mask tiny.png has 20x20"),
        (["collage", "--exemplar", "sand.png", "--exemplar-size", 500], 1, "at least 500 on the short side"),
        (["collage", "--exemplar", "sand.png", "--loop", 4], 2, "stands still and has no loop"),
    ],
)
def test_what_is_wrong_is_one_line_and_writes_nothing(run, tmp_path, words, code, says):
    done = run("synth", *words, "-o", "out.png", "--size", 64)
    lines = [line for line in done.stderr.splitlines() if not line.startswith("rows")]
    assert done.returncode == code and says in lines[-1], done.stderr
    assert not list(tmp_path.glob("out*"))


@pytest.mark.parametrize("source", ["collage", "instant"])
def test_pictures_of_20000_texels_a_side_are_taken_or_refused_in_one_line(run, tmp_path, source):
    Image.fromarray(np.tile(quantize(picture(48, 100), 8), (1, 200, 1))).save(tmp_path / "strip.png")
    words = ["synth", source, "-o", "out.png", "--size", 64, "--exemplar"]
    assert run(*words, "strip.png").returncode == 0 and texels(tmp_path / "out.png").shape == (64, 64, 3)
    (tmp_path / "out.png").unlink()
    whole = Image.new("1", (20000, 20000))
    whole.paste(1, (0, 0, 10000, 20000))
    whole.save(tmp_path / "whole.png")
    refused = run(*words, "whole.png")
    assert refused.returncode == 1 and "too large, with 20000x20000 pixels" in refused.stderr.splitlines()[-1]
    assert not (tmp_path / "out.png").exists()


def test_the_picture_is_never_replaced(run, tmp_path):
    before = (tmp_path / "sand.png").read_bytes()
    done = run("synth", "collage", "--exemplar", "sand.png", "-o", "sand.png", "--size", 64)
    assert done.returncode == 2 and "--output would replace the exemplar" in done.stderr
    assert (tmp_path / "sand.png").read_bytes() == before
    (tmp_path / "set").mkdir()
    (tmp_path / "set" / "albedo.png").write_bytes(before)
    (tmp_path / "jobs.toml").write_text(
        '[[jobs]]\nsource = "collage"\nexemplar = "set/albedo.png"\nsize = 64\noutput = "set/"\n'
    )
    done = run("batch", "jobs.toml")
    assert done.returncode == 1 and "is written by one job and read by another" in done.stderr
    assert (tmp_path / "set" / "albedo.png").read_bytes() == before


@pytest.mark.parametrize(
    "opener, words",
    [
        ("sources", ["synth", "collage", "--exemplar", "sand.png", "-o", "out.png", "--size", "64"]),
        ("sources", ["keep", "collage", "--exemplar", "sand.png", "-o", "out.texnet"]),
        ("collage", ["collage", "sand.png", "-o", "out.texnet"]),
    ],
)
def test_ctrl_c_is_heard_while_a_picture_is_taken(run, tmp_path, monkeypatch, opener, words):
    """What opens a source reports no progress, and large pictures take it half a minute."""

    def interrupted(*arguments, **options):
        signal.getsignal(signal.SIGINT)(signal.SIGINT, None)  # the process is one of pytest's, with handlers of others
        return open_source(*arguments, **options)

    monkeypatch.setattr(f"train_cli.{opener}.open_source", interrupted)
    monkeypatch.setattr(sys, "argv", ["texnet", *words])
    monkeypatch.chdir(tmp_path)
    assert main.run() == 1
    assert not list(tmp_path.glob("out*"))


def test_a_list_makes_collages_and_a_rerun_only_what_has_changed(run, tmp_path):
    entry = '[[jobs]]\nsource = "collage"\nexemplar = ["sand.png", "other.png"]\nsize = 48\noutput = "{exemplar}.jpg"\n'
    (tmp_path / "list.toml").write_text(entry)
    Image.fromarray(quantize(picture(64, 64, 1), 8)).save(tmp_path / "other.png")

    def statuses():
        told = json.loads(run("batch", "list.toml", "--json").stdout)["jobs"]
        return [(job["output"].rpartition("/")[2], job["status"]) for job in told]

    assert statuses() == [("sand.jpg", "made"), ("other.jpg", "made")]
    Image.fromarray(quantize(picture(64, 64, 2), 8)).save(tmp_path / "other.png")
    assert statuses() == [("sand.jpg", "skipped"), ("other.jpg", "made")]
    (tmp_path / "list.toml").write_text(entry.replace('"collage"', '"colage"'))
    assert "did you mean 'collage'" in run("batch", "list.toml").stderr

"""`texnet synth` of planes in pieces: Zarr groups and tiles, alone and with Dask."""

import json
import os
import signal
import subprocess

import numpy as np
import pytest

from tests.conftest import TEXNET, picture, posix, random_artifact
from tests.waiting import wait_until
from texnet_core import TextureRequest, open_plane, write_artifact
from texnet_core.pictures.color import quantize
from texnet_core.pictures.writing import write_image

zarr = pytest.importorskip("zarr", reason="needs the extra [dask]")
pytest.importorskip("distributed", reason="needs the extra [dask]")

REGION = (-100, 70, 6200, 24)  # four shards side by side
LONG = ["--tile", "none", "--region", ",".join(map(str, REGION)), "--seed", "3", "--engine", "onnx"]


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    path = tmp_path_factory.mktemp("source") / "small.texnet"
    write_artifact(path, random_artifact(levels=1))
    return path


def check(folder):
    x, y, width, height = REGION
    plane = open_plane(random_artifact(levels=1), TextureRequest(tile="none", seed=3, engine="onnx"))
    made = zarr.open_group(folder, mode="r")["albedo"][:]
    np.testing.assert_array_equal(made, quantize(plane[y : y + height, x : x + width], 8))


def test_a_group_and_what_is_told(run, source, tmp_path):
    done = run("synth", source, "-o", "plane.zarr", *LONG)
    assert done.returncode == 0 and done.stdout.startswith("wrote plane.zarr (6200x24, seed 3, ")
    check(tmp_path / "plane.zarr")


def test_tiles_of_a_series(run, source, tmp_path):
    size = ["--size", "64", "--split", "64x32", "--count", "2", "--json"]
    done = run("synth", source, "-o", "out/t_{x}_{y}.png", *size)
    told = json.loads(done.stdout)
    assert told["outputs"] == ["out/t_seed0.json", "out/t_seed1.json"] and told["seed"] == 0
    index = json.loads((tmp_path / "out" / "t_seed1.json").read_text())
    assert [tile["files"]["albedo"] for tile in index["tiles"]] == ["t_0_0_seed1.png", "t_0_1_seed1.png"]
    assert index["seed"] == 1 and (tmp_path / "out" / "t_0_1_seed1.png").is_file()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["-o", "a.png", "--dask"], "--dask is for planes in pieces, and a.png is one picture"),
        (["-o", "a.png", "--split", "64"], "--split is for planes in pieces"),
        (["-o", "a.zarr", "--split", "64"], "--split is for tiles"),
        (["-o", "a.zarr", "--format", "png"], "--format png does not fit a.zarr"),
        (["-o", "a.zarr", "--gltf"], "beside whole pictures"),
        (["-o", "a_{y}.png"], "no place for columns of tiles"),
        (["-o", "a_{x}_{y}.zarr"], "leave {x} and {y} out"),
        (["-o", "a:{x}_{y}.png"], "a:0_0.png"),
        (["-o", "a.zarr", "--size", "5"], "5 is out of range"),
    ],
)
def test_what_does_not_go_together_is_refused(run, source, tmp_path, words, message):
    done = run("synth", source, *words)
    assert done.returncode == 2 and message in done.stderr and done.stderr.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_tiles_do_not_replace_what_is_read(run, tmp_path):
    exemplar = tmp_path / "t_0_0.png"
    write_image(exemplar, quantize(picture(160, 128), 8))
    before = exemplar.read_bytes()
    words = ["collage", "--exemplar", exemplar, "-o", "t_{x}_{y}.png", "--split", "64", "--size", "64"]
    done = run("synth", *words)
    assert done.returncode == 2 and "t_0_0.png is read for the plane" in done.stderr
    assert exemplar.read_bytes() == before and list(tmp_path.iterdir()) == [exemplar]


def test_planes_tell_what_pictures_tell(run, tmp_path):
    write_image(tmp_path / "photo.png", quantize(picture(160, 128), 8))
    words = ["collage", "--exemplar", "photo.png", "--size", "64", "--covers", "50cm", "--json"]
    told = [json.loads(run("synth", *words, "-o", name).stdout) for name in ("a.png", "a_{x}_{y}.png")]
    for facts in told:
        assert facts["covers"] == 0.5 and any("is not known" in note for note in facts["notes"])


def started(folder, *words):
    """The command, once its first piece is there, in a group of processes like one on a terminal."""
    process = subprocess.Popen(
        [*TEXNET, "synth", *map(str, words)],
        cwd=folder,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    made = folder / ".texnet-plane.zarr" / "made.txt"
    wait_until(lambda: (made.exists() and made.read_text()) or process.poll() is not None)
    assert process.poll() is None
    return process


def is_alive(group):
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


@posix
def test_ctrl_c_stops_all_workers_and_a_rerun_goes_on(run, source, tmp_path):
    words = [source, "-o", "plane.zarr", "--size", "65536", "--engine", "onnx", "--dask"]
    process = started(tmp_path, *words)
    os.killpg(process.pid, signal.SIGINT)
    last = process.communicate()[1].splitlines()[-1]
    assert process.returncode == 1 and "run it again to go on" in last and last.startswith("texnet: stopped with ")
    assert [path.name for path in tmp_path.iterdir()] == [".texnet-plane.zarr"]
    wait_until(lambda: not is_alive(process.pid))
    run("synth", source, "-o", "plane.zarr", *LONG)  # another plane: it begins anew
    check(tmp_path / "plane.zarr")


@posix
def test_a_killed_run_goes_on(run, source, tmp_path):
    words = [source, "-o", "plane.zarr", "--size", "65536", "--engine", "onnx"]
    process = started(tmp_path, *words)
    process.kill()
    process.communicate()
    before = len((tmp_path / ".texnet-plane.zarr" / "made.txt").read_text().split())
    assert before and not (tmp_path / "plane.zarr").exists()
    process = started(tmp_path, *words)
    wait_until(lambda: len((tmp_path / ".texnet-plane.zarr" / "made.txt").read_text().split()) > before)
    process.terminate()
    assert "texnet: stopped with" in process.communicate()[1]

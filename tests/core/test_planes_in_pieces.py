"""Planes in Zarr groups and tiles: what is in memory, whole or not there, and going on where they stopped."""

import errno
import json
import os
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import tifffile

from tests.conftest import MATERIAL, random_artifact
from texnet_core import (
    Cancelled,
    MapFiles,
    RequestError,
    TexnetError,
    TextureRequest,
    open_plane,
    read_artifact,
    synthesize,
    write_artifact,
    write_plane,
    write_window,
)
from texnet_core.huge import growing
from texnet_core.huge.recipe import recipe_of
from texnet_core.pictures.color import quantize

zarr = pytest.importorskip("zarr", reason="needs the extra [dask]")

SMALL = TextureRequest(width=96, height=64, seed=5, engine="onnx")
LONG = TextureRequest(seed=2, engine="onnx", tile="none", region=(-60, 1000, 4200, 40))  # three shards side by side


@pytest.fixture(scope="module")
def generator():
    return random_artifact(levels=1)


class Killed(BaseException):
    pass


def written(artifact, request, output, **fields):
    """A plane, and how many of its pieces were there after each report."""
    counts = []
    path = write_plane(artifact, request, output, progress=lambda report: counts.append(report.done), **fields)
    return path, counts


def stopping_after(count):
    def report(progress):
        if progress.done >= count:
            raise Cancelled

    return report


def contents(folder):
    return sorted(path.name for path in folder.iterdir())


def test_a_group_has_an_array_for_each_map(tmp_path):
    artifact = random_artifact(levels=2, maps=MATERIAL)
    path, _ = written(artifact, SMALL, tmp_path / "new" / "wall.zarr")
    made, group = synthesize(artifact, SMALL), zarr.open_group(path, mode="r")
    assert sorted(group) == sorted(made) and contents(path.parent) == ["wall.zarr"]
    for name, bits in (("albedo", 8), ("normal", 8), ("roughness", 8), ("height", 16)):
        np.testing.assert_array_equal(group[name][:], quantize(made[name], bits))
    assert group["height"].attrs["color_space"] == "data" and group["albedo"].attrs["color_space"] == "sRGB"
    assert group["normal"].attrs["normal_convention"] == "opengl"
    assert group.attrs["seed"] == 5 and group.attrs["origin"] == [0, 0]


def test_maps_and_depths_are_as_in_files(tmp_path):
    artifact = random_artifact(levels=2, maps=MATERIAL)
    request = replace(SMALL, depth=16, maps="normal,height")
    files = MapFiles(normal="dx", height_format="tif")
    path, _ = written(artifact, request, tmp_path / "wall.zarr", files=files)
    made, group = synthesize(artifact, request), zarr.open_group(path, mode="r")
    np.testing.assert_array_equal(group["height"][:], made["height"])
    turned = np.float32([0, 1, 0]) + np.float32([1, -1, 1]) * made["normal"]
    np.testing.assert_array_equal(group["normal"][:], quantize(turned, 16))
    assert group["normal"].attrs["normal_convention"] == "directx"


def test_pieces_join_and_say_how_large_texels_are(generator, tmp_path):
    request = replace(LONG, covers=4.0, width=2048)
    path, counts = written(generator, request, tmp_path / "strip.zarr")
    x, y, width, height = request.region
    window = open_plane(generator, request)[y : y + height, x : x + width]
    array = zarr.open_group(path, mode="r")["albedo"]
    np.testing.assert_array_equal(array[:], quantize(window, 8))
    assert counts == [0, 1, 2, 3] and array.attrs["texel_size_m"] == pytest.approx(4 / 2048)


def test_a_run_that_was_stopped_goes_on(generator, tmp_path):
    output = tmp_path / "strip.zarr"
    with pytest.raises(Cancelled, match="stopped with 2 pieces made; run it again to go on"):
        write_plane(generator, LONG, output, progress=stopping_after(2))
    assert contents(tmp_path) == [".texnet-strip.zarr"]
    _, counts = written(generator, LONG, output)
    assert counts == [2, 3] and contents(tmp_path) == ["strip.zarr"]
    whole, _ = written(generator, LONG, tmp_path / "whole.zarr")
    read = [zarr.open_group(path, mode="r")["albedo"][:] for path in (output, whole)]
    np.testing.assert_array_equal(*read)


def test_another_request_begins_anew(generator, tmp_path):
    output = tmp_path / "strip.zarr"
    with pytest.raises(Cancelled):
        write_plane(generator, LONG, output, progress=stopping_after(2))
    other = replace(LONG, seed=3)
    assert written(generator, other, output)[1] == [0, 1, 2, 3]


def test_what_was_there_stays_until_the_new_one_is_whole(generator, tmp_path):
    output = tmp_path / "plane.zarr"
    written(generator, SMALL, output)
    before = zarr.open_group(output, mode="r")["albedo"][:]
    with pytest.raises(Cancelled):
        write_plane(generator, LONG, output, progress=stopping_after(1))
    np.testing.assert_array_equal(zarr.open_group(output, mode="r")["albedo"][:], before)
    written(generator, LONG, output)
    assert zarr.open_group(output, mode="r")["albedo"].shape == (40, 4200, 3)


@pytest.mark.parametrize("renamed", [1, 2])
def test_a_run_that_was_killed_while_its_group_got_the_name_loses_nothing(generator, tmp_path, monkeypatch, renamed):
    output = tmp_path / "plane.zarr"
    written(generator, SMALL, output)
    before = zarr.open_group(output, mode="r")["albedo"][:]
    replace_path, done = Path.replace, []

    def killed(self, target):
        if ".zarr" in (self.suffix, Path(target).suffix):
            done.append(target)
            if len(done) > renamed:
                raise Killed
        return replace_path(self, target)

    def killed_at_the_end(self):
        raise Killed

    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr(Path, "replace", killed)
        patch.setattr(growing.Growing, "remove", killed_at_the_end)
        write_plane(generator, LONG, output)
    other = replace(LONG, seed=3)
    if renamed == 1:  # neither has the name: what was there comes back
        with pytest.raises(Cancelled):
            write_plane(generator, other, output, progress=stopping_after(0))
        np.testing.assert_array_equal(zarr.open_group(output, mode="r")["albedo"][:], before)
    else:  # the new one has it, and the same request makes no piece again
        assert written(generator, LONG, output)[1] == [3]
        assert zarr.open_group(output, mode="r")["albedo"].shape == (40, 4200, 3)


def test_a_number_of_which_a_part_was_written_is_no_piece(tmp_path):
    plan = {"one": 1}
    state = growing.Growing(tmp_path / "out", plan)
    state.note(0)
    with (state.folder / "made.txt").open("a") as file:
        file.write("1")
    growing.Growing(tmp_path / "out", plan).note(7)
    assert growing.Growing(tmp_path / "out", plan).made == {0, 7}


def test_a_plane_goes_on_however_its_generator_is_named(tmp_path, monkeypatch):
    file = tmp_path / "wave.texnet"
    write_artifact(file, random_artifact(levels=1))
    monkeypatch.chdir(tmp_path)
    digests = set()
    for name in ("wave.texnet", "./wave.texnet", str(file)):
        request = replace(SMALL, source=name)
        plane = open_plane(read_artifact(file), request)
        digests.add(recipe_of(plane, request).digest)
    assert len(digests) == 1


def test_nothing_stays_of_a_run_that_made_nothing(generator, tmp_path):
    with pytest.raises(Cancelled):
        write_plane(generator, LONG, tmp_path / "new" / "plane.zarr", progress=stopping_after(0))
    assert contents(tmp_path) == []


def test_a_full_disk_is_one_line_and_keeps_what_is_made(generator, tmp_path, monkeypatch):
    open_array, opened = zarr.open_array, []

    def failing(*arguments, **fields):
        opened.append(arguments)
        if len(opened) == 2:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return open_array(*arguments, **fields)

    monkeypatch.setattr(zarr, "open_array", failing)
    with pytest.raises(TexnetError, match=r"plane.zarr cannot be written \(No space left on device\); make room"):
        write_plane(generator, LONG, tmp_path / "plane.zarr")
    assert written(generator, LONG, tmp_path / "plane.zarr")[1] == [1, 2, 3]


def test_tiles_are_windows_and_the_index_says_where(generator, tmp_path):
    request = replace(LONG, region=(-60, 1000, 100, 70))
    path, _ = written(generator, request, tmp_path / "tiles" / "strip_{x}_{y}.png", side=(64, 48))
    index = json.loads(path.read_text())
    assert path == tmp_path / "tiles" / "strip.json" and (index["width"], index["height"]) == (100, 70)
    assert [(tile["x"], tile["y"], tile["width"], tile["height"]) for tile in index["tiles"]] == [
        (0, 0, 64, 48),
        (64, 0, 36, 48),
        (0, 48, 64, 22),
        (64, 48, 36, 22),
    ]
    plane = open_plane(generator, request)
    for tile in index["tiles"]:
        region = (tile["x"] - 60, tile["y"] + 1000, tile["width"], tile["height"])
        write_window(plane, tmp_path / "alone.png", region)
        assert (tmp_path / "alone.png").read_bytes() == (path.parent / tile["files"]["albedo"]).read_bytes()
    assert len(contents(path.parent)) == 5


def test_tiles_of_maps_can_lie_in_folders(tmp_path):
    artifact = random_artifact(levels=2, maps=MATERIAL)
    pattern = tmp_path / "{map}" / "{y}" / "{x}.tif"
    path, _ = written(artifact, SMALL, pattern, side=(48, 64), files=MapFiles(height_format="exr"))
    first, second = json.loads(path.read_text())["tiles"]
    assert second["files"]["albedo"] == "albedo/0/1.tif" and second["files"]["height"] == "height/0/1.exr"
    assert tifffile.imread(path.parent / second["files"]["roughness"]).shape == (64, 48)
    assert (first["x"], second["x"]) == (0, 48)


def test_tiles_appear_together(generator, tmp_path):
    pattern = tmp_path / "t_{x}_{y}.png"
    with pytest.raises(Cancelled):
        write_plane(generator, SMALL, pattern, side=(48, 32), progress=stopping_after(3))
    assert contents(tmp_path) == [".texnet-t.json"]
    assert written(generator, SMALL, pattern, side=(48, 32))[1] == [3, 4]
    assert contents(tmp_path) == ["t.json", "t_0_0.png", "t_0_1.png", "t_1_0.png", "t_1_1.png"]


def test_a_run_that_was_killed_while_tiles_got_their_names_ends_well(generator, tmp_path, monkeypatch):
    moves, pattern = [], tmp_path / "t_{x}_{y}.png"
    move = os.replace

    def dying(source, target):
        moves.extend([target] if Path(target).parent == tmp_path else [])
        if len(moves) == 3:
            raise KeyboardInterrupt
        move(source, target)

    monkeypatch.setattr("texnet_core.huge.tiles.os.replace", dying)
    with pytest.raises(KeyboardInterrupt):
        write_plane(generator, SMALL, pattern, side=(48, 32))
    assert "t.json" not in contents(tmp_path)
    monkeypatch.undo()
    assert written(generator, SMALL, pattern, side=(48, 32))[1] == [4]
    assert contents(tmp_path) == ["t.json", "t_0_0.png", "t_0_1.png", "t_1_0.png", "t_1_1.png"]


@pytest.mark.parametrize(
    ("output", "fields", "message"),
    [
        ("t_{x}.png", {}, "no place for rows of tiles"),
        ("t_{x}_{y}.png", {"side": (8, 64)}, "tiles of 8x64 are out of range"),
        ("t_{x}_{y}.png", {"request": TextureRequest(width=65536, height=65536), "side": (16, 16)}, "too many"),
        ("t_{x}_{y}.pdf", {}, "no picture"),
        ("t_{x}_{y}.webp", {"side": (20000, 64)}, "cannot hold"),
        ("p.zarr", {"files": MapFiles(preview=True)}, "beside whole pictures"),
        ("p.zarr", {"files": MapFiles(pack="orm")}, "--pack orm needs"),
        ("p.zarr", {"request": TextureRequest(maps="height")}, "no map 'height'"),
        ("p_{map}.zarr", {}, "leave {map} out"),
    ],
)
def test_what_cannot_be_is_refused_at_once(generator, tmp_path, output, fields, message):
    with pytest.raises(RequestError, match=message):
        write_plane(generator, fields.pop("request", SMALL), tmp_path / output, **fields)
    assert contents(tmp_path) == []


@pytest.mark.parametrize(
    "make", [lambda path: path.write_text("mine"), lambda path: (path / "mine").mkdir(parents=True)]
)
def test_what_is_no_zarr_is_not_replaced(generator, tmp_path, make):
    make(tmp_path / "plane.zarr")
    with pytest.raises(TexnetError, match="is there and no Zarr; choose another name"):
        write_plane(generator, SMALL, tmp_path / "plane.zarr")
    assert contents(tmp_path) == ["plane.zarr"]


def test_a_missing_zarr_is_explained(generator, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "zarr", None)
    with pytest.raises(TexnetError, match=r"a .zarr plane needs zarr.* pip install 'texnet\[dask\]'"):
        write_plane(generator, SMALL, Path(tmp_path / "plane.zarr"))

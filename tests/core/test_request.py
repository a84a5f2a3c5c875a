"""The one description of a texture: JSON and TOML carry it unchanged, and what makes no sense is named."""

import json
import tomllib
from dataclasses import fields, replace

import numpy as np
import png
import pytest

from tests.conftest import MATERIAL, random_artifact
from texnet_core import RequestError, TextureRequest, open_plane, synthesize, write_window
from texnet_core.mapset import split_channels
from texnet_core.settings import MAX_SEED

FULL = TextureRequest(
    source="moss",
    width=512,
    height=300,
    seed=9,
    tile="x",
    scale=1.5,
    covers=2.5,
    depth=16,
    phase=0.25,
    region=(-5, 7, 100, 80),
    period=(1024, 600),
    engine="onnx",
    device="cpu",
    precision="f32",
    threads=2,
)


@pytest.mark.parametrize("request_", [TextureRequest(), FULL, TextureRequest(udim=(3, 2)), TextureRequest(tile="none")])
def test_json_carries_every_field_there_and_back(request_):
    record = json.loads(json.dumps(request_.record()))
    assert TextureRequest.from_record(record) == request_
    named = {spec.name for spec in fields(request_) if getattr(request_, spec.name) is not None}
    assert record.keys() == named


def test_a_toml_table_is_a_request():
    table = tomllib.loads('source = "moss"\nwidth = 64\nscale = 2\nregion = [0, 0, 32, 16]\ncomment = "not a field"')
    expected = TextureRequest("moss", width=64, scale=2.0, region=(0, 0, 32, 16))
    assert TextureRequest.from_record(table) == expected
    assert isinstance(TextureRequest.from_record(table).scale, float)


@pytest.mark.parametrize(
    ("record", "says"),
    [
        ({"source": 3}, "source 3 is not text"),
        ({"width": "64"}, "width '64' is not a whole number"),
        ({"width": 15}, r"width 15 is out of range \(16 to 65536\)"),
        ({"height": None}, "height None"),
        ({"seed": MAX_SEED + 1}, "seed"),
        ({"seed": True}, "seed True"),
        ({"tile": ["x"]}, "tile"),
        ({"scale": float("nan")}, "scale nan"),
        ({"scale": 10**400}, r"0\.25 to 4"),
        ({"depth": 12}, r"depth 12 is unknown \(one of 8, 16\)"),
        ({"depth": "8"}, "depth '8' is unknown"),
        ({"depth": [8]}, "depth"),
        ({"depth": 8.0}, "depth"),
        ({"phase": float("inf")}, "phase inf"),
        ({"phase": None}, "phase None"),
        ({"region": [0, 0, 8]}, "region"),
        ({"region": [0.5, 0, 8, 8]}, "region"),
        ({"region": "all"}, "region"),
        ({"region": 5}, "region"),
        ({"region": [0, 0, 0, 8]}, "empty"),
        ({"region": [0, 0, 65537, 8]}, "too large"),
        ({"region": [10**12, 0, 8, 8]}, "out of range"),
        ({"period": [15, 64]}, "first number of period"),
        ({"period": [64, 2**29]}, "second number of period"),
        ({"udim": [0, 1]}, r"udim is out of range, with 0 \(1 to 10\)"),
        ({"udim": [1, 101]}, r"1 to 100"),
        ({"udim": [2]}, "udim"),
        ({"udim": "2x1"}, "udim"),
        ({"udim": [True, 2]}, "udim"),
        ({"udim": [2, 1], "region": [0, 0, 8, 8]}, "region and udim cannot be combined; use one of them"),
        ({"udim": [2, 1], "period": [64, 64]}, "period and udim cannot be combined; use one of them"),
        ({"engine": "steam"}, "one of auto, onnx, openvino, torch"),
        ({"threads": -1}, "threads"),
    ],
)
def test_what_makes_no_sense_is_refused_in_one_line(record, says):
    with pytest.raises(RequestError, match=says) as caught:
        TextureRequest.from_record(record)
    assert "\n" not in str(caught.value)


def test_the_default_is_one_texture_that_repeats_and_none_goes_on_without_end():
    default = TextureRequest(width=64, height=48)
    assert default.window == (0, 0, 64, 48) and default.periods == (64, 48)
    assert replace(default, tile="x").periods == (64, None)
    assert replace(default, tile="none").periods == (None, None)
    assert replace(default, period=(640, 480)).periods == (640, 480)
    tiled = replace(default, udim=(3, 2))
    assert tiled.whole == tiled.periods == (192, 96) and tiled.window == (0, 0, 192, 96)


def test_a_period_of_its_own_makes_a_texture_a_corner_of_a_larger_one(artifact):
    corner = TextureRequest(width=64, height=48, seed=3, period=(128, 96), engine="onnx")
    whole = synthesize(artifact, replace(corner, width=128, height=96, period=None))["albedo"]
    assert synthesize(artifact, corner)["albedo"].tobytes() == whole[:48, :64].tobytes()


@pytest.mark.parametrize("scale", [0.25, 0.7, 1.0, 1.3, 4.0])
@pytest.mark.parametrize("tile", ["xy", "none"])
def test_resampled_normals_are_unit_vectors_and_still_repeat(scale, tile):
    artifact = random_artifact(maps=MATERIAL)
    request = TextureRequest(width=150, height=90, seed=2, scale=scale, tile=tile, engine="onnx")
    plane = open_plane(artifact, request)
    window = plane[-20:110, -30:180]
    normals = split_channels(window, MATERIAL)["normal"]
    lengths = np.linalg.norm(2 * normals.astype(np.float64) - 1, axis=-1)
    if scale != 1 or tile == "xy":  # 150 texels are no whole number of cells
        np.testing.assert_allclose(lengths, 1, atol=1e-5)
    if tile == "xy":
        assert window[:40].tobytes() == window[90:130].tobytes()
        assert window[:, :60].tobytes() == window[:, 150:210].tobytes()


def bits_of(path):
    return png.Reader(bytes=path.read_bytes()).read()[3]["bitdepth"]


def test_files_have_the_depth_that_was_asked_for_and_height_has_16_bits(tmp_path):
    artifact = random_artifact(maps=MATERIAL)
    plane = open_plane(artifact, TextureRequest(width=64, height=48, engine="onnx"))
    for suffix, depths in ((".png", (8, 16)), (".tif", (8, 16)), (".jpg", (8,)), (".exr", (8, 16))):
        for depth in depths:
            paths = write_window(plane, tmp_path / f"a{depth}{suffix}", (0, 0, 64, 48), depth=depth)
            assert [path.name for path in paths] == [f"a{depth}_{spec.name}{suffix}" for spec in MATERIAL]
            if suffix == ".png":
                assert [bits_of(path) for path in paths] == [depth, depth, depth, 16]
    with pytest.raises(RequestError, match="depth 16"):
        write_window(plane, tmp_path / "a.jpg", (0, 0, 64, 48), depth=16)

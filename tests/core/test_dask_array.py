"""A lazy array of a plane: the same values as in memory, whoever makes them, and never more than is wanted."""

import pickle
import sys
from dataclasses import replace

import numpy as np
import pytest

from tests.conftest import MATERIAL, random_artifact
from texnet_core import RequestError, TexnetError, TextureRequest, dask_array, open_plane, synthesize
from texnet_core.mapset import split_channels
from texnet_core.model.look import Look

pytest.importorskip("dask.array", reason="needs the extra [dask]")

REQUEST = TextureRequest(width=256, height=384, seed=5, engine="onnx")


@pytest.mark.parametrize("fields", [{}, {"tile": "x", "scale": 1.7}, {"region": (-100, 50, 300, 200)}])
def test_it_is_what_is_made_in_memory(artifact, fields):
    request = replace(REQUEST, **fields)
    expected = synthesize(artifact, request)["albedo"]
    lazy = dask_array(artifact, request, chunks=128)
    assert (lazy.shape, lazy.dtype) == (expected.shape, np.float32)
    np.testing.assert_array_equal(lazy.compute(scheduler="threads", num_workers=2), expected)


def test_maps_are_channels_that_are_cut_as_those_in_memory():
    artifact = random_artifact(maps=MATERIAL)
    chosen = [spec for spec in artifact.maps if spec.name in ("height", "normal")]
    request = TextureRequest(width=128, height=128, engine="onnx", maps="height,normal")
    maps = split_channels(dask_array(artifact, request, chunks=(64, 128)), chosen)
    for name, expected in synthesize(artifact, request).items():
        np.testing.assert_array_equal(maps[name].compute(scheduler="sync"), expected)


def test_maps_of_a_look_are_channels_too(artifact):
    with_look = replace(artifact, look=Look())
    request = replace(REQUEST, material=True, maps="normal,roughness")
    lazy = dask_array(with_look, request, chunks=128).compute(scheduler="threads", num_workers=2)
    np.testing.assert_array_equal(lazy, np.concatenate(list(synthesize(with_look, request).values()), axis=2))


def test_slices_rechunking_and_map_blocks_give_what_numpy_gives(artifact):
    whole = synthesize(artifact, REQUEST)["albedo"]
    lazy = dask_array(artifact, REQUEST, chunks=100)
    np.testing.assert_array_equal(lazy[17:333:3, ::-1, 1].compute(scheduler="sync"), whole[17:333:3, ::-1, 1])
    halved = lazy.rechunk((128, 256, 3)).map_blocks(lambda block: block / 2)
    np.testing.assert_array_equal(halved.compute(scheduler="sync"), whole / 2)


def test_chunks_end_on_the_grid_of_the_plane(artifact):
    lazy = dask_array(artifact, REQUEST, region=(-130, 300, 400, 100), chunks=128)
    assert lazy.chunks == ((84, 16), (2, 128, 128, 128, 14), (3,))
    plane = open_plane(artifact, REQUEST)
    np.testing.assert_array_equal(lazy.compute(scheduler="sync"), plane[300:400, -130:270])


def test_a_large_plane_costs_little_until_it_is_looked_at(artifact):
    endless = TextureRequest(tile="none", engine="onnx")
    lazy = dask_array(artifact, endless, region=(0, 0, 10**8, 10**8), chunks=10**5)
    assert len(pickle.dumps(lazy)) < 2**21  # the generator alone is a fifth of that
    corner = dask_array(artifact, endless, region=(0, 0, 10**8, 10**8))[-10:, -10:]
    plane = open_plane(artifact, endless)
    np.testing.assert_array_equal(corner.compute(scheduler="sync"), plane[10**8 - 10 : 10**8, 10**8 - 10 : 10**8])


def test_the_generator_is_in_the_graph_once(artifact):
    few, many = (len(pickle.dumps(dict(dask_array(artifact, REQUEST, chunks=size).dask))) for size in (256, 16))
    assert many - few < 500 * 16 * 24


def test_to_zarr(artifact, tmp_path):
    zarr = pytest.importorskip("zarr", reason="needs the extra [dask]")
    dask_array(artifact, REQUEST, chunks=128).to_zarr(str(tmp_path / "plane.zarr"))
    np.testing.assert_array_equal(zarr.open(tmp_path / "plane.zarr")[:], synthesize(artifact, REQUEST)["albedo"])


def test_it_opens_sources_as_others_do(artifact_file, artifact):
    lazy = dask_array(artifact_file, REQUEST, region=(0, 0, 20, 10))
    np.testing.assert_array_equal(lazy.compute(scheduler="sync"), open_plane(artifact, REQUEST)[0:10, 0:20])


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"region": (0, 0, 0, 5)}, "empty"),
        ({"region": 5}, "not a region"),
        ({"region": (0, 0, 2**29, 5)}, "out of range"),
        ({"chunks": 0}, "chunks 0"),
        ({"chunks": (1, 2, 3)}, "chunks"),
        ({"source": "mos"}, "did you mean 'moss'"),
        ({"request": TextureRequest(maps="height")}, "no map 'height'"),
    ],
)
def test_wrong_arguments_are_refused(artifact, wrong, message):
    given = {"source": artifact, "request": REQUEST} | wrong
    with pytest.raises(RequestError, match=message):
        dask_array(given.pop("source"), given.pop("request"), **given)


def test_a_missing_dask_is_explained(artifact, monkeypatch):
    monkeypatch.setitem(sys.modules, "dask.array", None)
    with pytest.raises(TexnetError, match=r"a lazy array needs dask.* pip install 'texnet\[dask\]'"):
        dask_array(artifact, REQUEST)


def test_errors_travel_between_processes():
    error = RequestError("a size of 9", expected=["16", "32"], remedy="choose one")
    error.setting = "size"
    again = pickle.loads(pickle.dumps(error))
    assert (type(again), str(again)) == (RequestError, str(error))
    assert (again.allowed, again.setting) == (["16", "32"], "size")

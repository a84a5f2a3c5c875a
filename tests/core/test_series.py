"""Series: which pictures one request stands for, and what they are called."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from texnet_core import RequestError, TextureRequest, open_engine, open_plane, synthesize, write_window
from texnet_core.mapset import ALBEDO, MapSpec
from texnet_core.pictures.color import quantize
from texnet_core.synthesis.map_files import planned
from texnet_core.synthesis.series import Series, expand

REQUEST = TextureRequest(width=64, height=48, seed=7)


def names(udim=None, **series):
    pictures = expand(replace(REQUEST, udim=udim), Series(**series))
    return [planned(Path("a/rock.png"), (ALBEDO,), marks=picture.marks)[0].path.name for picture in pictures]


def test_one_picture_is_the_request_itself():
    assert expand(REQUEST) == [(REQUEST, "")]


def test_names_tell_pictures_apart():
    assert names(count=3) == ["rock_seed7.png", "rock_seed8.png", "rock_seed9.png"]
    assert names(loop=2) == ["rock_0001.png", "rock_0002.png"]
    assert names((2, 2)) == [f"rock.{n}.png" for n in (1001, 1002, 1011, 1012)]
    everything = names((2, 1), count=2, loop=2)
    assert len(set(everything)) == 8 and everything[-1] == "rock_seed8_0002.1002.png"


def test_udim_numbers_run_right_and_up():
    pictures = {marks: request for request, marks in expand(replace(REQUEST, udim=(3, 2)))}
    assert pictures[".1001"].window == (0, 48, 64, 48)  # the lowest row of tiles has the picture's last rows
    assert pictures[".1013"].window == (128, 0, 64, 48)
    assert {request.periods for request in pictures.values()} == {(192, 96)}


def test_udim_tiles_join_and_wrap_as_a_whole(artifact, tmp_path):
    engine = open_engine(artifact, "onnx")
    sheet = np.zeros((96, 192, 3), np.uint8)
    asked = replace(REQUEST, udim=(3, 2))
    for request, marks in expand(asked):
        plane = open_plane(artifact, request, engine=engine)
        (path,) = write_window(plane, tmp_path / "r.png", request.window, marks=marks)
        x, y, width, height = request.window
        with Image.open(path) as image:
            sheet[y : y + height, x : x + width] = np.asarray(image)
    whole = synthesize(artifact, TextureRequest(width=192, height=96, seed=7), engine=engine)["albedo"]
    assert np.array_equal(sheet, quantize(whole, 8))
    assert np.array_equal(synthesize(artifact, asked, engine=engine)["albedo"], whole)


def test_a_map_stands_before_the_marks():
    files = planned(Path("r.png"), (ALBEDO, MapSpec("roughness", 1)), marks="_0001.1001")
    assert [file.path.name for file in files] == ["r_albedo_0001.1001.png", "r_roughness_0001.1001.png"]


def test_a_grid_of_one_tile_is_udim_too():
    assert names((1, 1)) == ["rock.1001.png"]


def test_frames_go_once_around_from_the_phase_that_was_asked_for():
    for first in (0.0, 0.5):
        pictures = expand(replace(REQUEST, phase=first), Series(loop=4))
        assert [picture.request.phase for picture in pictures] == [(first + k / 4) % 1 for k in range(4)]


def test_a_region_stays_the_region_in_all_pictures():
    region = (5, -3, 20, 30)
    pictures = expand(replace(REQUEST, region=region), Series(count=2, loop=2))
    assert [picture.request.window for picture in pictures] == [region] * 4


@pytest.mark.parametrize(
    ("request_", "series", "says"),
    [
        (REQUEST, Series(count=0), "count"),
        (REQUEST, Series(count=10**6), "count"),
        (REQUEST, Series(loop=-1), "loop"),
        (REQUEST, Series(count=10000, loop=10000), "100000000 pictures"),
        (replace(REQUEST, udim=(10, 100), seed=0), Series(count=11), "11000 pictures"),
        (replace(REQUEST, seed=2**32 - 1), Series(count=2), "start at a lower seed"),
        (TextureRequest(width=1), Series(), "width"),
    ],
)
def test_series_that_make_no_sense_are_refused(request_, series, says):
    with pytest.raises(RequestError, match=says):
        expand(request_, series)

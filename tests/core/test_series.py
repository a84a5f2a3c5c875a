from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from texnet_core import RequestError, SynthesisSettings, open_engine, open_texture, synthesize, write_window
from texnet_core.mapset import ALBEDO, MapSpec
from texnet_core.pictures.images import quantize
from texnet_core.synthesis.series import Series, plan_pictures
from texnet_core.synthesis.textures import map_files

SETTINGS = SynthesisSettings(width=64, height=48, seed=7)


def names(**series):
    pictures = plan_pictures(Path("a/rock.png"), SETTINGS, Series(**series))
    return [map_files(picture.path, (ALBEDO,), picture.marks)[0].name for picture in pictures]


def test_one_picture_keeps_its_name():
    (picture,) = plan_pictures(Path("a/rock.png"), SETTINGS, Series())
    assert picture.path == Path("a/rock.png") and picture.settings == SETTINGS
    assert picture.region == (0, 0, 64, 48) and picture.period == (64, 48) and picture.turn == 0


def test_names_tell_pictures_apart():
    assert names(count=3) == ["rock_seed7.png", "rock_seed8.png", "rock_seed9.png"]
    assert names(loop=2) == ["rock_0001.png", "rock_0002.png"]
    assert names(udim_columns=2, udim_rows=2) == [f"rock.{n}.png" for n in (1001, 1002, 1011, 1012)]
    everything = names(count=2, loop=2, udim_columns=2, udim_rows=1)
    assert len(set(everything)) == 8 and everything[-1] == "rock_seed8_0002.1002.png"


def test_udim_numbers_run_right_and_up():
    pictures = plan_pictures(Path("r.png"), SETTINGS, Series(udim_columns=3, udim_rows=2))
    regions = {picture.marks: picture.region for picture in pictures}
    assert regions[".1001"] == (0, 48, 64, 48)  # the lowest row of tiles has the picture's last rows
    assert regions[".1013"] == (128, 0, 64, 48)
    assert {picture.period for picture in pictures} == {(192, 96)}


def test_udim_tiles_join_and_wrap_as_a_whole(artifact, tmp_path):
    engine = open_engine(artifact, "onnx")
    sheet = np.zeros((96, 192, 3), np.uint8)
    for picture in plan_pictures(tmp_path / "r.png", SETTINGS, Series(udim_columns=3, udim_rows=2)):
        plane = open_texture(artifact, picture.settings, period=picture.period, engine=engine)
        (path,) = write_window(plane, picture.path, picture.region, marks=picture.marks)
        x, y, width, height = picture.region
        with Image.open(path) as image:
            sheet[y : y + height, x : x + width] = np.asarray(image)
    whole = synthesize(artifact, (192, 96), 7, engine=engine)["albedo"]
    assert np.array_equal(sheet, quantize(whole, 8))


def test_a_map_stands_before_the_marks():
    files = map_files(Path("r.png"), (ALBEDO, MapSpec("roughness", 1)), "_0001.1001")
    assert [file.name for file in files] == ["r_albedo_0001.1001.png", "r_roughness_0001.1001.png"]


def test_a_grid_of_one_tile_is_udim_too():
    assert names(udim_columns=1, udim_rows=1) == ["rock.1001.png"]


def test_frames_go_once_around():
    turns = [p.turn for p in plan_pictures(Path("r.png"), SETTINGS, Series(loop=4))]
    assert turns == [0, 0.25, 0.5, 0.75]


@pytest.mark.parametrize(
    ("settings", "series", "region", "says"),
    [
        (SETTINGS, Series(count=0), None, "count"),
        (SETTINGS, Series(count=10**6), None, "count"),
        (SETTINGS, Series(loop=-1), None, "loop"),
        (SETTINGS, Series(udim_columns=11), None, "udim_columns"),
        (SETTINGS, Series(udim_rows=-1), None, "udim_rows"),
        (SETTINGS, Series(count=10000, loop=10000), None, "100000000 pictures"),
        (SETTINGS, Series(udim_columns=2, udim_rows=1), (0, 0, 8, 8), "one or the other"),
        (SynthesisSettings(seed=2**32 - 1), Series(count=2), None, "start lower"),
        (SynthesisSettings(width=1), Series(), None, "width"),
        (SETTINGS, Series(), (0, 0, 0, 8), "at least 1"),
    ],
)
def test_requests_that_make_no_sense_are_refused(settings, series, region, says):
    with pytest.raises(RequestError, match=says):
        plan_pictures(Path("r.png"), settings, series, region)

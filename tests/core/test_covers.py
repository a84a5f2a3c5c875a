"""Real size: with `covers`, equal seeds show the same surface at every resolution."""

from dataclasses import replace

import numpy as np
import pytest

from tests.conftest import random_artifact, texture
from texnet_core import (
    RequestError,
    TextureRequest,
    find_source,
    list_presets,
    open_plane,
    read_artifact,
    read_header,
    write_artifact,
)
from texnet_core.lengths import length_text, parse_length, rounded_down, rounded_up
from texnet_core.model import card
from texnet_core.model.real_size import short_side_m, size_note, texels_per_meter
from texnet_core.synthesis.extent import covers_range, usual_covers
from texnet_core.synthesis.series import Series, expand

COVERS = 3.0  # of an exemplar of 256 texels that shows 2 m: 384 texels of the generator, 24 of its cells


@pytest.fixture(scope="module")
def sized():
    return replace(random_artifact(), size_m=2.0)


@pytest.fixture(scope="module")
def patterned():
    return replace(random_artifact(waves=((0.05, 0.0), (0.0, 0.09))), size_m=2.0)


def shrunk(texels, factor):
    height, width, channels = texels.shape
    return texels.reshape(height // factor, factor, width // factor, factor, channels).mean(axis=(1, 3))


def assert_same_places(small, large):
    """The large one, seen from further away, is the small one, and nothing that was moved would be."""
    factor = len(large) // len(small)
    seen = shrunk(large, factor)
    apart = np.abs(seen - small).mean()
    for axis in (0, 1):
        assert np.abs(np.roll(seen, len(small) // 8, axis) - small).mean() > 5 * apart


@pytest.mark.parametrize("fields", [{}, {"tile": "x"}, {"tile": "none"}, {"phase": 0.4}, {"scale": 1.7}], ids=str)
@pytest.mark.parametrize("kind", ["sized", "patterned"])
def test_every_resolution_shows_the_same_features_at_the_same_places(kind, fields, request):
    artifact = request.getfixturevalue(kind)
    small, large = (texture(artifact, side, side, 5, covers=COVERS, **fields) for side in (256, 1024))
    assert_same_places(small, large)


def test_a_real_preset_has_the_same_bricks_at_1024_and_4096():
    bricks = read_artifact(find_source("bricks"))
    small, large = (texture(bricks, side, side // 2, 7, covers=4.0) for side in (1024, 4096))
    assert_same_places(small, large)


def test_height_is_covered_at_the_same_scale(sized):
    """A texture twice as wide as high covers half as much upwards: its cells are as large both ways."""
    plane = open_plane(sized, TextureRequest(width=512, height=256, covers=COVERS))
    assert (plane._columns.made, plane._rows.made) == (384, 192)
    small, large = (texture(sized, side, side // 2, 5, covers=COVERS) for side in (256, 1024))
    assert_same_places(small, large)


def test_where_the_generator_s_own_texels_are_asked_for_nothing_is_resampled(sized):
    made = texture(sized, 384, 192, 5, covers=COVERS)
    assert made.tobytes() == texture(sized, 384, 192, 5).tobytes()


def test_scale_multiplies_real_sizes(sized):
    """Features twice as large on as much surface: as half the surface shows them."""
    plane = open_plane(sized, TextureRequest(width=512, height=512, covers=COVERS, scale=2.0))
    assert plane._columns.made == 192


def test_each_udim_tile_covers_as_much(sized):
    tiles = expand(TextureRequest(width=256, height=256, covers=COVERS, udim=(2, 1)), Series())
    assert [open_plane(sized, tile.request)._columns.made for tile in tiles] == [768, 768]
    small = texture(sized, 128, 128, 5, covers=COVERS, udim=(2, 1))
    large = texture(sized, 512, 512, 5, covers=COVERS, udim=(2, 1))
    assert small.shape == (128, 256, 3)
    assert_same_places(small, large)


def test_a_window_is_a_piece_of_the_whole(sized):
    whole = texture(sized, 300, 200, 5, covers=COVERS)
    part = texture(sized, 300, 200, 5, covers=COVERS, region=(250, 150, 100, 80))
    assert part.tobytes() == np.tile(whole, (2, 2, 1))[150:230, 250:350].tobytes()


def test_windows_of_another_resolution_show_the_same_place(sized):
    small = texture(sized, 256, 256, 5, covers=COVERS, region=(32, 64, 64, 32))
    large = texture(sized, 1024, 1024, 5, covers=COVERS, region=(128, 256, 256, 128))
    assert np.abs(shrunk(large, 4) - small).mean() < 0.15 * small.std()


@pytest.mark.parametrize("fields", [{}, {"tile": "none"}, {"height": 16}, {"scale": 0.25}, {"udim": (3, 1)}], ids=str)
def test_both_ends_of_the_range_can_be_made_and_no_more(sized, fields):
    request = TextureRequest(width=64, **{"height": 64} | fields)
    low, high = covers_range(request, sized)
    for meters in (low, high):
        made = open_plane(sized, replace(request, covers=meters))[0:4, 0:4]
        assert np.isfinite(made).all()
    for meters in (0.98 * low, 1.02 * high):
        with pytest.raises(RequestError, match=r"^covers .* is out of range \(.* to .* for 64x.*; cover that much"):
            open_plane(sized, replace(request, covers=meters))


@pytest.mark.parametrize("side", [16, 64, 300, 2048])
def test_what_suits_a_generator_can_be_had_at_every_size(side):
    for name, path in list_presets().items():
        header = read_header(path)
        low, high = covers_range(TextureRequest(width=side, height=side), header)
        assert low <= usual_covers(header) <= high, name


def test_a_tiny_texture_is_the_large_one_from_far_away(sized):
    tiny, large = (texture(sized, side, side, 5, covers=16.0) for side in (16, 128))  # 128 of its texels in each
    assert np.corrcoef((shrunk(large, 8) - tiny.mean((0, 1))).ravel(), (tiny - tiny.mean((0, 1))).ravel())[0, 1] > 0.8


def test_bounds_that_a_message_names_are_within_the_range():
    for meters in (0.128, 0.1357, 2.0, 277.1, 5120.0, 0.29):
        assert rounded_down(meters) <= meters <= rounded_up(meters)
        assert rounded_up(meters) <= 1.01 * meters and rounded_down(meters) >= 0.99 * meters


@pytest.mark.parametrize("covers", [-1, float("nan"), float("inf"), "2m", True])
def test_a_request_covers_a_number_of_meters(covers):
    with pytest.raises(RequestError, match="covers"):
        TextureRequest(covers=covers).check()


def test_records_carry_it_and_older_ones_have_none():
    assert TextureRequest.from_record(TextureRequest(covers=2.0).record()).covers == 2.0
    assert TextureRequest.from_record({"covers": 2}) == TextureRequest(covers=2.0)
    assert TextureRequest.from_record({"width": 64}).covers == 0.0


def test_an_unknown_size_is_taken_as_a_meter_and_said_so(sized):
    unknown = replace(sized, size_m=None)
    assert texels_per_meter(unknown) == 256 and texels_per_meter(sized) == 128
    assert size_note(sized, "wall") == ""
    assert "wall is not known" in size_note(unknown, "wall") and "--set-size" in size_note(unknown, "wall")
    made, known = (texture(one, 128, 128, 5, covers=1.0) for one in (unknown, replace(unknown, size_m=1.0)))
    assert made.tobytes() == known.tobytes()


def test_usual_extents_are_round_and_near_the_detail_that_there_is():
    for name, path in list_presets().items():
        header = read_header(path)
        meters = usual_covers(header)
        assert f"{meters:e}"[0] in "125" and float(f"{meters:.0e}") == pytest.approx(meters), name
        assert 0.6 < meters * texels_per_meter(header) / 2048 < 1.7, name


def test_a_size_is_stated_without_training(sized, tmp_path):
    path = tmp_path / "wall.texnet"
    write_artifact(path, sized)
    card.state(path, size_m=0.5)
    after = read_artifact(path)
    assert after.size_m == 0.5
    assert replace(after, size_m=2.0, parameters={}) == replace(sized, parameters={})
    for wrong in (0.0, -1.0, float("nan"), 1e8):
        with pytest.raises(RequestError, match="size of a picture cannot be"):
            card.state(path, size_m=wrong)
    assert read_header(path).size_m == 0.5


@pytest.mark.parametrize(("height", "width", "expected"), [(100, 100, 1.2), (100, 200, 0.6), (200, 100, 1.2)])
def test_a_picture_s_width_becomes_its_short_side(height, width, expected):
    assert short_side_m(1.2, height, width) == pytest.approx(expected)
    assert short_side_m(0.0, height, width) is None


@pytest.mark.parametrize(
    ("text", "meters"),
    [
        *[("2", 2), ("2m", 2), ("2 M", 2), (".5", 0.5), (2, 2), (0.25, 0.25)],
        *[("50cm", 0.5), ("5 mm", 0.005), ("1.5km", 1500), ("3ft", 0.9144), ("8in", 0.2032)],
    ],
)
def test_lengths_are_read_in_their_units(text, meters):
    assert parse_length(text) == pytest.approx(meters)


@pytest.mark.parametrize("text", ["", "m", "2 miles", "2m2", "1,5m", "1e3", "nan", "²m", True, None, [2]])
def test_what_is_no_length_is_named(text):
    with pytest.raises(RequestError, match="is not a length; write meters, or 2m"):
        parse_length(text)


@pytest.mark.parametrize(("meters", "text"), [(2, "2 m"), (0.064, "6.4 cm"), (0.002, "2 mm"), (5120, "5.12 km")])
def test_lengths_are_said_in_the_unit_that_suits_them(meters, text):
    assert length_text(meters) == text
    assert parse_length(text) == pytest.approx(meters)

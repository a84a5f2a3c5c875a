"""Pictures painted anew: any block as within the whole, seams, frames, colors, strength, islands."""

from dataclasses import replace

import numpy as np
import pytest

from tests.conftest import ENGINES, STYLE_COLORS, picture, random_style, texture
from texnet_core import Cancelled, RequestError, list_presets, open_engine, read_artifact
from texnet_core.errors import ImageError
from texnet_core.pictures.color import quantize
from texnet_core.pictures.color_statistics import ColorStatistics
from texnet_core.stylization import StylizeRequest, stylize
from texnet_core.stylization.canvas import open_canvas
from texnet_core.stylization.content import content_of, strength_of
from texnet_core.stylization.inputs import PicturePlane, Stretch
from texnet_core.stylization.picture import Picture
from texnet_core.stylization.stores import ArrayStore
from texnet_core.stylization.tiling import tiling_axes

pytestmark = pytest.mark.device
SIZE = (150, 210)  # no multiple of a cell, and several blocks
REQUESTS = [
    {"wrap": "none"},
    {"wrap": "xy"},
    {"wrap": "x", "scale": 1.7},
    {"wrap": "y", "strength": 0.05, "noise": 0.3},
    {"wrap": "none", "width": 300, "height": 170, "keep_colors": True},
]


@pytest.fixture(scope="module")
def style():
    return random_style()


@pytest.fixture(scope="module")
def onnx(style):
    return open_engine(style, "onnx")


@pytest.fixture(scope="module")
def image():
    return picture(*SIZE)


def made(engine, image, strength_map=None, **fields):
    return stylize(engine.artifact, image, StylizeRequest(**fields), strength_map=strength_map, engine=engine)


def tiling(height, width, seed=0):
    """A picture that tiles, with detail of several sizes."""
    rng = np.random.default_rng(seed)
    rows, columns = np.mgrid[0:height, 0:width]
    waves = [
        np.cos(2 * np.pi * (rng.integers(1, 9) * rows / height + rng.integers(1, 9) * columns / width + rng.random()))
        for _ in range(18)
    ]
    return np.clip(0.5 + 0.12 * np.sum(np.reshape(waves, (6, 3, height, width)), axis=0), 0, 1).transpose(1, 2, 0)


@pytest.mark.parametrize("name", ENGINES)
@pytest.mark.parametrize("fields", REQUESTS)
def test_any_region_is_a_piece_of_the_whole(style, image, name, fields):
    engine = open_engine(style, name, precision="f32")
    ramp = np.broadcast_to(np.linspace(0, 1, SIZE[1]), SIZE)
    whole = made(engine, image, ramp, **fields).image
    height, width = whole.shape[:2]
    for x, y, wide, high in [(0, 0, width, 60), (130, 120, 20, 9), (width - 1, height - 1, 1, 1), (0, 40, 1, 90)]:
        part = made(engine, image, ramp, **fields, region=(x, y, wide, high)).image
        assert part.tobytes() == whole[y : y + high, x : x + wide].tobytes()


@pytest.mark.parametrize("name", ENGINES)
def test_windows_have_the_same_bits_in_any_order_by_any_number_of_threads(style, image, name):
    whole = made(open_engine(style, name, precision="f32", threads=1), image, wrap="none").image
    engine = open_engine(style, name, precision="f32", threads=3)
    canvas = open_canvas(engine, content_of(image).picture, StylizeRequest(wrap="none"), None, blocks_at_once=3)
    for y0, y1, x0, x1 in [(100, 150, 0, 210), (0, 150, 120, 140), (127, 129, 127, 129), (0, 10, 0, 10)]:
        assert canvas.plane[y0:y1, x0:x1].tobytes() == whole[y0:y1, x0:x1].tobytes()


def test_the_result_depends_on_noise_content_and_strength(onnx, image):
    first = made(onnx, image).image
    for other in (
        made(onnx, image, seed=1),
        made(onnx, image, noise=0.2),
        made(onnx, image[::-1]),
        made(onnx, image, strength=0.7),
        made(onnx, image, keep_colors=True),
        made(onnx, image, scale=2.0),
    ):
        assert np.abs(other.image - first).mean() > 1e-3


def test_without_noise_all_seeds_are_one(onnx, image):
    assert np.array_equal(made(onnx, image, noise=0, seed=1).image, made(onnx, image, noise=0, seed=2).image)


# Levels


@pytest.mark.parametrize("period", [None, (64, 96)])
@pytest.mark.parametrize("held", [0, 10**4, 10**9])
def test_levels_are_means_on_one_grid_however_many_are_held(monkeypatch, period, held):
    monkeypatch.setattr("texnet_core.stylization.inputs._HELD_BYTES", held)
    rng = np.random.default_rng(0)
    texels = rng.random((3, 64, 96), dtype=np.float32)

    def base(top, left, height, width):
        return texels[:, np.arange(top, top + height) % 64][:, :, np.arange(left, left + width) % 96]

    down, across = (Stretch.around(8, side - 8, 8, side if period else None, 8) for side in (64, 96))
    plane = PicturePlane(base, 3, None, down, across, 4)
    for level in range(4):
        cell = 2**level
        for top, left in [(0, 0), (1, 2), (-3, 1)]:
            window = plane.window(level, top, left, 4, 5)
            fine = base(top * cell, left * cell, 4 * cell, 5 * cell)
            expected = fine.reshape(3, 4, cell, 5, cell).mean(axis=(2, 4))
            np.testing.assert_allclose(window, expected, atol=1e-6)
            shifted = plane.window(level, top - 2, left - 1, 8, 9)
            assert np.array_equal(shifted[:, 2:6, 1:6], window)


# Edges


def steps(lines):
    """Mean step between neighboring columns."""
    return np.abs(np.diff(lines, axis=1)).mean(axis=(0, 2))


@pytest.mark.parametrize("size", [(128, 192), (100, 150)])
def test_what_tiles_goes_on_tiling(onnx, size):
    content = tiling(*size)
    result = made(onnx, content)
    assert result.request.wrap == "xy"
    for image in (result.image, result.image.swapaxes(0, 1)):
        joined = steps(np.concatenate((image[:, -1:], image[:, :1]), axis=1))[0]
        assert joined <= np.quantile(steps(image), 0.95) * 1.05
    moved = made(onnx, content, region=(-40, -30, size[1], size[0])).image
    assert np.array_equal(moved, np.roll(result.image, (30, 40), (0, 1)))


def test_what_does_not_tile_is_seen_not_to(onnx, image):
    assert made(onnx, image).request.wrap == "none"
    content = tiling(96, 96)
    content = np.concatenate((content, content[:20]))
    assert made(onnx, content).request.wrap == "x"


def test_a_picture_that_is_mirrored_shows_no_frame(style, onnx):
    """Of pictures of one kind, texels at the edge are painted like texels inside."""
    edges, insides = [], []
    for seed in range(6):
        result = made(onnx, picture(160, 160, seed), wrap="none", colors=STYLE_COLORS).image
        strip = np.concatenate((result[:3].reshape(-1, 3), result[:, :3].reshape(-1, 3)))
        edges.append(strip)
        insides.append(result[40:120, 40:120].reshape(-1, 3))
    edge, inside = np.concatenate(edges), np.concatenate(insides)
    assert np.abs(edge.mean(0) - inside.mean(0)).max() < 0.35 * inside.std(0).max()
    assert 0.5 < edge.std(0).mean() / inside.std(0).mean() < 2


def test_mirrored_content_is_given_mirrored(style, onnx, image):
    canvas = open_canvas(onnx, content_of(image).picture, StylizeRequest(wrap="none"), None)
    plane = canvas.plane._inputs.planes[1]
    window = plane.window(0, -10, 0, 20, 40)
    assert np.array_equal(window[:, :10], window[:, :9:-1])


# Colors and strength


def test_a_strength_of_zero_leaves_the_picture_as_it_is(onnx):
    content = (picture(90, 130) * 255).astype(np.uint8)
    result = made(onnx, content, strength=0)
    assert np.array_equal(quantize(result.image, 8), content)


def test_a_strength_map_has_its_say_where_it_lies(onnx, image):
    strength = np.zeros(SIZE, np.float32)
    strength[:, 105:] = 1
    result, whole = made(onnx, image, strength).image, made(onnx, image).image
    assert np.array_equal(result[:, :105], image[:, :105])
    assert np.array_equal(result[:, 145:], whole[:, 145:])  # the coarsest cells reach no further
    assert np.abs(result[:, 105:] - image[:, 105:]).mean() > 0.02
    half = made(onnx, image, np.full(SIZE, 128, np.uint8), strength=0.5).image
    assert np.array_equal(half, made(onnx, image, strength=0.5 * 128 / 255).image)


def test_contrast_and_tint_of_the_picture_do_not_matter_where_it_has_the_colors_of_the_style(onnx, image):
    flat = 0.25 + 0.5 * image
    first, second, other = (made(onnx, each).image for each in (image, flat, image[:, ::-1]))
    assert np.abs(first - second).mean() < 0.1 * np.abs(first - other).mean()


def test_a_request_that_was_settled_makes_the_same_again(onnx, image):
    first = made(onnx, image)
    again = stylize(onnx.artifact, image, first.request, engine=onnx)
    assert (again.request, again.image.tobytes()) == (first.request, first.image.tobytes())
    assert StylizeRequest.from_record(first.request.record()) == first.request


def test_several_pictures_can_have_one_look(onnx, image):
    """A piece of a picture is painted as within the picture where it is given the colors of that."""
    whole = made(onnx, image, wrap="none", noise=0)
    piece = made(onnx, image[:, :128], wrap="none", noise=0, colors=whole.request.colors)
    alone = made(onnx, image[:, :128], wrap="none", noise=0)
    inside = slice(0, 64)
    assert np.array_equal(piece.image[:, inside], whole.image[:, inside])
    assert not np.array_equal(alone.image[:, inside], whole.image[:, inside])


def test_colors_can_be_kept(style, onnx):
    """Of a style that makes the colors that it says."""
    content, engine = picture(96, 96) * np.float32([0.2, 0.5, 0.9]), onnx
    for _ in range(4):
        colors = ColorStatistics.of([made(engine, content).image])
        engine = open_engine(replace(style, style_colors=colors), "onnx")
    painted, kept = made(engine, content), made(engine, content, keep_colors=True)
    wanted = painted.request.colors.mean
    off_painted, off_kept = (np.abs(each.image.mean(axis=(0, 1)) - wanted).max() for each in (painted, kept))
    assert off_kept < 0.3 * off_painted


# Islands


def atlas():
    """Two islands and soft edges in a picture whose other colors are hidden."""
    rgba = np.zeros((120, 140, 4), np.float32)
    rgba[..., :3] = picture(120, 140)
    rgba[10:60, 10:70, 3] = 1
    rgba[70:115, 50:130, 3] = 1
    rgba[60:62, 10:70, 3] = 0.3
    return rgba


@pytest.mark.parametrize("fields", [{}, {"scale": 1.5}, {"strength": 0.5}, {"wrap": "xy", "width": 100}])
def test_hidden_colors_have_no_say(onnx, fields):
    first = atlas()
    second = first.copy()
    hidden = second[..., 3] == 0
    second[hidden, :3] = np.random.default_rng(0).random((hidden.sum(), 3))
    one, two = made(onnx, first, **fields), made(onnx, second, **fields)
    assert one.image.tobytes() == two.image.tobytes()
    assert one.request == two.request
    if not fields:
        assert np.array_equal(one.alpha, first[..., 3])


def test_islands_grow_into_their_gutters():
    rgba = np.zeros((64, 64, 4), np.uint8)
    rgba[8:24, 8:24] = (200, 10, 10, 255)
    rgba[40:60, 40:60] = (10, 10, 200, 255)
    colors = content_of(rgba).picture.colors.window(0, 0, 64, 64)
    assert np.array_equal(colors[7, 7], np.float32([200, 10, 10]) / np.float32(255))
    assert np.array_equal(colors[61, 61], np.float32([10, 10, 200]) / np.float32(255))
    assert colors.max(axis=2).min() > 0.3


def test_bands_do_not_show_in_gutters(monkeypatch):
    whole = content_of(atlas()).picture.colors.window(0, 0, 120, 140)
    monkeypatch.setattr("texnet_core.stylization.stores._BAND_TEXELS", 140 * 16)
    assert np.array_equal(content_of(atlas()).picture.colors.window(0, 0, 120, 140), whole)


# Odd sizes and bad input


@pytest.mark.parametrize("size", [(1, 1), (1, 200), (300, 30), (7, 5), (33, 65)])
@pytest.mark.parametrize("wrap", ["auto", "xy", "none"])
def test_pictures_of_any_size_are_painted(onnx, size, wrap):
    result = made(onnx, picture(*size), wrap=wrap)
    assert result.image.shape == (*size, 3)
    assert np.isfinite(result.image).all()


def test_one_texel_can_become_many(onnx):
    assert made(onnx, picture(1, 1), width=40, height=30).image.shape == (30, 40, 3)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (np.zeros((4, 4)), "no picture"),
        (np.zeros((4, 4, 5)), "no picture"),
        (np.zeros((0, 4, 3)), "no picture"),
        (np.full((4, 4, 3), np.nan), "outside of 0 to 1"),
        (np.full((4, 4, 3), 1.5), "outside of 0 to 1"),
        (np.zeros((4, 4, 3), np.int64), "int64"),
        (np.zeros((4, 4, 4)), "transparent everywhere"),
    ],
)
def test_what_is_no_picture_is_refused(onnx, content, message):
    with pytest.raises(ImageError, match=message):
        made(onnx, content)


def test_a_strength_map_of_another_size_is_refused(onnx, image):
    with pytest.raises(ImageError, match="strength map has 3x2 texels, and the picture 210x150"):
        made(onnx, image, np.ones((2, 3)))
    with pytest.raises(ImageError, match="outside of 0 to 1"):
        made(onnx, image, np.full(SIZE, 2.0))
    assert strength_of(np.ones(SIZE, bool), SIZE).min() == 1


def test_a_generator_of_textures_is_no_style(artifact, image):
    with pytest.raises(RequestError, match="no style"):
        stylize(artifact, image)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"strength": 1.1}, "strength 1.1 is out of range"),
        ({"wrap": "z"}, "wrap 'z' is unknown"),
        ({"region": (200, 0, 20, 20), "wrap": "y"}, "from 200 to 220 along x"),
        ({"width": 10, "wrap": "none"}, "too large for a result of 10"),
        ({"depth": 12}, "depth 12"),
    ],
)
def test_requests_that_do_not_fit_are_refused(onnx, image, fields, message):
    with pytest.raises(RequestError, match=message):
        made(onnx, image, **fields)


def test_the_recipe_as_published_has_one_strength(image):
    plain = replace(random_style(strength_channels=0), style_colors=None)
    engine = open_engine(plain, "onnx")
    assert made(engine, image).request.colors is None
    for fields in ({"strength": 0.5}, {"keep_colors": True}):
        with pytest.raises(RequestError):
            made(engine, image, **fields)
    with pytest.raises(RequestError, match="one strength only"):
        made(engine, image, np.ones(SIZE))


def test_senseless_records_are_refused():
    with pytest.raises(RequestError, match="senseless"):
        StylizeRequest.from_record({"colors": {"mean": [0, 0]}})
    colors = ColorStatistics((0.5,) * 3, (0.02, 0.0, 0.0, 0.02, 0.0, 0.02))
    request = StylizeRequest(colors=colors, region=(1, 2, 3, 4))
    assert StylizeRequest.from_record(request.record()) == request


def test_work_can_be_stopped(onnx, image):
    def stop(progress):
        raise Cancelled

    with pytest.raises(Cancelled):
        stylize(onnx.artifact, image, engine=onnx, progress=stop)


def test_a_frame_of_one_color_does_not_tile():
    """Its edges are alike, but nothing goes on there."""
    framed = picture(96, 128)
    framed[:, :2] = framed[:, -2:] = 0.5
    framed[:2] = framed[-2:] = 0.5
    style = random_style()
    assert stylize(style, framed, StylizeRequest(engine="onnx")).request.wrap == "none"


@pytest.mark.parametrize("falls", [0.0, 0.2])
def test_what_is_bright_above_and_dark_below_does_not_tile_however_hard_the_outlines_inside(falls):
    outlines = np.where(np.arange(128) // 8 % 2, 0.7, 0.1)
    rows = outlines + np.linspace(falls, 0, 128)  # the last meets the first with less than an outline's step
    content = rows[:, None, None] * np.linspace(0.8, 1.1, 96)[:, None].repeat(3, axis=1)
    assert ("y" in tiling_axes(content_of(content).picture)) == (not falls)


def test_edges_with_nothing_between_them_do_not_tell():
    content = np.dstack([tiling(32, 32), np.zeros((32, 32), np.float32)])
    content[:, [0, -1], 3] = 1
    assert "x" not in tiling_axes(content_of(content).picture)


def test_a_band_of_which_nothing_is_seen_does_not_tell():
    content = tiling(128, 96)
    content = np.dstack([content, np.ones(content.shape[:2], np.float32)])
    content[40:80, :, 3] = 0
    assert "y" in tiling_axes(content_of(content).picture)


@pytest.mark.parametrize("name", list_presets())
def test_textures_that_tile_are_taken_for_such(name):
    """Wherever they are cut: the edge of bricks may be a joint."""
    made = texture(read_artifact(list_presets()[name]), 256, 256, 0)
    for shift in ((0, 0), (3, 5), (60, 99), (130, 31)):
        assert tiling_axes(Picture(ArrayStore(np.roll(made, shift, (0, 1))))) == "xy", shift


def test_bricks_cut_along_their_joints_tile_and_framed_ones_do_not():
    wall = picture(96, 96) * 0.3 + 0.2
    for top in range(0, 96, 24):
        wall[top : top + 4] = 0.8
    assert "y" in tiling_axes(Picture(ArrayStore(wall)))
    framed = picture(96, 96)
    framed[:3] = framed[-3:] = framed[:, :3] = framed[:, -3:] = 0.5
    assert tiling_axes(Picture(ArrayStore(framed))) == "none"

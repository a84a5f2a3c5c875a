"""Pictures of materials: what light does to maps, seen from outside."""

import subprocess
import sys

import numpy as np
import pytest

from texnet_core.errors import RequestError
from texnet_core.mapset import MATERIAL_MAPS, MapSpec
from texnet_core.rendering import lit_plane, lit_sphere

SIDE = 64
VIEWS = pytest.mark.parametrize("lit", [lit_sphere, lit_plane])
SPECS = {spec.name: spec for spec in MATERIAL_MAPS}


def even(**values):
    """Maps of one value each."""
    return {
        name: np.broadcast_to(np.float32(value), (32, 32, SPECS[name].channels)).copy()
        for name, value in values.items()
    }


def bumps(side=64, relief=0.02):
    """A height of round bumps that repeats, and the normals that belong to it, in OpenGL's convention."""
    y, x = np.mgrid[:side, :side] / side * 2 * np.pi
    height = (0.5 + 0.25 * (np.sin(3 * x) + np.sin(2 * y))).astype(np.float32)
    steep = relief * side * 2 * np.pi / side
    right, down = 0.75 * steep * np.cos(3 * x), 0.5 * steep * np.cos(2 * y)
    vectors = np.stack((-right, down, np.ones_like(x)), axis=-1)
    vectors /= np.linalg.norm(vectors, axis=-1, keepdims=True)
    return height[..., None], ((vectors + 1) / 2).astype(np.float32)


def mean_at(picture, row, column):
    return float(picture[row - 4 : row + 4, column - 4 : column + 4].mean())


@VIEWS
@pytest.mark.parametrize("shape", [(32, 32), (17, 300), (300, 40), (1, 1)])
def test_any_maps_make_a_square_picture(lit, shape):
    maps = {"albedo": np.random.default_rng(0).random((*shape, 3), np.float32)}
    picture = lit(maps, MATERIAL_MAPS, SIDE)
    assert picture.shape == (SIDE, SIDE, 3) and picture.dtype == np.float32
    assert np.isfinite(picture).all() and picture.min() >= 0 and picture.max() <= 1
    assert np.array_equal(picture, lit(maps, MATERIAL_MAPS, SIDE))


def test_a_sphere_is_brighter_toward_the_light_and_round():
    picture = lit_sphere(even(albedo=0.8, roughness=1), MATERIAL_MAPS, SIDE)
    assert mean_at(picture, 20, 22) > mean_at(picture, 32, 32) > mean_at(picture, 48, 46) + 0.1
    corners = picture[:2, :2], picture[-2:, :2], picture[:2, -2:], picture[-2:, -2:]
    assert all(np.ptp(corner) == 0 and corner.mean() == pytest.approx(0.235, abs=0.02) for corner in corners)


@VIEWS
def test_base_colors_are_recognized(lit):
    orange = np.array((0.8, 0.4, 0.1))
    picture = lit(even(albedo=orange, roughness=1), MATERIAL_MAPS, SIDE)
    middle = picture[28:36, 28:36].mean((0, 1))
    assert np.abs(middle - orange).max() < 0.15


@VIEWS
def test_what_is_missing_is_as_if_it_had_its_usual_value(lit):
    bare = lit(even(albedo=0.6), MATERIAL_MAPS, SIDE)
    flat = np.broadcast_to(np.float32((0.5, 0.5, 1)), (32, 32, 3))
    told = even(albedo=0.6, roughness=0.6, metallic=0, ao=1, opacity=1, emission=0, height=0.3) | {"normal": flat}
    assert np.abs(bare - lit(told, MATERIAL_MAPS, SIDE)).max() < 1e-4


@VIEWS
def test_the_height_makes_the_normals_where_there_are_none(lit):
    height, normal = bumps(relief=0.03)
    smooth = np.full_like(height, 0.3)
    of_height = lit({"height": height, "roughness": smooth}, MATERIAL_MAPS, SIDE, relief=0.03)
    of_normal = lit({"normal": normal, "roughness": smooth}, MATERIAL_MAPS, SIDE)
    flat = lit({"roughness": smooth}, MATERIAL_MAPS, SIDE)
    apart = np.abs(of_height - of_normal).mean()
    assert apart < 0.1 * np.abs(of_normal - flat).mean()


def test_a_bump_is_lit_where_it_faces_the_light():
    height, normal = bumps()
    picture = lit_plane({"normal": normal}, MATERIAL_MAPS, SIDE).mean(-1)
    rising_left = np.roll(height[..., 0], 4, 1) - np.roll(height[..., 0], -4, 1)  # slopes that face left
    rising_up = np.roll(height[..., 0], 4, 0) - np.roll(height[..., 0], -4, 0)
    assert np.corrcoef(picture.ravel(), -rising_left.ravel())[0, 1] > 0.3
    assert np.corrcoef(picture.ravel(), -rising_up.ravel())[0, 1] > 0.3


@VIEWS
def test_both_conventions_of_normals_look_alike(lit):
    _, normal = bumps()
    flipped = normal * np.float32((1, -1, 1)) + np.float32((0, 1, 0))
    directx = (MapSpec("normal", 3, "data", normal_convention="directx"),)
    assert np.abs(lit({"normal": normal}, MATERIAL_MAPS, SIDE) - lit({"normal": flipped}, directx, SIDE)).max() < 1e-4
    assert np.abs(lit({"normal": flipped}, MATERIAL_MAPS, SIDE) - lit({"normal": flipped}, directx, SIDE)).max() > 0.01


def test_a_highlight_is_smaller_and_brighter_where_a_surface_is_smooth():
    smooth, rough = (
        lit_sphere(even(albedo=0.2, roughness=roughness), MATERIAL_MAPS, SIDE).mean(-1) for roughness in (0.2, 0.7)
    )
    assert smooth.max() > rough.max() + 0.2
    assert (smooth > (smooth.max() + 0.3) / 2).sum() < 0.02 * SIDE**2


def test_metal_has_colored_highlights_and_others_white_ones():
    red = even(albedo=(0.6, 0.1, 0.1), roughness=0.5)
    brightest = {}
    for metallic in (0, 1):
        picture = lit_sphere(red | even(metallic=metallic), MATERIAL_MAPS, SIDE)
        green = picture[..., 1] ** 2.2
        brightest[metallic] = green.max() - np.median(green[24:40, 24:40])
    assert brightest[0] > 2 * brightest[1]


def test_occlusion_dims_holes_show_what_is_behind_and_emission_shines():
    plain = lit_plane(even(albedo=0.5), MATERIAL_MAPS, SIDE)
    assert lit_plane(even(albedo=0.5, ao=0.2), MATERIAL_MAPS, SIDE).mean() < plain.mean() - 0.03
    assert np.ptp(lit_plane(even(albedo=0.5, opacity=0), MATERIAL_MAPS, SIDE)) < 1e-3
    glowing = lit_plane(even(albedo=0.5, emission=(0, 0, 0.7)), MATERIAL_MAPS, SIDE)
    assert (glowing - plain)[..., 2].min() > 0.05 > np.abs((glowing - plain)[..., 0]).max()


def test_normals_too_fine_to_be_seen_make_a_surface_rougher():
    rng = np.random.default_rng(0)
    vectors = np.concatenate((rng.normal(0, 0.4, (1024, 1024, 2)), np.ones((1024, 1024, 1))), axis=-1)
    fine = ((vectors / np.linalg.norm(vectors, axis=-1, keepdims=True) + 1) / 2).astype(np.float32)
    smooth = np.full((1024, 1024, 1), 0.15, np.float32)
    dull = lit_sphere({"roughness": smooth, "normal": fine}, MATERIAL_MAPS, SIDE)
    assert dull.max() < lit_sphere({"roughness": smooth}, MATERIAL_MAPS, SIDE).max() - 0.1


@VIEWS
@pytest.mark.parametrize(
    ("maps", "side", "repeats"),
    [({}, 64, 1), ({"albedo": np.zeros((8, 8, 3)), "ao": np.zeros((9, 8, 1))}, 64, 1)]
    + [({"ao": np.ones((8, 8, 1))}, side, repeats) for side, repeats in ((0, 1), (5000, 1), (64, 0))],
)
def test_what_cannot_be_drawn_is_refused_in_one_line(lit, maps, side, repeats):
    with pytest.raises(RequestError) as caught:
        lit(maps, MATERIAL_MAPS, side, repeats=repeats)
    assert "\n" not in str(caught.value)


def test_numpy_is_all_it_needs():
    code = "import sys, texnet_core.rendering; print([m for m in ('torch', 'onnxruntime', 'PIL') if m in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout.strip() == "[]"

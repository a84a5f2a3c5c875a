"""Deriving maps from colors: what must hold whatever was learned."""

import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

import build_reliefs
from texnet_core.derivation import DERIVED_MAPS, derive_maps, map_files, network, write_maps
from texnet_core.errors import ImageError, RequestError, WeightsError
from texnet_core.mapset import split_channels
from texnet_core.materials import read_material
from texnet_core.materials.habits import read_name


@pytest.fixture(scope="module")
def wall():
    """A drawing that tiles, 192 texels a side."""
    return np.ascontiguousarray(build_reliefs.draw(0)[0][::2, ::2])


def maps_of(picture):
    return split_channels(picture.image, picture.maps)


def slopes_of(normals):
    """(to the right, downwards) of a surface with these normals."""
    vectors = 2 * normals - 1
    return -vectors[..., 0] / vectors[..., 2], vectors[..., 1] / vectors[..., 2]


def test_all_but_the_colors_are_marked_as_derived(wall):
    made = derive_maps(wall)
    assert made.maps == DERIVED_MAPS
    assert {spec.name: spec.derived for spec in made.maps} == {
        "albedo": False,
        "normal": True,
        "roughness": True,
        "height": True,
        "ao": True,
    }
    assert np.array_equal(maps_of(made)["albedo"], wall)
    assert made.image.dtype == np.float32 and made.image.min() >= 0 and made.image.max() <= 1


@pytest.mark.parametrize("wraps", [False, True])
def test_normals_are_the_slopes_of_the_height(wall, wraps):
    made = derive_maps(wall[:160, :176], wraps=wraps)
    maps = maps_of(made)
    texels = maps["height"][..., 0].astype(np.float64) * made.relief * 160
    across, down = slopes_of(maps["normal"].astype(np.float64))
    inside = slice(1, -1)
    assert np.allclose(across[:, inside], (texels[:, 2:] - texels[:, :-2]) / 2, atol=2e-3)
    assert np.allclose(down[inside], (texels[2:] - texels[:-2]) / 2, atol=2e-3)
    assert across.std() > 0.01
    first = texels[:, 1] - (texels[:, -1] if wraps else texels[:, 0])
    assert np.allclose(across[:, 0], first / (2 if wraps else 1), atol=2e-3)


def test_maps_of_a_picture_that_wraps_go_round_with_it(wall):
    turned = derive_maps(np.roll(wall, (48, -32), (0, 1)), wraps=True)
    assert np.allclose(turned.image, np.roll(derive_maps(wall, wraps=True).image, (48, -32), (0, 1)), atol=1e-4)


@pytest.mark.parametrize("sides", [(187, 203), (700, 520)])
def test_seams_of_a_picture_that_wraps_are_like_the_rest_of_it(sides):
    rows, columns = (np.arange(side) / side * 2 * np.pi for side in sides)
    waves = 0.5 + 0.2 * np.sin(6 * rows)[:, None] + 0.2 * np.sin(8 * columns)[None]
    maps = maps_of(derive_maps(np.repeat(waves[..., None], 3, 2).astype(np.float32), wraps=True))
    for name in ("normal", "roughness", "height", "ao"):
        for axis in (0, 1):
            steps = np.abs(np.diff(maps[name], axis=axis, append=maps[name].take([0], axis))).max(
                axis=tuple({0, 1, 2} - {axis})
            )
            assert steps[-1] <= 1.05 * steps[:-1].max() + 1e-4, (name, axis)


def test_blocks_are_pieces_of_the_whole(wall, monkeypatch):
    whole = network.read_from_colors(wall, wraps=False)
    monkeypatch.setattr(network, "_BLOCK", 64)
    assert np.allclose(network.read_from_colors(wall, wraps=False), whole, atol=1e-4)


def test_equal_pictures_give_equal_bytes(wall):
    assert derive_maps(wall).image.tobytes() == derive_maps(wall).image.tobytes()


def test_what_is_plain_is_flat():
    made = derive_maps(np.full((64, 80, 3), 0.4, np.float32))
    maps = maps_of(made)
    assert made.relief == 0
    assert np.allclose(maps["height"], 0.5) and np.allclose(maps["normal"], [0.5, 0.5, 1], atol=1e-4)


def test_strength_makes_slopes_steeper(wall):
    plain, strong = derive_maps(wall), derive_maps(wall, strength=2)
    assert strong.relief == pytest.approx(2 * plain.relief)
    across, twice = (slopes_of(maps_of(made)["normal"])[0] for made in (plain, strong))
    assert np.allclose(twice, 2 * across, atol=5e-3)
    assert derive_maps(wall, strength=0).relief == 0


def test_large_pictures_keep_their_size_and_their_fine_detail(wall):
    large = np.tile(wall, (6, 3, 1))[:1100, :560]
    made = derive_maps(large)
    height = maps_of(made)["height"][..., 0]
    assert height.shape == (1100, 560)
    assert np.abs(np.diff(height)).max() > 0


def test_hidden_texels_have_the_mean_of_the_others(wall):
    mask = np.ones(wall.shape[:2], bool)
    mask[:, 100:] = False
    made = derive_maps(wall, mask=mask)
    assert np.array_equal(made.mask, mask)
    assert np.allclose(made.image[:, 100:], made.image[:, :100].mean((0, 1)), atol=1e-4)


def test_what_cannot_be_is_refused(wall):
    with pytest.raises(ImageError, match="too small"):
        derive_maps(wall[:8])
    with pytest.raises(RequestError, match="strength"):
        derive_maps(wall, strength=9)
    odd = wall.copy()
    odd[3, 4] = np.nan
    hidden = np.zeros(wall.shape[:2], bool)
    wrong = [
        (odd, None, "values from nan"),
        (255 * wall, None, "values from"),
        ((255 * wall).astype(np.uint8), None, "floats"),
        (wall[..., 0], None, "floats"),
        (wall[:0], None, "no texels"),
        (wall, hidden, "hides all"),
        (wall, hidden[:5], "the mask is"),
    ]
    for picture, mask, found in wrong:
        with pytest.raises(ImageError, match=found):
            derive_maps(picture, mask=mask)


def test_a_damaged_file_is_named(tmp_path):
    file = tmp_path / "readings.safetensors"
    file.write_bytes(b"nothing")
    with pytest.raises(WeightsError, match=r"readings\.safetensors"):
        network.read_readings(file)


def test_the_network_is_small_and_says_whom_it_learned_from():
    from safetensors import safe_open

    assert network.FILE.stat().st_size <= 2**20
    with safe_open(network.FILE, framework="np") as opened:
        assert "CC0" in opened.metadata()["credit"]


def test_files_read_as_the_material_that_was_written(wall, tmp_path):
    made = derive_maps(wall, wraps=True)
    write_maps(map_files(tmp_path, "wall"), made)
    read = read_material(tmp_path)
    assert [spec.name for spec in read.maps] == [spec.name for spec in made.maps]
    for name, values in maps_of(read).items():
        assert np.abs(values - maps_of(made)[name]).mean() < 0.01, name
    assert read.relief == pytest.approx(made.relief, rel=0.1)


def test_no_torch_is_needed(wall, tmp_path):
    np.save(tmp_path / "wall.npy", wall)
    code = (
        "import sys, numpy; from texnet_core.derivation import derive_maps; "
        "derive_maps(numpy.load(sys.argv[1])); sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code, tmp_path / "wall.npy"], check=False).returncode == 0


@pytest.mark.parametrize("number", range(len(build_reliefs.SKETCHES)))
def test_drawings_of_reliefs_are_the_same_every_time_and_tile(number):
    colors, height, seen = build_reliefs.draw(number)
    again = build_reliefs.draw(number)
    assert np.array_equal(colors, again[0]) and np.array_equal(height, again[1])
    assert 0 <= colors.min() and colors.max() <= 1 and 0 < seen.min() and seen.max() <= 1
    for axis in (0, 1):
        steps = np.abs(np.diff(height, axis=axis, append=height.take([0], axis))).mean(axis=1 - axis)
        assert steps[-1] <= 3 * np.sort(steps[:-1])[-8] + 1e-3


@pytest.mark.parametrize("name", ["wall", "wall_albedo", "normal", "metallic", "x_normal", "bent", "ORM"])
def test_files_are_read_as_what_they_are_whatever_the_picture_is_called(tmp_path, name):
    files = map_files(tmp_path, name)
    for role, file in files.items():
        assert file.name.startswith(name)
        assert [part.map for part in read_name(file.name).parts] == [role]
    made = derive_maps(np.random.default_rng(5).random((32, 32, 3)).astype(np.float32))
    write_maps(files, made)
    assert read_material(tmp_path).maps == tuple(replace(spec, derived=False) for spec in made.maps)

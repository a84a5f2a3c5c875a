"""Map sets: what follows where a map says little, and normals that stay unit vectors."""

from dataclasses import asdict

import numpy as np
import pytest

from tests.conftest import MATERIAL, random_artifact
from texnet_core import RequestError
from texnet_core.mapset import (
    ALBEDO,
    MapSpec,
    channels_of,
    chosen_maps,
    shown_colors,
    split_channels,
    with_unit_normals,
)
from texnet_core.model.artifact import from_bytes, to_bytes


@pytest.mark.parametrize(
    ("spec", "role", "depth", "convention"),
    [
        (ALBEDO, "color", 8, ""),
        (MapSpec("emission"), "color", 8, ""),
        (MapSpec("normal", 3, "data"), "normal", 8, "opengl"),
        (MapSpec("roughness", 1, "data"), "scalar", 8, ""),
        (MapSpec("height", 1, "data"), "scalar", 16, ""),
        (MapSpec("detail", 3, "data", role="normal", normal_convention="directx"), "normal", 8, "directx"),
        (MapSpec("height", 1, "data", depth=8), "scalar", 8, ""),
    ],
)
def test_what_a_map_leaves_open_follows_from_its_name_and_color_space(spec, role, depth, convention):
    assert (spec.role, spec.depth, spec.normal_convention) == (role, depth, convention)
    assert spec.check() == MapSpec(**asdict(spec))


@pytest.mark.parametrize(
    "wrong",
    [
        MapSpec("../x"),
        MapSpec("a", 2),
        MapSpec("a", 1, "magic"),
        MapSpec("a", role="taste"),
        MapSpec("normal", 1, "data"),
        MapSpec("a", depth=12),
        MapSpec("a", normal_convention="opengl"),
        MapSpec("normal", 3, "data", normal_convention="blender"),
    ],
)
def test_maps_that_cannot_be_are_refused(wrong):
    with pytest.raises(RequestError):
        wrong.check()


def test_files_carry_all_that_a_map_says():
    maps = (
        MapSpec("bump", 3, "data", role="normal", normal_convention="directx"),
        MapSpec("height", 1, "data", depth=8),
    )
    assert from_bytes(to_bytes(random_artifact(maps=maps)), "maps").maps == maps


def test_channels_are_cut_and_shown_in_order():
    stack = np.arange(8, dtype=np.float32) * np.ones((4, 5, 1), np.float32)
    parts = split_channels(stack, MATERIAL)
    assert channels_of(MATERIAL) == 8 and [part[0, 0].tolist() for part in parts.values()] == [
        [0, 1, 2],
        [3, 4, 5],
        [6],
        [7],
    ]
    assert np.array_equal(shown_colors(parts, MATERIAL), stack[..., :3])
    assert np.array_equal(shown_colors(parts, MATERIAL[2:]), np.repeat(stack[..., 6:7], 3, axis=2))


def lengths(encoded):
    return np.linalg.norm(2 * encoded.astype(np.float64) - 1, axis=-1)


def test_normals_are_made_unit_vectors_and_nothing_else_is_touched():
    stack = np.random.default_rng(0).random((20, 30, 8), np.float32)
    stack[0, 0] = 0.5  # no direction at all
    before = stack.copy()
    parts, old = split_channels(with_unit_normals(stack, MATERIAL), MATERIAL), split_channels(before, MATERIAL)
    np.testing.assert_allclose(lengths(parts["normal"]), 1, atol=1e-6)
    assert parts["normal"][0, 0].tolist() == [0.5, 0.5, 1]
    directions, wanted = 2 * parts["normal"][1:] - 1, 2 * old["normal"][1:] - 1
    np.testing.assert_allclose(directions * np.linalg.norm(wanted, axis=-1, keepdims=True), wanted, atol=1e-5)
    for name in ("albedo", "roughness", "height"):
        assert np.array_equal(parts[name], old[name])


def test_maps_are_chosen_by_name_in_the_order_of_the_generator():
    assert chosen_maps(MATERIAL, "") == MATERIAL
    assert [spec.name for spec in chosen_maps(MATERIAL, " height, albedo,")] == ["albedo", "height"]
    with pytest.raises(RequestError, match=r"no map 'ao'.*albedo, normal, roughness, height"):
        chosen_maps(MATERIAL, "albedo,ao")

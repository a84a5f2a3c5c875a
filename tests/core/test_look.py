"""What a card says of how its surface answers to light: guessed from pictures, told, and kept in range."""

from dataclasses import replace

import numpy as np
import pytest

from tests.conftest import MATERIAL, random_artifact
from texnet_core import TextureRequest, open_engine, open_plane, synthesize
from texnet_core.errors import RequestError
from texnet_core.mapset import MapSpec
from texnet_core.model.look import Look, guess_look
from texnet_core.model.look_maps import derived_maps, lit_maps, look_maps, relief_within


def noise(contrast, seed=0):
    return (0.5 + contrast * np.random.default_rng(seed).standard_normal((64, 64, 3))).clip(0, 1).astype(np.float32)


def test_more_contrast_is_guessed_as_more_relief_and_a_rougher_surface():
    looks = [guess_look(noise(contrast)) for contrast in (0.02, 0.05, 0.1)]
    assert looks[0].bump < looks[1].bump < looks[2].bump
    assert looks[0].roughness < looks[1].roughness < looks[2].roughness


def test_tones_are_those_between_which_the_picture_lies():
    image = np.full((40, 40, 3), 0.5, np.float32)
    image[:20] = 0.25
    look = guess_look(image)
    assert look.dark == pytest.approx(0.051, abs=2e-3) and look.bright == pytest.approx(0.214, abs=2e-3)


@pytest.mark.parametrize("tone", [0.0, 0.5, 1.0])
def test_a_plain_picture_has_tones_apart_within_their_range(tone):
    look = guess_look(np.full((40, 40, 3), tone, np.float32)).check()
    assert look.bright - look.dark > 0.01 and look.spread > 0.01


def test_what_takes_no_part_is_not_looked_at():
    image, mask = noise(0.05), np.ones((64, 64), bool)
    spoiled = image.copy()
    spoiled[:16] = 1.0
    mask[:16] = False
    told, seen = guess_look(spoiled, mask), guess_look(image)
    assert told.bright == pytest.approx(seen.bright, abs=0.02) and guess_look(spoiled).bright > seen.bright + 0.05


def test_what_is_told_replaces_what_is_guessed():
    guessed = guess_look(noise(0.05))
    told = guessed.changed({"bump": -0.5, "metallic": 1})
    assert (told.bump, told.metallic, told.dark, told.roughness_dark) == (
        -0.5,
        1,
        guessed.dark,
        guessed.roughness_dark,
    )


@pytest.mark.parametrize("told", [{"bump": 1.5}, {"roughness_dark": -0.1}, {"metallic": "yes"}, {"shine": 1}])
def test_what_is_told_wrongly_is_refused(told):
    with pytest.raises(RequestError):
        Look().changed(told)


def round_it(picture):
    """A picture that repeats, with one texel of it on each side."""
    return np.pad(picture, ((1, 1), (1, 1), (0, 0)), mode="wrap")


def test_a_look_becomes_maps_between_its_ends():
    gray = np.linspace(0, 1, 64, dtype=np.float32).reshape(8, 8, 1).repeat(3, axis=2)
    look = Look(bump=0.5, roughness_dark=0.9, roughness_bright=0.3, metallic=0.7, dark=0.1, bright=0.6)
    maps = look_maps(round_it(gray), look, relief=4.0)
    assert all(plane.shape[:2] == (8, 8) and plane.dtype == np.float32 for plane in maps.values())
    assert maps["roughness"].max() == pytest.approx(0.9) and maps["roughness"].min() == pytest.approx(0.3)
    assert (maps["metallic"] == np.float32(0.7)).all()
    assert maps["height"].flat[0] == 0 and maps["height"].flat[-1] == 1
    assert np.allclose(look_maps(round_it(gray), look.changed({"bump": -0.5}), 4.0)["height"], 1 - maps["height"])


@pytest.mark.parametrize("bump", [0.5, -0.5])
def test_normals_of_a_look_are_the_slopes_of_its_height(bump):
    maps = look_maps(round_it(noise(0.1)), Look(bump=bump), relief=3.0)
    vectors = 2 * maps["normal"] - 1
    assert np.allclose(np.linalg.norm(vectors, axis=2), 1, atol=1e-5)
    rise = 3.0 * maps["height"][..., 0]
    right = (np.roll(rise, -1, 1) - np.roll(rise, 1, 1)) / 2
    up = (np.roll(rise, 1, 0) - np.roll(rise, -1, 0)) / 2
    assert np.allclose(vectors[..., 0] / vectors[..., 2], -right, atol=1e-4)
    assert np.allclose(vectors[..., 1] / vectors[..., 2], -up, atol=1e-4)


@pytest.mark.parametrize(("bump", "relief"), [(0.5, 0.02 * 0.5 * 2), (-0.5, 0.02 * 0.5 * 2), (0.0, 0.0)])
def test_relief_of_a_look_is_a_share_of_the_texture(bump, relief):
    """An exemplar of 256 texels is twice the side of a texture of 128; without bump there is no height at all."""
    header = replace(random_artifact(), look=Look(bump=bump), texels_per_exemplar=256)
    found = relief_within(header, 128)
    maps, specs = lit_maps({"albedo": noise(0.1)}, header.maps, header, found)
    assert [spec.name for spec in specs] == list(maps)
    assert ("height" in maps) == ("normal" in maps) == bool(bump)
    assert found == pytest.approx(relief)


def made_of(*names):
    return {name: noise(0.1, seed)[..., : 1 + 2 * (name != "roughness")] for seed, name in enumerate(names)}


def header_of(made, look):
    specs = tuple(MapSpec(name, plane.shape[2], "sRGB" if name == "albedo" else "data") for name, plane in made.items())
    return replace(random_artifact(maps=specs), look=look, relief=0.1)


def test_maps_that_are_made_stay_as_they_are():
    made = made_of("albedo", "normal", "roughness")
    header = header_of(made, Look())
    maps, _ = lit_maps(made, header.maps, header, 0.1)
    assert maps == made and relief_within(header, header.texels_per_exemplar) == pytest.approx(0.1)


@pytest.mark.parametrize(
    ("made", "look", "added"),
    [
        (("albedo",), Look(), ["normal", "roughness", "height"]),
        (("albedo",), Look(metallic=1.0), ["normal", "roughness", "metallic", "height"]),
        (("albedo",), Look(bump=0.0), ["roughness"]),
        (("albedo", "normal"), Look(metallic=0.5), ["roughness", "metallic"]),
        (("albedo",), None, []),
        (("roughness",), Look(), []),
    ],
)
def test_a_look_adds_what_its_generator_does_not_make(made, look, added):
    specs = derived_maps(header_of(made_of(*made), look))
    assert [spec.name for spec in specs] == added and all(spec.derived for spec in specs)


@pytest.fixture(scope="module")
def bricks():
    return replace(random_artifact(), look=Look(bump=-0.4, metallic=0.3, dark=0.2, bright=0.6))


@pytest.mark.parametrize("fields", [{}, {"scale": 1.3}, {"tile": "none"}], ids=["as made", "resampled", "endless"])
def test_any_window_of_a_material_from_a_look_is_the_same_window_of_the_whole(bricks, fields):
    plane = open_plane(bricks, TextureRequest(width=300, height=280, material=True, engine="onnx", **fields))
    whole = plane[-20:300, -20:320]
    assert whole.shape == (320, 340, plane.channels) and plane.channels == 3 + 3 + 1 + 1 + 1
    for top, bottom, left, right in [(0, 280, 0, 300), (-7, 13, 255, 257), (150, 151, 10, 300), (255, 300, -20, 320)]:
        assert np.array_equal(plane[top:bottom, left:right], whole[top + 20 : bottom + 20, left + 20 : right + 20])
    bands = np.concatenate(list(plane.bands(-20, -20, 320, 340)))
    assert np.array_equal(bands, whole)
    colors = open_plane(bricks, TextureRequest(width=300, height=280, engine="onnx", **fields))
    assert np.array_equal(colors[0:280, 0:300], whole[20:300, 20:320, :3])


def test_maps_of_a_look_repeat_with_the_texture(bricks):
    request = TextureRequest(width=256, height=160, material=True, engine="onnx")
    made = synthesize(bricks, request)
    assert list(made) == ["albedo", "normal", "roughness", "metallic", "height"]
    expected = look_maps(round_it(made["albedo"]), bricks.look, 0.02 * 0.4 * bricks.texels_per_exemplar)
    assert all(np.allclose(made[name], expected[name], atol=1e-6) for name in expected)


def test_relief_keeps_its_depth_where_features_are_scaled(bricks):
    """Features twice as large, on twice the texels, have slopes as steep."""
    slopes = [
        np.abs(synthesize(bricks, TextureRequest(width=side, height=side, scale=scale, material=True))["normal"] - 0.5)
        for side, scale in ((256, 1.0), (512, 2.0))
    ]
    assert slopes[1][..., :2].mean() == pytest.approx(slopes[0][..., :2].mean(), rel=0.15)


def test_maps_of_a_look_can_be_chosen_and_what_there_is_not_is_refused(bricks):
    request = TextureRequest(width=64, height=64, maps="height,albedo")
    assert list(synthesize(bricks, replace(request, material=True))) == ["albedo", "height"]
    with pytest.raises(RequestError, match=r"no map 'height' by itself.*material"):
        synthesize(bricks, request)
    flat = replace(bricks, look=Look(bump=0.0))
    with pytest.raises(RequestError, match=r"no map 'height' .*albedo, roughness"):
        synthesize(flat, replace(request, material=True))
    with pytest.raises(RequestError, match="no look"):
        open_plane(random_artifact(), TextureRequest(material=True))


def test_no_block_is_made_twice_however_wide_a_material_is(bricks):
    """A chunk needs a row of texels from the blocks above and below."""
    engine = open_engine(bricks, "onnx")
    made = []

    def counted(inputs, top, left, height, width, constants):
        made.append((top, left))
        return np.full((height, width, 3), 0.5, np.float32)

    engine.block = counted
    plane = open_plane(bricks, TextureRequest(width=65536, height=512, material=True), engine=engine)
    for _ in plane.bands(0, 0, 512, 65536, lambda texels: texels[:, :1]):
        pass
    assert len(made) == len(set(made))


def test_a_whole_material_is_the_same_with_and_without_its_look():
    pbr = replace(random_artifact(maps=MATERIAL), look=Look())
    asked = TextureRequest(width=64, height=64)
    with_look, without = synthesize(pbr, replace(asked, material=True)), synthesize(pbr, asked)
    assert with_look.keys() == without.keys()
    assert all(np.array_equal(with_look[name], without[name]) for name in without)

"""What a card says of how its surface answers to light: guessed from pictures, told, and kept in range."""

from dataclasses import replace

import numpy as np
import pytest

from tests.conftest import random_artifact
from texnet_core.errors import RequestError
from texnet_core.mapset import MapSpec
from texnet_core.model.look import Look, guess_look
from texnet_core.model.look_maps import lit_maps, look_maps


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


def test_a_look_becomes_maps_between_its_ends():
    gray = np.linspace(0, 1, 64, dtype=np.float32).reshape(8, 8, 1).repeat(3, axis=2)
    look = Look(bump=0.5, roughness_dark=0.9, roughness_bright=0.3, metallic=0.7, dark=0.1, bright=0.6)
    maps = look_maps(gray, look)
    assert all(plane.shape == (8, 8, 1) and plane.dtype == np.float32 for plane in maps.values())
    assert maps["roughness"].max() == pytest.approx(0.9) and maps["roughness"].min() == pytest.approx(0.3)
    assert (maps["metallic"] == np.float32(0.7)).all()
    assert maps["height"].flat[0] == 0 and maps["height"].flat[-1] == 1
    assert np.allclose(look_maps(gray, look.changed({"bump": -0.5}))["height"], 1 - maps["height"])


@pytest.mark.parametrize(("bump", "relief"), [(0.5, 0.02 * 0.5 * 2), (-0.5, 0.02 * 0.5 * 2), (0.0, None)])
def test_relief_of_a_look_is_a_share_of_the_texture(bump, relief):
    """An exemplar of 256 texels is twice the side of a texture of 128; without bump there is no height at all."""
    header = replace(random_artifact(), look=Look(bump=bump), texels_per_exemplar=256)
    maps, specs, found = lit_maps({"albedo": noise(0.1)}, header, 128)
    assert [spec.name for spec in specs] == list(maps)
    assert ("height" in maps) == (relief is not None)
    assert relief is None or found == pytest.approx(relief)


def test_maps_that_are_made_stay_as_they_are():
    made = {"albedo": noise(0.1), "normal": noise(0.1, 1), "roughness": noise(0.1, 2)[..., :1]}
    specs = tuple(MapSpec(name, plane.shape[2], "sRGB" if name == "albedo" else "data") for name, plane in made.items())
    header = replace(random_artifact(maps=specs), look=Look(), relief=0.1)
    maps, _, relief = lit_maps(made, header, header.texels_per_exemplar)
    assert all(maps[name] is plane for name, plane in made.items())
    assert "height" not in maps and relief == pytest.approx(0.1)

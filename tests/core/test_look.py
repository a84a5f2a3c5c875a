"""What a card says of how its surface answers to light: guessed from pictures, told, and kept in range."""

import numpy as np
import pytest

from texnet_core.errors import RequestError
from texnet_core.model.look import Look, guess_look


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

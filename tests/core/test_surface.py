"""Properties of flattening; warnings on textures of noise and tiles, clean and damaged in known ways."""

import numpy as np
import pytest
from PIL import Image

from texnet_core.pictures.color import linear_to_srgb, srgb_to_linear
from texnet_core.pictures.surface import find_warnings, flatten_lighting

SIDE = 256
Y, X = ((grid + 0.5) / SIDE for grid in np.mgrid[:SIDE, :SIDE])
LIGHTS = {
    "vignette": 1 - 1.2 * ((Y - 0.5) ** 2 + (X - 0.5) ** 2),
    "from one side": 0.4 + 0.6 * X,
    "from a corner": 0.4 + 0.3 * X + 0.3 * Y,
}


def tone(*waves):
    """Gray from cosines of (cycles down, cycles across, amplitude)."""
    values = np.full((SIDE, SIDE), 0.35) + sum(
        a * np.cos(2 * np.pi * (down * Y + across * X)) for down, across, a in waves
    )
    return linear_to_srgb(np.repeat(values[..., None], 3, axis=2))


def pebbles(seed=0):
    """Noise of all orientations around 16 cycles across, in two colors."""
    frequency = np.hypot(*np.meshgrid(np.fft.fftfreq(SIDE, 1 / SIDE), np.fft.fftfreq(SIDE, 1 / SIDE)))
    noise = np.fft.fft2(np.random.default_rng(seed).normal(size=(SIDE, SIDE)))
    values = np.fft.ifft2(noise * np.exp(-(((frequency - 16) / 5) ** 2))).real
    grain = np.random.default_rng(seed).normal(0, 0.04, (SIDE, SIDE))
    share = np.clip(0.5 + 0.2 * values / values.std() + grain, 0, 1)[..., None]
    return (share * [0.7, 0.6, 0.5] + (1 - share) * [0.25, 0.3, 0.3]).astype(np.float32)


def tiles():
    """16 x 16 of four tones, with joints."""
    cell = np.random.default_rng(1).choice([0.45, 0.5, 0.55, 0.6], (16, 16))
    values = np.kron(cell, np.ones((16, 16))) + np.random.default_rng(2).normal(0, 0.02, (SIDE, SIDE))
    values[::16] = values[:, ::16] = 0.2
    return np.repeat(np.clip(values, 0, 1)[..., None], 3, axis=2).astype(np.float32)


TEXTURES = {"pebbles": pebbles(), "tiles": tiles()}


@pytest.fixture(params=TEXTURES)
def texture(request):
    return TEXTURES[request.param]


def lit(picture, light):
    return linear_to_srgb(srgb_to_linear(picture) * light[..., None])


def luminance(picture):
    return srgb_to_linear(picture) @ [0.2126, 0.7152, 0.0722]


def in_perspective(picture, narrow=0.5):
    """The last row shows the middle of the picture only, seen from nearer."""
    image = Image.fromarray((picture * 255).astype(np.uint8))
    inset = SIDE * (1 - narrow) / 2
    corners = [(0, 0), (inset, SIDE), (SIDE - inset, SIDE), (SIDE, 0)]
    rows, values = [], []
    for (x, y), (u, v) in zip([(0, 0), (0, SIDE), (SIDE, SIDE), (SIDE, 0)], corners, strict=True):
        rows += [[x, y, 1, 0, 0, 0, -u * x, -u * y], [0, 0, 0, x, y, 1, -v * x, -v * y]]
        values += [u, v]
    weights = np.linalg.solve(np.array(rows, float), np.array(values, float))
    warped = image.transform((SIDE, SIDE), Image.Transform.PERSPECTIVE, weights, Image.Resampling.BICUBIC)
    return np.asarray(warped, np.float32) / 255


@pytest.mark.parametrize("light", LIGHTS)
def test_flattening_undoes_light(texture, light):
    """A picture and the same in other light become one."""
    flat, again = flatten_lighting(texture), flatten_lighting(lit(texture, LIGHTS[light]))
    before = np.log2((luminance(texture) + 0.01) / (luminance(lit(texture, LIGHTS[light])) + 0.01))
    after = np.log2((luminance(flat) + 0.01) / (luminance(again) + 0.01))
    assert after.std() < 0.2 * before.std()


@pytest.mark.parametrize("picture", [tone((4, 0, 0.1), (0, 8, 0.1)), tone((6, 5, 0.2)), tone()])
def test_flattening_leaves_what_repeats(picture):
    np.testing.assert_allclose(flatten_lighting(picture), picture, atol=0.03)


def test_flattening_keeps_mean_hue_shape_and_range(texture):
    picture = lit(texture, LIGHTS["from one side"])[:200]
    flat = flatten_lighting(picture)
    assert flat.shape == picture.shape and flat.dtype == np.float32 and flat.min() >= 0 and flat.max() <= 1
    assert luminance(flat).mean() == pytest.approx(luminance(picture).mean(), rel=0.01)
    shares = [values / values.sum(axis=2, keepdims=True) for values in map(srgb_to_linear, (picture, flat))]
    inside = flat.max(axis=2) < 1
    np.testing.assert_allclose(shares[0][inside], shares[1][inside], atol=1e-3)


def test_flattening_turns_with_the_picture(texture):
    picture = lit(texture, LIGHTS["from one side"])
    for turn in (np.flipud, np.fliplr, lambda p: np.swapaxes(p, 0, 1)):
        np.testing.assert_allclose(flatten_lighting(turn(picture)), turn(flatten_lighting(picture)), atol=1e-4)


def test_deep_shadow_is_not_torn_up():
    """The gain of a half in black is 4, and twice that where restoring the mean doubles all; black stays black."""
    light = np.where(X < 0.5, 0.6, 0.002) * (1 + 0.1 * np.random.default_rng(0).normal(size=(SIDE, SIDE)))
    picture = linear_to_srgb(np.repeat(light[..., None], 3, axis=2))
    flat = luminance(flatten_lighting(picture))
    assert flat[:, 160:].max() <= 8.5 * luminance(picture)[:, 160:].max()
    np.testing.assert_array_equal(flatten_lighting(np.zeros((64, 300, 3), np.float32)), 0)


def test_a_clean_texture_has_no_warnings_however_it_lies(texture):
    for picture in (texture, np.swapaxes(texture, 0, 1), np.roll(texture, (30, 50), (0, 1)), texture[:, :200]):
        assert find_warnings(picture) == []
    assert find_warnings(np.repeat(texture[..., :1], 3, axis=2)) == []


@pytest.mark.parametrize("seed", range(4))
def test_white_noise_has_no_warnings(seed):
    assert find_warnings(np.random.default_rng(seed).random((192, 226, 3), np.float32)) == []


@pytest.mark.parametrize("light", LIGHTS)
def test_uneven_light_is_named_and_flattening_is_its_remedy(texture, light):
    picture = lit(texture, LIGHTS[light])
    (said,) = find_warnings(picture)
    assert "uneven" in said and "flatten" in said
    assert find_warnings(picture, flatten=True) == [] == find_warnings(flatten_lighting(picture))


def test_perspective_is_named_with_its_direction(texture):
    warped = in_perspective(texture)
    for picture, direction in ((warped, "top to bottom"), (np.swapaxes(warped, 0, 1), "left to right")):
        (said,) = find_warnings(picture)
        assert "perspective" in said and direction in said and "rectify" in said


@pytest.mark.parametrize("color", [0.0, 1.0])
@pytest.mark.parametrize("edges", [(12, 12, 12, 12), (30, 30, 0, 0), (0, 0, 0, 40), (200, 0, 0, 0)])
def test_frames_are_named_and_what_is_inside_is_judged_without_them(texture, color, edges):
    """The last leaves too little to judge."""
    top, bottom, left, right = edges
    picture = texture.copy()
    picture[:top] = picture[SIDE - bottom :] = picture[:, :left] = picture[:, SIDE - right :] = color
    (said,) = find_warnings(picture)
    assert "border" in said and "crop" in said


def test_joints_at_an_edge_are_no_frame():
    picture = tiles()
    for width in (1, 4):
        for place in range(width):
            picture[place::16] = picture[:, place::16] = 0.2
        assert not any("border" in said for said in find_warnings(picture))


def test_a_plain_a_blurred_and_a_huge_pattern_are_named():
    noise = np.random.default_rng(0).normal(0, 0.002, (SIDE, SIDE, 1)).astype(np.float32)
    (said,) = find_warnings(np.full((SIDE, SIDE, 3), 0.5, np.float32) + noise)
    assert "contrast" in said
    (said,) = find_warnings(tone((9, 8, 0.2), (7, -9, 0.1)))
    assert "blurred" in said
    assert any("more of the surface" in said for said in find_warnings(tone((2, 1, 0.2), (40, 40, 0.1))))


def test_a_plain_surface_in_uneven_light_is_plain_once_flattened():
    gradient = lit(np.full((SIDE, SIDE, 3), 0.5, np.float32), LIGHTS["from a corner"])
    (said,) = find_warnings(gradient, flatten=True)
    assert "one color" in said and "one color" not in " ".join(find_warnings(gradient))


@pytest.mark.parametrize("shape", [(1, 1), (127, 5000), (128, 128), (128, 2000)])
def test_any_shape_and_any_content_will_do(shape):
    for picture in (np.zeros((*shape, 3)), np.ones((*shape, 3)), np.random.default_rng(0).random((*shape, 3))):
        for said in find_warnings(picture.astype(np.float32)):
            assert "\n" not in said and not said.endswith(".")
        assert flatten_lighting(picture.astype(np.float32)).shape == picture.shape

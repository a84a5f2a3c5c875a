"""Pictures painted in a style by optimizing their pixels."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from tests.conftest import picture
from texnet_core import Cancelled
from texnet_core.circular import extend_by_one
from texnet_core.descriptor.vgg19 import Vgg19
from texnet_core.descriptor.weights import load_vgg19
from texnet_core.errors import ImageError, RequestError
from texnet_core.losses.content import content_distance
from texnet_core.optimization import optimize_painting
from texnet_core.optimization.painting import CONTENT_LAYER, painting_size
from texnet_core.settings import DescriptorSettings, OptimizeSettings
from texnet_core.style_settings import PaintingSettings

QUICK = OptimizeSettings(width=64, height=64, steps=6, precision="f32", device="cpu")
FIRST = replace(QUICK, steps=1, optimizer="adam")  # which looks before it moves: the best is what it began at
PAINTING = PaintingSettings(style_size=64, wrap="none")


@pytest.fixture
def descriptor(random_vgg19_file):
    return DescriptorSettings(vgg19=str(random_vgg19_file), padding="zero")


@pytest.fixture(scope="module")
def content():
    return picture(64, 64, seed=1)


@pytest.fixture(scope="module")
def style():
    """Stripes of two colors."""
    y, x = np.mgrid[0:96, 0:80].astype(np.float32)
    share = (0.5 + 0.5 * np.sin((x + 2 * y) / 3))[..., None]
    return np.float32(share * [0.9, 0.6, 0.1] + (1 - share) * [0.1, 0.2, 0.6])


def painted(content, style, descriptor, settings=QUICK, **changes):
    return optimize_painting(content, style, settings, replace(PAINTING, **changes), descriptor)


def kept(image, content, weights):
    """How far a picture is from the content in what it shows."""
    vgg19 = Vgg19(load_vgg19(weights), (CONTENT_LAYER,), padding="zero")
    maps = [vgg19(torch.from_numpy(each).permute(2, 0, 1)[None])[CONTENT_LAYER] for each in (image, content)]
    return float(content_distance(*maps))


@pytest.mark.parametrize(
    ("optimizer", "changes"),
    [
        ("lbfgs", {}),
        ("lbfgs", {"style_loss": "wasserstein"}),
        ("adam", {"style_loss": "wasserstein"}),
        ("lbfgs", {"start": "noise"}),
    ],
)
def test_the_loss_falls(content, style, descriptor, optimizer, changes):
    losses = []
    settings, painting = replace(QUICK, optimizer=optimizer, lr=0.05), replace(PAINTING, **changes)
    made = optimize_painting(
        content, style, settings, painting, descriptor, progress=lambda report: losses.append(report.loss)
    )
    losses = [loss for loss in losses if loss is not None]
    assert made.image.shape == (64, 64, 3) and made.image.dtype == np.float32
    assert 0 <= made.image.min() and made.image.max() <= 1
    assert made.loss <= losses[-1] < 0.95 * losses[0]


def test_the_pixels_begin_at_the_content(content, style, descriptor):
    assert np.abs(painted(content, style, descriptor, FIRST).image - content).max() < 1e-6
    assert np.abs(painted(content, style, descriptor, FIRST, start="noise").image - content).max() > 0.1


def test_more_weight_keeps_more_of_the_content(content, style, descriptor):
    fast = replace(QUICK, optimizer="adam", lr=0.1)
    free, bound = (painted(content, style, descriptor, fast, content_weight=weight).image for weight in (0.0, 30.0))
    assert kept(bound, content, descriptor.vgg19) < 0.8 * kept(free, content, descriptor.vgg19)


def test_a_content_that_tiles_is_seen_to_and_tiles_at_any_size(style, descriptor):
    """Waves with whole periods, scaled down: what comes of them is what is drawn at that size."""

    def waves(side, columns):
        y, x = np.mgrid[0:side, 0:columns].astype(np.float32) + 0.5
        wave = 0.5 + 0.4 * np.sin(2 * np.pi * (x / columns + 2 * y / side))
        return np.repeat(np.float32(wave)[..., None], 3, axis=2)

    made = painted(waves(128, 128), style, descriptor, FIRST, wrap="auto").image
    mirrored = painted(waves(128, 128), style, descriptor, FIRST, wrap="none").image
    assert np.abs(made - waves(64, 64)).max() < 1e-3 < np.abs(mirrored - waves(64, 64)).max()
    two = replace(QUICK, steps=2)
    tiles, told = (painted(waves(64, 64), style, descriptor, two, wrap=wrap).image for wrap in ("auto", "xy"))
    assert np.array_equal(tiles, told)


@pytest.mark.parametrize(("wrap", "dims", "shifts"), [("xy", (2, 3), (16, 32)), ("x", (3,), (16,)), ("y", (2,), (32,))])
def test_no_place_along_an_axis_that_wraps_is_special(random_vgg19_file, wrap, dims, shifts):
    vgg19 = Vgg19(load_vgg19(str(random_vgg19_file)), (CONTENT_LAYER,), padding="zero")
    image = torch.from_numpy(picture(64, 64)).permute(2, 0, 1)[None]

    def seen(image):
        return vgg19(image, extend=lambda x: extend_by_one(x, wrap))[CONTENT_LAYER]

    torch.testing.assert_close(
        seen(image.roll(shifts, dims)), seen(image).roll([shift // 8 for shift in shifts], dims), rtol=1e-3, atol=1e-4
    )


def test_a_mirrored_edge_is_no_frame(random_vgg19_file):
    """Of a picture of one color, all places look alike; with zeros beyond the edge they do not."""
    vgg19 = Vgg19(load_vgg19(str(random_vgg19_file)), (CONTENT_LAYER,), padding="zero")
    flat = torch.full((1, 3, 64, 64), 0.7)
    mirrored, zeros = (
        vgg19(flat, extend=extend)[CONTENT_LAYER] for extend in (lambda x: extend_by_one(x, "none"), None)
    )
    assert mirrored.std((2, 3)).max() < 1e-4 < zeros.std((2, 3)).max()


def test_a_gray_style_paints_in_grays(content, style, descriptor):
    gray = np.repeat(style[..., :1], 3, axis=2)
    assert np.ptp(painted(content, gray, descriptor).image, axis=2).max() == 0


@pytest.mark.parametrize("loss", ["gram", "wasserstein"])
def test_hidden_texels_of_a_style_have_no_say(content, style, descriptor, loss):
    mask = np.ones(style.shape[:2], np.bool_)
    mask[:40, :40] = False
    other = np.where(mask[..., None], style, np.float32(1))
    two = replace(QUICK, steps=2)
    first, second = (
        optimize_painting(content, each, two, replace(PAINTING, style_loss=loss), descriptor, mask=mask).image
        for each in (style, other)
    )
    assert np.array_equal(first, second)


def test_equal_seeds_make_equal_paintings(content, style, descriptor):
    two = replace(QUICK, steps=2)
    first, again, other = (
        painted(content, style, descriptor, replace(two, seed=seed), start="noise").image for seed in (0, 0, 1)
    )
    assert np.array_equal(first, again) and not np.array_equal(first, other)


@pytest.mark.parametrize(
    ("shape", "box", "size"),
    [
        ((300, 400), (256, 256), (256, 192)),
        ((400, 300), (256, 256), (192, 256)),
        ((300, 400), (128, 512), (128, 96)),
        ((100, 100), (256, 256), (96, 96)),  # nothing is enlarged
        ((20, 20), (256, 256), (64, 64)),  # but for the smallest
        ((100, 1000), (256, 256), (640, 64)),
        ((16, 16000), (256, 256), (4096, 64)),
    ],
)
def test_what_is_made_fits_the_box_and_has_the_aspect(shape, box, size):
    settings = replace(QUICK, width=box[0], height=box[1])
    assert painting_size(np.zeros((*shape, 3), np.float32), settings) == size


def test_cancelling_stops_at_once(content, style, descriptor):
    steps = []

    def stop(report):
        steps.append(report.step)
        raise Cancelled

    with pytest.raises(Cancelled):
        optimize_painting(content, style, QUICK, PAINTING, descriptor, progress=stop)
    assert len(steps) == 1


def test_what_is_of_no_use_is_refused(content, style, descriptor):
    with pytest.raises(ImageError, match="1x1"):
        painted(content[:1, :1], style, descriptor)
    with pytest.raises(ImageError, match="one color"):
        painted(content, np.full_like(style, 0.5), descriptor)
    with pytest.raises(ImageError, match="80x96"):
        painted(content, style, descriptor, style_size=128)
    with pytest.raises(RequestError, match=r"style size 64 .*\(at least 172\)"):
        painted(content, style, replace(descriptor, padding="valid"))
    with pytest.raises(RequestError, match="start"):
        painted(content, style, descriptor, start="middle")


@pytest.mark.parametrize("name", ["light", "patches"])
def test_only_vgg19_has_the_contents_layer(content, style, name):
    with pytest.raises(RequestError, match=f"the descriptor {name} cannot be used here"):
        optimize_painting(content, style, QUICK, PAINTING, DescriptorSettings(descriptor=name))

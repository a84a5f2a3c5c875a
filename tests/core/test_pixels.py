from dataclasses import replace

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from tests.conftest import picture
from texnet_core import Cancelled
from texnet_core.descriptor.vgg19 import Vgg19
from texnet_core.descriptor.weights import METADATA_KEY, load_vgg19
from texnet_core.errors import ImageError, RequestError, TrainingError, WeightsError
from texnet_core.losses import Sample
from texnet_core.losses.gram import RelativeGramLoss
from texnet_core.optimization import optimize
from texnet_core.optimization.pixels import LAYERS
from texnet_core.settings import DescriptorSettings, OptimizeSettings

QUICK = OptimizeSettings(width=80, height=64, exemplar_size=64, steps=12, precision="f32", device="cpu")


@pytest.fixture
def descriptor(random_vgg19_file):
    return DescriptorSettings(vgg19=str(random_vgg19_file), padding="zero")


@pytest.fixture(scope="module")
def exemplar():
    """Waves that do not repeat within the picture, so that a copy of it would show a seam."""
    y, x = np.mgrid[0:96, 0:96].astype(np.float32)
    waves = [0.5 + 0.3 * np.sin((x * a + y * b) / 5) for a, b in ((1, 0.3), (0.4, 1), (0.9, -0.7))]
    return np.stack(waves, axis=2)


def losses_of(exemplar, settings, descriptor):
    losses = []
    made = optimize(exemplar, settings, descriptor, progress=lambda p: losses.append(p.loss))
    return made, [loss for loss in losses if loss is not None]


@pytest.mark.parametrize("optimizer", ["lbfgs", "adam"])
def test_the_loss_falls_and_the_best_is_kept(exemplar, descriptor, optimizer):
    made, losses = losses_of(exemplar, replace(QUICK, optimizer=optimizer), descriptor)
    assert made.image.shape == (64, 80, 3) and made.image.dtype == np.float32
    assert 0 <= made.image.min() and made.image.max() <= 1
    assert made.loss == min(losses) < 0.5 * losses[0]


@pytest.mark.parametrize("optimizer", ["lbfgs", "adam"])
def test_a_gray_exemplar_gives_a_gray_picture(exemplar, descriptor, optimizer):
    gray = np.repeat(exemplar[..., :1], 3, axis=2)
    made, losses = losses_of(gray, replace(QUICK, optimizer=optimizer), descriptor)
    assert np.ptp(made.image, axis=2).max() == 0 and made.loss < 0.5 * losses[0]


def test_no_place_of_the_picture_is_special(exemplar, random_vgg19_file):
    """The loss of a periodic picture and its gradient roll with it by whole cells, so its seam is like any line."""
    vgg19 = Vgg19(load_vgg19(str(random_vgg19_file)), LAYERS, pooling="average", padding="zero")
    target = torch.from_numpy(exemplar).permute(2, 0, 1)[None]
    loss = RelativeGramLoss(Sample(target, vgg19(target), periodic=False))

    def gradient(image):
        image = image.clone().requires_grad_()
        value = loss(Sample(image, vgg19(image, periodic=True)), 0)
        return value.detach(), torch.autograd.grad(value, image)[0]

    image = torch.from_numpy(picture(64, 80)).permute(2, 0, 1)[None]
    value, slope = gradient(image)
    rolled_value, rolled_slope = gradient(image.roll((16, 32), (2, 3)))
    torch.testing.assert_close(rolled_value, value, rtol=1e-4, atol=0)
    torch.testing.assert_close(rolled_slope.roll((-16, -32), (2, 3)), slope, rtol=1e-3, atol=1e-4 * slope.abs().max())


def test_the_picture_tiles(exemplar, descriptor):
    """The step across the wrap is none of the largest, as it is in the exemplar."""

    def steps(image, axis):
        return np.abs(np.diff(image, axis=axis, append=image.take([0], axis))).mean(axis=(1 - axis, 2))

    made = optimize(exemplar, QUICK, descriptor).image
    for axis in (0, 1):
        *inside, wrap = steps(exemplar, axis)
        assert wrap > max(inside)
        *inside, wrap = steps(made, axis)
        assert wrap < np.quantile(inside, 0.95)


def test_equal_seeds_make_equal_pictures_and_others_do_not(exemplar, descriptor):
    settings = replace(QUICK, steps=2)
    first, again = (optimize(exemplar, settings, descriptor).image for _ in range(2))
    other = optimize(exemplar, replace(settings, seed=1), descriptor).image
    assert np.array_equal(first, again) and not np.array_equal(first, other)


def test_pooling_plays_no_part(exemplar, descriptor):
    settings = replace(QUICK, steps=2)
    first, other = (optimize(exemplar, settings, replace(descriptor, pooling=name)).image for name in ("max", "mixed"))
    assert np.array_equal(first, other)


def test_previews_show_the_state_and_cancelling_stops_at_once(exemplar, descriptor):
    reports = []

    def stop_at_eleven(progress):
        reports.append(progress)
        if progress.step == 11:
            raise Cancelled

    with pytest.raises(Cancelled):
        optimize(exemplar, QUICK, descriptor, progress=stop_at_eleven)
    assert [report.step for report in reports] == list(range(1, 12))
    shown = [report.step for report in reports if report.preview is not None]
    assert shown == [10]
    assert reports[9].preview.shape == (64, 80, 3) and reports[9].preview.dtype == np.uint8


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"width": 90}, "width 90 is not a multiple of 16; use width 96"),
        ({"height": 32}, "64 to 4096"),
        ({"optimizer": "sgd"}, "one of lbfgs, adam"),
        ({"steps": 0}, "steps 0"),
    ],
)
def test_settings_out_of_range_are_refused(exemplar, descriptor, change, says):
    with pytest.raises(RequestError, match=says):
        optimize(exemplar, replace(QUICK, **change), descriptor)


def test_exemplars_and_weights_that_are_of_no_use_are_refused(exemplar, descriptor):
    with pytest.raises(RequestError, match=r"exemplar size 64 is too small .*\(at least 172\)"):
        optimize(exemplar, QUICK, replace(descriptor, padding="valid"))
    with pytest.raises(ImageError, match="one color"):
        optimize(np.full_like(exemplar, 0.5), QUICK, descriptor)
    with pytest.raises(ImageError, match="96x96"):
        optimize(exemplar, replace(QUICK, exemplar_size=128), descriptor)
    with pytest.raises(WeightsError, match=r"none\.pth"):
        optimize(exemplar, QUICK, replace(descriptor, vgg19="none.pth"))


def test_an_exemplar_that_is_no_picture_is_told(exemplar, descriptor):
    with pytest.raises(ImageError, match="values from nan"):
        optimize(exemplar * np.float32("nan"), QUICK, descriptor)


def test_a_loss_that_is_no_number_is_told(exemplar, descriptor, random_vgg19_file, tmp_path):
    weights = {name: value * float("nan") for name, value in load_file(random_vgg19_file).items()}
    save_file(weights, tmp_path / "broken.safetensors", {METADATA_KEY: "torchvision"})
    with pytest.raises(TrainingError, match="nan at step"):
        optimize(exemplar, QUICK, replace(descriptor, vgg19=str(tmp_path / "broken.safetensors")))


def test_without_weights_it_looks_through_the_light_descriptor_and_says_so(tmp_path, monkeypatch):
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path))
    image, said = picture(176, 176), []
    settings = replace(QUICK, exemplar_size=176, steps=3)
    made = optimize(image, settings, DescriptorSettings(), progress=lambda progress: said.append(progress.note))
    asked = optimize(image, settings, DescriptorSettings(descriptor="light"))
    assert np.array_equal(made.image, asked.image) and np.isfinite(made.loss)
    assert [note for note in said if "comparing through the light descriptor" in note]
    with pytest.raises(RequestError, match="patches cannot be used here"):
        optimize(image, settings, DescriptorSettings(descriptor="patches"))
    with pytest.raises(RequestError, match="padding cannot be combined with the descriptor light"):
        optimize(image, settings, DescriptorSettings(descriptor="light", padding="zero"))

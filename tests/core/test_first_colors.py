"""Before its first step a run has the colors of its exemplar."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from tests.conftest import picture
from tests.core.trainings import stop_at
from texnet_core import Cancelled, PyramidSettings
from texnet_core.model.design import Design
from texnet_core.model.training_form import Generator
from texnet_core.training import loop, plan, train
from texnet_core.training.first_colors import match_first_colors
from texnet_core.training.samples import Samples, Stream

DESIGN, SIDE = Design(PyramidSettings(levels=3, channels=6), 3), 32
SAMPLES = Samples(DESIGN, 0, torch.device("cpu"))


def colors_of(texels):
    """Mean and covariance of (1, 3, ..., ...)."""
    flat = texels.double().transpose(0, 1).flatten(1)
    return flat.mean(1), torch.cov(flat, correction=0)


def matched(generator, colors, *, is_gray=False):
    """The samples by which a generator's colors were measured, as it makes them afterwards, (1, 3, ..., ...)."""
    match_first_colors(generator, SAMPLES, colors, batch=2, size=SIDE, is_gray=is_gray)
    seeds = [SAMPLES.seeds(Stream.COLORS, draw, count=2) for draw in range(4)]
    with torch.no_grad():
        made = torch.cat([SAMPLES.draw(generator.train(), part, SIDE, "f32") for part in seeds])
    return made.transpose(0, 1).reshape(1, 3, -1, 1)


def image(seed=3):
    return torch.from_numpy(picture(SIDE, SIDE, seed)).permute(2, 0, 1)[None]


def on_a_line(colors):
    """Colors of one hue: their covariance has rank 1."""
    return colors.mean(1, keepdim=True) * torch.tensor([0.9, 0.5, 0.2])[:, None, None]


EXEMPLARS = {
    "any": image(),
    "of one hue": on_a_line(image()),
    "almost gray": image().mean(1, keepdim=True) + 0.002 * (image() - 0.5),
    "almost flat": 0.3 + 0.001 * image(),
    "flat": torch.full((1, 3, SIDE, SIDE), 0.3),
}


@pytest.mark.parametrize("name", EXEMPLARS)
def test_samples_have_the_mean_and_the_covariance_of_the_exemplar(name):
    torch.manual_seed(0)
    wanted = colors_of(EXEMPLARS[name])
    found = colors_of(matched(Generator(DESIGN.graph), EXEMPLARS[name]))
    torch.testing.assert_close(found[0], wanted[0], atol=1e-5, rtol=0)
    torch.testing.assert_close(found[1], wanted[1], atol=1e-3 * float(wanted[1].abs().max()) + 1e-12, rtol=0)


def test_a_generator_of_gray_gets_colors_too():
    torch.manual_seed(0)
    generator = Generator(DESIGN.graph)
    generator.recolor(torch.full((3, 3), 1 / 3), torch.zeros(3))
    found, wanted = colors_of(matched(generator, image())), colors_of(image())
    torch.testing.assert_close(found[1], wanted[1], atol=1e-3 * float(wanted[1].max()), rtol=0)


def test_one_that_makes_one_color_stays_a_number():
    generator = Generator(DESIGN.graph)
    generator.recolor(torch.zeros(3, 3), torch.full((3,), 0.7))
    made = matched(generator, image())
    torch.testing.assert_close(made.mean((0, 2, 3)), image().mean((0, 2, 3)), atol=1e-3, rtol=0)


def test_gray_stays_gray_to_the_bit():
    torch.manual_seed(0)
    gray = image().mean(1, keepdim=True).expand(-1, 3, -1, -1) + 0.002 * (image() - 0.5)
    made = matched(Generator(DESIGN.graph, is_gray=True), gray, is_gray=True)
    assert torch.equal(made[:, 0], made[:, 1]) and torch.equal(made[:, 0], made[:, 2])
    lightness = gray.mean(1)
    assert float(made[:, 0].mean()) == pytest.approx(float(lightness.mean()), abs=1e-4)
    assert float(made[:, 0].std()) == pytest.approx(float(lightness.std()), rel=1e-2)


@pytest.fixture
def first_samples(monkeypatch):
    """What each generator of a run makes as it begins, (3, ..., ...)."""
    seen = []
    match = plan.match_first_colors

    def spy(generator, samples, *args, **options):
        match(generator, samples, *args, **options)
        with torch.no_grad():
            drawn = [samples.draw(generator, [seed], SIDE, "f32") for seed in range(100, 108)]
        seen.append(torch.cat(drawn).transpose(0, 1))

    monkeypatch.setattr(plan, "match_first_colors", spy)
    return seen


@pytest.mark.usefixtures("cheap_objective")
def test_a_run_begins_with_the_colors_of_what_is_visible(request_, tmp_path, first_samples):
    exemplar, mask = picture(64, 64), np.ones((64, 64), bool)
    exemplar[:32, :40], mask[:32, :40] = (1, 0, 1), False
    larger = replace(request_, train=replace(request_.train, exemplar_size=64))
    with pytest.raises(Cancelled):
        train(exemplar, tmp_path / "out.texnet", larger, mask=mask, progress=stop_at(1))
    (made,) = first_samples
    wanted = torch.from_numpy(picture(64, 64)[mask])
    torch.testing.assert_close(made.mean((1, 2, 3)), wanted.mean(0), atol=0.03, rtol=0)
    torch.testing.assert_close(made.std((1, 2, 3)), wanted.std(0), atol=0.05, rtol=0)


@pytest.mark.usefixtures("cheap_objective")
def test_so_does_a_run_that_starts_again(request_, tmp_path, first_samples, monkeypatch):
    bad = ["bad luck"]
    check = loop.DivergenceMonitor.check
    monkeypatch.setattr(loop.DivergenceMonitor, "check", lambda self, *step: bad.pop() if bad else check(self, *step))
    train(picture(), tmp_path / "out.texnet", replace(request_, train=replace(request_.train, steps=10)))
    first, second = first_samples
    assert not torch.equal(first, second)
    torch.testing.assert_close(first.mean((1, 2, 3)), second.mean((1, 2, 3)), atol=0.03, rtol=0)
    torch.testing.assert_close(first.std((1, 2, 3)), second.std((1, 2, 3)), atol=0.05, rtol=0)

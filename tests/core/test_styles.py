"""Training of styles: what a run learns and writes, what its samples and its loss are, and what it is refused for."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from tests.conftest import picture
from tests.core.trainings import assert_same_parameters, stop_at
from texnet_core import Cancelled, read_artifact
from texnet_core.errors import ImageError, RequestError, TexnetError
from texnet_core.losses.content import content_distance
from texnet_core.model.design import Design
from texnet_core.model.families.stylizer import StylizerSettings
from texnet_core.model.training_form import Generator, fold
from texnet_core.pictures.color_statistics import ColorStatistics
from texnet_core.pictures.resizing import resize_exemplar
from texnet_core.settings import DescriptorSettings, LossSettings
from texnet_core.style_settings import StyleSettings, StyleTrainSettings
from texnet_core.training import finishing
from texnet_core.training.styles import StyleRequest, style_request, train_style
from texnet_core.training.styles.full_strength import settle_full_strength
from texnet_core.training.styles.samples import Condition, StyleSamples

SIDE, STEPS = 32, 16
DESIGN = Design(StylizerSettings(levels=3, channels=4), 3, family="stylizer")


@pytest.fixture(scope="module")
def request_(random_vgg19_file):
    """A run of seconds."""
    return StyleRequest(
        generator=StylizerSettings(levels=3, channels=4),
        style=StyleSettings(pool=4),
        descriptor=DescriptorSettings(vgg19=str(random_vgg19_file), padding="zero"),
        loss=LossSettings(directions=8, positions=256),
        train=StyleTrainSettings(size=SIDE, exemplar_size=64, steps=STEPS, precision="f32"),
    )


def pool(count=4):
    return [picture(SIDE, SIDE, seed) for seed in range(1, count + 1)]


@pytest.fixture(scope="module")
def learned(request_, tmp_path_factory):
    path = tmp_path_factory.mktemp("style") / "out.texnet"
    losses = []
    train_style(picture(), path, request_, content=pool(), progress=lambda report: losses.append(report.loss))
    return path, [loss for loss in losses if loss is not None]


def test_a_run_learns_a_style_and_writes_it(learned, request_):
    path, losses = learned
    assert len(losses) == STEPS and np.mean(losses[-4:]) < np.mean(losses[:4])
    artifact = read_artifact(path)
    assert artifact.paints and artifact.settings == request_.generator
    assert artifact.style_colors == ColorStatistics.of([resize_exemplar(picture(), 64)])
    assert artifact.preview_png and artifact.training["content_weight"] == request_.style.content_weight
    assert [file.name for file in path.parent.iterdir()] == [path.name]


def test_a_stopped_run_goes_on_as_if_never_stopped(learned, request_, tmp_path):
    path = tmp_path / "cut.texnet"
    for step in (STEPS // 2, STEPS - 2):  # before statistics are frozen, and after
        with pytest.raises(Cancelled):
            train_style(picture(), path, request_, content=pool(), resume=step != STEPS // 2, progress=stop_at(step))
    resumed = train_style(picture(), path, request_, content=pool(), resume=True)
    assert_same_parameters(read_artifact(learned[0]).parameters, resumed.parameters)


def test_hidden_texels_of_the_style_change_nothing(request_, tmp_path):
    mask = np.ones((96, 96), bool)
    mask[:, :20] = False
    made = []
    for color in (0.0, 1.0):
        hidden = np.where(mask[..., None], picture(), np.float32(color))
        short = replace(request_, train=replace(request_.train, steps=10))
        made.append(train_style(hidden, tmp_path / f"{color}.texnet", short, content=pool(), mask=mask))
    assert made[0].style_colors == made[1].style_colors
    assert_same_parameters(made[0].parameters, made[1].parameters)


def test_a_batch_holds_both_ends_of_the_strength_and_a_single_sample_any():
    samples = StyleSamples(DESIGN, 0, torch.device("cpu"), torch.rand(5, 3, SIDE, SIDE))
    seeds = [samples.seed(0, step) for step in range(200)]
    batches = [samples.conditions(seeds[start : start + 4]) for start in range(0, 200, 4)]
    assert all([one.strength for one in batch[:2]] == [1.0, 0.0] for batch in batches)
    alone = [samples.conditions([seed])[0] for seed in seeds]
    assert {one.picture for one in alone} == set(range(5))
    strengths = np.array([one.strength for one in alone])
    assert 0.3 < (strengths == 1).mean() < 0.5 and strengths[strengths < 1].std() > 0.2
    assert 0 <= min(one.noise for one in alone) < 0.2 and 1.2 < max(one.noise for one in alone) <= 1.5
    assert samples.conditions(seeds[:4]) == samples.conditions(seeds[:4])


def test_levels_see_averages_of_the_picture_and_of_nothing_else():
    samples = StyleSamples(DESIGN, 0, torch.device("cpu"), torch.rand(2, 3, SIDE, SIDE))
    inputs = samples.inputs([7, 8], SIDE)
    finest = inputs["noise0"][:, 3:6]
    for level in range(3):
        value = inputs[f"noise{level}"]
        assert value.shape == (2, 7, SIDE >> level, SIDE >> level)
        pooled = torch.nn.functional.avg_pool2d(finest, 1 << level)
        torch.testing.assert_close(value[:, 3:6], pooled)
        assert (value[0, 6] == 1).all() and (value[1, 6] == 0).all()


def test_the_content_distance_ignores_what_each_channel_has_of_its_own():
    rng = torch.Generator().manual_seed(0)
    one, other = torch.randn(2, 1, 16, 12, 12, generator=rng)
    assert float(content_distance(one, one)) == 0
    scales = torch.rand(1, 16, 1, 1, generator=rng) * 0.2 + 2
    assert float(content_distance(one * scales + 3, one)) < 0.01
    assert 0.8 < float(content_distance(one, other)) < 1.2


def test_the_published_recipe_has_one_strength_and_colors_as_they_are(request_, tmp_path):
    recipe = style_request("published")
    request = replace(
        recipe,
        generator=replace(recipe.generator, levels=3, channels=4),
        descriptor=request_.descriptor,
        train=replace(request_.train, steps=10),
    )
    artifact = train_style(picture(), tmp_path / "paper.texnet", request, content=pool())
    assert artifact.style_colors is None
    assert artifact.parameters["level0.noise.0.weight"].shape[1] == 6  # noise and content
    assert (recipe.style.pool, recipe.style.content_weight) == (16, 0.8)


def test_a_style_smaller_than_asked_for_is_learned_at_its_own_size(request_, tmp_path):
    notes = []
    larger = replace(request_, train=replace(request_.train, exemplar_size=256, steps=10))
    artifact = train_style(
        picture(), tmp_path / "small.texnet", larger, content=pool(), progress=lambda report: notes.append(report.note)
    )
    assert artifact.texels_per_exemplar == 96 and any("96" in note for note in notes)


def changed(request, **parts):
    return replace(request, **{part: replace(getattr(request, part), **fields) for part, fields in parts.items()})


@pytest.mark.parametrize(
    ("style", "parts", "content", "found"),
    [
        (np.full((96, 96, 3), 0.4, np.float32), {}, pool(), "one color|flat|shows nothing|no contrast"),
        (picture(), {"descriptor": {"descriptor": "patches"}}, pool(), "patches"),
        (picture(), {"loss": {"sliced_wasserstein_weight": 0.0}}, pool(), "no loss"),
        (picture(), {"train": {"size": 40}}, pool(), "multiple"),
        (picture(), {"train": {"exemplar_size": 32}, "descriptor": {"padding": "valid"}}, pool(), "too small"),
        (picture(), {}, [], "no content"),
        (picture(), {}, [picture(SIDE, 2 * SIDE)], "shape"),
    ],
)
def test_what_cannot_be_learned_is_one_line_and_leaves_nothing(request_, tmp_path, style, parts, content, found):
    with pytest.raises((ImageError, RequestError, TexnetError), match=found):
        train_style(style, tmp_path / "out.texnet", changed(request_, **parts), content=content)
    assert not list(tmp_path.iterdir())


def test_a_generator_that_adopts_parameters_makes_what_they_make():
    torch.manual_seed(0)
    samples = StyleSamples(DESIGN, 0, torch.device("cpu"), torch.rand(4, 3, SIDE, SIDE))
    one, other = Generator(DESIGN.graph), Generator(DESIGN.graph)
    finishing.freeze_statistics(one, samples.calibration_fields(SIDE))
    for norm in one.norms():
        torch.nn.init.uniform_(norm.weight, 0.5, 2)
        torch.nn.init.uniform_(norm.bias, -1, 1)
    inputs = samples.inputs([1, 2, 3, 4], SIDE)
    wanted = one.eval()(inputs).detach()
    parameters = {name: tensor.numpy() for name, tensor in fold(one).items()}
    other.adopt(parameters, inputs)
    torch.testing.assert_close(other.train()(inputs).detach(), wanted, atol=1e-3, rtol=1e-3)
    sizes = other.convolution_of("level0.noise.0").weight.flatten(1).norm(dim=1)
    torch.testing.assert_close(sizes, torch.full_like(sizes, 3**-0.5))
    with pytest.raises(ValueError, match="shape"):
        Generator(Design(StylizerSettings(levels=3, channels=5), 3, family="stylizer").graph).adopt(parameters, inputs)


def test_a_run_that_begins_as_another_style_is_ahead(learned, request_, tmp_path):
    start, losses = read_artifact(learned[0]), []
    short = replace(request_, train=replace(request_.train, steps=10))
    for begun in (None, start):
        path = tmp_path / f"{begun is None}.texnet"
        losses.append(train_style(picture(), path, short, content=pool(), start=begun).quality["validation_loss"])
    assert losses[1] < losses[0]


def test_a_run_cannot_begin_as_another_kind(request_, artifact, tmp_path):
    with pytest.raises(RequestError, match="another kind"):
        train_style(picture(), tmp_path / "out.texnet", request_, content=pool(), start=artifact)
    assert not list(tmp_path.iterdir())


def test_the_weight_of_the_content_follows_from_how_much_of_it_is_lost(learned, request_, tmp_path):
    ends = {}
    for goal in (0.01, 0.0, 1.0):
        wanted = changed(request_, style={"content_goal": goal}, train={"steps": 10})
        training = train_style(picture(), tmp_path / f"{goal}.texnet", wanted, content=pool()).training
        ends[goal] = training["content_weight_at_end"]
    assert ends[0.01] > ends[1.0] and ends[0.01] > ends[0.0] == request_.style.content_weight


def test_full_strength_is_where_the_goal_is_reached():
    """The factor is folded into the kernels: half the factor at 1 is the factor at one half."""
    torch.manual_seed(0)
    samples = StyleSamples(DESIGN, 0, torch.device("cpu"), torch.rand(4, 3, SIDE, SIDE))
    generator = Generator(DESIGN.graph)
    finishing.freeze_statistics(generator, samples.calibration_fields(SIDE))
    generator.eval()
    before = {factor: generator(samples.inputs_of([Condition(0, factor, 1.0)], [0])) for factor in (0.5, 1.0)}

    def as_strong(image, condition):
        return condition.strength

    assert settle_full_strength(generator, samples, as_strong, 1.0) == 1.0
    torch.testing.assert_close(generator(samples.inputs_of([Condition(0, 1.0, 1.0)], [0])), before[1.0])
    factor = settle_full_strength(generator, samples, as_strong, 0.5)
    assert 0.45 < factor <= 0.5
    scaled = generator(samples.inputs_of([Condition(0, 0.5 / factor, 1.0)], [0]))
    torch.testing.assert_close(scaled, before[0.5], atol=1e-4, rtol=1e-4)

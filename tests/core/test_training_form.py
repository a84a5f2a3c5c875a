import numpy as np
import pytest
import torch
from texnet_core.model.architecture import parameter_shapes

from texnet_core import Artifact, GeneratorSettings
from texnet_core.engines import noise_plane
from texnet_core.engines.torch_engine import TorchEngine
from texnet_core.mapset import ALBEDO
from texnet_core.model.training_form import Generator, fold, periodic_noise
from texnet_core.patterns.waves import Wave


def lived_in_generator(settings: GeneratorSettings, waves: tuple[Wave, ...] = ()) -> Generator:
    """A generator with norms and statistics far from their initial values."""
    torch.manual_seed(0)
    generator = Generator(settings)
    for norm in generator.norms():
        torch.nn.init.uniform_(norm.weight, 0.5, 1.5)
        torch.nn.init.normal_(norm.bias, std=0.3)
    for step in range(4):
        generator(periodic_noise(settings, [step], 64, waves=waves))
    return generator.eval()


WAVES = ((0.11, 0.0), (0.02, 0.07))


@pytest.mark.parametrize(("levels", "waves"), [(1, ()), (2, ()), (3, WAVES), (6, ()), (6, WAVES[:1])])
def test_training_form_and_inference_form_give_the_same_picture(levels, waves):
    settings = GeneratorSettings(levels=levels, waves=len(waves), repeat_channels=2 if len(waves) == 2 else 0)
    generator = lived_in_generator(settings, waves)
    with torch.no_grad():
        trained = generator(periodic_noise(settings, [5], 64, waves=waves))[0].permute(1, 2, 0).numpy()
    parameters = {name: tensor.numpy() for name, tensor in fold(generator).items()}
    artifact = Artifact(settings=settings, maps=(ALBEDO,), waves=waves, parameters=parameters)
    engine = TorchEngine(artifact, "cpu", "f32", 1)
    inferred = engine.block(noise_plane(artifact, 5, 64, 64), 0, 0, 64, 64)
    assert trained.std() > 0.01
    np.testing.assert_allclose(inferred, trained, atol=2e-5)


def test_both_forms_give_the_same_picture_below_ceilings_too():
    settings = GeneratorSettings(levels=4)
    generator = lived_in_generator(settings)
    noise = periodic_noise(settings, [5], 64)
    with torch.no_grad():
        free = generator(noise)
        for join in generator.joins:
            join.ceiling.fill_(0.3)
        bounded = generator(noise)
    assert (free - bounded).abs().max() > 0.002
    parameters = {name: tensor.numpy() for name, tensor in fold(generator).items()}
    artifact = Artifact(settings=settings, maps=(ALBEDO,), parameters=parameters)
    inferred = TorchEngine(artifact, "cpu", "f32", 1).block(noise_plane(artifact, 5, 64, 64), 0, 0, 64, 64)
    np.testing.assert_allclose(inferred, bounded[0].permute(1, 2, 0).numpy(), atol=2e-5)


def test_ceilings_stop_what_runs_away_and_leave_the_rest():
    settings = GeneratorSettings(levels=5)
    generator = lived_in_generator(settings)
    noise = periodic_noise(settings, [7], 256)
    shocked = [level.clone() for level in noise]
    shocked[-1][..., 4:8, 4:8] *= 20  # no noise is as large as that, but a coincidence of many can do as much
    with torch.no_grad():
        before, blistered = generator(noise), generator(shocked)
        generator.set_ceilings(periodic_noise(settings, [seed], 256) for seed in range(2))
        after, mended = generator(noise), generator(shocked)
    assert (after - before).std() < 0.15 * before.std()
    assert (mended - after).abs().max() < 0.25 * (blistered - before).abs().max()


def test_what_is_rare_and_regular_keeps_its_height():
    """One value in 100 that is ten deviations high: no accident, and so below the ceiling."""
    generator = Generator(GeneratorSettings(levels=2)).eval()
    spikes = torch.zeros(1, 8, 100, 100)
    spikes[:, :, ::10, ::10] = 5.0
    generator.noise_branches[1].forward = lambda noise: spikes
    generator.set_ceilings([periodic_noise(generator.settings, [0], 200)])
    assert torch.equal(generator.joins[0].ceiling, torch.full((8,), 5.0))


def test_ceilings_that_are_set_again_forget_the_first():
    settings = GeneratorSettings(levels=3)
    generator = lived_in_generator(settings)
    found = []
    for _ in range(2):
        generator.set_ceilings([periodic_noise(settings, [3], 64)])
        found.append([join.ceiling.clone() for join in generator.joins])
        for join in generator.joins:
            join.ceiling.fill_(0.1)
    assert all(torch.equal(first, second) for first, second in zip(*found, strict=True))


def test_folded_parameters_have_the_architectures_names_and_shapes():
    settings = GeneratorSettings(levels=3)
    folded = fold(Generator(settings))
    assert {name: tuple(tensor.shape) for name, tensor in folded.items()} == parameter_shapes(settings)


def test_rolling_the_noise_rolls_the_picture():
    """Translation by whole coarsest cells is an exact symmetry: this is why there is no seam."""
    settings = GeneratorSettings(levels=4)
    generator = lived_in_generator(settings)
    noise = periodic_noise(settings, [1], 64)
    rolled = [level.roll((24 // 2**i, 40 // 2**i), (2, 3)) for i, level in enumerate(noise)]
    with torch.no_grad():
        torch.testing.assert_close(generator(rolled), generator(noise).roll((24, 40), (2, 3)), atol=1e-6, rtol=0)


def test_a_sample_does_not_depend_on_its_batch():
    settings = GeneratorSettings(levels=3)
    generator = lived_in_generator(settings)
    with torch.no_grad():
        alone = generator(periodic_noise(settings, [3], 32))
        together = generator(periodic_noise(settings, [1, 3, 2], 32))[1:2]
    torch.testing.assert_close(alone, together, atol=1e-6, rtol=0)


def test_output_starts_at_the_mean_color():
    color = torch.tensor([0.2, 0.4, 0.9])
    generator = Generator(GeneratorSettings(levels=2), color)
    assert torch.equal(generator.output.bias, color)

import numpy as np
import pytest
import torch

from texnet_core import Artifact, PyramidSettings
from texnet_core.engines.torch_engine import TorchEngine
from texnet_core.mapset import ALBEDO
from texnet_core.model.design import Design
from texnet_core.model.nodes import Clamp
from texnet_core.model.training_form import Generator, fold, periodic_inputs


def design_of(levels, waves=()):
    settings = PyramidSettings(levels=levels, waves=len(waves), repeat_channels=2 if len(waves) == 2 else 0)
    return Design(settings, ALBEDO.channels, waves)


def lived_in_generator(design):
    """A generator with norms and statistics far from their initial values."""
    torch.manual_seed(0)
    generator = Generator(design.graph)
    for norm in generator.norms():
        torch.nn.init.uniform_(norm.weight, 0.5, 1.5)
        torch.nn.init.normal_(norm.bias, std=0.3)
    for step in range(4):
        generator(periodic_inputs(design, [step], 64))
    return generator.eval()


WAVES = ((0.11, 0.0), (0.02, 0.07))


def block_of(design, generator, seed, size):
    """What the torch engine makes of a generator's folded parameters."""
    parameters = {name: tensor.numpy() for name, tensor in fold(generator).items()}
    artifact = Artifact(settings=design.settings, maps=(ALBEDO,), waves=design.waves, parameters=parameters)
    return TorchEngine(artifact, "cpu", "f32", 1).block(design.input_plane(seed, size, size), 0, 0, size, size)


@pytest.mark.parametrize(("levels", "waves"), [(1, ()), (2, ()), (3, WAVES), (6, ()), (6, WAVES[:1])])
def test_training_form_and_inference_form_give_the_same_image(levels, waves):
    design = design_of(levels, waves)
    generator = lived_in_generator(design)
    with torch.no_grad():
        trained = generator(periodic_inputs(design, [5], 64))[0].permute(1, 2, 0).numpy()
    assert trained.std() > 0.01
    np.testing.assert_allclose(block_of(design, generator, 5, 64), trained, atol=2e-5)


def bounds_of(generator):
    return [generator.bound(node) for node in generator.graph.of(Clamp)]


def test_both_forms_give_the_same_image_below_clamps_too():
    design = design_of(4)
    generator = lived_in_generator(design)
    noise = periodic_inputs(design, [5], 64)
    with torch.no_grad():
        free = generator(noise)
        for bound in bounds_of(generator):
            bound.fill_(0.3)
        bounded = generator(noise)
    assert (free - bounded).abs().max() > 0.002
    np.testing.assert_allclose(block_of(design, generator, 5, 64), bounded[0].permute(1, 2, 0).numpy(), atol=2e-5)


def test_clamps_stop_what_runs_away_and_leave_the_rest():
    design = design_of(5)
    generator = lived_in_generator(design)
    noise = periodic_inputs(design, [7], 256)
    shocked = {name: values.clone() for name, values in noise.items()}
    shocked["noise4"][..., 4:8, 4:8] *= 20  # no noise is as large as that, but a coincidence of many can do as much
    with torch.no_grad():
        before, blistered = generator(noise), generator(shocked)
        generator.set_clamps(periodic_inputs(design, [seed], 256) for seed in range(2))
        after, mended = generator(noise), generator(shocked)
    assert (after - before).std() < 0.15 * before.std()
    assert (mended - after).abs().max() < 0.25 * (blistered - before).abs().max()


def test_what_is_rare_and_regular_keeps_its_height():
    """One value in 100 that is ten deviations high: no accident, and so below the bound."""
    design = design_of(2)
    generator = Generator(design.graph).eval()
    spikes = torch.zeros(1, 8, 100, 100)
    spikes[:, :, ::10, ::10] = 5.0
    generator.convolution_of("level1.noise.2").forward = lambda x: spikes
    generator.norm_of("level1.noise.2.norm").forward = lambda x: x
    generator.set_clamps([periodic_inputs(design, [0], 200)])
    assert torch.equal(bounds_of(generator)[0], torch.full((8,), 5.0))


def test_clamps_that_are_set_again_forget_the_first():
    design = design_of(3)
    generator = lived_in_generator(design)
    found = []
    for _ in range(2):
        generator.set_clamps([periodic_inputs(design, [3], 64)])
        found.append([bound.clone() for bound in bounds_of(generator)])
        for bound in bounds_of(generator):
            bound.fill_(0.1)
    assert all(torch.equal(first, second) for first, second in zip(*found, strict=True))


def test_folded_parameters_have_the_graphs_names_and_shapes():
    design = design_of(3)
    folded = fold(Generator(design.graph))
    assert {name: tuple(tensor.shape) for name, tensor in folded.items()} == design.graph.parameter_shapes


def leads_nowhere(builder):
    """A norm that only a LeakyReLU reads."""
    builder.norm(builder.leaky_relu(builder.convolution("noise0", "a", 3, 3), 0.1))
    builder.convolution(builder.leaky_relu("a.activated.norm", 0.1), "b", 3, 1)


def is_read_twice(builder):
    """A norm that a convolution reads, and a LeakyReLU too."""
    builder.norm(builder.leaky_relu(builder.convolution("noise0", "a", 3, 3), 0.1))
    other = builder.leaky_relu("a.activated.norm", 0.1)
    builder.convolution(builder.concat((builder.convolution("a.activated.norm", "c", 3, 1), other), "both"), "b", 3, 1)


@pytest.mark.parametrize("write", [leads_nowhere, is_read_twice])
def test_a_norm_that_cannot_be_folded_is_an_error(monkeypatch, write):
    from texnet_core.model.families import FAMILIES, PYRAMID, Family
    from texnet_core.model.graph import GraphBuilder

    def graph(settings, channels):
        builder = GraphBuilder()
        builder.input("noise0", 3, 0)
        write(builder)
        return builder.graph()

    monkeypatch.setitem(FAMILIES, "odd", Family("odd", PyramidSettings, graph, PYRAMID.input_plane))
    with pytest.raises(ValueError, match=r"a\.activated\.norm"):
        fold(Generator(Design(PyramidSettings(), 3, family="odd").graph))


def test_rolling_the_noise_rolls_the_picture():
    """Translation by whole coarsest cells is an exact symmetry: this is why there is no seam."""
    design = design_of(4)
    generator = lived_in_generator(design)
    noise = periodic_inputs(design, [1], 64)
    levels = {f"noise{level}": level for level in range(4)}
    rolled = {name: values.roll((24 >> levels[name], 40 >> levels[name]), (2, 3)) for name, values in noise.items()}
    with torch.no_grad():
        torch.testing.assert_close(generator(rolled), generator(noise).roll((24, 40), (2, 3)), atol=1e-6, rtol=0)


def test_a_sample_does_not_depend_on_its_batch():
    design = design_of(3)
    generator = lived_in_generator(design)
    with torch.no_grad():
        alone = generator(periodic_inputs(design, [3], 32))
        together = generator(periodic_inputs(design, [1, 3, 2], 32))[1:2]
    torch.testing.assert_close(alone, together, atol=1e-6, rtol=0)


def test_recolored_it_makes_what_it_made_in_other_colors():
    generator = lived_in_generator(design_of(2))
    noise = periodic_inputs(design_of(2), [3], 32)
    matrix, offset = torch.rand(3, 3), torch.rand(3)
    with torch.no_grad():
        before = generator(noise)
        generator.recolor(matrix, offset)
        wanted = torch.einsum("oc,nchw->nohw", matrix, before) + offset[:, None, None]
        torch.testing.assert_close(generator(noise), wanted)

"""Peers that are written from papers: each draws what it says, and where it says that pictures tile, they do."""

import itertools
import json
import math
from argparse import Namespace

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from tests.bench import quality
from tests.bench.autoencoders import ADAIN, LEVELS, Autoencoders, Decoder, adapted, colored_noise, moments, train
from tests.bench.dcgan import Dcgan, DcganGenerator
from tests.bench.feature_transfer import Adain, Wct, colored, coloring
from tests.bench.figures import FIGURES
from tests.bench.methods import METHODS, Prepared, generators_of
from tests.bench.multitexture import MultiTexture, MultiTextureNetwork, MultiTextureSettings
from tests.bench.multitexture import train as train_multitexture
from tests.bench.portilla_simoncelli import PortillaSimoncelli
from tests.bench.sheet import draw_sheet
from tests.bench.steerable import SteerablePyramid, doubled, periodic_component
from tests.conftest import picture, random_artifact
from texnet_core import Artifact, write_artifact
from texnet_core.adaptive.descriptors import given_parameters
from texnet_core.adaptive.network import PseudoOptimizer
from texnet_core.descriptor.light import load_light
from texnet_core.errors import WeightsError
from texnet_core.mapset import ALBEDO
from texnet_core.model.families import ADAPTIVE_PSEUDO_OPTIMIZER
from texnet_core.model.families.pseudo_optimizer import PseudoOptimizerSettings
from texnet_core.pictures.color import quantize
from texnet_core.pictures.reading import read_exemplar
from texnet_core.pictures.writing import write_image

NARROW = MultiTextureSettings("light", narrow=16, each=2, batch=2, side=32)


@pytest.fixture(scope="module")
def autoencoders():
    return Autoencoders(load_light())


def tensor(image):
    return torch.from_numpy(image).permute(2, 0, 1)


def rolled(maps, cells):
    return maps.roll((cells, 2 * cells), dims=(-2, -1))


def check_drawing(draw, side):
    """Of the right size and range; the seed decides."""
    first, again, other = (draw(seed) for seed in (0, 0, 1))
    assert first.shape == (side, side, 3) and first.dtype == np.float32 and 0 <= first.min() and first.max() <= 1
    assert np.array_equal(first, again) and not np.array_equal(first, other)


def test_a_wave_is_found_in_the_bands_of_its_scale_and_direction():
    side, orientations = 64, 4
    y, x = np.mgrid[:side, :side]
    for direction, wave in enumerate((x, None, y)):
        if wave is None:
            continue
        image = torch.from_numpy(np.cos(2 * math.pi * wave / 4)).float()[None]  # a quarter of a cycle a texel
        pyramid = SteerablePyramid(side, 3, orientations)(image)
        energy = [band.real.square().mean((2, 3))[0] for band in pyramid.bands]
        assert float(energy[0].sum()) == pytest.approx(0.5, rel=1e-4) and int(energy[0].argmax()) == direction
        assert float(energy[1].sum() + energy[2].sum() + pyramid.highpass.square().mean()) < 1e-6
        assert float(pyramid.lows[1].square().mean()) < 1e-6 < float(pyramid.lows[0].square().mean())


def test_a_pyramid_of_a_rolled_picture_is_the_rolled_pyramid():
    image = tensor(picture(64, 64))
    first, second = (SteerablePyramid(64, 2, 4)(each) for each in (image, rolled(image, 8)))
    torch.testing.assert_close(rolled(first.bands[1], 4), second.bands[1], atol=1e-5, rtol=1e-4)
    torch.testing.assert_close(rolled(first.lows[2], 2), second.lows[2], atol=1e-5, rtol=1e-4)


def test_doubled_values_go_through_the_old_ones():
    band = SteerablePyramid(64, 2, 4)(tensor(picture(64, 64))).bands[1]
    torch.testing.assert_close(doubled(band)[..., ::2, ::2], band, atol=1e-5, rtol=1e-4)


def test_the_periodic_component_goes_on_across_its_edges():
    image = tensor(picture(64, 64))
    periodic = periodic_component(image)
    torch.testing.assert_close(periodic.mean((1, 2)), image.mean((1, 2)))
    for dim in (1, 2):
        *inside, wrap = (periodic.roll(-1, dim) - periodic).abs().mean((0, 3 - dim))
        assert wrap < max(inside)
        before = (image.roll(-1, dim) - image).abs().mean((0, 3 - dim))
        assert wrap < before[-1] / 2


def test_portilla_and_simoncelli_match_statistics_that_do_not_know_where_a_picture_begins():
    model = PortillaSimoncelli(picture(32, 32), steps=40)
    noise = torch.randn(3, 32, 32, generator=torch.Generator().manual_seed(0))
    assert float(model.distance(rolled(noise, 16))) == pytest.approx(float(model.distance(noise)), rel=1e-3)
    drawn = model.draw(0)
    np.testing.assert_allclose(drawn.mean((0, 1)), picture(32, 32).mean((0, 1)), atol=0.03)
    components = torch.linalg.inv(model.unmix) @ (tensor(drawn) - model.mean[:, None, None]).flatten(1)
    assert float(model.distance(components.view(3, 32, 32))) < 0.05 * float(model.distance(noise))


def test_portilla_and_simoncelli_draw_another_picture_for_each_seed():
    check_drawing(PortillaSimoncelli(picture(32, 32), steps=3).draw, 32)


def test_portilla_and_simoncelli_take_a_gray_picture():
    gray = picture(32, 32)[..., :1].repeat(3, axis=2)
    drawn = PortillaSimoncelli(gray, steps=5).draw(0)
    assert np.isfinite(drawn).all()
    np.testing.assert_allclose(drawn[..., 0], drawn[..., 2], atol=0.01)


def test_dcgan_learns_windows_and_draws_tiles():
    exemplar = picture(80, 96)
    model = Dcgan(exemplar, steps=2, width=2, batch=4)
    check_drawing(lambda seed: model.draw(48, seed), 48)
    assert not np.array_equal(model.draw(48, 0), Dcgan(exemplar, steps=0, width=2, batch=4).draw(48, 0))
    assert model.parameters == sum(values.numel() for values in DcganGenerator(2).parameters())


@pytest.mark.parametrize("cells", [2, 5])
def test_dcgan_on_wrapped_noise_has_no_beginning(cells):
    generator, noise = DcganGenerator(2), torch.randn(1, 100, cells, cells)
    with torch.no_grad():
        first, second = (generator(each, periodic=True) for each in (noise, rolled(noise, 1)))
    assert first.shape == (1, 3, 16 * cells, 16 * cells)
    torch.testing.assert_close(rolled(first, 16), second, atol=1e-5, rtol=1e-4)


def test_a_window_of_dcgan_is_the_published_network_on_one_vector():
    generator = DcganGenerator(2)
    with torch.no_grad():
        assert generator(torch.randn(4, 100, 1, 1), periodic=False).shape == (4, 3, 64, 64)


@pytest.mark.parametrize("level", LEVELS)
def test_a_decoder_gives_pictures_that_wrap_as_their_features_do(autoencoders, level):
    image = tensor(picture(32, 32))[None]
    with torch.no_grad():
        features = autoencoders.trunk(image, periodic=True, level=level)[level]
        made = Decoder(level)(features)
        assert made.shape == image.shape
        decoder = autoencoders.decoders[level]
        torch.testing.assert_close(rolled(decoder(features), 8), decoder(rolled(features, _cells(features))))


def _cells(features):
    return 8 * features.shape[-1] // 32


def test_decoders_learn_to_give_pictures_back():
    learning = Autoencoders(load_light())
    windows = torch.stack([tensor(picture(32, 32, seed)) for seed in range(2)])
    learning.standardize(windows)

    def missed():
        with torch.no_grad():
            features = learning.trunk(windows, periodic=True)
            made = [learning.decoders[level](features[level]) for level in LEVELS]
        return [float((image - windows).square().mean()) for image in made]

    before = missed()
    for _ in range(34):
        learning.learn(windows, 3e-3)
    after = missed()
    assert after[0] < 0.5 * before[0] and sum(after) < 0.8 * sum(before)


@pytest.mark.parametrize("level", LEVELS)
def test_decoders_hear_all_channels_alike(autoencoders, level):
    windows = torch.stack([tensor(picture(64, 64, seed)) for seed in range(8)])
    features, decoder = autoencoders.trunk(windows, periodic=True)[level], Decoder(level)
    decoder.standardize(features)
    given = []
    decoder.convolutions[0].register_forward_pre_hook(lambda module, inputs: given.append(inputs[0]))
    decoder(features)
    variances, means = torch.var_mean(given[0][..., 1:-1, 1:-1], (0, 2, 3), correction=0)
    torch.testing.assert_close(means, torch.zeros_like(means), atol=1e-3, rtol=0)
    assert variances.max() < 1.001


def test_autoencoders_go_on_where_they_were_stopped(tmp_path, monkeypatch):
    monkeypatch.setattr("tests.bench.autoencoders._SIDE", 32)
    file, pictures = tmp_path / "decoders.pt", [tensor(picture(40, 48))]
    first = train(pictures, file, minutes=1e-6)
    assert first.step == 1
    second = train(pictures, file, minutes=first.minutes + 1e-6)
    assert second.step == 2 and second.minutes > first.minutes
    third = train(pictures, file, minutes=first.minutes)
    assert third.step == 2
    for one, other in zip(second.decoders[ADAIN].parameters(), third.decoders[ADAIN].parameters(), strict=True):
        assert torch.equal(one, other)


def test_decoders_of_another_encoder_are_refused(autoencoders):
    with pytest.raises(WeightsError, match="another light descriptor"):
        autoencoders.restore(autoencoders.state() | {"encoder": "0" * 64})


@pytest.mark.parametrize("method", [Adain, Wct])
def test_transfer_to_noise_draws_tiles(autoencoders, method):
    model = method(picture(100, 128), autoencoders)
    check_drawing(lambda seed: model.draw(48, seed), 48)
    assert model.parameters > autoencoders.trunk.size(LEVELS[-1]) > autoencoders.trunk.size(LEVELS[0])


def test_what_is_transferred_are_means_and_covariances():
    rng = torch.Generator().manual_seed(0)
    features, style = (torch.randn(1, 6, 16, 16, generator=rng) * spread + 2 for spread in (0.5, 3.0))
    mixed = torch.einsum("kc,nchw->nkhw", torch.randn(6, 6, generator=rng), style)
    made = colored(features, coloring(mixed))
    for found, wanted in zip(coloring(made), coloring(mixed), strict=True):
        torch.testing.assert_close(found, wanted, atol=1e-3, rtol=1e-3)
    for found, wanted in zip(moments(adapted(features, moments(mixed))), moments(mixed), strict=True):
        torch.testing.assert_close(found, wanted, atol=1e-3, rtol=1e-3)


def test_noise_has_the_colors_of_each_picture():
    colors = torch.stack([tensor(picture(64, 64, seed)) for seed in range(2)])
    noise = colored_noise(colors, 128, torch.Generator().manual_seed(0))
    for found, wanted in zip(noise, colors, strict=True):
        torch.testing.assert_close(found.mean((1, 2)), wanted.mean((1, 2)), atol=0.01, rtol=0)
        torch.testing.assert_close(torch.cov(found.flatten(1)), torch.cov(wanted.flatten(1)), atol=0.005, rtol=0)


def small_descriptor(pictures, *, periodic):
    """Layers of the right names that a picture of 32 texels is large enough for."""
    layers = {f"relu{block}_1": F.avg_pool2d(pictures, 2 ** (block - 1)) for block in range(1, 5)}
    return layers | {"relu5_1": pictures.square()}


def exemplars():
    return {f"wall {number}": picture(40, 48, number) for number in range(3)}


def test_multitexture_goes_on_as_if_it_had_not_been_stopped(tmp_path):
    whole, parts = tmp_path / "whole.pt", tmp_path / "parts.pt"
    straight = train_multitexture(exemplars(), whole, NARROW, 7, 10, small_descriptor)
    train_multitexture(exemplars(), parts, NARROW, 3, 10, small_descriptor)
    resumed = train_multitexture(exemplars(), parts, NARROW, 7, 10, small_descriptor)
    assert straight.step == resumed.step == 7
    for one, other in zip(straight.network.parameters(), resumed.network.parameters(), strict=True):
        assert torch.equal(one, other)
    with pytest.raises(SystemExit, match="other textures"):
        train_multitexture(dict(itertools.islice(exemplars().items(), 2)), parts, NARROW, 9, 10, small_descriptor)


def test_multitexture_learns_one_texture_more_at_a_time():
    from tests.bench.multitexture import Critic

    critic = Critic([image[:32, :32] for image in exemplars().values()], small_descriptor, "relu4_1")
    model = MultiTexture(list(exemplars()), NARROW)
    turns = [model.learn(critic)[0] for _ in range(9)]
    assert turns == [f"wall {number}" for number in (0, 0, 0, 1, 1, 2, 0, 1, 2)]
    for name in exemplars():
        check_drawing(lambda seed, name=name: model.draw(name, seed), 32)


def test_multitexture_of_the_published_widths_has_the_published_size():
    settings = MultiTextureSettings()
    sizes = [sum(p.numel() for p in MultiTextureNetwork(count, settings).parameters()) for count in (1, 2)]
    assert sizes[1] - sizes[0] == 34816 and 2.2e6 < sizes[0] < 2.8e6


def test_multitexture_has_no_beginning():
    network = MultiTextureNetwork(1, NARROW)
    noise = torch.tensor([[0.3, 0.7], [0.6, 0.4]])
    with torch.no_grad():
        first = network(noise, 0)
        for maps in (network.first, network.selection):
            maps.copy_(rolled(maps, 1))
        torch.testing.assert_close(rolled(first, 4), network(noise, 0), atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("method", ["adain", "wct", "multitexture"])
def test_methods_that_have_not_learned_are_left_out(method, tmp_path, capsys):
    given = Namespace(cache=tmp_path, seeds=1, autoencoders=None, multitexture=tmp_path / "none.pt")
    quality._make("wall", picture(300, 300), [method], given)
    assert "left out" in capsys.readouterr().err and not any(tmp_path.iterdir())


def test_small_budgets_are_options(tmp_path):
    given = Namespace(dcgan_steps=0, dcgan_width=2, dcgan_batch=2, portilla_steps=1)
    for method in ("dcgan", "portilla-simoncelli"):
        prepared = METHODS[method]("wall", picture(256, 256), given)
        assert prepared.draw(0).shape == (256, 256, 3) and prepared.tiles and prepared.parameters > 0


def test_generators_of_a_folder_are_a_method(tmp_path):
    write_artifact(tmp_path / "wall.texnet", random_artifact())
    prepared = generators_of(str(tmp_path))("wall", picture(256, 256), Namespace())
    assert prepared.draw(0).shape == (256, 256, 3) and prepared.parameters > 1000


def test_a_source_that_takes_an_exemplar_is_a_method():
    for method in (METHODS["collage"], generators_of("collage")):
        prepared = method("wall", picture(256, 256), Namespace())
        check_drawing(prepared.draw, 256)
        assert prepared.parameters is None  # it keeps the picture


def test_an_adaptive_file_is_a_method(tmp_path):
    torch.manual_seed(0)
    settings = PseudoOptimizerSettings(levels=2, widths="4,4", residual_blocks=0)
    form = PseudoOptimizer(settings, given_parameters(settings, []))
    parameters = {name: values.numpy() for name, values in form.parameters_by_name().items()}
    family = ADAPTIVE_PSEUDO_OPTIMIZER.name
    network = Artifact(settings=settings, maps=(ALBEDO,), family=family, texels_per_exemplar=64, parameters=parameters)
    write_artifact(tmp_path / "adaptive.texnet", network)
    prepared = generators_of(str(tmp_path / "adaptive.texnet"))("wall", picture(256, 256), Namespace())
    assert prepared.draw(0).shape == (256, 256, 3)
    assert prepared.parameters == sum(values.size for values in parameters.values())


def test_a_sheet_shows_pictures_one_to_one():
    first, second = picture(32, 32, 1), picture(32, 32, 2)
    sheet = draw_sheet({"wall": [first, second], "moss": [second, None]}, ["exemplar", "gray"])
    for image, times in ((first, 1), (second, 2)):
        levels = np.round(image * 255)
        windows = np.lib.stride_tricks.sliding_window_view(sheet, (32, 32), axis=(0, 1)).transpose(0, 1, 3, 4, 2)
        found = sum(np.abs(windows[y] - levels).max((1, 2, 3)).min() <= 1 for y in range(len(windows)))
        assert found == times


def test_one_command_prints_the_table_and_draws_the_sheet(tmp_path, monkeypatch, capsys):
    data, cache, sheet = tmp_path / "data", tmp_path / "cache", tmp_path / "sheet.png"
    (data / "surfaces").mkdir(parents=True)
    write_image(data / "surfaces" / "wall.jpg", quantize(picture(300, 280), 8))
    prepared = Prepared(lambda seed: picture(256, 256, seed), parameters=1234, tiles=False)
    for label in ("drawn", "other"):  # the command replaces the second
        monkeypatch.setitem(quality.METHODS, label, lambda name, exemplar, given: prepared)
    quality._make("wall", picture(300, 280), ["drawn"], Namespace(cache=cache, seeds=1))
    quality._figures(cache, "drawn", "wall").write_text(json.dumps(dict.fromkeys(FIGURES)))
    words = ["--cache", str(cache), "--data", str(data), "--methods", "drawn,other", "--also", f"other={data}"]
    monkeypatch.setattr("sys.argv", ["quality", *words, "--table", "--sheet", str(sheet)])
    quality.main()
    (line,) = (line for line in capsys.readouterr().out.splitlines() if line.startswith("| drawn | 1"))
    assert "| 1234 |" in line and "no tile" in line
    shown = read_exemplar(sheet).image
    assert shown.shape[1] > 3 * 256 and 256 < shown.shape[0] < 2 * 256

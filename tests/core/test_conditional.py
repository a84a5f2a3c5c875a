"""Networks whose kernels and norms belong to a code, and the generators that they make."""

from dataclasses import replace

import numpy as np
import pytest

from tests.conftest import picture
from tests.core.networks import predicting_network, textures_network
from texnet_core import TextureRequest, open_source, read_artifact, synthesize, write_artifact
from texnet_core.descriptor.light import load_light
from texnet_core.engines.onnx_graph import OUTPUT
from texnet_core.engines.whole_graph import WholeGraphWriter, inputs_of_period
from texnet_core.errors import ArtifactError, ImageError, RequestError
from texnet_core.instant import conditional
from texnet_core.instant.adapting import adapt
from texnet_core.instant.conditional import TORUS, at_code, generator_at
from texnet_core.instant.exemplar_statistics import PrincipalColors, statistics_of
from texnet_core.instant.measuring import run_once
from texnet_core.model import nodes
from texnet_core.model.artifact import read_header
from texnet_core.model.families.conditional import STATISTICS, measured_graph
from texnet_core.model.graph import NO_CLAMP
from texnet_core.presets import INSTANT


@pytest.fixture(scope="module")
def exemplar():
    rng = np.random.default_rng(1)
    return (0.7 * picture(160, 192, seed=1) + 0.3 * rng.random((160, 192, 3))).astype(np.float32)


@pytest.fixture(scope="module")
def network():
    return predicting_network()


def made(artifact, **more):
    return synthesize(artifact, TextureRequest(width=TORUS, height=TORUS, engine="onnx", **more))["albedo"]


def test_what_is_told_of_an_exemplar_does_not_depend_on_what_is_hidden(exemplar):
    mask = np.ones(exemplar.shape[:2], bool)
    told = statistics_of(exemplar)
    assert told.shape == (STATISTICS,) and np.isfinite(told).all()
    assert np.array_equal(told, statistics_of(exemplar, mask))
    mask[40:60, 30:90] = False
    other = exemplar.copy()
    other[44:56, 34:86] = 0  # farther from what is visible than the first layers see
    seen, as_well = statistics_of(exemplar, mask), statistics_of(other, mask)
    assert not np.array_equal(seen, told)
    colors = slice(0, 9)
    assert np.array_equal(seen[colors], as_well[colors])


@pytest.mark.parametrize("height, width", [(32, 32), (33, 700), (256, 256), (300, 2000)])
def test_exemplars_of_all_shapes_are_told_of(height, width):
    assert np.isfinite(statistics_of(picture(height, width))).all()


def test_a_channel_that_is_the_same_everywhere_is_no_trouble(exemplar):
    flat = exemplar.copy()
    flat[..., 2] = 0
    assert np.isfinite(statistics_of(flat)).all()


def test_too_little_that_is_visible_is_one_line(exemplar, network):
    mask = np.zeros(exemplar.shape[:2], bool)
    mask[:12, :12] = True
    with pytest.raises(ImageError, match="places for"):
        adapt(network, exemplar, mask)


def test_norms_are_folded_exactly(exemplar, network, monkeypatch):
    """Without clamps the generator makes what the network makes with norms over the period that was measured."""
    code, colors = np.linspace(-1, 1, 8, dtype=np.float32), PrincipalColors.of(exemplar)
    monkeypatch.setattr(conditional, "rounded", lambda parameters: parameters)
    generator = generator_at(network, code, colors)
    bounds = {node.bound for node in generator.graph.of(nodes.Clamp)}
    open_ended = {
        name: np.full_like(array, NO_CLAMP) if name in bounds else array for name, array in generator.parameters.items()
    }
    tile = made(replace(generator, parameters=open_ended))

    graph = measured_graph(network.settings, 3)
    writer = WholeGraphWriter(graph, at_code(network, code), TORUS, {})
    writer.write()
    (raw,) = run_once(writer, [OUTPUT], inputs_of_period(generator, generator.input_plane(0, TORUS, TORUS)))
    flat, texels = raw[0].reshape(3, -1), tile.reshape(-1, 3)
    centered = np.concatenate([flat, np.ones((1, flat.shape[1]))]).T
    inside = ((texels > 0) & (texels < 1)).all(1)  # others are cut off
    fitted = centered @ np.linalg.lstsq(centered[inside], texels[inside], rcond=None)[0]
    assert np.abs(texels - fitted)[inside].max() < 1e-3  # the same but for an affine map of colors


def test_a_generator_has_the_colors_of_its_exemplar(exemplar, network):
    tile = made(adapt(network, exemplar), seed=5).reshape(-1, 3)
    texels = exemplar.reshape(-1, 3)
    assert np.abs(tile.mean(0) - texels.mean(0)).max() < 0.03
    assert np.abs(np.cov(tile.T) - np.cov(texels.T)).max() < 0.15 * np.cov(texels.T).max()


def test_a_gray_exemplar_gives_gray_textures(exemplar, network):
    gray = np.repeat(exemplar[..., :1], 3, axis=2)
    tile = made(adapt(network, gray))
    assert np.ptp(tile, axis=2).max() < 1e-6 < tile.std()


def test_it_is_a_generator_like_any_other(exemplar, network, tmp_path):
    """It goes to a file and back, and any window equals the same one of the whole."""
    generator = adapt(network, exemplar)
    assert generator.family == "pyramid" and not generator.adapts and generator.texels_per_exemplar == 160
    write_artifact(tmp_path / "made.texnet", generator)
    whole = made(read_artifact(tmp_path / "made.texnet"))
    assert np.array_equal(whole, made(generator))
    again = made(generator, seed=0)
    assert np.array_equal(whole, again) and not np.array_equal(whole, made(generator, seed=1))


def test_codes_and_exemplars_decide(exemplar, network):
    assert not np.array_equal(made(adapt(network, exemplar)), made(adapt(network, exemplar.transpose(1, 0, 2).copy())))


def test_principal_colors_give_back_mean_and_covariance(exemplar):
    colors, texels = PrincipalColors.of(exemplar), exemplar.reshape(-1, 3)
    assert np.allclose(colors.axes @ colors.axes.T, np.cov(texels.T), atol=1e-6)
    assert np.allclose(colors.mean, texels.mean(0), atol=1e-5) and (colors.axes.sum(0) >= 0).all()
    lengths = np.linalg.norm(colors.axes, axis=0)
    assert lengths[0] >= lengths[1] >= lengths[2]


def test_a_file_needs_as_many_names_as_textures(tmp_path):
    network = textures_network("moss", "bark")
    write_artifact(tmp_path / "two.texnet", network)
    assert read_artifact(tmp_path / "two.texnet").textures == ("moss", "bark")
    for names in (("moss",), ("moss", "moss"), ("moss", "a=b"), ("moss", ""), ("moss", "x" * 65)):
        with pytest.raises(ArtifactError, match="names of its textures"):
            write_artifact(tmp_path / "wrong.texnet", replace(network, textures=names))


def test_a_damaged_code_is_refused(tmp_path):
    network = textures_network("moss", "bark")
    codes = network.parameters["codes"].copy()
    codes[1, 3] = np.nan
    with pytest.raises(ArtifactError, match="not finite"):
        write_artifact(tmp_path / "damaged.texnet", replace(network, parameters={**network.parameters, "codes": codes}))


def test_the_network_that_ships_makes_a_texture_of_any_picture(exemplar):
    generator = open_source("instant", exemplar)
    assert generator.family == "pyramid" and made(generator).std() > 0.02
    with pytest.raises(RequestError, match="none is given"):
        open_source("instant")


def test_the_network_that_ships_has_learned_with_the_light_descriptor_that_ships():
    assert read_header(INSTANT).training["light_weights"] == load_light().sha256()

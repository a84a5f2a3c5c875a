"""Pseudo Optimizers that are adapted: what was global is frozen, and all that holds for generators holds for them."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from tests.conftest import ENGINES, picture
from texnet_core import Artifact, TextureRequest, open_engine, open_plane, read_artifact, synthesize, write_artifact
from texnet_core.adaptive.descriptors import given_parameters
from texnet_core.adaptive.network import PseudoOptimizer
from texnet_core.errors import ArtifactError, ImageError, RequestError
from texnet_core.instant.adapting import adapt
from texnet_core.instant.open import open_source
from texnet_core.instant.pseudo_optimizer import adapt_pseudo_optimizer, exemplar_matrices, measure
from texnet_core.mapset import ALBEDO
from texnet_core.model.artifact import to_bytes
from texnet_core.model.families import ADAPTIVE_PSEUDO_OPTIMIZER
from texnet_core.model.families.pseudo_optimizer import PseudoOptimizerSettings
from texnet_core.presets import find_source

SIDE = 64
SMALL = PseudoOptimizerSettings(levels=3, widths="4,4,6", residual_blocks=1)
DEEP = PseudoOptimizerSettings(widths="2,2,2,2,2", residual_blocks=0)
KINDS = [
    {},
    {"objective": "shifted"},
    {"objective": "multiscale"},
    {"norms": "published"},
    {"network": "adapo"},
    {"levels": 1},
]


def untrained(settings=SMALL):
    """A network that has learned nothing, in both forms."""
    torch.manual_seed(0)
    form = PseudoOptimizer(settings, given_parameters(settings, []))
    parameters = {name: tensor.numpy() for name, tensor in form.parameters_by_name().items()}
    network = Artifact(
        settings=settings,
        maps=(ALBEDO,),
        family=ADAPTIVE_PSEUDO_OPTIMIZER.name,
        texels_per_exemplar=SIDE,
        parameters=parameters,
    )
    return form, network


def small_one():
    """An adapted one."""
    return adapt_pseudo_optimizer(untrained()[1], exemplar(), torus=SIDE)


def exemplar(seed=1):
    return picture(SIDE, SIDE + 16, seed=seed)


def trained_form(form, network, image, side):
    """What the training form makes of the noise of seed 0, a whole period of it."""
    targets = form.targets_of(torch.from_numpy(image.transpose(2, 0, 1).copy())[None])
    noise = torch.from_numpy(network.input_plane(0, side, side).window(0, 0, 0, side, side))[None]
    return form(noise, targets).images[-1][0].permute(1, 2, 0).detach().numpy()


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_adapted_makes_what_the_training_form_makes(kind):
    form, network = untrained(replace(SMALL, **kind))
    made = trained_form(form, network, exemplar(), SIDE)
    adapted = adapt_pseudo_optimizer(network, exemplar(), torus=SIDE)
    assert adapted.family == "pseudo_optimizer" and not adapted.adapts and made.std() > 0.02
    for engine in ENGINES:
        texture = synthesize(adapted, TextureRequest(width=SIDE, height=SIDE, engine=engine))["albedo"]
        assert np.abs(texture - made).max() < 1e-3


def test_zeros_past_the_edge_make_another_picture():
    form, network = untrained(replace(SMALL, padding="zero"))
    notes = []
    adapted = adapt(network, exemplar(), announce=notes.append)
    texture = synthesize(adapted, TextureRequest(width=SIDE, height=SIDE))["albedo"]
    assert np.abs(texture - trained_form(form, network, exemplar(), SIDE)).max() > 0.05
    assert notes and "without edges" in notes[0]


def test_gram_matrices_need_no_torch():
    for kind in KINDS[:3]:
        form, network = untrained(replace(SMALL, **kind))
        wanted = form.targets_of(torch.from_numpy(exemplar().transpose(2, 0, 1).copy())[None])
        found = exemplar_matrices(network, exemplar(), None)
        assert found.keys() == wanted.keys()
        assert all(np.allclose(found[layer], wanted[layer][0], atol=1e-4) for layer in found)


@pytest.mark.device
@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("tile", ["xy", "none"])
def test_any_window_equals_the_same_one_of_the_whole(engine, tile):
    adapted = small_one()
    opened = open_engine(adapted, engine, precision="f32")
    request = TextureRequest(width=384, height=320, seed=3, tile=tile, engine=engine)
    whole = open_plane(adapted, request, engine=opened)[0:320, 0:384]
    for top, bottom, left, right in ((0, 1, 0, 1), (100, 140, 250, 300), (127, 129, 255, 257), (300, 320, 0, 384)):
        window = open_plane(adapted, request, engine=opened)[top:bottom, left:right]
        assert np.array_equal(window, whole[top:bottom, left:right])
    if tile == "xy":
        around = open_plane(adapted, request, engine=opened)[-20:340, -30:400]
        assert np.array_equal(around[20:340, 30:414], whole[:, :384][:, : 414 - 30])
        assert np.array_equal(around[:20, 30:400], whole[-20:, :370])


@pytest.fixture(scope="module")
def deep():
    """One with all levels, whose halos are larger than blocks."""
    network = replace(untrained(DEEP)[1], texels_per_exemplar=176)
    adapted = adapt_pseudo_optimizer(network, picture(176, 176, seed=1), torus=SIDE)
    assert adapted.graph.cell_texels == 16
    return adapted


def test_the_settings_of_another_size_need_another_exemplar():
    with pytest.raises(ImageError, match="too small for the network"):
        adapt(untrained(DEEP)[1], exemplar())


@pytest.mark.parametrize("engine", ENGINES)
def test_a_short_period_is_made_at_once_and_equals_its_blocks(deep, engine):
    opened = open_engine(deep, engine, precision="f32")
    assert max(opened.block_shape) >= 512
    plane = deep.input_plane(0, 64, 128)
    at_once = opened.period(plane)
    assert at_once.shape == (64, 128, 3)
    block = opened.block(plane, 64, -128, 64, 128)
    assert np.abs(block - at_once).max() < 1e-4
    assert opened.period(deep.input_plane(0, None, 128)) is None
    assert opened.period(deep.input_plane(0, 2048, 2048)) is None


@pytest.mark.parametrize("engine", ENGINES)
def test_a_short_period_has_the_same_bytes_with_any_number_of_threads(deep, engine):
    made = [open_engine(deep, engine, "cpu", "f32", threads).period(deep.input_plane(5, 64, 64)) for threads in (1, 2)]
    assert np.array_equal(*made)


def test_presets_keep_their_blocks():
    moss = read_artifact(find_source("moss"))
    for engine in ENGINES:
        opened = open_engine(moss, engine, "cpu", "f32")
        assert max(opened.block_shape) <= 256 and opened.period(moss.input_plane(0, 128, 128)) is None


def test_frozen_statistics_hold_on_noise_that_they_were_not_measured_on():
    """A picture of another seed has about the colors of the one that was measured."""
    adapted = adapt_pseudo_optimizer(untrained()[1], exemplar(), torus=128)
    first, second = (synthesize(adapted, TextureRequest(width=128, height=128, seed=seed))["albedo"] for seed in (0, 7))
    assert np.abs(first.mean((0, 1)) - second.mean((0, 1))).max() < 0.03 and np.abs(first - second).max() > 0.1


def test_an_exemplar_decides_what_is_made_and_what_is_hidden_does_not():
    _, network = untrained()
    one, other = (adapt_pseudo_optimizer(network, exemplar(seed), torus=SIDE) for seed in (1, 2))
    request = TextureRequest(width=SIDE, height=SIDE)
    assert not np.allclose(synthesize(one, request)["albedo"], synthesize(other, request)["albedo"], atol=0.02)
    mask = np.zeros((SIDE, SIDE + 16), bool)
    mask[:, : SIDE - 8] = True
    shown = exemplar_matrices(network, exemplar(), mask)
    assert not np.allclose(shown["layer0"], exemplar_matrices(network, exemplar(), None)["layer0"])
    changed = exemplar().copy()
    changed[:, SIDE + 8 :] = 0
    assert all(np.array_equal(shown[name], exemplar_matrices(network, changed, mask)[name]) for name in ("layer0",))


def test_a_gray_exemplar_gives_gray_textures():
    gray = np.repeat(exemplar()[..., :1], 3, axis=2)
    made = synthesize(adapt(untrained()[1], gray), TextureRequest(width=128, height=128, engine="onnx"))["albedo"]
    assert np.ptp(made, axis=2).max() < 1e-5 < made.std()


def test_a_larger_torus_changes_little():
    _, network = untrained()
    targets = exemplar_matrices(network, exemplar(), None)
    small, large = (measure(network, targets, torus).maps.mean((0, 1)) for torus in (96, 160))
    assert np.abs(small - large).max() < 0.03


def test_files_of_both_kinds_read_as_they_were_written(tmp_path):
    _, network = untrained()
    for artifact in (network, small_one()):
        write_artifact(tmp_path / "a.texnet", artifact)
        read = read_artifact(tmp_path / "a.texnet")
        assert read.settings == artifact.settings and read.adapts == artifact.adapts
        assert all(np.array_equal(read.parameters[name], array) for name, array in artifact.parameters.items())


def test_an_adaptive_file_is_a_source_that_needs_an_exemplar(tmp_path):
    path = tmp_path / "net.texnet"
    write_artifact(path, untrained()[1])
    assert open_source(path, exemplar()).family == "pseudo_optimizer"
    with pytest.raises(RequestError, match="net makes textures of an exemplar, and none is given"):
        open_source(path)
    with pytest.raises(RequestError, match="no texture by itself"):
        synthesize(read_artifact(path))
    with pytest.raises(RequestError, match="no texture by itself"):
        open_engine(read_artifact(path))
    with pytest.raises(RequestError, match="has an exemplar of its own"):
        adapt(read_artifact(find_source("moss")), exemplar())


@pytest.mark.parametrize(
    ("image", "mask", "says"),
    [
        (exemplar()[..., 0], None, "the picture is float32"),
        (255 * exemplar(), None, "the picture has values from"),
        ("photo.jpg", None, "the picture is str"),
        (exemplar(), np.ones((3, 3), bool), "the mask is bool"),
    ],
)
def test_what_is_no_picture_adapts_nothing(image, mask, says):
    with pytest.raises(ImageError, match=says):
        adapt(untrained()[1], image, mask)


@pytest.mark.parametrize("change", [{"widths": "4,4"}, {"widths": "4,4,99999"}, {"levels": 9}, {"network": "other"}])
def test_a_damaged_file_is_refused_in_one_line(tmp_path, change):
    path = tmp_path / "net.texnet"
    path.write_bytes(_claiming(change))
    with pytest.raises(ArtifactError, match=r"net\.texnet") as error:
        read_artifact(path)
    assert "\n" not in str(error.value)


def _claiming(change):
    """The bytes of a network whose header says something else."""
    import hashlib
    import json
    import struct

    data = to_bytes(untrained()[1])
    length = struct.unpack_from("<I", data, 12)[0]
    header = json.loads(data[48 : 48 + length])
    header["settings"] |= change
    raw = json.dumps(header).encode()
    return data[:12] + struct.pack("<I", len(raw)) + hashlib.sha256(raw).digest() + raw + data[48 + length :]


def test_a_damaged_body_is_refused(tmp_path):
    path = tmp_path / "net.texnet"
    data = bytearray(to_bytes(untrained()[1]))
    data[-100] ^= 0xFF
    path.write_bytes(data)
    with pytest.raises(ArtifactError, match="checksum"):
        read_artifact(path)

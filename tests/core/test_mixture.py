"""Two textures over one plane, as a mask says."""

from dataclasses import replace

import numpy as np
import onnx
import pytest
from onnx.reference import ReferenceEvaluator

from tests.conftest import ENGINES
from tests.core.networks import textures_network
from texnet_core import TextureRequest, open_plane, read_artifact, synthesize, write_artifact
from texnet_core.engines import open_engine
from texnet_core.engines.bf16 import with_bf16
from texnet_core.engines.fusion import fused
from texnet_core.engines.onnx_graph import OUTPUT, build_model
from texnet_core.engines.whole_graph import build_whole_model, inputs_of_period
from texnet_core.instant import conditional
from texnet_core.instant.textures import choose_texture
from texnet_core.model.graph import inference_form
from texnet_core.model.mask_plane import MaskPlane
from texnet_core.model.nodes import Convolution, UpsamplingConvolution
from texnet_core.model.noise import NoisePlane
from texnet_core.synthesis.choice import TextureChoice

pytestmark = pytest.mark.device
WINDOWS = [(0, 200, 0, 304), (120, 140, 250, 260), (0, 1, 0, 1), (127, 129, 255, 257)]
BOTH = TextureChoice(texture="moss", mix_to="bark", mix_mask="drawn.png")


@pytest.fixture(scope="module")
def network():
    return textures_network("moss", "bark", "sand")


def mask(height=24, width=40):
    return np.random.default_rng(3).random((height, width)).astype(np.float16).astype(np.float32)


@pytest.fixture(scope="module")
def mixture(network):
    return choose_texture(network, BOTH, mask())


def made(artifact, size=(304, 200), engine="onnx", **more):
    request = TextureRequest(width=size[0], height=size[1], engine=engine, precision="f32", **more)
    return synthesize(artifact, request)["albedo"]


# The mask on its plane.


def plane(height=96, width=160, seen=None):
    return MaskPlane(NoisePlane(5, 2, height, width), mask() if seen is None else seen, (24, 40))


@pytest.mark.parametrize("period", [(96, 160), (None, None), (96, None)])
@pytest.mark.parametrize("level", [0, 2, 5])
def test_any_window_of_a_mask_has_the_bits_of_the_whole(period, level):
    shown = plane(*period)
    whole = shown.window(level, -7, -9, 90, 120)
    assert 0 <= whole[-1].min() < whole[-1].max() <= 1
    for top, left, height, width in ((0, 0, 1, 1), (5, 60, 30, 2), (-7, 110, 90, 1)):
        part = shown.window(level, top, left, height, width)
        assert np.array_equal(part, whole[:, top + 7 : top + 7 + height, left + 9 : left + 9 + width])
        assert np.array_equal(part, shown.window_torch(level, top, left, height, width).numpy())


def test_a_mask_repeats_with_the_texture_and_at_its_own_size_where_that_has_no_end():
    for shown, down, across in ((plane(), 96, 160), (plane(None, None), 24, 40), (plane(96, None), 96, 40)):
        first = shown.window(0, 3, 4, 50, 60)[-1]
        for turns in (-1, 1, 5):
            assert np.array_equal(first, shown.window(0, 3 + turns * down, 4 - turns * across, 50, 60)[-1])


def test_a_mask_is_stretched_and_its_cells_are_means():
    """A mask as fine as the texels is itself but for the straight lines; coarse cells are means of fine ones."""
    seen = mask()
    fine = plane(24, 40, seen).window(0, 0, 0, 24, 40)[-1]
    lines = sum(0.125 * np.roll(seen, step, 0) for step in (-1, 1)) + 0.75 * seen
    lines = sum(0.125 * np.roll(lines, step, 1) for step in (-1, 1)) + 0.75 * lines
    assert np.abs(fine - lines).max() < 1e-6
    shown = plane()
    fine, coarse = shown.window(0, 0, 0, 96, 160)[-1], shown.window(3, 0, 0, 12, 20)[-1]
    assert np.abs(fine.reshape(12, 8, 20, 8).mean((1, 3)) - coarse).max() < 1e-6
    assert abs(fine.mean() - seen.mean()) < 1e-6
    for value in (0, 1):
        flat = plane(seen=np.full((5, 7), value, np.float32))
        assert (flat.window(1, -3, 6, 70, 80)[-1] == value).all()


# The mixture.


@pytest.mark.parametrize("share", [0, 0.25, 0.5, 0.75, 1])
def test_a_mask_of_one_tone_shows_what_a_mix_shows(network, share, monkeypatch):
    monkeypatch.setattr(conditional, "rounded", lambda parameters: parameters)
    flat = np.full((3, 5), share, np.float32)
    mixed = choose_texture(network, TextureChoice(mix=f"moss={1 - share},bark={share}"))
    assert np.abs(made(choose_texture(network, BOTH, flat)) - made(mixed)).max() < 1e-4


def test_the_ends_of_a_mask_are_the_textures_of_the_file(network):
    """As files have them, whose numbers are rounded."""
    for value, name in ((0, "moss"), (1, "bark")):
        flat = np.full((3, 5), value, np.float32)
        alone = made(choose_texture(network, TextureChoice(texture=name)))
        off = np.abs(made(choose_texture(network, BOTH, flat)) - alone) * 255
        assert off.mean() < 0.5 and alone.std() > 0.02


def test_far_from_an_edge_each_side_shows_its_texture(network):
    halves = np.zeros((1, 64), np.float32)
    halves[:, 32:] = 1
    shown = made(choose_texture(network, BOTH, halves), (512, 128))
    for value, left in ((0, 0), (1, 256)):
        alone = made(choose_texture(network, BOTH, np.full((1, 64), value, np.float32)), (512, 128))
        middle = slice(left + 64, left + 192)  # no cell there sees the edge
        assert np.abs(shown[:, middle] - alone[:, middle]).max() < 1e-6
    other = shown[:, 320:448]
    assert np.abs(shown[:, 64:192] - other).mean() > 0.02


@pytest.mark.parametrize("name", ENGINES)
@pytest.mark.parametrize("tile", ["xy", "none"])
@pytest.mark.parametrize("size", [(304, 200), (300, 190)])
def test_windows_of_a_mixture_are_pieces_of_one_texture(mixture, name, size, tile):
    request = TextureRequest(width=size[0], height=size[1], tile=tile, engine=name, precision="f32", threads=2)
    engine = open_engine(mixture, name, precision="f32", threads=2)
    whole = open_plane(mixture, request, engine=engine)[0:200, 0:304]
    again = open_plane(mixture, request, engine=engine, blocks_at_once=1)
    for y0, y1, x0, x1 in reversed(WINDOWS):
        assert again[y0:y1, x0:x1].tobytes() == whole[y0:y1, x0:x1].tobytes()
    if tile == "xy":
        beyond = again[size[1] - 3 : size[1] + 20, -5:30]
        assert beyond[3:, 5:].tobytes() == whole[0:20, 0:30].tobytes()


def test_udim_tiles_of_a_mixture_join(mixture):
    whole = made(mixture, (256, 128))
    tiles = [made(mixture, (128, 128), udim=(2, 1), region=None)]
    request = TextureRequest(width=128, height=128, udim=(2, 1), engine="onnx", precision="f32")
    assert np.array_equal(open_plane(mixture, request)[0:128, 0:256], whole)
    assert np.array_equal(tiles[0], whole)


def reference(artifact, size):
    """A whole period by ONNX's own evaluator: every convolution wraps, and nothing is cropped, fused or cut."""
    given = inputs_of_period(artifact, artifact.input_plane(5, size, size))
    (maps,) = ReferenceEvaluator(onnx.load_from_string(build_whole_model(artifact))).run([OUTPUT], given)
    return maps[0].transpose(1, 2, 0)


@pytest.mark.parametrize("name", ENGINES)
def test_every_engine_makes_what_the_graph_says(mixture, name):
    shown = open_engine(mixture, name, precision="f32").block(mixture.input_plane(5, 32, 32), 0, 0, 32, 32)
    np.testing.assert_allclose(shown, reference(mixture, 32), atol=2e-5)


def test_what_saves_work_and_what_is_rounded(mixture):
    """Both convolutions of a level that joins a coarser one are fused; no map is made in bfloat16."""
    plain = inference_form(mixture.graph)
    graph, _ = fused(plain, mixture.parameters)
    joins = [node.name for node in graph.of(UpsamplingConvolution)]
    assert len(joins) == 2 * (mixture.settings.levels - 1)
    rounded = {node.name for node in with_bf16(plain).of(Convolution) if node.bf16}
    assert rounded and all(".part" in name for name in rounded)


def test_bfloat16_stays_within_the_convolutions(mixture):
    """ONNX's inference of types finds any operation that mixes formats."""
    graph, parameters = fused(with_bf16(inference_form(mixture.graph)), mixture.parameters)
    model = onnx.shape_inference.infer_shapes(onnx.load_from_string(build_model(graph, parameters)), strict_mode=True)
    low = [tensor.name for tensor in model.graph.initializer if tensor.data_type == onnx.TensorProto.BFLOAT16]
    assert low and all(".part" in name for name in low)
    assert model.graph.output[0].type.tensor_type.elem_type == onnx.TensorProto.FLOAT


def test_a_mixture_goes_to_a_file_and_back(mixture, tmp_path):
    write_artifact(tmp_path / "both.texnet", mixture)
    read = read_artifact(tmp_path / "both.texnet")
    assert read.family == "mixture" and np.array_equal(made(read), made(mixture))
    assert (tmp_path / "both.texnet").stat().st_size < 2**20


def test_a_loop_moves_the_noise_and_leaves_the_mask(mixture):
    one, two = (mixture.input_plane(0, 64, 64, phase).window(0, 0, 0, 64, 64) for phase in (0.0, 0.3))
    assert np.array_equal(one[-1], two[-1]) and not np.array_equal(one[0], two[0])


def test_large_masks_are_kept_smaller_and_keep_their_size_on_planes_without_end(network):
    large = np.zeros((3, 5000), np.float32)
    large[:, :2500] = 1
    artifact = choose_texture(network, BOTH, large)
    settings = artifact.settings
    assert settings.mask_width <= 2048 and (settings.texels_down, settings.texels_across) == (3, 5000)
    shown = artifact.input_plane(0).window(0, 0, 0, 1, 5000)[-1, 0]
    assert abs(shown.mean() - 0.5) < 1e-3 and shown[1000] == 1 and shown[4000] == 0


def test_mixes_can_be_ends_of_a_mask(network):
    choice = TextureChoice(mix="moss=1,sand=1", mix_to="bark,sand", mix_mask="drawn.png")
    artifact = choose_texture(network, choice, mask())
    assert artifact.provenance.exemplar == "moss 50%, sand 50% to bark 50%, sand 50%"
    assert not np.array_equal(made(artifact), made(choose_texture(network, replace(choice, mix_to="bark"), mask())))

"""A second family and a second input, defined here: nothing outside a family's own folder knows which there are."""

from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import pytest
from PIL import Image

from tests.conftest import ENGINES, random_artifact
from texnet_core import (
    Artifact,
    TextureRequest,
    open_engine,
    open_plane,
    read_artifact,
    read_header,
    write_artifact,
    write_window,
)
from texnet_core.mapset import ALBEDO, MapSpec
from texnet_core.model.design import Design
from texnet_core.model.families import (
    FAMILIES,
    PYRAMID,
    Family,
    PlaneFacts,
)
from texnet_core.model.graph import GraphBuilder
from texnet_core.model.noise import NoisePlane
from texnet_core.settings import Checked, setting
from texnet_core.synthesis.axis import Axis
from texnet_core.synthesis.plane import Plane

pytestmark = pytest.mark.device
WINDOWS = [(0, 300, 0, 500), (120, 140, 250, 260), (0, 1, 0, 1), (200, 300, 300, 500), (127, 129, 255, 257)]


@dataclass(frozen=True)
class TwigSettings(Checked):
    """A net unlike the pyramid: a skip past a convolution, one upsampling of two levels, statistics from outside."""

    features: int = setting(4, "feature channels", low=1, high=16)


def twig_graph(settings, channels):
    builder = GraphBuilder()
    coarse = builder.input("coarse", 2, 2)
    fine = builder.input("fine", 2, 0)
    grown = builder.leaky_relu(builder.convolution(coarse, "grow", settings.features, 5), 0.2)
    grown = builder.upsample(builder.upsample(builder.clamp(grown, "grow.bound")))
    scaled = builder.affine(fine, builder.constant("scale", 2), builder.constant("shift", 2))
    first = builder.leaky_relu(builder.convolution(scaled, "first", settings.features, 3), 0.2)
    joined = builder.concat((grown, first, fine), "joined")
    second = builder.leaky_relu(builder.convolution(joined, "second", settings.features, 3), 0.2)
    builder.convolution(builder.concat((second, first), "skipped"), "maps", channels, 1)
    return builder.graph()


def twig_inputs(settings, facts):
    return NoisePlane(facts.seed, 2, facts.height, facts.width, facts.phase)


def twig_constants(artifact, plane):
    """Of the inputs: what makes the first cells of the fine noise standard."""
    seen = plane.window(0, 0, 0, 64, 64)
    scale = 1 / seen.std(axis=(1, 2))
    return {"scale": scale, "shift": -seen.mean(axis=(1, 2)) * scale}


TWIG = Family("twig", TwigSettings, twig_graph, twig_inputs, prepare=twig_constants)
MAPS = (ALBEDO, MapSpec("roughness", 1, "data"))


@pytest.fixture
def twig(monkeypatch):
    monkeypatch.setitem(FAMILIES, "twig", TWIG)
    settings = TwigSettings()
    rng = np.random.default_rng(0)
    shapes = Design(settings, 4, family="twig").graph.parameter_shapes
    parameters = {name: rng.normal(0, 0.2, shape).astype(np.float32) for name, shape in shapes.items()}
    parameters |= {"grow.bound": np.full(4, 0.2, np.float32), "maps.bias": np.full(4, 0.5, np.float32)}
    return Artifact(settings=settings, maps=MAPS, parameters=parameters, family="twig")


def test_a_second_family_lives_in_a_file(twig, tmp_path):
    path = tmp_path / "twig.texnet"
    write_artifact(path, twig)
    read = read_artifact(path)
    for header in (read_header(path), read):
        assert (header.family, header.settings, header.maps) == ("twig", TwigSettings(), MAPS)
    assert all(np.array_equal(read.parameters[name], array) for name, array in twig.parameters.items())


def circular_twig(twig, plane, size):
    """The whole period as its graph says, in plain NumPy: nothing is cropped, fused or cut into blocks."""
    constants = twig_constants(twig, plane)

    def convolve(x, name):
        weight, bias = twig.parameters[f"{name}.weight"], twig.parameters[f"{name}.bias"]
        margin = weight.shape[2] // 2
        rolled = {
            (i, j): np.roll(x, (margin - i, margin - j), (1, 2))
            for i in range(weight.shape[2])
            for j in range(weight.shape[3])
        }
        return sum(np.tensordot(weight[:, :, i, j], part, 1) for (i, j), part in rolled.items()) + bias[:, None, None]

    def activate(x):
        return np.where(x > 0, x, 0.2 * x)

    coarse, fine = plane.window(2, 0, 0, size // 4, size // 4), plane.window(0, 0, 0, size, size)
    grown = np.minimum(activate(convolve(coarse, "grow")), twig.parameters["grow.bound"][:, None, None])
    grown = grown.repeat(4, 1).repeat(4, 2)
    first = activate(convolve(fine * constants["scale"][:, None, None] + constants["shift"][:, None, None], "first"))
    second = activate(convolve(np.concatenate((grown, first, fine)), "second"))
    return convolve(np.concatenate((second, first)), "maps").transpose(1, 2, 0)


@pytest.mark.parametrize("name", ENGINES)
def test_every_engine_runs_a_second_family(twig, name):
    engine = open_engine(twig, name, precision="f32")
    inputs = TWIG.input_plane(twig.settings, PlaneFacts(5, 64, 64))
    made = engine.block(inputs, 0, 0, 64, 64, twig_constants(twig, inputs))
    np.testing.assert_allclose(made, circular_twig(twig, inputs, 64), atol=2e-5)


def plane_of(artifact, engine, seed=5, size=(512, 304), **options):
    request = TextureRequest(width=size[0], height=size[1], seed=seed)
    return open_plane(artifact, request, engine=engine, **options)


@pytest.mark.parametrize("name", ENGINES)
@pytest.mark.parametrize("size", [(512, 304), (500, 300)])
def test_windows_of_a_second_family_are_pieces_of_one_texture(twig, name, size):
    engine = open_engine(twig, name, precision="f32")
    whole = plane_of(twig, engine, size=size)[0:300, 0:500]
    assert 0.01 < whole.std() < 0.4
    plane = plane_of(twig, engine, size=size, blocks_at_once=1)
    for y0, y1, x0, x1 in reversed(WINDOWS):
        assert plane[y0:y1, x0:x1].tobytes() == whole[y0:y1, x0:x1].tobytes()
    assert plane[size[1] : size[1] + 60, -40:30].tobytes() == plane[0:60, size[0] - 40 : size[0] + 30].tobytes()


def test_windows_of_a_second_family_are_written(twig, tmp_path):
    engine = open_engine(twig, "onnx")
    files = write_window(plane_of(twig, engine), tmp_path / "twig.png", (10, 20, 200, 150))
    assert [file.name for file in files] == ["twig_albedo.png", "twig_roughness.png"]
    expected = plane_of(twig, engine)[20:170, 10:210]
    for file, part in zip(files, (expected[..., :3], expected[..., 3]), strict=True):
        assert np.abs(np.asarray(Image.open(file)) / 255 - part).max() < 0.51 / 255


def test_the_constants_of_a_texture_are_computed_once(twig, monkeypatch):
    seen = []
    counting = replace(TWIG, prepare=lambda artifact, plane: seen.append(plane) or twig_constants(artifact, plane))
    monkeypatch.setitem(FAMILIES, "twig", counting)
    plane = plane_of(twig, open_engine(twig, "onnx"))
    assert not seen  # nothing is made before it is asked for
    plane[0:10, 0:10], plane[200:300, 0:10], list(plane.bands(0, 0, 300, 300))
    assert len(seen) == 1


# A second input beside the noise: a picture, which may repeat or not.


@dataclass(frozen=True)
class PicturePlane:
    """A smooth picture that is a function of the place, as one channel at every level."""

    height: int | None
    width: int | None

    def window(self, level, top, left, height, width):
        stretches = ((top, height), (left, width))
        rows, columns = ((np.arange(start, start + count) + 0.5) * 2**level for start, count in stretches)
        down = np.sin(2 * np.pi * rows / self.height) if self.height else np.tanh(rows / 500)
        across = np.sin(2 * np.pi * columns / self.width) if self.width else np.tanh(columns / 500)
        return (0.5 + 0.25 * (down[:, None] + across)).astype(np.float32)[None]

    def window_torch(self, *window, device="cpu"):
        import torch

        return torch.from_numpy(self.window(*window)).to(device)


@dataclass(frozen=True)
class Beside:
    """The channels of several planes, one after the other; it repeats where all of them do."""

    planes: tuple

    height = property(lambda self: self._period("height"))
    width = property(lambda self: self._period("width"))

    def window(self, *window):
        return np.concatenate([plane.window(*window) for plane in self.planes])

    def window_torch(self, *window, device="cpu"):
        import torch

        return torch.cat([plane.window_torch(*window, device=device) for plane in self.planes])

    def _period(self, axis):
        periods = {getattr(plane, axis) for plane in self.planes}
        return periods.pop() if len(periods) == 1 else None


@pytest.fixture(scope="module")
def guided():
    """A pyramid whose noise has a channel more, which is the picture's."""
    one = random_artifact(4)
    settings = replace(one.settings, noise_channels=4)
    rng = np.random.default_rng(2)
    shapes = Design(settings, 3).graph.parameter_shapes
    parameters = {
        name: array if array.shape == shapes[name] else rng.normal(0, 0.3, shapes[name]).astype(np.float32)
        for name, array in one.parameters.items()
    }
    return replace(one, settings=settings, parameters=parameters)


def guided_plane(engine, size, repeats, blocks_at_once=2, seed=3):
    rows, columns = (Axis.fitting(side, float, 8) for side in size)
    noise = NoisePlane(seed, 3, rows.made, columns.made)
    picture = PicturePlane(*(axis.made if repeats else None for axis in (rows, columns)))
    return Plane(engine, Beside((noise, picture)), rows, columns, blocks_at_once)


@pytest.mark.parametrize("name", ENGINES)
@pytest.mark.parametrize("repeats", [True, False])
@pytest.mark.parametrize("size", [(304, 512), (300, 500), (None, None)])
def test_windows_with_a_second_input_are_pieces_of_one_texture(guided, name, repeats, size):
    if repeats and size[0] is None:
        pytest.skip("what has no end does not repeat")
    engine = open_engine(guided, name, precision="f32")
    whole = guided_plane(engine, size, repeats)[0:300, 0:500]
    for blocks_at_once in (1, 3):
        plane = guided_plane(engine, size, repeats, blocks_at_once)
        for y0, y1, x0, x1 in reversed(WINDOWS):
            assert plane[y0:y1, x0:x1].tobytes() == whole[y0:y1, x0:x1].tobytes()


@pytest.mark.parametrize("size", [(128, 128), (96, 160), (100, 150)])
def test_only_what_repeats_as_a_whole_is_made_once(guided, size):
    """Beyond one period the noise comes again; the picture goes on."""
    engine = open_engine(guided, "onnx")
    made = []
    block = engine.block
    engine.block = lambda plane, top, left, *rest: made.append((top, left)) or block(plane, top, left, *rest)
    bands = partial(Plane.bands, top=0, left=0, height=3 * size[0], width=3 * size[1])
    repeating = np.concatenate(list(bands(guided_plane(engine, size, True))))
    few = len(set(made))
    made.clear()
    going_on = np.concatenate(list(bands(guided_plane(engine, size, False))))
    first = repeating[: size[0], : size[1]]
    assert np.array_equal(repeating, np.tile(first, (3, 3, 1)))
    assert few < len(set(made))
    assert np.abs(going_on[: size[0], : size[1]] - going_on[-size[0] :, -size[1] :]).max() > 0.01
    plane = guided_plane(engine, size, False)
    assert plane[7:90, 2 * size[1] : 2 * size[1] + 50].tobytes() == going_on[7:90, 2 * size[1] :][:, :50].tobytes()


def test_inputs_that_repeat_at_another_period_than_the_texture_are_refused(guided):
    engine = open_engine(guided, "onnx")
    rows, columns = Axis.fitting(64, float, 8), Axis.fitting(64, float, 8)
    with pytest.raises(ValueError, match="48"):
        Plane(engine, NoisePlane(0, 4, 48, 64), rows, columns)


def test_the_pyramid_is_a_family_like_any_other():
    assert FAMILIES["pyramid"] is PYRAMID and all(name == family.name for name, family in FAMILIES.items())

"""When bf16 is chosen: only where it was measured to pay, and what was measured is remembered."""

import json

import numpy as np
import pytest

from tests.conftest import ENGINES, random_style, torch_device
from texnet_core import find_source, list_presets, open_engine, read_artifact
from texnet_core.engines import formats_of, precision
from texnet_core.errors import EngineError
from texnet_core.stylization import StylizeRequest, stylize

pytestmark = pytest.mark.device
BF16_ENGINES = [name for name in ENGINES if "bf16" in formats_of(name, torch_device() if name == "torch" else "cpu")]


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    file = tmp_path / "deep" / "precision.json"
    monkeypatch.setattr(precision, "_file", lambda: file)
    return file


class FakeEngine:
    """Has both formats, whose speed and error the test decides; a block moves a clock instead of taking time."""

    clock = 0.0
    opened = 0
    seconds: dict = {}  # noqa: RUF012
    error = 0.0
    block_shape = (8, 8)

    def __init__(self, artifact, device, name, threads):
        type(self).opened += 1
        self.name = name

    def block(self, plane, top, left, height, width, constants):
        type(self).clock += self.seconds[self.name]
        return np.full((8, 8, 3), 0.5 + self.error * (self.name == "bf16"), np.float32)


@pytest.fixture
def fake(monkeypatch):
    engine = type("Engine", (FakeEngine,), {"__module__": "texnet_core.engines.torch_engine"})
    monkeypatch.setattr(precision.time, "perf_counter", lambda: engine.clock)
    return engine


@pytest.mark.parametrize(
    ("f32", "bf16", "error", "expected"),
    [
        (2.0, 1.0, 0.0, "bf16"),
        (2.0, 1.99, 0.0, "f32"),
        (1.0, 40.0, 0.0, "f32"),
        (2.0, 1.0, 0.4 / 255, "bf16"),
        (2.0, 1.0, 0.6 / 255, "f32"),
        (2.0, 1.0, float("nan"), "f32"),
    ],
)
def test_bf16_is_chosen_where_it_is_faster_and_close(fake, artifact, f32, bf16, error, expected):
    fake.seconds, fake.error = {"f32": f32, "bf16": bf16}, error
    assert precision.choose_format(fake, artifact, "cpu") == expected


def test_a_style_is_measured_with_all_that_it_reads(fake, monkeypatch):
    """Be it noise in place of a picture; an engine that reads windows finds as many channels as the graph has."""
    style, seen = random_style(), []

    def block(self, plane, *place):
        seen.append(plane.window(0, 0, 0, 4, 4).shape)
        return FakeEngine.block(self, plane, *place)

    monkeypatch.setattr(fake, "block", block)
    fake.seconds = {"f32": 2.0, "bf16": 1.0}
    assert precision.choose_format(fake, style, "cpu") == "bf16"
    assert set(seen) == {(style.settings.input_channels, 4, 4)}


@pytest.mark.skipif(not BF16_ENGINES, reason="this processor has no bf16")
@pytest.mark.parametrize("name", BF16_ENGINES)
def test_a_style_paints_alike_in_whatever_format(name):
    """`auto` measures the style here, and takes what it finds."""
    style, picture = random_style(), np.random.default_rng(0).random((64, 64, 3), np.float32)
    painted, exact = (
        stylize(style, picture, StylizeRequest(engine=name, precision=chosen)).image for chosen in ("auto", "f32")
    )
    assert np.abs(painted - exact).max() < 3 / 255


def test_what_was_measured_is_remembered_for_this_generator(fake, artifact, cache):
    from dataclasses import replace

    fake.seconds = {"f32": 2.0, "bf16": 1.0}
    assert [precision.choose_format(fake, artifact, "cpu") for _ in range(3)] == ["bf16"] * 3
    assert fake.opened == 2
    other = replace(artifact, parameters={**artifact.parameters, "output.bias": np.ones(3, np.float32)})
    precision.choose_format(fake, other, "cpu")
    assert fake.opened == 4 and len(json.loads(cache.read_text())) == 2


def test_what_another_process_measures_meanwhile_counts(fake, artifact, cache, monkeypatch):
    """Equal seeds are equal bytes only where all processes take the same format."""
    fake.seconds = {"f32": 2.0, "bf16": 1.0}
    pays = precision._pays

    def slow(kind, artifact, device):
        cache.parent.mkdir(exist_ok=True)
        cache.write_text(json.dumps({precision._key(kind, artifact, device): "f32", "another": "bf16"}))
        return pays(kind, artifact, device)

    monkeypatch.setattr(precision, "_pays", slow)
    assert precision.choose_format(fake, artifact, "cpu") == "f32"
    assert json.loads(cache.read_text())["another"] == "bf16"


@pytest.mark.parametrize("content", ["", "{", "[]", "null", '{"x": 5}', "\x00"])
def test_a_damaged_cache_is_measured_anew(fake, artifact, cache, content):
    cache.parent.mkdir()
    cache.write_text(content)
    fake.seconds = {"f32": 2.0, "bf16": 1.0}
    assert precision.choose_format(fake, artifact, "cpu") == "bf16"
    assert "bf16" in json.loads(cache.read_text()).values()


def test_a_cache_that_cannot_be_written_is_no_error(fake, artifact, cache):
    cache.parent.write_text("a file where the folder should be")
    fake.seconds = {"f32": 2.0, "bf16": 1.0}
    assert precision.choose_format(fake, artifact, "cpu") == "bf16"


def test_a_format_that_an_engine_lacks_is_refused(artifact):
    with pytest.raises(EngineError, match="the onnx engine has no bf16"):
        open_engine(artifact, "onnx", precision="bf16")


@pytest.mark.skipif(not BF16_ENGINES, reason="this processor has no bf16")
@pytest.mark.parametrize("preset", list_presets())
def test_bf16_stays_within_three_levels_on_all_presets(preset):
    """Within four on a GPU, which sums in another order; `auto` takes float32 where two are not kept."""
    artifact = read_artifact(find_source(preset))
    plane = artifact.design.input_plane(3)
    exact = np.clip(open_engine(artifact, "onnx").block(plane, 0, 0, 256, 256), 0, 1)
    for name in BF16_ENGINES:
        made = np.clip(open_engine(artifact, name, precision="bf16").block(plane, 0, 0, 256, 256), 0, 1)
        errors = np.abs(made - exact) * 255
        most = 3 if torch_device() == "cpu" or name != "torch" else 4
        assert 0.01 < errors.mean() < 0.5 and errors.max() < most


def test_the_order_of_parameters_does_not_matter(fake, artifact):
    """What comes out of a file has another order in every process."""
    from dataclasses import replace

    fake.seconds = {"f32": 2.0, "bf16": 1.0}
    precision.choose_format(fake, artifact, "cpu")
    turned = replace(artifact, parameters=dict(reversed(artifact.parameters.items())))
    precision.choose_format(fake, turned, "cpu")
    assert fake.opened == 2

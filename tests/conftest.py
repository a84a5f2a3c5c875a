"""What many tests need: generators with random parameters, random VGG-19 weights, the real data where it is."""

import os
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from texnet_core import Artifact, PyramidSettings, TextureRequest, synthesize
from texnet_core.engines import Engine, installed_engines
from texnet_core.mapset import ALBEDO, MapSpec, channels_of
from texnet_core.model.artifact import Provenance, without_clamps
from texnet_core.model.design import Design
from texnet_core.model.families.stylizer import STYLIZER, StylizerSettings
from texnet_core.pictures.color_statistics import ColorStatistics

ROOT = Path(__file__).resolve().parents[1]
TEXNET = [sys.executable, "-m", "train_cli"]  # the command, of this checkout

DATA = ROOT / "tests" / "data"
SHARED_DATA = ROOT.parent / "shared" / "data"
SHARED_VGG19 = SHARED_DATA / "weights" / "vgg19_conv1_1-conv5_1_fp32.safetensors"

if "PYTEST_XDIST_WORKER" in os.environ:  # as many workers as cores: threads of several would only fight
    os.environ["OMP_NUM_THREADS"] = "1"

ENGINES = installed_engines()  # all three, where the tests are installed as the README says

posix = pytest.mark.skipif(os.name == "nt", reason="needs files and signals as POSIX has them")
bytes_as_names = pytest.mark.skipif(sys.platform != "linux", reason="needs file names that are no text")
needs_shared_data = pytest.mark.skipif(not SHARED_VGG19.exists(), reason="needs ../shared/data beside the checkout")


@pytest.fixture(scope="session", autouse=True)
def _own_surroundings(tmp_path_factory: pytest.TempPathFactory) -> None:
    """What tests measure or download must not end up in the user's cache, nor come from it or from their weights.

    Processes that tests start run this checkout's code, wherever they start.
    """
    os.environ["XDG_CACHE_HOME"] = str(tmp_path_factory.mktemp("cache"))
    os.environ["PYTHONPATH"] = str(ROOT)
    for name in ("TEXNET_VGG19", "TEXNET_VGG19_INPUT"):
        os.environ.pop(name, None)


def torch_device() -> str:
    """Where torch works when nothing is said: on the accelerator, where there is one."""
    import torch

    return torch.accelerator.current_accelerator().type if torch.accelerator.is_available() else "cpu"


MATERIAL = (
    MapSpec("albedo"),
    MapSpec("normal", 3, "data"),
    MapSpec("roughness", 1, "data"),
    MapSpec("height", 1, "data"),
)


def random_artifact(
    levels: int = 4,
    seed: int = 0,
    waves: tuple[tuple[float, float], ...] = (),
    maps: tuple[MapSpec, ...] = (ALBEDO,),
    **shape: int,
) -> Artifact:
    """An untrained generator whose output lies mostly in [0, 1] and depends on every level of noise."""
    tiles = 2 if len(waves) == 2 else 0
    settings = PyramidSettings(levels=levels, waves=len(waves), repeat_channels=tiles, **shape)
    return Artifact(
        settings=settings,
        maps=maps,
        waves=waves,
        parameters=_random_parameters(Design(settings, channels_of(maps), waves), seed),
        provenance=Provenance(exemplar="random", license="none"),
    )


STYLE_COLORS = ColorStatistics((0.6, 0.5, 0.35), (0.03, 0.02, 0.01, 0.025, 0.015, 0.02))


def random_style(levels: int = 4, seed: int = 0, **settings: int) -> Artifact:
    """An untrained stylizer, whose output depends on the noise, the content and the strength at every level."""
    kind = StylizerSettings(levels=levels, **settings)
    return Artifact(
        settings=kind,
        maps=(ALBEDO,),
        family=STYLIZER.name,
        style_colors=STYLE_COLORS,
        parameters=_random_parameters(Design(kind, 3, family=STYLIZER.name), seed),
        provenance=Provenance(exemplar="random", license="none"),
    )


def _random_parameters(design: Design, seed: int) -> dict[str, np.ndarray]:
    clamps = without_clamps(design.graph)
    rng = np.random.default_rng(seed)
    parameters = {}
    for name, shape in design.graph.parameter_shapes.items():
        fan_in = float(np.prod(shape[1:])) if len(shape) > 1 else 1.0
        scale = np.sqrt(3 / fan_in) if len(shape) > 1 else 0.1
        parameters[name] = rng.normal(0, scale, shape).astype(np.float32)
    parameters |= {name: rng.uniform(1, 3, bound.shape).astype(np.float32) for name, bound in clamps.items()}
    parameters["output.weight"] *= 0.1
    parameters["output.bias"] += 0.5
    return parameters


def texture(
    artifact: Artifact, width: int, height: int, seed: int = 0, *, engine: str | Engine = "onnx", **fields: Any
) -> np.ndarray:
    """The first map of a texture, by an engine of that name or one that is open."""
    named = {"engine": engine} if isinstance(engine, str) else {}
    request = TextureRequest(width=width, height=height, seed=seed, **named, **fields)
    made = synthesize(artifact, request, engine=None if isinstance(engine, str) else engine)
    return made[artifact.maps[0].name]


@pytest.fixture(scope="session")
def artifact() -> Artifact:
    return random_artifact()


@pytest.fixture(scope="session")
def artifact_file(artifact: Artifact, tmp_path_factory: pytest.TempPathFactory) -> Path:
    from texnet_core import write_artifact

    path = tmp_path_factory.mktemp("artifact") / "random.texnet"
    write_artifact(path, artifact)
    return path


@pytest.fixture(scope="session")
def random_vgg19_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_random_vgg19(tmp_path_factory.mktemp("weights") / "vgg19.safetensors")


def write_random_vgg19(path: Path) -> Path:
    """VGG-19 with random parameters that keep the size of activations, so that losses are of order one."""
    import torch
    from safetensors.torch import save_file

    from texnet_core.descriptor.weights import CONVOLUTIONS, METADATA_KEY

    rng = torch.Generator().manual_seed(0)
    tensors = {}
    for conv in CONVOLUTIONS:
        weight = torch.randn(conv.out_channels, conv.in_channels, 3, 3, generator=rng)
        tensors[f"{conv.key}.weight"] = weight * (2 / (9 * conv.in_channels)) ** 0.5
        tensors[f"{conv.key}.bias"] = torch.randn(conv.out_channels, generator=rng) * 0.1
    save_file(tensors, path, metadata={METADATA_KEY: "torchvision"})
    return path


def picture(height: int = 96, width: int = 96, seed: int = 0) -> np.ndarray:
    """A smooth random RGB picture in [0, 1], float32."""
    from PIL import Image

    coarse = np.random.default_rng(seed).random((8, 8, 3), dtype=np.float32)
    bands = [Image.fromarray(coarse[..., band]).resize((width, height), Image.Resampling.BICUBIC) for band in range(3)]
    return np.clip(np.stack(bands, axis=2), 0, 1)

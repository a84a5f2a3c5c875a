"""The light descriptor: a small network that has learned what VGG-19's layers say of textures. Its weights ship.

Its layers have VGG-19's names. Each is the first principal components of VGG-19's layer over many textures, about
their mean and in units of the layer's standard deviation, as well as the small network can tell them. It has a
thirteenth of VGG-19's parameters, and a step of training takes a fraction of the time.

Source: a network learns another's features after Romero et al. 2015, "FitNets: Hints for Thin Deep Nets".
Differs: many layers at once, each through a linear head that stays; their principal components instead of all
channels. docs/notes/2026-11-light-descriptor.md tells how it was learned.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from texnet_core.descriptor.layers import DEFAULT_LAYERS
from texnet_core.descriptor.network import Network, Parameters
from texnet_core.descriptor.structure import Convolution, Structure
from texnet_core.errors import WeightsError

FILE = Path(__file__).with_name("light.safetensors")

# Layer -> principal components of VGG-19's that its head makes.
COMPONENTS = {
    "relu1_1": 12,
    "relu1_2": 24,
    "relu2_1": 40,
    "relu2_2": 48,
    "relu3_1": 64,
    "relu3_2": 80,
    "relu4_1": 96,
    "relu5_1": 96,
}

# Width of each block, and the layers that its convolutions are, "" where a convolution is none.
_BLOCKS = (
    (32, ("relu1_1", "relu1_2")),
    (64, ("relu2_1", "relu2_2")),
    (112, ("relu3_1", "relu3_2", "")),
    (128, ("", "relu4_1")),
    (128, ("", "relu5_1")),
)
_SCALE, _MIDDLE = 4.0, 0.45  # the input is _SCALE (x - _MIDDLE)


def _convolutions() -> tuple[Convolution, ...]:
    found, channels = [], 3
    for block, (width, layers) in enumerate(_BLOCKS, 1):
        for number, layer in enumerate(layers, 1):
            pooled = block > 1 and number == 1
            found.append(Convolution(f"conv{block}_{number}", layer, channels, width, pooled))
            channels = width
    return tuple(found)


LIGHT = Structure("the light descriptor", _convolutions(), paddings=("valid",))


@dataclass(frozen=True)
class LightWeights:
    """Parameters of the light descriptor, float32; see `SHAPES`."""

    parameters: Mapping[str, Tensor]

    def sha256(self) -> str:
        """Hash of the parameters: equal for networks with equal features."""
        digest = hashlib.sha256()
        for name in sorted(self.parameters):
            digest.update(self.parameters[name].contiguous().numpy().tobytes())
        return digest.hexdigest()

    def record(self) -> dict[str, str]:
        """What records say of them: a run goes on with the weights that it began with, or not at all."""
        return {"light_weights": self.sha256()}


class Light(Network):
    """The light descriptor, frozen.

    Args:
        weights: its parameters; None: those that ship.
        layers: those to return: keys of `COMPONENTS`, and `PATCHES`.
        precision: torch.bfloat16 runs the convolutions in bf16; features are float32 either way.

    Raises:
        WeightsError: the file that ships is missing or damaged.
    """

    def __init__(
        self,
        weights: LightWeights | None = None,
        layers: tuple[str, ...] = DEFAULT_LAYERS,
        precision: torch.dtype = torch.float32,
    ) -> None:
        weights = weights or load_light()
        parameters = Parameters(weights.parameters, torch.full((3,), _SCALE), torch.full((3,), -_SCALE * _MIDDLE))
        super().__init__(LIGHT, parameters, layers, pooling="mixed", padding="valid", precision=precision)


def _shapes() -> dict[str, tuple[int, ...]]:
    shapes: dict[str, tuple[int, ...]] = {}
    for conv in LIGHT.convolutions:
        shapes |= {f"{conv.key}.weight": (conv.out_channels, conv.in_channels, 3, 3)}
        shapes |= {f"{conv.key}.bias": (conv.out_channels,)}
        if conv.relu:
            count = COMPONENTS[conv.relu]
            shapes |= {f"{conv.relu}.weight": (count, conv.out_channels, 1, 1), f"{conv.relu}.bias": (count,)}
    return shapes


# Name of a parameter -> its shape: convolutions, and a head for each layer.
SHAPES = _shapes()


def load_light(file: Path = FILE) -> LightWeights:
    """Read and check the weights.

    Args:
        file: a safetensors file with the parameters of `SHAPES`, in any floating point format.

    Raises:
        WeightsError: it is missing, damaged, or of another network.
    """
    from safetensors import safe_open

    try:
        with safe_open(file, framework="pt") as opened:
            tensors = {name: opened.get_tensor(name) for name in opened.keys()}  # noqa: SIM118 - no dict
    except Exception as error:  # a file of another kind can be wrong in any way
        reason = f" ({error.strerror})" if isinstance(error, OSError) and error.strerror else ""
        raise _damaged(file, f"cannot be read{reason}") from error
    for name, shape in SHAPES.items():
        found = tensors.get(name)
        if found is None or tuple(found.shape) != shape or not found.is_floating_point():
            raise _damaged(file, f"has no {name} of shape {shape}")
        if not found.isfinite().all():
            raise _damaged(file, f"has numbers in {name} that are not finite")
    return LightWeights({name: tensors[name].float() for name in SHAPES})


def _damaged(file: Path, found: str) -> WeightsError:
    return WeightsError(
        f"{file}, the weights of the light descriptor, {found}",
        expected="the file as it ships",
        remedy="install TexNet again",
    )

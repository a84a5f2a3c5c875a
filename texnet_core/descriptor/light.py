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
from texnet_core.descriptor.light_file import BLOCKS, FILE, SCALE, SHIFT, read_light
from texnet_core.descriptor.network import Network, Parameters
from texnet_core.descriptor.structure import Convolution, Structure


def _convolutions() -> tuple[Convolution, ...]:
    found, channels = [], 3
    for block, (width, layers) in enumerate(BLOCKS, 1):
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
        parameters = Parameters(weights.parameters, torch.full((3,), SCALE), torch.full((3,), SHIFT))
        super().__init__(LIGHT, parameters, layers, pooling="mixed", padding="valid", precision=precision)


def load_light(file: Path = FILE) -> LightWeights:
    """Read and check the weights.

    Args:
        file: a safetensors file with the parameters of `SHAPES`, in any floating point format.

    Raises:
        WeightsError: it is missing, damaged, or of another network.
    """
    return LightWeights({name: torch.from_numpy(array) for name, array in read_light(file).items()})

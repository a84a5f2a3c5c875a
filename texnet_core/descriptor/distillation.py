"""What the light descriptor learns, and how well it has. Used by `build_descriptor.py` alone.

Its teacher is VGG-19 as trainings see it, with mixed pooling. What it is to say of a layer are the first principal
components of that layer over many tiles, in units of the layer's standard deviation.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.func import functional_call

from texnet_core.descriptor.layers import FeatureMaps
from texnet_core.descriptor.light import Light, LightWeights
from texnet_core.descriptor.light_file import COMPONENTS, SHAPES

LAYERS = tuple(COMPONENTS)

_TEXELS = 1500  # of a layer that a tile gives to the principal components
_FAINT = 0.1  # in variances of a layer: tiles that vary less than that count as if they varied so much


@dataclass(frozen=True)
class Goal:
    """What is to be said of one layer.

    Attributes:
        mean: of VGG-19's channels, (C,).
        axes: the first principal components, (C, components).
        spread: the root of the variance of all channels together.
        held: share of that variance that the components hold.
    """

    mean: Tensor
    axes: Tensor
    spread: float
    held: float

    def __call__(self, maps: Tensor) -> Tensor:
        """(N, C, h, w) of VGG-19 -> (N, components, h, w)."""
        centered = maps - self.mean[:, None, None]
        return torch.einsum("ck,nchw->nkhw", self.axes, centered) / self.spread


Goals = Mapping[str, Goal]


@torch.no_grad()
def find_goals(teacher: nn.Module, tiles: Iterable[Tensor]) -> dict[str, Goal]:
    """The principal components of the layers over some tiles, (N, 3, H, W) each."""
    texels: dict[str, list[Tensor]] = {layer: [] for layer in LAYERS}
    rng = torch.Generator().manual_seed(0)
    for tile in tiles:
        for layer, maps in teacher(tile, periodic=True).items():
            flat = maps.transpose(0, 1).flatten(1)
            texels[layer].append(flat[:, torch.randperm(flat.shape[1], generator=rng)[:_TEXELS]])
    goals = {}
    for layer in LAYERS:
        values = torch.cat(texels[layer], 1).double()
        variances, axes = torch.linalg.eigh(torch.cov(values))
        variances, axes = variances.flip(0), axes.flip(1)
        count, total = COMPONENTS[layer], variances.sum()
        held = float(variances[:count].sum() / total)
        goals[layer] = Goal(
            values.mean(1).float(), axes[:, :count].float().contiguous(), float(total.sqrt()), round(held, 4)
        )
    return goals


@torch.no_grad()
def answers(teacher: nn.Module, goals: Goals, tiles: Tensor) -> FeatureMaps:
    """What is to be said of tiles, (N, 3, H, W): layer -> (N, components, h, w)."""
    seen = teacher(tiles, periodic=True)
    return {layer: goal(seen[layer]) for layer, goal in goals.items()}


class Student(nn.Module):
    """The light descriptor with parameters that can be moved, random at first, heads at zero.

    Args:
        seed: of these parameters.
    """

    def __init__(self, seed: int) -> None:
        super().__init__()
        rng = torch.Generator().manual_seed(seed)
        tensors = {name: _first(name, shape, rng) for name, shape in SHAPES.items()}
        self._frozen = [Light(LightWeights(tensors), layers=LAYERS)]  # in a list: its constants are none of ours
        self._names = {name: name.replace(".", "_") for name in tensors}
        for name, tensor in tensors.items():
            self.register_parameter(self._names[name], nn.Parameter(tensor))

    def forward(self, tiles: Tensor) -> FeatureMaps:
        """Layer -> (N, components, h, w) of whole periods, (N, 3, H, W)."""
        maps: FeatureMaps = functional_call(
            self._frozen[0], dict(self.named_parameters()), (tiles,), {"periodic": True}
        )
        return maps

    def weights(self) -> LightWeights:
        """What it has learned."""
        return LightWeights({name: self.get_parameter(mine).detach() for name, mine in self._names.items()})


def distance(said: FeatureMaps, wanted: FeatureMaps) -> Tensor:
    """Sum over the layers of the square error of each tile over its variance, mean over the tiles."""
    total = torch.zeros(())
    for layer, goal in wanted.items():
        error, variance = _error_and_variance(said[layer], goal)
        total = total + (error / (variance + _FAINT)).mean()
    return total


@torch.no_grad()
def missed(student: Student, batches: Iterable[tuple[Tensor, FeatureMaps]]) -> dict[str, float]:
    """Share of the variance of each layer's components that is not told, over tiles with their answers."""
    errors, variances = dict.fromkeys(LAYERS, 0.0), dict.fromkeys(LAYERS, 0.0)
    for tiles, wanted in batches:
        said = student(tiles)
        for layer, goal in wanted.items():
            error, variance = _error_and_variance(said[layer], goal)
            errors[layer] += float(error.sum())
            variances[layer] += float(variance.sum())
    return {layer: errors[layer] / variances[layer] for layer in LAYERS}


def _error_and_variance(said: Tensor, wanted: Tensor) -> tuple[Tensor, Tensor]:
    """Of each tile, (N,), summed over the components."""
    error = (said - wanted).square().sum(1).mean((1, 2))
    variance = (wanted - wanted.mean((2, 3), keepdim=True)).square().sum(1).mean((1, 2))
    return error, variance


def _first(name: str, shape: tuple[int, ...], rng: torch.Generator) -> Tensor:
    is_kernel = name.startswith("conv") and len(shape) > 1
    if not is_kernel:
        return torch.zeros(shape)
    return torch.empty(shape).normal_(std=(2 / (shape[1] * shape[2] * shape[3])) ** 0.5, generator=rng)

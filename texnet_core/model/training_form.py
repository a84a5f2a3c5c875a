"""The generator in its training form: circular convolutions and batch norms over one whole period.

`fold` turns its parameters into those of the inference form (see `architecture`), which the engines run
with valid convolutions over windows of noise. Both make the same picture; a test says so.

Source: Texture Networks (Ulyanov et al. 2016), section 4.2 and its published code (LeakyReLU, biases).
Differs: the batch norm of the coarser features comes before the nearest upsampling instead of after it,
which is the same function at a quarter of the work; the output bias starts at the exemplar's mean color; in a
trained generator, features that go on to the next finer level have a ceiling.
"""

import math
from collections.abc import Iterable
from functools import partial
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from texnet_core.circular import wrap_by_one
from texnet_core.model import architecture
from texnet_core.model.architecture import Conv
from texnet_core.model.noise import NoisePlane
from texnet_core.patterns.waves import Wave
from texnet_core.settings import GeneratorSettings

_ORDINARY_DEVIATIONS, _ORDINARY_SHARE = 3, 0.995


class Generator(nn.Module):
    """Noise pyramid -> maps.

    Args:
        settings: the shape of the pyramid.
        mean_color: (out_channels,) where the output starts, or None for 0.5.
    """

    def __init__(self, settings: GeneratorSettings, mean_color: Tensor | None = None) -> None:
        super().__init__()
        self.settings = settings
        coarsest = settings.levels - 1
        self.noise_branches = nn.ModuleList(
            _Block(architecture.noise_branch(settings, level), settings.leak) for level in range(settings.levels)
        )
        self.joins = nn.ModuleList(_Join(settings, level) for level in range(coarsest))
        self.output = _conv(architecture.output(settings))
        with torch.no_grad():
            assert self.output.bias is not None
            self.output.bias.copy_(torch.full((settings.out_channels,), 0.5) if mean_color is None else mean_color)

    def forward(self, noise: list[Tensor]) -> Tensor:
        """One whole period of texture.

        Args:
            noise: per level, finest first, (N, input_channels, H / 2^level, W / 2^level) in [0, 1].

        Returns:
            (N, out_channels, H, W); in [0, 1] but for overshoot.
        """
        coarsest = self.settings.levels - 1
        features: Tensor = self.noise_branches[coarsest](noise[coarsest])
        for level in range(coarsest - 1, -1, -1):
            features = self.joins[level](features, self.noise_branches[level](noise[level]))
        maps: Tensor = self.output(features)
        return maps

    @torch.no_grad()
    def set_ceilings(self, fields: Iterable[list[Tensor]]) -> None:
        """Bound what goes from each level to the next finer one by what it ordinarily is; statistics are frozen then.

        A ceiling is three standard deviations above the mean of its channel, or higher where more than one value in
        200 would reach it, for what is there in few places only, such as the joint of a tile, is no accident.

        Args:
            fields: noise as for `forward`, large enough that what is rare in a sample is there.
        """
        self.eval()
        joins = [cast(_Join, join) for join in self.joins]
        for join in joins:
            join.ceiling.fill_(architecture.NO_CEILING)
        measured: list[list[Tensor]] = [[] for _ in joins]
        hooks = [
            join.register_forward_pre_hook(partial(_measure_ordinary, into=into))
            for join, into in zip(joins, measured, strict=True)
        ]
        try:
            for noise in fields:
                self(noise)
        finally:
            for hook in hooks:
                hook.remove()
        for join, found in zip(joins, measured, strict=True):
            join.ceiling.copy_(torch.stack(found).mean(0))

    def norms(self) -> list[nn.BatchNorm2d]:
        """Every batch norm, for calibrating and freezing their statistics."""
        return [module for module in self.modules() if isinstance(module, nn.BatchNorm2d)]


class _Join(nn.Module):
    def __init__(self, settings: GeneratorSettings, level: int) -> None:
        super().__init__()
        below_channels = architecture.level_channels(settings, level + 1)
        self.ceiling: Tensor
        self.register_buffer("ceiling", torch.full((below_channels,), architecture.NO_CEILING))
        self.below_norm = nn.BatchNorm2d(below_channels)
        self.noise_norm = nn.BatchNorm2d(settings.channels)
        self.block = _Block(architecture.join(settings, level), settings.leak)

    def forward(self, below: Tensor, noise: Tensor) -> Tensor:
        bounded = torch.minimum(below, self.ceiling.to(below.dtype)[:, None, None])
        upsampled = F.interpolate(self.below_norm(bounded), scale_factor=2, mode="nearest")
        result: Tensor = self.block(torch.cat((upsampled, self.noise_norm(noise)), dim=1))
        return result


class _Block(nn.Module):
    """Three times convolution, batch norm, LeakyReLU, with circular padding."""

    def __init__(self, convs: tuple[Conv, ...], leak: float) -> None:
        super().__init__()
        self.convs = nn.ModuleList(_conv(conv) for conv in convs)
        self.norms = nn.ModuleList(nn.BatchNorm2d(conv.out_channels) for conv in convs)
        self.leak = leak

    def forward(self, x: Tensor) -> Tensor:
        for conv, norm in zip(self.convs, self.norms, strict=True):
            x = conv(wrap_by_one(x) if conv.kernel_size == (3, 3) else x)
            x = F.leaky_relu(norm(x), self.leak)
        return x


def _measure_ordinary(join: nn.Module, inputs: tuple[Tensor, Tensor], into: list[Tensor]) -> None:
    """Append the largest ordinary value of each channel of a join's coarser features, (channels,)."""
    values = inputs[0].float().transpose(0, 1).flatten(1)
    usual = values.mean(1) + _ORDINARY_DEVIATIONS * values.std(1, correction=0)
    rank = math.ceil(_ORDINARY_SHARE * values.shape[1])
    into.append(torch.maximum(usual, values.kthvalue(rank, dim=1).values))


def _conv(conv: Conv) -> nn.Conv2d:
    return nn.Conv2d(conv.in_channels, conv.out_channels, conv.kernel)


def periodic_noise(
    settings: GeneratorSettings,
    seeds: list[int],
    size: int,
    device: torch.device | str = "cpu",
    waves: tuple[Wave, ...] = (),
) -> list[Tensor]:
    """Noise of whole periods, one per seed: per level (len(seeds), input_channels, size / 2^l, size / 2^l)."""
    planes = [periodic_plane(settings, seed, size, waves) for seed in seeds]
    levels = []
    for level in range(settings.levels):
        cells = size // 2**level
        levels.append(torch.stack([plane.window_torch(level, 0, 0, cells, cells, device) for plane in planes]))
    return levels


def periodic_plane(settings: GeneratorSettings, seed: int, size: int, waves: tuple[Wave, ...] = ()) -> NoisePlane:
    """The noise of one seed with a period of `size` texels along both axes."""
    of_repeats = settings.repeat_channels
    return NoisePlane(seed, settings.noise_channels, size, size, waves=waves, repeat_channels=of_repeats)


def fold(generator: Generator) -> dict[str, Tensor]:
    """The parameters of the inference form: batch norms folded into their neighbors, exactly.

    Returns:
        Name -> float32 CPU tensor, with the names and shapes of `architecture.parameter_shapes`.
    """
    settings = generator.settings
    folded: dict[str, Tensor] = {}
    for level, branch in enumerate(generator.noise_branches):
        _fold_block(folded, architecture.noise_branch(settings, level), branch)
    for level, joint in enumerate(generator.joins):
        assert isinstance(joint, _Join)
        folded[architecture.ceiling(level + 1)] = joint.ceiling.detach()
        below, noise = _affine(joint.below_norm), _affine(joint.noise_norm)
        inputs = (torch.cat((below[0], noise[0])), torch.cat((below[1], noise[1])))
        _fold_block(folded, architecture.join(settings, level), joint.block, inputs)
    folded["output.weight"] = generator.output.weight.detach()
    assert generator.output.bias is not None
    folded["output.bias"] = generator.output.bias.detach()
    return {name: tensor.float().cpu().contiguous() for name, tensor in folded.items()}


def _fold_block(
    folded: dict[str, Tensor], names: tuple[Conv, ...], block: nn.Module, inputs: tuple[Tensor, Tensor] | None = None
) -> None:
    """Fold a block; `inputs` is the (scale, shift) of a batch norm in front of its first convolution."""
    assert isinstance(block, _Block)
    for name, conv, norm in zip(names, block.convs, block.norms, strict=True):
        assert isinstance(conv, nn.Conv2d) and isinstance(norm, nn.BatchNorm2d) and conv.bias is not None
        weight, bias = conv.weight.detach().double(), conv.bias.detach().double()
        if inputs is not None:
            scale, shift = inputs
            bias = bias + (weight * shift[:, None, None]).sum((1, 2, 3))
            weight = weight * scale[:, None, None]
            inputs = None
        scale, shift = _affine(norm)
        folded[f"{name.name}.weight"] = weight * scale[:, None, None, None]
        folded[f"{name.name}.bias"] = bias * scale + shift


def _affine(norm: nn.BatchNorm2d) -> tuple[Tensor, Tensor]:
    """A batch norm with fixed statistics as x * scale + shift, in double."""
    assert norm.running_mean is not None and norm.running_var is not None
    scale = norm.weight.detach().double() / torch.sqrt(norm.running_var.double() + norm.eps)
    return scale, norm.bias.detach().double() - norm.running_mean.double() * scale

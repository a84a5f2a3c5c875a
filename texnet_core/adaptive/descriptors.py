"""Weights of a descriptor as parameters of a network's graph."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor
from torch.nn import functional as F

from texnet_core.descriptor.light_file import light_parameters
from texnet_core.descriptor.vgg19 import VGG19
from texnet_core.descriptor.weights import Vgg19Weights, load_vgg19
from texnet_core.model.families.described import INPUT, PREFIX
from texnet_core.model.families.pseudo_optimizer import START, PseudoOptimizerSettings, adaptive_graph
from texnet_core.progress import ignore_note

_LIGHT_LAYERS = ("relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu5_1")  # whose heads are the taps
_LEAST_ACTIVATION = 1e-6  # of a filter that any picture excites


def given_parameters(
    settings: PseudoOptimizerSettings,
    pictures: Sequence[Tensor],
    vgg19: str = "",
    *,
    vgg19_input: str = "",
    announce: Callable[[str], None] = ignore_note,
) -> dict[str, Tensor]:
    """The parameters that are not learned: those of the descriptor, and of how noise begins.

    Args:
        settings: of the network.
        pictures: (1, 3, H, W) in [0, 1], by whose features VGG-19 is normalized; for the light descriptor unused.
        vgg19: file with VGG-19's weights, where it is the descriptor; see `load_vgg19`.
        vgg19_input: input convention of these weights, where their file does not say it.
        announce: called with a sentence before a download starts.

    Raises:
        WeightsError: the weights are missing or damaged.
    """
    if settings.described_by == "light":
        given = _light()
    else:
        given = _vgg19(settings, load_vgg19(vgg19, vgg19_input, announce=announce), pictures)
    return given | {f"{START}.weight": 2 * torch.eye(3)[:, :, None, None], f"{START}.bias": -torch.ones(3)}


def _light() -> dict[str, Tensor]:
    return {name: torch.from_numpy(array) for name, array in light_parameters(_LIGHT_LAYERS).items()}


def _vgg19(settings: PseudoOptimizerSettings, weights: Vgg19Weights, pictures: Sequence[Tensor]) -> dict[str, Tensor]:
    """VGG-19 with filters of equal mean activation over the pictures: 1 as published, else 1 / sqrt(channels).

    Source: Gatys et al. 2015, section 2: the network is rescaled so that it computes the same, but for the size of each
    filter. Differs: the pictures are those that are learned from, theirs were ImageNet's.
    """
    scale, shift = weights.input_affine()
    given = _input(scale, shift)
    values = [picture * scale[:, None, None] + shift[:, None, None] for picture in pictures]
    before = torch.ones(3)
    wanted = adaptive_graph(settings, len(shift)).parameter_shapes
    for conv in VGG19.convolutions:
        name = conv.relu.replace("relu", "conv")
        if f"{PREFIX}{name}.weight" not in wanted:
            break
        weight, bias = (weights.parameters[f"{conv.key}.{kind}"] for kind in ("weight", "bias"))
        with torch.no_grad():
            values = [F.avg_pool2d(value, 2) if conv.pool_before else value for value in values]
            values = [F.relu(F.conv2d(value, weight, bias)) for value in values]
        size = torch.stack([value.mean((0, 2, 3)) for value in values]).mean(0)
        size = torch.where(size > _LEAST_ACTIVATION, size, torch.ones_like(size))
        size = size * len(size) ** 0.5 if settings.norms == "exact" else size
        given[f"{PREFIX}{name}.weight"] = weight * before[:, None, None] / size[:, None, None, None]
        given[f"{PREFIX}{name}.bias"] = bias / size
        before = size
    return given


def _input(scale: Tensor, shift: Tensor) -> dict[str, Tensor]:
    return {f"{INPUT}.weight": torch.diag(scale)[:, :, None, None], f"{INPUT}.bias": shift}

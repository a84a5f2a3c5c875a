"""Pixel optimization: no generator, only a picture whose pixels are moved until its statistics are the exemplar's.

What it makes is what the generators are measured against. It takes minutes a picture where they take a moment.

Source: Gatys et al. 2015, "Texture Synthesis Using Convolutional Neural Networks".
Differs: the descriptor wraps around the picture, so that the picture tiles; layers relu1_1 to relu5_1 instead of the
poolings; a penalty keeps values in range, where they matched histograms at the end.
"""

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from texnet_core.descriptor.choice import candidates, network_of, settle, structure_of
from texnet_core.descriptor.layers import POOLED_TEXELS
from texnet_core.descriptor.network import Network
from texnet_core.descriptor.precision import DTYPES, choose_precision
from texnet_core.descriptor.structure import FEWEST_POSITIONS, Structure
from texnet_core.engines.torch_device import choose_device
from texnet_core.errors import RequestError
from texnet_core.losses import Sample, WeightedSum, range_penalty
from texnet_core.losses.gram import RelativeGramLoss
from texnet_core.mapset import FloatArray, Mask
from texnet_core.optimization.search import Search, noise_like, to_array, to_tensor
from texnet_core.pictures.color import is_gray
from texnet_core.pictures.masks import texels_of, too_few
from texnet_core.pictures.surface import reduced_surface
from texnet_core.progress import Progress, ProgressCallback, ignore_progress
from texnet_core.settings import NETWORKS, DescriptorSettings, OptimizeSettings

LAYERS = ("relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu5_1")

RANGE_WEIGHT = 10.0


@dataclass(frozen=True)
class Optimized:
    """A picture and how close it came.

    Attributes:
        image: (height, width, 3) sRGB in [0, 1]; it tiles.
        loss: its loss, before values were clipped to the range.
    """

    image: FloatArray
    loss: float


def optimize(
    exemplar: FloatArray,
    settings: OptimizeSettings,
    descriptor: DescriptorSettings,
    *,
    mask: Mask | None = None,
    progress: ProgressCallback = ignore_progress,
) -> Optimized:
    """Make one picture that tiles and looks like the exemplar.

    Args:
        exemplar: (height, width, 3) sRGB in [0, 1], at least `settings.exemplar_size` on the short side.
        settings: size, budget and optimizer.
        descriptor: which network compares; auto is VGG-19 where its weights are on this computer, else the light
            descriptor. Its padding concerns the exemplar alone: over the picture it wraps. Its pooling plays no part:
            VGG-19 averages, as in the source.
        mask: (height, width), True where a texel of the exemplar takes part; others have no influence whatever. None:
            all do.
        progress: called after every step, now and then with a preview; raising Cancelled from it stops the work.

    Raises:
        Cancelled: the callback asked to stop.
        TexnetError: see the message.
    """
    _check(settings, descriptor)
    device = torch.device(choose_device(settings.device))

    def announce(text: str) -> None:
        progress(Progress("optimizing", 0, settings.steps, "step", note=text))

    small, mask = reduced_surface(exemplar, mask, settings.exemplar_size, announce)
    names = candidates(descriptor, (descriptor,), NETWORKS)
    descriptor, weights = settle(descriptor, names, _no_trouble, online=True, announce=announce)
    assert weights is not None
    visible = visible_layers(mask, descriptor)
    precision = DTYPES[choose_precision(settings.precision, device)]
    network = network_of(replace(descriptor, pooling="average"), weights, precision)(LAYERS).to(device)
    image = to_tensor(small, device)
    with torch.no_grad():
        seen = Sample(image, network(image), periodic=False, visible=visible)
    colors = texels_of(small, mask)
    start = noise_like(to_tensor(colors, device), settings.width, settings.height, settings.seed)
    # a gray picture has one channel to move, so that no color can come of it
    search = search_from(start[:, :1] if is_gray(colors) else start, seen, network, settings, progress)
    search.to_the_end()
    return Optimized(to_array(search.best), search.best_loss)


def search_from(
    start: Tensor, exemplar: Sample, network: Network, settings: OptimizeSettings, progress: ProgressCallback
) -> Search:
    """The search for pixels with the exemplar's statistics.

    Args:
        start: (1, 3, H, W), or (1, 1, H, W) for a picture that is to stay gray; it wraps.
        exemplar: what the network sees of it.
        network: returns `LAYERS`.
        settings: budget and optimizer.
        progress: called after every step.
    """
    total = WeightedSum([(1.0, RelativeGramLoss(exemplar)), (RANGE_WEIGHT, range_penalty)])

    def loss(image: Tensor, seed: int) -> Tensor:
        return total(Sample(image, network(image, periodic=True)), seed)

    return Search(start, loss, settings, progress)


def _check(settings: OptimizeSettings, descriptor: DescriptorSettings) -> None:
    settings.check()
    descriptor.check()
    for name, side in (("width", settings.width), ("height", settings.height)):
        if side % POOLED_TEXELS:
            near = POOLED_TEXELS * round(side / POOLED_TEXELS)
            found = f"{name} {side} is not a multiple of {POOLED_TEXELS}"
            raise RequestError(found, expected=f"a multiple of {POOLED_TEXELS}", remedy=f"use {name} {near}")
    candidates(descriptor, (descriptor,), NETWORKS)
    _structure(descriptor).check_side("exemplar size", settings.exemplar_size, descriptor.padding)


def _structure(descriptor: DescriptorSettings) -> Structure:
    structure = structure_of(descriptor)
    assert structure is not None  # no patches: `candidates` refuses them
    return structure


def _no_trouble(descriptor: DescriptorSettings) -> str:
    """Sides and masks are checked before and after."""
    return ""


def visible_layers(
    mask: Mask | None, descriptor: DescriptorSettings, layers: tuple[str, ...] = LAYERS
) -> dict[str, Tensor] | None:
    """Layer -> (h, w) bool, the positions that count; raises ImageError where they are too few."""
    if mask is None:
        return None
    visible = _structure(descriptor).visible_positions(torch.from_numpy(mask).float(), descriptor.padding, layers)
    for layer, positions in visible.items():
        if (left := int(positions.sum())) < FEWEST_POSITIONS:
            raise too_few(f"{left} places for {layer}", f"at least {FEWEST_POSITIONS}")
    return visible

"""A picture in the style of another by pixel optimization, without a generator.

What it makes is what trained styles are measured against. It takes minutes a picture where they take a moment.

Source: Gatys et al. 2015, "A Neural Algorithm of Artistic Style", and 2016, "Image Style Transfer Using Convolutional
Neural Networks": the content at relu4_2, Gram matrices of relu1_1 to relu5_1, average pooling, L-BFGS.
Differs: both terms are relative, so that the weight is no magic number (`losses.content`, `losses.gram`); the pixels
begin at the content unless noise is asked for; the descriptor sees the picture go on, mirrored or wrapped, at each
convolution, so that no frame comes of zeros; a penalty keeps values in range.
"""

from collections.abc import Callable
from typing import cast

import torch
from torch import Tensor

from texnet_core.circular import extend_by_one
from texnet_core.descriptor.choice import candidates
from texnet_core.descriptor.layers import DEFAULT_LAYERS, POOLED_TEXELS, FeatureMaps
from texnet_core.descriptor.precision import DTYPES, choose_precision
from texnet_core.descriptor.vgg19 import VGG19, Vgg19
from texnet_core.descriptor.weights import load_vgg19
from texnet_core.engines.torch_device import choose_device
from texnet_core.errors import ImageError
from texnet_core.losses import Loss, Sample, range_penalty
from texnet_core.losses.content import CONTENT_LAYER, content_distance
from texnet_core.losses.gram import RelativeGramLoss
from texnet_core.losses.sliced_wasserstein import SlicedWassersteinLoss
from texnet_core.mapset import FloatArray, Mask
from texnet_core.optimization.pixels import LAYERS, RANGE_WEIGHT, Optimized, visible_layers
from texnet_core.optimization.search import Search, noise_like, to_array, to_tensor
from texnet_core.pictures.color import is_gray
from texnet_core.pictures.masks import texels_of
from texnet_core.pictures.surface import reduced_surface
from texnet_core.progress import Progress, ProgressCallback, ignore_progress
from texnet_core.settings import DescriptorSettings, LossSettings, OptimizeSettings, Pooling, Tiling
from texnet_core.style_settings import PaintingSettings, StyleLossName
from texnet_core.stylization.picture import Picture
from texnet_core.stylization.stores import ArrayStore
from texnet_core.stylization.tiling import tiling_axes
from texnet_core.synthesis import resampling

_LEAST_SIDE = 64  # of what is made
_LEAST_CONTENT = 16  # texels of a content's short side
_MOST_SIDE = 4096

# Style loss -> layers and pooling.
_SEEN: dict[StyleLossName, tuple[tuple[str, ...], Pooling]] = {
    "gram": (LAYERS, "average"),
    "wasserstein": (DEFAULT_LAYERS, DescriptorSettings.pooling),
}
_POSITIONS = 4096  # of each layer, among which a drawing loss compares
_ROUND_STEPS = {"lbfgs": 20, "adam": 1}  # after which a loss that draws draws anew


def optimize_painting(
    content: FloatArray,
    style: FloatArray,
    settings: OptimizeSettings,
    painting: PaintingSettings,
    descriptor: DescriptorSettings,
    *,
    mask: Mask | None = None,
    progress: ProgressCallback = ignore_progress,
) -> Optimized:
    """Paint one picture in the style of another.

    Args:
        content: (height, width, 3) sRGB in [0, 1], the picture, of 16 texels or more a side.
        style: (h, w, 3), at least `painting.style_size` on the short side.
        settings: budget and optimizer; width and height are those of the box that the content is scaled down to fit.
        painting: weights, and where the content tiles.
        descriptor: where the weights of VGG-19 lie, for no other has the content's layer. Its padding concerns the
            style alone, its pooling plays no part.
        mask: (h, w), True where a texel of the style takes part; None: all do.
        progress: called after every step, now and then with a preview; raising Cancelled from it stops the work.

    Returns:
        The picture, with the content's aspect in multiples of 16 texels, and its loss.

    Raises:
        Cancelled: the callback asked to stop.
        TexnetError: see the message.
    """
    settings.check()
    painting.check()
    descriptor.check()
    candidates(descriptor, (descriptor,), ("vgg19",))
    VGG19.check_side("style size", painting.style_size, descriptor.padding)
    _check_style(style, painting.style_size)
    size = painting_size(content, settings)
    wrap = _axes(content, painting)
    device = torch.device(choose_device(settings.device))

    def announce(text: str) -> None:
        progress(Progress("optimizing", 0, settings.steps, "step", note=text))

    small, mask = reduced_surface(style, mask, painting.style_size, announce)
    layers, pooling = _SEEN[painting.style_loss]
    visible = visible_layers(mask, descriptor, layers)
    weights = load_vgg19(descriptor.vgg19, descriptor.vgg19_input, announce=announce)
    precision = DTYPES[choose_precision(settings.precision, device)]
    vgg19 = Vgg19(weights, (*layers, CONTENT_LAYER), pooling, descriptor.padding, precision).to(device)

    def see(image: Tensor) -> FeatureMaps:
        seen: FeatureMaps = vgg19(image, extend=lambda x: extend_by_one(x, wrap))
        return seen

    shown = to_tensor(resampling.resized(content, *size, wrap), device)
    seen_style = to_tensor(small, device)
    with torch.no_grad():
        wanted = see(shown)[CONTENT_LAYER]
        features = {layer: maps for layer, maps in vgg19(seen_style).items() if layer != CONTENT_LAYER}
    loss = _loss(Sample(seen_style, features, periodic=False, visible=visible), wanted, see, painting)
    colors = to_tensor(texels_of(small, mask), device)
    start = shown if painting.start == "content" else noise_like(colors, *size, settings.seed)
    # what is painted in grays has one channel to move, so that no color can come of it
    start = start.mean(1, keepdim=True) if is_gray(to_array(colors)) else start
    rounds = _ROUND_STEPS[settings.optimizer] if painting.style_loss == "wasserstein" else 0
    search = Search(start, loss, settings, progress, rounds)
    search.to_the_end()
    return Optimized(to_array(search.best), search.best_loss)


def painting_size(content: FloatArray, settings: OptimizeSettings) -> tuple[int, int]:
    """(width, height) of what is made of a content: its aspect, within the box, in multiples of 16 texels.

    Raises:
        ImageError: the content is too small.
    """
    height, width = content.shape[:2]
    if min(height, width) < _LEAST_CONTENT:
        raise ImageError(
            f"the content is too small, with {width}x{height} pixels",
            expected=f"at least {_LEAST_CONTENT} a side",
            remedy=f"take a picture of at least {_LEAST_CONTENT} pixels a side",
        )
    fits = min(1.0, settings.width / width, settings.height / height)
    scale = max(fits, _LEAST_SIDE / min(width, height))
    sides = [POOLED_TEXELS * round(side * scale / POOLED_TEXELS) for side in (width, height)]
    return (min(max(sides[0], _LEAST_SIDE), _MOST_SIDE), min(max(sides[1], _LEAST_SIDE), _MOST_SIDE))


def _check_style(style: FloatArray, size: int) -> None:
    height, width = style.shape[:2]
    if min(height, width) < size:
        raise ImageError(
            f"the style's picture is too small, with {width}x{height} pixels",
            expected=f"at least {size} on the short side",
            remedy=f"take one of at least {size} on the short side, or a smaller style size",
        )


def _axes(content: FloatArray, painting: PaintingSettings) -> Tiling:
    return cast(Tiling, tiling_axes(Picture(ArrayStore(content)))) if painting.wrap == "auto" else painting.wrap


def _loss(
    style: Sample, content: Tensor, see: Callable[[Tensor], FeatureMaps], painting: PaintingSettings
) -> Callable[[Tensor, int], Tensor]:
    """Style, content, and the range of values, of a picture (1, 3, H, W)."""
    style_loss: Loss = (
        RelativeGramLoss(style)
        if painting.style_loss == "gram"
        else SlicedWassersteinLoss(style, LossSettings.directions, _POSITIONS)
    )

    def loss(image: Tensor, seed: int) -> Tensor:
        features = see(image)
        found = features.pop(CONTENT_LAYER)
        sample = Sample(image, features)
        kept = painting.content_weight * content_distance(found, content)
        return style_loss(sample, seed) + kept + RANGE_WEIGHT * range_penalty(sample, seed)

    return loss

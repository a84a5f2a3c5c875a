"""Pixel optimization: no generator, only a picture whose pixels are moved until its statistics are the exemplar's.

What it makes is what the generators are measured against. It takes minutes a picture where they take a moment.

Source: Gatys et al. 2015, "Texture Synthesis Using Convolutional Neural Networks".
Differs: the descriptor wraps around the picture, so that the picture tiles; layers relu1_1 to relu5_1 instead of the
poolings; a penalty keeps values in range, where they matched histograms at the end.
"""

import math
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from texnet_core.descriptor.precision import DTYPES, choose_precision
from texnet_core.descriptor.vgg19 import FEWEST_POSITIONS, POOLED_TEXELS, Vgg19, smallest_side, visible_positions
from texnet_core.descriptor.weights import load_vgg19
from texnet_core.engines.torch_device import choose_device
from texnet_core.errors import Range, RequestError, TrainingError
from texnet_core.losses import Sample, WeightedSum, range_penalty
from texnet_core.losses.gram import RelativeGramLoss
from texnet_core.mapset import FloatArray, Mask
from texnet_core.pictures.color import is_gray, quantize
from texnet_core.pictures.masks import resized, texels_of, told, too_few, visible_part
from texnet_core.pictures.surface import check_surface
from texnet_core.progress import Progress, ProgressCallback, ignore_progress
from texnet_core.settings import DescriptorSettings, OptimizeSettings

LAYERS = ("relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu5_1")

_RANGE_WEIGHT = 10.0
_PREVIEW_EVERY_STEPS = 10
_HISTORY = 20  # pairs of pictures and gradients that L-BFGS remembers


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
        descriptor: which network compares. Its padding concerns the exemplar alone: over the picture it wraps. Its
            pooling plays no part: averages, as in the source.
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

    share = 1.0 if mask is None else float(mask.mean())
    small, mask = resized(*visible_part(exemplar, mask, settings.exemplar_size), settings.exemplar_size)
    check_surface(small, mask)
    visible = _visible_of(mask, descriptor)
    if share < 1:
        announce(told(small, mask, share))
    weights = load_vgg19(descriptor.vgg19, descriptor.vgg19_input, announce=announce)
    precision = DTYPES[choose_precision(settings.precision, device)]
    vgg19 = Vgg19(weights, LAYERS, "average", descriptor.padding, precision).to(device)
    image = torch.from_numpy(small).permute(2, 0, 1)[None].to(device)
    with torch.no_grad():
        seen = Sample(image, vgg19(image), periodic=False, visible=visible)
    colors = torch.from_numpy(texels_of(small, mask)).permute(2, 0, 1)[None].to(device)
    search = _Search(seen, colors, vgg19, settings, progress)
    search.to_the_end()
    return Optimized(_to_array(search.best), search.best_loss)


def _check(settings: OptimizeSettings, descriptor: DescriptorSettings) -> None:
    settings.check()
    descriptor.check()
    for name, side in (("width", settings.width), ("height", settings.height)):
        if side % POOLED_TEXELS:
            near = POOLED_TEXELS * round(side / POOLED_TEXELS)
            found = f"{name} {side} is not a multiple of {POOLED_TEXELS}"
            raise RequestError(found, expected=f"a multiple of {POOLED_TEXELS}", remedy=f"use {name} {near}")
    smallest = smallest_side(descriptor.padding, LAYERS)
    if settings.exemplar_size < smallest:
        padded = "" if descriptor.padding == "zero" else " or zero padding"
        raise RequestError(
            f"exemplar size {settings.exemplar_size} is too small for VGG-19 with {descriptor.padding} padding",
            expected=Range(smallest, None),
            remedy=f"use a larger exemplar size{padded}",
        )


def _visible_of(mask: Mask | None, descriptor: DescriptorSettings) -> dict[str, Tensor] | None:
    """Layer -> (h, w) bool, the positions that count; raises ImageError where they are too few."""
    if mask is None:
        return None
    visible = visible_positions(torch.from_numpy(mask).float(), LAYERS, descriptor.padding)
    for layer, positions in visible.items():
        if (left := int(positions.sum())) < FEWEST_POSITIONS:
            raise too_few(f"{left} places for {layer}", f"at least {FEWEST_POSITIONS}")
    return visible


class _Search:
    """Pixels on their way; remembers the best, since a line search also looks at worse ones."""

    def __init__(
        self,
        exemplar: Sample,
        colors: Tensor,
        descriptor: Vgg19,
        settings: OptimizeSettings,
        progress: ProgressCallback,
    ) -> None:
        self.descriptor, self.settings, self.progress = descriptor, settings, progress
        self.loss = WeightedSum([(1.0, RelativeGramLoss(exemplar)), (_RANGE_WEIGHT, range_penalty)])
        start = _noise_like(colors, settings)
        # a gray picture has one channel to move, so that no color can come of it
        self.image = (start[:, :1].clone() if is_gray(_to_array(colors)) else start).requires_grad_()
        self.best, self.best_loss = self.image.detach().clone(), math.inf
        self.step = 0

    def to_the_end(self) -> None:
        """Move the pixels until the budget is spent, or L-BFGS finds no way further down."""
        steps = self.settings.steps
        if self.settings.optimizer == "adam":
            adam = torch.optim.Adam([self.image], lr=self.settings.lr)
            for _ in range(steps):
                adam.step(self._evaluate)
            return
        lbfgs = torch.optim.LBFGS(
            [self.image],
            max_iter=steps,
            max_eval=steps,
            history_size=_HISTORY,
            tolerance_grad=0,
            tolerance_change=0,
            line_search_fn="strong_wolfe",
        )
        lbfgs.step(self._evaluate)  # type: ignore[no-untyped-call]

    def _evaluate(self) -> float:
        """The loss at the pixels as they are; its gradient goes where the optimizer looks for it."""
        image = _three_channels(self.image)
        value = self.loss(Sample(image, self.descriptor(image, periodic=True)), 0)
        (self.image.grad,) = torch.autograd.grad(value, self.image)
        loss = float(value.detach())
        if not math.isfinite(loss):
            raise TrainingError(
                f"the loss is {loss} at step {self.step}",
                expected="a finite number",
                remedy="use a lower lr or precision f32",
            )
        if loss < self.best_loss:
            self.best, self.best_loss = image.detach().clone(), loss
        self._report(loss)
        return loss

    def _report(self, loss: float) -> None:
        self.step += 1
        shown = self.step % _PREVIEW_EVERY_STEPS == 0
        preview = quantize(_to_array(self.image), 8) if shown else None
        total = self.settings.steps
        done = min(self.step, total)  # a line search finishes what it began
        self.progress(Progress("optimizing", done, total, "step", step=self.step, loss=loss, preview=preview))


def _noise_like(colors: Tensor, settings: OptimizeSettings) -> Tensor:
    """White noise with the mean and spread of the exemplar's colors (1, 3, ..., ...), (1, 3, height, width)."""
    rng = torch.Generator().manual_seed(settings.seed)
    noise = torch.randn(1, 3, settings.height, settings.width, generator=rng).to(colors.device)
    return noise * colors.std((2, 3), keepdim=True) + colors.mean((2, 3), keepdim=True)


def _three_channels(image: Tensor) -> Tensor:
    """(1, 3 or 1, H, W) to (1, 3, H, W)."""
    return image.expand(-1, 3, -1, -1) if image.shape[1] == 1 else image


def _to_array(image: Tensor) -> FloatArray:
    """(1, 3 or 1, H, W) to (H, W, 3), clipped to [0, 1]."""
    array: FloatArray = _three_channels(image).detach()[0].clamp(0, 1).permute(1, 2, 0).cpu().numpy()
    return np.ascontiguousarray(array)

"""Pixels on their way to the least loss."""

import math
from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from texnet_core.errors import TrainingError
from texnet_core.mapset import FloatArray
from texnet_core.pictures.color import quantize
from texnet_core.progress import Progress, ProgressCallback
from texnet_core.settings import OptimizeSettings

_PREVIEW_EVERY_STEPS = 10
_HISTORY = 20  # pairs of pictures and gradients that L-BFGS remembers


class Search:
    """Moves pixels; remembers the best, since a line search also looks at worse ones.

    Args:
        start: (1, 3, H, W), or (1, 1, H, W) for a picture that is to stay gray.
        loss: (1, 3, H, W) and a seed to a scalar.
        settings: budget and optimizer.
        progress: called after every step, now and then with a preview.
        round_steps: after how many steps a loss that draws draws anew; the best is that of the last round. 0: never.

    Attributes:
        best: (1, 3, H, W).
        best_loss: its loss.
    """

    def __init__(
        self,
        start: Tensor,
        loss: Callable[[Tensor, int], Tensor],
        settings: OptimizeSettings,
        progress: ProgressCallback,
        round_steps: int = 0,
    ) -> None:
        self.loss, self.settings, self.progress = loss, settings, progress
        self.round_steps = min(round_steps or settings.steps, settings.steps)
        self.image = start.clone(memory_format=torch.contiguous_format).requires_grad_()
        self.best, self.best_loss = self.image.detach().clone(), math.inf
        self.step = self.round = 0

    def to_the_end(self) -> None:
        """Move the pixels until the budget is spent, or L-BFGS finds no way further down."""
        steps = self.settings.steps
        if self.settings.optimizer == "adam":
            adam = torch.optim.Adam([self.image], lr=self.settings.lr)
            for step in range(steps):
                self._begin_round(step // self.round_steps)
                adam.step(self._evaluate)
            return
        for number in range(math.ceil(steps / self.round_steps)):
            self._begin_round(number)
            left = min(self.round_steps, steps - self.step)
            if left <= 0:  # a line search finishes what it began, beyond its round
                return
            lbfgs = torch.optim.LBFGS(
                [self.image],
                max_iter=left,
                max_eval=left,
                history_size=_HISTORY,
                tolerance_grad=0,
                tolerance_change=0,
                line_search_fn="strong_wolfe",
            )
            lbfgs.step(self._evaluate)  # type: ignore[no-untyped-call]

    def _begin_round(self, number: int) -> None:
        if number != self.round:
            self.round, self.best_loss = number, math.inf

    def _evaluate(self) -> float:
        """The loss at the pixels as they are; its gradient goes where the optimizer looks for it."""
        image = _three_channels(self.image)
        value = self.loss(image, self.round)
        (gradient,) = torch.autograd.grad(value, self.image)
        self.image.grad = gradient.contiguous()
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
        preview = quantize(to_array(self.image), 8) if shown else None
        total = self.settings.steps
        done = min(self.step, total)  # a line search finishes what it began
        self.progress(Progress("optimizing", done, total, "step", step=self.step, loss=loss, preview=preview))


def noise_like(colors: Tensor, width: int, height: int, seed: int) -> Tensor:
    """White noise, (1, 3, height, width), with the mean and spread of some colors (1, 3, ..., ...)."""
    rng = torch.Generator().manual_seed(seed)
    noise = torch.randn(1, 3, height, width, generator=rng).to(colors.device)
    return noise * colors.std((2, 3), keepdim=True) + colors.mean((2, 3), keepdim=True)


def to_tensor(image: FloatArray, device: torch.device) -> Tensor:
    """(H, W, 3) to (1, 3, H, W)."""
    return torch.from_numpy(np.ascontiguousarray(image)).permute(2, 0, 1)[None].to(device)


def to_array(image: Tensor) -> FloatArray:
    """(1, 3 or 1, H, W) to (H, W, 3), clipped to [0, 1]."""
    array: FloatArray = _three_channels(image).detach()[0].clamp(0, 1).permute(1, 2, 0).cpu().numpy()
    return np.ascontiguousarray(array)


def _three_channels(image: Tensor) -> Tensor:
    """(1, 3 or 1, H, W) to (1, 3, H, W)."""
    return image.expand(-1, 3, -1, -1) if image.shape[1] == 1 else image

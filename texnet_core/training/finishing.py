"""The last part of a run: statistics are frozen, parameters averaged, and the best average is kept."""

from collections.abc import Iterable
from copy import deepcopy
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel

from texnet_core.model.training_form import Generator
from texnet_core.training.checkpoint import RunState
from texnet_core.training.objective import RunObjective
from texnet_core.training.samples import Samples, Stream

VALIDATE_EVERY_STEPS = 20
_VALIDATION_SAMPLES = 2


def freeze_statistics(generator: Generator, fields: Iterable[dict[str, Tensor]]) -> None:
    """Recompute the statistics of all batch norms over large fields of noise, then keep them as they are.

    Statistics of small single batches are what made samples of published texture networks depend on their batch and
    size.
    """
    for norm in generator.norms():
        norm.reset_running_stats()
        norm.momentum = None  # a cumulative average
    generator.train()
    with torch.no_grad():
        for noise in fields:
            generator(noise)
    generator.eval()


def begin_average(generator: Generator, so_far: dict[str, Any] | None = None) -> AveragedModel:
    """From now on average the parameters of all steps, the later the heavier.

    A step sees one sample along random directions, so parameters jitter around where they should be.

    Source: polynomial-decay averaging of Shamir & Zhang 2013, "Stochastic Gradient Descent for Non-smooth
    Optimization", section 4.

    Args:
        generator: whose parameters are averaged.
        so_far: state of the average of a run that goes on, or None.

    Raises:
        RuntimeError: that state does not fit the generator.
    """
    average = AveragedModel(generator, avg_fn=later_heavier)
    if so_far is not None:
        average.load_state_dict(so_far)
    return average


def later_heavier(average: Tensor, parameter: Tensor, steps: Tensor | int) -> Tensor:
    """What the average of so many steps' values becomes with one more; the k-th weighs k (k + 1)."""
    return average + (parameter - average) * 3 / (steps + 3)


class Validation:
    """Measures generators on noise and directions that stay the same all run.

    Args:
        objective: of the run.
        samples: of the run.
        size: side of the samples.
    """

    def __init__(self, objective: RunObjective, samples: Samples, size: int) -> None:
        self._objective, self._samples, self._size = objective, samples, size

    @torch.no_grad()
    def loss(self, generator: nn.Module) -> float:
        """The whole loss of a generator in float32, as engines compute, on images clipped as they clip them.

        So there is nothing for the penalty on the range to find: what lies outside costs what its clipping costs.
        """
        generator.eval()
        seeds = self._samples.seeds(Stream.VALIDATION_NOISE, count=_VALIDATION_SAMPLES)
        image = self._samples.draw(generator, seeds, self._size, "f32").clamp(0, 1)
        loss_seed = self._samples.seed(Stream.VALIDATION_LOSS)
        return float(self._objective(image, seeds, loss_seed, finishing=True, whole=True).total)


def keep_best(state: RunState, generator: nn.Module, loss: float) -> None:
    """Remember a generator that has a lower loss than all before."""
    if loss < state.best_loss:
        state.best_loss = loss
        state.best_parameters = deepcopy(generator.state_dict())

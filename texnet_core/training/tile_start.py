"""Before a run on tiles with tones of their own: samples are drawn towards plain tiles in their places."""

import math
from collections.abc import Callable

from texnet_core.model.training_form import Generator
from texnet_core.training import clock
from texnet_core.training.checkpoint import RunState
from texnet_core.training.optimizer import Optimizer, clip_gradients
from texnet_core.training.paces import output_paces
from texnet_core.training.restarts import lr_share
from texnet_core.training.run_plan import RunPlan
from texnet_core.training.samples import Samples, Stream
from texnet_core.training.schedule import learning_rate

STEPS = 40
_SHARE = 0.1  # of a budget in minutes that these may take at most


def start_with_tiles(
    generator: Generator, plan: RunPlan, samples: Samples, state: RunState, report: Callable[[], None]
) -> None:
    """Move a new generator's parameters so that its samples show tiles where their noise has repeats.

    Nothing is done where the exemplar has no such tiles, and nothing is counted as a step of the run.

    Args:
        generator: as it begins.
        plan: of the run.
        samples: of the run.
        state: of the run; tells the restart and the number format.
        report: called after every step; what it raises ends this.
    """
    if plan.tiles is None:
        return
    settings = plan.train
    size, limit = plan.half_window() or settings.size, _SHARE * 60 * (settings.minutes or math.inf)
    optimizer = Optimizer(generator, output_paces(plan.colors, plan.maps))
    share, start = lr_share(state.restart), clock.now()
    generator.train()
    for step in range(STEPS):
        if clock.now() - start > limit:
            break
        seeds = samples.seeds(Stream.START, step, count=settings.batch)
        misfit = plan.tiles.misfit(samples.draw(generator, seeds, size, state.precision), seeds)
        generator.zero_grad()
        misfit.backward()  # type: ignore[no-untyped-call]
        if math.isfinite(clip_gradients(generator)):
            optimizer.step(share * learning_rate(settings, step, 0.0))
        report()

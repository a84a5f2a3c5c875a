"""What strength 1 means: as much of the style as leaves of the pictures what is wanted.

Training steers the weight of the content, but what it comes to depends on the style. A style that covers everything at
strength 1 is of no use there, and its middle would be crowded below. So the strength is scaled at the end of a run.
"""

from collections.abc import Callable

import torch
from torch import Tensor

from texnet_core.model import nodes
from texnet_core.model.training_form import Generator
from texnet_core.training.styles.samples import Condition, StyleSamples

ContentOf = Callable[[Tensor, Condition], float]

_PICTURES = 8
_HALVINGS = 4  # of what is known of the factor
_LEAST = 0.3  # of the strength that was learned


@torch.no_grad()
def settle_full_strength(generator: Generator, samples: StyleSamples, content: ContentOf, goal: float) -> float:
    """Scale the strength that a generator is given, so that at 1 the content distance is the goal, or less.

    Args:
        generator: with frozen statistics; it is changed.
        samples: which hold the pictures to look at.
        content: (a painted picture, how it was painted) -> its content distance.
        goal: for that distance.

    Returns:
        The factor, 0.3 to 1.
    """
    generator.eval()

    def distance(factor: float) -> float:
        conditions = [Condition(number % len(samples.pool), factor, 1.0) for number in range(_PICTURES)]
        found = [
            content(generator(samples.inputs_of([condition], [number])), condition)
            for number, condition in enumerate(conditions)
        ]
        return sum(found) / len(found)

    low, high = _LEAST, 1.0
    if distance(high) > goal:
        for _ in range(_HALVINGS):
            middle = (low + high) / 2
            low, high = (low, middle) if distance(middle) > goal else (middle, high)
        _scale(generator, low)
        return low
    return high


def _scale(generator: Generator, factor: float) -> None:
    """The strength is the last channel of every input, and convolutions are linear in it."""
    for node in generator.graph.of(nodes.Input):
        for reader in generator.graph.consumers(node.name):
            generator.convolution_of(reader.name).weight[:, -1].mul_(factor)

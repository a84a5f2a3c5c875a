"""Samples of a stylizer in training: which picture is painted how follows from the seed and the place in the batch."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from texnet_core.model.design import Design
from texnet_core.model.nodes import Input
from texnet_core.model.noise import derive_seed
from texnet_core.training.samples import CALIBRATION_FIELDS, Samples, Stream

_MOST_NOISE = 1.5  # factor of it in training; at run time it may be more
_BATCH = 4  # of a calibration field
_WHOLLY = 0.4  # share of single samples that are painted wholly in the style, which is what users want most
_NOISE_OF_CONTENT = 0.02  # at most; so that what a camera or JPEG adds is not painted
_STEPS = 2**20  # of a number that follows from a seed


@dataclass(frozen=True)
class Condition:
    """How one sample is painted.

    Attributes:
        picture: which of the pool.
        strength: 0 to 1.
        noise: factor of the noise.
    """

    picture: int
    strength: float
    noise: float


class StyleSamples(Samples):
    """Draws samples of a stylizer.

    Args:
        design: of the generator.
        run_seed: of the run.
        device: where the generator is.
        pool: (count, 3, side, side), pictures as the generator is given them.
    """

    def __init__(self, design: Design, run_seed: int, device: torch.device, pool: Tensor) -> None:
        super().__init__(design, run_seed, device)
        self.pool = pool
        self._has_strength = bool(design.settings.strength_channels)  # type: ignore[attr-defined]

    def conditions(self, seeds: Sequence[int]) -> list[Condition]:
        """How each sample of a batch is painted.

        Norms measure a batch as a whole, and a strength that all of it shares would be normalized away. So the first
        two samples of a batch have the strengths 1 and 0, and the others any.
        """
        return [self._condition(seed, place, len(seeds)) for place, seed in enumerate(seeds)]

    def pictures(self, conditions: Sequence[Condition], size: int) -> Tensor:
        """What is painted, (N, 3, size, size); of a smaller size than the pool's, averages."""
        chosen = self.pool[[condition.picture for condition in conditions]]
        factor = chosen.shape[-1] // size
        return F.avg_pool2d(chosen, factor) if factor > 1 else chosen

    def inputs(self, seeds: list[int], size: int) -> dict[str, Tensor]:
        """Name of each input -> (N, channels, size / 2^level, size / 2^level), one whole period."""
        return self._inputs(self.conditions(seeds), seeds, size)

    def inputs_of(self, conditions: Sequence[Condition], seeds: list[int]) -> dict[str, Tensor]:
        """Inputs of whole pictures that are painted like this, as they are."""
        return self._inputs(conditions, seeds, self.pool.shape[-1], clean=True)

    def portrait(self, generator: nn.Module, size: int) -> Tensor:
        """A picture of the pool, wholly in the style, (3, size, size)."""
        generator.eval()
        result: Tensor = generator(self._inputs([Condition(0, 1.0, 1.0)], [0], size, clean=True))
        return result[0].float()

    def calibration_fields(self, size: int) -> Iterator[dict[str, Tensor]]:
        """Inputs on which statistics are measured: batches of whole pictures, whatever the size asked for."""
        side = self.pool.shape[-1]
        for place in range(CALIBRATION_FIELDS):
            yield self.inputs(self.seeds(Stream.CALIBRATION, place, count=_BATCH), side)

    def _condition(self, seed: int, place: int, count: int) -> Condition:
        picture = derive_seed(seed, 1) % len(self.pool)
        strength = _share(seed, 2)
        if not self._has_strength:
            strength = 1.0
        elif count > 1:
            strength = (1.0, 0.0)[place] if place < 2 else strength
        elif _share(seed, 3) < _WHOLLY:
            strength = 1.0
        return Condition(picture, strength, _MOST_NOISE * _share(seed, 4) if self._has_strength else 1.0)

    def _inputs(
        self, conditions: Sequence[Condition], seeds: list[int], size: int, *, clean: bool = False
    ) -> dict[str, Tensor]:
        noise = super().inputs(seeds, size)
        content = self.pictures(conditions, size)
        if not clean:
            content = content + self._spoiling(content, seeds)
        found = {}
        factors = self._column([condition.noise for condition in conditions])
        strengths = self._column([condition.strength for condition in conditions])
        for node in self._design.graph.of(Input):
            parts = [(noise[node.name] - 0.5) * factors + 0.5, _pooled(content, node.level)]
            if self._has_strength:
                parts.append(strengths.expand(-1, 1, *parts[0].shape[2:]))
            found[node.name] = torch.cat(parts, dim=1)
        return found

    def _spoiling(self, content: Tensor, seeds: list[int]) -> Tensor:
        rng = torch.Generator().manual_seed(derive_seed(seeds[0], 5))
        amounts = torch.rand(len(content), 1, 1, 1, generator=rng) * _NOISE_OF_CONTENT
        return (torch.randn(content.shape, generator=rng) * amounts).to(content.device)

    def _column(self, values: list[float]) -> Tensor:
        return torch.tensor(values, device=self.pool.device)[:, None, None, None]


def _pooled(content: Tensor, level: int) -> Tensor:
    return F.avg_pool2d(content, 1 << level) if level else content


def _share(seed: int, use: int) -> float:
    return derive_seed(seed, use) % _STEPS / _STEPS

"""Samples of a generator in training. Every random draw of a run has its seed from here."""

from collections.abc import Iterator
from enum import IntEnum

import torch
from torch import Tensor, nn

from texnet_core.model.design import Design
from texnet_core.model.noise import derive_seed
from texnet_core.model.training_form import periodic_inputs

CALIBRATION_FIELDS = 6


class Stream(IntEnum):
    """What a seed is for: the first part of each, so that no two uses of randomness share a stream."""

    NOISE = 0
    LOSS = 1
    VALIDATION_NOISE = 2
    VALIDATION_LOSS = 3
    CALIBRATION = 4
    START = 5
    COLORS = 6
    EXEMPLAR = 7


class Samples:
    """Draws samples.

    Args:
        design: of the generator.
        run_seed: of the run.
        device: where the generator is.
    """

    def __init__(self, design: Design, run_seed: int, device: torch.device) -> None:
        self._design, self._run_seed, self._device = design, run_seed, device

    def seed(self, stream: Stream, *place: int) -> int:
        """The seed for one use of randomness in this run, such as that of a step."""
        return derive_seed(int(stream), self._run_seed, *place)

    def seeds(self, stream: Stream, *place: int, count: int) -> list[int]:
        """The seeds of `count` samples."""
        return [self.seed(stream, *place, index) for index in range(count)]

    def inputs(self, seeds: list[int], size: int) -> dict[str, Tensor]:
        """Name of each input -> (N, channels, size / 2^level, size / 2^level), one whole period."""
        return periodic_inputs(self._design, seeds, size, self._device)

    def draw(self, generator: nn.Module, seeds: list[int], size: int, precision: str) -> Tensor:
        """Samples of one period, (N, channels, size, size) float32.

        Args:
            generator: in any mode.
            seeds: one a sample.
            size: side in texels.
            precision: number format of the convolutions, "f32" or "bf16".
        """
        inputs = self.inputs(seeds, size)
        with torch.autocast(self._device.type, torch.bfloat16, enabled=precision == "bf16"):
            image: Tensor = generator(inputs)
        return image.float()

    def portrait(self, generator: nn.Module, size: int) -> Tensor:
        """The sample that stands for the generator, (3, size, size)."""
        return self.draw(generator, [0], size, "f32")[0]

    def calibration_fields(self, size: int) -> Iterator[dict[str, Tensor]]:
        """Inputs on which statistics are measured; `size` is large enough that what is rare is there."""
        for seed in self.seeds(Stream.CALIBRATION, count=CALIBRATION_FIELDS):
            yield self.inputs([seed], size)

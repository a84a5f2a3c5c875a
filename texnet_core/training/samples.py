"""Samples of a generator in training. Every random draw of a run has its seed from here."""

from collections.abc import Iterator
from enum import IntEnum

import torch
from torch import Tensor, nn

from texnet_core.model.noise import derive_seed
from texnet_core.model.training_form import periodic_noise
from texnet_core.patterns.waves import Wave
from texnet_core.settings import GeneratorSettings

_CALIBRATION_FIELDS = 6


class Stream(IntEnum):
    """What a seed is for: the first part of each, so that no two uses of randomness share a stream."""

    NOISE = 0
    LOSS = 1
    VALIDATION_NOISE = 2
    VALIDATION_LOSS = 3
    CALIBRATION = 4
    WARM_START = 5


class Samples:
    """Draws samples.

    Args:
        settings: of the generator.
        waves: of the exemplar's pattern, in cycles per texel.
        run_seed: of the run.
        device: where the generator is.
    """

    def __init__(
        self, settings: GeneratorSettings, waves: tuple[Wave, ...], run_seed: int, device: torch.device
    ) -> None:
        self._settings, self._waves, self._run_seed, self._device = settings, waves, run_seed, device

    def seed(self, stream: Stream, *place: int) -> int:
        """The seed for one use of randomness in this run, such as that of a step."""
        return derive_seed(int(stream), self._run_seed, *place)

    def seeds(self, stream: Stream, *place: int, count: int) -> list[int]:
        """The seeds of `count` samples."""
        return [self.seed(stream, *place, index) for index in range(count)]

    def noise(self, seeds: list[int], size: int) -> list[Tensor]:
        """Per level, finest first, (N, input_channels, size / 2^level, size / 2^level), each one whole period."""
        return periodic_noise(self._settings, seeds, size, self._device, self._waves)

    def draw(self, generator: nn.Module, seeds: list[int], size: int, precision: str) -> Tensor:
        """Samples of one period, (N, 3, size, size) float32.

        Args:
            generator: in any mode.
            seeds: one a sample.
            size: side in texels.
            precision: number format of the convolutions, "f32" or "bf16".
        """
        noise = self.noise(seeds, size)
        with torch.autocast(self._device.type, torch.bfloat16, enabled=precision == "bf16"):
            image: Tensor = generator(noise)
        return image.float()

    def calibration_fields(self, size: int) -> Iterator[list[Tensor]]:
        """Noise on which statistics are measured; `size` is large enough that what is rare is there."""
        for seed in self.seeds(Stream.CALIBRATION, count=_CALIBRATION_FIELDS):
            yield self.noise([seed], size)

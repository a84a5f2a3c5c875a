"""Tiles with tones of their own: what a run on them asks of samples besides their texture."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from texnet_core.losses import Sample
from texnet_core.losses.tone import tone_loss
from texnet_core.mapset import FloatArray, Mask
from texnet_core.model.families.family import PlaneFacts
from texnet_core.model.families.pyramid import PyramidSettings, input_plane
from texnet_core.model.noise import NoisePlane
from texnet_core.patterns.waves import Grid
from texnet_core.training.meanrepeat import MeanRepeat, Origin


class Tiles:
    """The tiles that samples should have, after those of the exemplar.

    Args:
        exemplar: (height, width, channels).
        waves: of its grid, in cycles per texel.
        origin: where its tiles begin.
        settings: of the generator; how a tile differs from others follows from its `repeat_channels` values.
        device: where samples are.
        mask: (height, width), True where a texel of the exemplar takes part; None where all do.
    """

    def __init__(
        self,
        exemplar: FloatArray,
        waves: Grid,
        origin: Origin,
        settings: PyramidSettings,
        device: torch.device,
        mask: Mask | None = None,
    ) -> None:
        self._waves, self._settings, self._device = waves, settings, device
        self._mean = MeanRepeat(exemplar, waves, origin, settings.repeat_channels, mask)

    def misfit(self, image: Tensor, seeds: Sequence[int]) -> Tensor:
        """The mean square by which samples (N, channels, size, size) differ from nothing but tiles, texel by texel."""
        return F.mse_loss(image, self._laid_out(self._planes(image, seeds), image.shape[2]))

    def tone_loss(self, sample: Sample, seed: int) -> Tensor:
        """The loss on the tones of a sample's tiles, a scalar; see `losses.tone`. It draws nothing."""
        image, size = sample.image, sample.image.shape[2]
        planes = self._planes(image, sample.seeds)
        numbers = torch.from_numpy(np.stack([plane.numbered_repeats(size, size) for plane in planes]))
        return tone_loss(image, self._laid_out(planes, size), numbers.to(self._device), self._mean.tone_variance)

    def _planes(self, image: Tensor, seeds: Sequence[int]) -> list[NoisePlane]:
        size = image.shape[2]
        return [input_plane(self._settings, PlaneFacts(seed, size, size, waves=self._waves)) for seed in seeds]

    def _laid_out(self, planes: list[NoisePlane], size: int) -> Tensor:
        laid = np.stack([self._mean.laid_out(plane, size) for plane in planes])
        return torch.from_numpy(laid).permute(0, 3, 1, 2).to(self._device)

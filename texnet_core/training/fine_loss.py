"""What losses on features leave open: how the finest texels lie.

Features of VGG-19 see how much grain a picture has, and neither where it lies nor how it is arranged. A network that
enlarges by two then draws a hatch or a mesh, in smooth places as in coarse ones (docs/notes/2026-11-detail.md).
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from texnet_core.losses import Sample
from texnet_core.losses.evenness import unevenness
from texnet_core.losses.grain import GrainLoss
from texnet_core.mapset import MapSpec
from texnet_core.training.paces import map_shares
from texnet_core.training.views import View, in_turn

_GRAIN_WEIGHT = 0.5  # without it, smooth places have as much grain as coarse ones
_EVENNESS_WEIGHT = 0.3  # without it, rows and columns differ by turns


class FineLoss:
    """How far the grain of samples is from an exemplar's, and how much their rows and columns differ by turns.

    Args:
        exemplar: (1, channels, H, W) in [0, 1].
        mask: (H, W) bool, True where a texel takes part; None where all do.
        maps: what the channels are; the rows and columns of each count as much as those of a picture.
        views: of its maps; a step looks at the grain of one of them.
    """

    def __init__(self, exemplar: Tensor, mask: Tensor | None, maps: Sequence[MapSpec], views: Sequence[View]) -> None:
        self._seen = [(view, GrainLoss(view(exemplar), mask)) for view in views]
        self._shares = map_shares(maps).to(exemplar)

    def __call__(self, image: Tensor, loss_seed: int, *, whole: bool = False) -> Tensor:
        """Scalar loss of a batch (N, channels, size, size); `loss_seed` decides the view, unless `whole`: all then."""
        seen = self._seen if whole else [in_turn(self._seen, loss_seed)]
        grain = [loss(Sample(view(image), {}, periodic=False), loss_seed) for view, loss in seen]
        return _GRAIN_WEIGHT * torch.stack(grain).mean() + _EVENNESS_WEIGHT * self._shares @ unevenness(image)

"""What losses on features leave open: which places belong together.

They compare what there is at single places. Of several maps they see three channels at a time, so that stones and
leaves run together. Patches of smaller copies show each as a whole, with its outline, in all channels at once.

Source: Houdard et al. 2021, as in `PatchTransportLoss`. Differs: of coarse levels alone, beside a network's features,
which know how the surface looks within an outline (docs/notes/2026-11-materials.md).
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from texnet_core.descriptor.patches import PatchPyramid
from texnet_core.losses import Sample
from texnet_core.losses.patch_transport import PatchTransportLoss
from texnet_core.mapset import MapSpec, is_picture
from texnet_core.training.comparison import see_exemplar
from texnet_core.training.views import standard_view

_LEVELS = slice(1, 4)  # whose patches span 10, 24 and 48 texels


class ShapesLoss:
    """How far the patches of smaller copies are from an exemplar's; channels of several maps count as much each.

    Nothing where the exemplar, or what is visible of it, is too small for such patches.

    Args:
        exemplar: (1, channels, H, W) in [0, 1].
        mask: (H, W) bool, True where a texel takes part; None where all do.
        maps: what the channels are.
        size: side of the samples; some have half of it.
        weight: of the distance, in variances of the exemplar.
    """

    def __init__(
        self, exemplar: Tensor, mask: Tensor | None, maps: Sequence[MapSpec], size: int, weight: float
    ) -> None:
        texels = exemplar if mask is None else exemplar[:, :, mask][..., None]
        self._view = None if is_picture(maps) else standard_view(texels)
        self._levels = PatchPyramid(size, min(exemplar.shape[2:])).to(exemplar.device)
        with torch.no_grad():
            seen = see_exemplar(self._levels, self._seen(exemplar), mask)
        self._transport = PatchTransportLoss(seen, dict(list(self._levels.sides.items())[_LEVELS]))
        self._weight = weight

    def __call__(self, image: Tensor, loss_seed: int, *, whole: bool = False) -> Tensor:
        """Scalar loss of a batch (N, channels, size, size), whole periods; `loss_seed` draws the patches."""
        if not self._transport.sides:
            return image.new_zeros(())
        seen = self._seen(image)
        return self._weight * self._transport(Sample(seen, self._levels(seen, periodic=True)), loss_seed)

    def _seen(self, image: Tensor) -> Tensor:
        return image if self._view is None else self._view(image)

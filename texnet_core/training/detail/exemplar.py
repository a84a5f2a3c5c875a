"""What losses learn of a large exemplar, of which the descriptor sees a part at a time, so that memory stays flat."""

import torch
from torch import Tensor

from texnet_core.descriptor.octaves import Octaves
from texnet_core.losses import Sample
from texnet_core.losses.order import spread_texels, spread_windows
from texnet_core.training.comparison import Descriptor, see_exemplar

_WINDOW = 512  # texels a side
_KEPT = 2**16  # positions of each layer in all windows together; a step compares a thousand


def see_large_exemplar(descriptor: Descriptor, image: Tensor, mask: Tensor | None, seed: int) -> Sample:
    """What losses that ask nothing of where features lie learn of an exemplar; see `see_exemplar`.

    Args:
        descriptor: what looks at it.
        image: (1, 3, H, W) in [0, 1].
        mask: (H, W) bool, True where a texel takes part; None where all do.
        seed: decides which positions of large layers are kept.
    """
    if not isinstance(descriptor, Octaves):
        return see_exemplar(descriptor, image, mask)
    rng = torch.Generator().manual_seed(seed)
    rows, columns = (_starts(length) for length in image.shape[2:])
    kept: dict[str, list[Tensor]] = {}
    most = max(1, _KEPT // (len(rows) * len(columns)))
    for top in rows:
        for left in columns:
            window = (slice(top, top + _WINDOW), slice(left, left + _WINDOW))
            part = see_exemplar(descriptor, image[:, :, *window], None if mask is None else mask[window])
            for layer in part.features:
                kept.setdefault(layer, []).append(_some(part.counted(layer).flatten(2), most, rng))
    return Sample(image, {layer: torch.cat(parts, 2)[..., None] for layer, parts in kept.items()}, periodic=False)


def _starts(length: int) -> list[int]:
    """Where windows begin that cover a length evenly, each overlapping its neighbor by at least a quarter."""
    count = 1 + -(-4 * max(0, length - _WINDOW) // (3 * _WINDOW))
    return spread_windows(length, _WINDOW, count)


def _some(features: Tensor, most: int, rng: torch.Generator) -> Tensor:
    """At most so many positions of (1, C, n), spread evenly."""
    if features.shape[2] <= most:
        return features
    return features[:, :, spread_texels(features.shape[2], most, rng).to(features.device)]

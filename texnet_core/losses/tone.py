"""Loss on the tone of each tile."""

import torch
from torch import Tensor


def tone_loss(image: Tensor, wanted: Tensor, repeats: Tensor, variance: float) -> Tensor:
    """The mean square by which the mean colors of repeats differ from those wanted, over these colors' variance.

    Sliced Wasserstein over the features of VGG-19 hardly asks for tiles of unlike tones: its deepest layers see few
    places of an exemplar, and tones that lie otherwise in these cost more than none.

    Args:
        image: (N, C, H, W).
        wanted: likewise, with a tone for each repeat.
        repeats: (N, H, W), numbers from 0 on: the repeat that each texel lies in.
        variance: of the mean colors of the exemplar's repeats, summed over channels.

    Returns:
        A scalar: 0 where each repeat has its color, about 1 where all have the mean.
    """
    total = image.new_zeros(())
    for differences, numbers in zip((image - wanted).flatten(2), repeats.flatten(1), strict=True):
        texels = torch.bincount(numbers)
        sums = differences.new_zeros(len(differences), len(texels)).index_add(1, numbers, differences)
        seen = texels > 0
        total = total + (sums[:, seen] / texels[seen]).square().sum(dim=0).mean()
    return total / len(image) / variance
